"""The launcher of the npm package, run by Node with a stand-in for the program: it never ends with 0 where that did not."""

import json
import platform
import re
import shutil
import signal
import struct
import subprocess
import unittest
from pathlib import Path

from shared import ROOT, script, table, temporary_folder

NATIVE = {"x86_64": "linux-x64", "aarch64": "linux-arm64"}.get(platform.machine())
SIGNALS = ["HUP", "INT", "QUIT", "ABRT", "KILL", "USR1", "SEGV", "USR2", "PIPE", "TERM", "XFSZ", "SYS"]
SLEEP = Path("/bin/sleep").read_bytes()


def elf(machine, size=64):
    head = b"\x7fELF\x02\x01\x01".ljust(18, b"\0") + struct.pack("<H", machine)
    return head.ljust(40, b"\0") + struct.pack("<Q10xHHxx", 64, 0, 0).ljust(size - 40, b"\0")


def mach(processor, cut=0):
    head = struct.pack("<IIIIIIII", 0xFEEDFACF, processor, 0, 2, 1, 72, 0, 0)
    segment = struct.pack("<II16sQQQQ", 0x19, 72, b"__TEXT", 0, 4096, 0, 4096)
    return (head + segment).ljust(4096, b"\0")[:4096 - cut]


def pe(machine):
    return b"MZ".ljust(0x3C, b"\0") + struct.pack("<I", 64) + b"PE\0\0" + struct.pack("<H", machine) + bytes(64)


# System, what lies in its package, and whether it may be run there.
PROGRAMS = [
    (NATIVE, b"", False),
    (NATIVE, b"exit 0\n", False),
    (NATIVE, b"#!", False),
    (NATIVE, SLEEP[:100], False),
    (NATIVE, SLEEP[:len(SLEEP) // 2], False),
    (NATIVE, SLEEP[:-1], False),
    (NATIVE, mach(0x01000007), False),
    (NATIVE, pe(0x8664), False),
    ("linux-x64", elf(0xB7), False),
    ("linux-x64", elf(0x3E), True),
    ("linux-arm64", elf(0x3E), False),
    ("linux-arm64", elf(0xB7), True),
    ("darwin-arm64", mach(0x0100000C), True),
    ("darwin-arm64", mach(0x01000007), False),
    ("darwin-arm64", mach(0x0100000C, cut=1), False),
    ("darwin-arm64", mach(0x0100000C)[:40], False),
    ("darwin-x64", mach(0x01000007), True),
    ("darwin-x64", elf(0x3E), False),
    ("win32-x64", pe(0x8664), True),
    ("win32-arm64", pe(0x8664), True),
    ("win32-x64", pe(0xAA64), False),
    ("win32-x64", b"MZ", False),
    ("win32-x64", b"#!/bin/sh\n", False),
]


@unittest.skipUnless(NATIVE and shutil.which("node"), "there is no node here")
class Launcher(unittest.TestCase):
    def setUp(self):
        self.folder = temporary_folder()
        package = self.folder / "node_modules" / "runway-preflight"
        self.launcher = package / "bin" / "runway-preflight.js"
        self.launcher.parent.mkdir(parents=True)
        shutil.copy2(ROOT / "packaging" / "npm" / "runway-preflight.js", self.launcher)
        (package / "package.json").write_text(json.dumps({
            "optionalDependencies": {f"runway-preflight-{target.npm}": "1.0.0" for target in table.TARGETS}}))

    def program(self, text, system=NATIVE):
        suffix = ".exe" if "win32" in system else ""
        path = self.folder / "node_modules" / f"runway-preflight-{system}" / "bin" / f"runway-preflight{suffix}"
        script(path, "")
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def run_it(self, *arguments, before=(), system=NATIVE, also=""):
        """As a machine of another kind sees it, where `system` is not this one's."""
        system, _, architecture = system.partition("-")
        pretend = self.folder / "pretend.js"
        pretend.write_text(f"Object.defineProperty(process, 'platform', {{ value: '{system}' }});"
                           f"Object.defineProperty(process, 'arch', {{ value: '{architecture}' }});{also}")
        return subprocess.run([*before, "node", "--require", pretend, self.launcher, *arguments], capture_output=True,
                              text=True, timeout=60)

    def refused(self, because, **settings):
        done = self.run_it(**settings)
        self.assertEqual((done.returncode, done.stdout), (5, ""), done.stderr)
        self.assertRegex(done.stderr, rf"\Arunway-preflight: .*{because}.*\n\Z")

    def test_it_ends_as_the_program_ends(self):
        for code in (0, 2, 3, 6, 255):
            self.program(f"#!/bin/sh\nexit {code}\n")
            self.assertEqual(self.run_it().returncode, code)

    def test_a_signal_that_ends_the_program_is_never_a_zero(self):
        namespace = ["unshare", "--pid", "--fork"]
        outer = [()]
        if subprocess.run([*namespace, "true"], capture_output=True).returncode == 0:
            outer.append(namespace)
        for name in SIGNALS:
            self.program(f"#!/bin/dash\nulimit -c 0\nkill -{name} $$\nsleep 5\n")
            number = signal.Signals[f"SIG{name}"].value
            for before in outer:
                with self.subTest(name, before=before):
                    self.assertIn(self.run_it(before=["sh", "-c", 'ulimit -c 0; exec "$@"', "sh", *before]).returncode,
                                  (128 + number, -number))
        if len(outer) == 1:
            self.skipTest("no process 1 can be made here (unshare --pid --fork); the others have run")

    def test_a_signal_reaches_the_program(self):
        for name in ("INT", "TERM", "HUP", "QUIT", "USR1", "USR2"):
            self.program(f"#!/bin/dash\ntrap 'echo stopped; exit 7' {name}\necho ready\nwhile :; do sleep 0.1; done\n")
            with subprocess.Popen(["node", self.launcher], stdout=subprocess.PIPE, text=True) as child:
                self.assertEqual(child.stdout.readline(), "ready\n")
                child.send_signal(signal.Signals[f"SIG{name}"])
                self.assertEqual((child.stdout.read(), child.wait(60)), ("stopped\n", 7), name)

    def test_only_a_whole_program_of_this_system_is_run(self):
        for system, content, runs in PROGRAMS:
            path = self.program(content, "win32-x64" if "win32" in system else system)
            with self.subTest(system, content=content[:20], size=len(content)):
                self.refused("could not be run: started" if runs else
                             r"is not a whole program for \w+-\w+; delete node_modules", system=system,
                             also="require('node:child_process').spawn = () => { throw Error('started'); };")
            shutil.rmtree(path.parents[1])

    def test_what_cannot_be_started_is_one_line(self):
        path = self.program(SLEEP)
        self.refused("could not be run: spawn E2BIG", also="process.argv.push('x'.repeat(200000));")
        path.chmod(0o644)
        self.refused("could not be run: spawn .* EACCES")
        path.write_text("#!/nowhere\n")
        path.chmod(0o755)
        self.refused("could not be run: spawn .* ENOENT")

    def test_a_package_that_is_missing_is_explained(self):
        self.refused(r"there is no package for sunos-x64, only for linux-x64, linux-arm64, darwin-x64, darwin-arm64, "
                     "win32-x64; build it with Rust instead: cargo install --locked runway-preflight", system="sunos-x64")
        self.refused("there is no package for win32-ia32", system="win32-ia32")
        self.refused(f"the package runway-preflight-{NATIVE} is not installed: .* without --omit=optional")
        self.program("", "darwin-arm64")
        self.refused("is not installed, but runway-preflight-darwin-arm64 is: node_modules comes from another system")
        for name in ("npm-shrinkwrap.json", "package-lock.json"):
            lockfile = self.folder / name
            lockfile.write_text(json.dumps({"packages": {"": {}, "node_modules/runway-preflight-darwin-arm64": {}}}))
            self.refused(rf"is not installed: {re.escape(str(lockfile))} was written on another system and leaves it out")
            lockfile.write_text(json.dumps({"packages": {f"node_modules/runway-preflight-{one}": {}
                                                         for one in ("darwin-arm64", NATIVE)}}))
            self.refused("node_modules comes from another system")
            lockfile.unlink()


if __name__ == "__main__":
    unittest.main()
