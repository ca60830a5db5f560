"""The Action's shell, each file on its own."""

import hashlib
import os
import pathlib
import re
import shutil
import subprocess
import unittest

import readme
from support import ROOT, Loopback, led_to, script, temporary_folder

ACTION = ROOT / "action"
ASSETS = {
    ("Linux", "X64"): "runway-preflight-x86_64-unknown-linux-musl",
    ("Linux", "ARM64"): "runway-preflight-aarch64-unknown-linux-musl",
    ("macOS", "X64"): "runway-preflight-x86_64-apple-darwin",
    ("macOS", "ARM64"): "runway-preflight-aarch64-apple-darwin",
    ("Windows", "X64"): "runway-preflight-x86_64-pc-windows-msvc.exe",
}

# The tools that the Action cannot work without.
NEEDED = "awk chmod cp cut env find grep mkdir mktemp mv rm sort sha256sum".split()


SWITCHES = ("fail-open", "tiers", "quiet", "verbose")


def bash(path, *arguments, env=None, **settings):
    environment = {"PATH": os.environ["PATH"], **(env or {})}
    return subprocess.run(["bash", path, *arguments], env=environment, capture_output=True, text=True, **settings)


class Portable(unittest.TestCase):
    def test_nothing_that_bash_3_2_does_not_know(self):
        newer = re.compile(
            r"\b(mapfile|readarray|coproc)\b|(declare|local|typeset) -[a-z]*[Angl]|\$\{[^}]*(\^|,,|@[A-Za-z])\}|&>>|\|&"
            r"|\[\[ -v|\bwait -n|\$\{[^}]*:-[0-9]+\}|\bEPOCH|%\(.*\)T")
        for path in sorted(ACTION.glob("*.sh")):
            for number, line in enumerate(path.read_text().splitlines(), 1):
                self.assertIsNone(newer.search(line), f"{path.name}:{number}: {line}")

    def test_nothing_that_only_gnu_tools_know(self):
        gnu = re.compile(r"\bsed -[iE]|\breadlink -f|\brealpath\b|\bgrep -P|\bstat -c|\bdate -d|\bxargs -[rd]|\bsort -V|\bcp -[a-z]*t|\bmktemp --")
        for path in sorted(ACTION.glob("*.sh")):
            self.assertIsNone(gnu.search(path.read_text()), path.name)

    def test_no_eval(self):
        for path in sorted(ACTION.glob("*.sh")):
            self.assertNotRegex(path.read_text(), r"\beval\b")

    def test_a_checkout_on_windows_has_no_carriage_returns_in_them(self):
        names = ["action/run.sh", "action/checksums.txt", ".github/scripts/build.sh", "Cargo.toml", "Cargo.lock", "src/main.rs"]
        done = subprocess.run(["git", "check-attr", "eol", *names], cwd=ROOT, check=True, capture_output=True, text=True)
        self.assertEqual(done.stdout.splitlines(), [f"{name}: eol: lf" for name in names])


class Sha256(unittest.TestCase):
    def tools(self, *names):
        folder = temporary_folder()
        for name in ("bash", "cut", "perl", "find", "sort", *names):
            (folder / name).symlink_to(shutil.which(name))
        return {"PATH": str(folder)}

    def test_with_every_tool(self):
        path = temporary_folder() / "a file"
        path.write_bytes(b"\r\n\0gate")
        sources = set()
        for tool in ("sha256sum", "shasum", "openssl"):
            if not shutil.which(tool):
                continue
            done = bash(ACTION / "sha256.sh", path, env=self.tools(tool))
            self.assertEqual(done.stdout.strip(), hashlib.sha256(b"\r\n\0gate").hexdigest(), done.stderr)
            sources.add(bash(ACTION / "sha256.sh", "--source", ROOT, env=self.tools(tool), check=True).stdout)
        self.assertEqual(len(sources), 1)
        done = bash(ACTION / "sha256.sh", path, env=self.tools())
        self.assertEqual((done.returncode, done.stdout), (1, ""))

    def source(self):
        root = temporary_folder()
        for name in ("Cargo.toml", "Cargo.lock", "src/main.rs", "src/report/text.rs", "examples/organization.json", "README.md"):
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(name)
        return root

    def digest(self, root):
        return bash(ACTION / "sha256.sh", "--source", root, check=True).stdout

    def test_the_source_is_named_by_all_that_it_is_built_from(self):
        root = self.source()
        seen = {self.digest(root)}
        (root / "README.md").write_text("no part of the build")
        self.assertIn(self.digest(root), seen)
        for name in ("Cargo.toml", "Cargo.lock", "src/report/text.rs", "src/new.rs", "examples/organization.json"):
            (root / name).parent.mkdir(exist_ok=True)
            (root / name).write_text("changed")
            self.assertNotIn(self.digest(root), seen, name)
            seen.add(self.digest(root))
        (root / "src" / "main.rs").rename(root / "src" / "other.rs")
        self.assertNotIn(self.digest(root), seen)

    def test_bytes_that_move_from_one_file_to_the_next_change_it(self):
        contents = [
            {"src/a.rs": "one\nsrc/b.rs\ntwo\n"}, {"src/a.rs": "one\n", "src/b.rs": "two\n"},
            {"src/a.rs": "one\ntwo\n", "src/b.rs": ""}, {"src/a.rs": "", "src/b.rs": "one\ntwo\n"}]
        seen = set()
        for files in contents:
            root = self.source()
            for name, text in files.items():
                (root / name).write_text(text)
            seen.add(self.digest(root))
        self.assertEqual(len(seen), len(contents))

    def test_a_source_with_a_link_or_a_pipe_has_no_digest(self):
        for name in ("src/link.rs", "src/report/folder"):
            root = self.source()
            (root / name).symlink_to(root / "README.md")
            done = bash(ACTION / "sha256.sh", "--source", root)
            self.assertEqual((done.returncode, done.stdout), (1, ""), name)
            self.assertIn(f"not a regular file: {name}", done.stderr)
        root = self.source()
        os.mkfifo(root / "src" / "pipe.rs")
        self.assertEqual(bash(ACTION / "sha256.sh", "--source", root).returncode, 1)

    def test_the_source_includes_nothing_from_elsewhere(self):
        for path in (ROOT / "src").rglob("*.rs"):
            for name in re.findall(r'include(?:_str|_bytes)?!\(\s*"([^"]+)"', path.read_text()):
                included = (path.parent / name).resolve()
                self.assertTrue(any(map(included.is_relative_to, (ROOT / "src", ROOT / "examples"))), f"{path}: {name}")
        # Nothing else takes part in the build of it, or the digest and the copy have to hold it as well.
        self.assertFalse((ROOT / "build.rs").exists())
        self.assertEqual([path.name for path in (ROOT / ".cargo").iterdir()], ["config.toml"])
        lines = [line for line in (ROOT / ".cargo" / "config.toml").read_text().splitlines() if not line.startswith("#")]
        self.assertEqual(lines, ["[env]", 'RUST_TEST_THREADS = "8"'], "a build obeys none of it")

    def test_a_source_that_is_not_there_has_no_digest(self):
        done = bash(ACTION / "sha256.sh", "--source", temporary_folder())
        self.assertNotEqual(done.returncode, 0)


class Run(unittest.TestCase):
    """run.sh with a command that only writes down how it was called."""

    def call(self, code=0, actions=True, before=("bash",), around=None, **inputs):
        folder = temporary_folder()
        command = script(folder / "command", f"""#!/bin/bash -p
for argument; do printf '%s\\0' "$argument"; done >'{folder}/arguments'
env -0 >'{folder}/environment'
exit {code}
""")
        environment = {name if name.isupper() else "INPUT_" + name.upper(): value for name, value in inputs.items()}
        environment = {"PATH": os.environ["PATH"], "PREFLIGHT": str(command), **environment, **(around or {})}
        if actions:
            environment["GITHUB_ACTIONS"] = "true"
        done = subprocess.run([*before, ACTION / "run.sh"], env=environment, capture_output=True, text=True)
        done.called = (folder / "arguments").exists()
        done.arguments = (folder / "arguments").read_bytes().decode().split("\0")[:-1] if done.called else None
        done.environment = dict(
            line.split("=", 1) for line in (folder / "environment").read_bytes().decode().split("\0") if line) if done.called else {}
        return done

    def test_every_input_becomes_its_flag(self):
        values = {name: f"{name} 1" for name in readme.action()["inputs"] if name not in ("api-secret", "fail", *SWITCHES)}
        values["generations"] = "gen4.5=1\r\n\n\t veo3.1=2@40,a=1 # more\n"
        values["from"] = "--help $(touch pwned) `id` ; * ? \\ ' \" %s ${HOME}\ntwo lines"
        done = self.call(**{name.replace("-", "_"): value for name, value in values.items()},
                         **dict.fromkeys(("fail_open", "tiers", "quiet", "verbose"), "true"))
        self.assertEqual(sorted(done.arguments), sorted(
            [*(f"--{name}={value}" for name, value in values.items()), "--fail-open", "--tiers", "--quiet", "-v"]))

    def test_empty_inputs_are_left_out(self):
        self.assertEqual(self.call().arguments, [])
        self.assertEqual(self.call(credits="", generations="\n \n", fail_open="", wait="  ", fail="", quiet=" ").arguments, [])

    def test_the_exit_code_is_kept_and_fail_false_forgives_3_to_6_only(self):
        for code in (0, 1, 2, 3, 4, 5, 6, 7, 101, 127, 130, 143):
            self.assertEqual(self.call(code).returncode, code)
            self.assertEqual(self.call(code, fail="true").returncode, code)
            done = self.call(code, fail="false")
            self.assertEqual(done.returncode, 0 if code in (3, 4, 5, 6) else code)
            self.assertEqual("stays green" in done.stderr, code in (3, 4, 5, 6))

    def test_a_command_that_is_not_there_is_no_pass(self):
        for fail in ("true", "false"):
            done = bash(ACTION / "run.sh", env={"PREFLIGHT": "/nowhere/runway-preflight", "INPUT_FAIL": fail})
            self.assertEqual(done.returncode, 127)
        self.assertNotEqual(bash(ACTION / "run.sh").returncode, 0)

    def test_switches_take_true_and_false_only(self):
        self.assertEqual(self.call(**dict.fromkeys(("fail_open", "tiers", "quiet", "verbose"), "false")).arguments, [])
        for name in ("fail_open", "tiers", "quiet", "verbose", "fail"):
            for value in ("yes", "TRUE", "True", "1", "true false", " true", "::error::x"):
                # The command stops there; an older one that does not is no pass either.
                for code in (2, 0, 3):
                    done = self.call(code, **{name: value})
                    self.assertEqual(done.returncode, 2, (name, value))
                    self.assertEqual(done.arguments, [f"--{name.replace('_', '-')}={value}"])

    def test_exit_2_of_the_command_is_not_reported_again(self):
        outputs = temporary_folder() / "outputs"
        done = self.call(2, GITHUB_OUTPUT=str(outputs), credits="1", fail="false")
        self.assertEqual((done.returncode, done.stdout, done.stderr, outputs.exists()), (2, "", "", False))

    def test_nothing_asked_for_is_a_warning_and_still_a_run(self):
        for inputs in ({}, {"generations": " \n", "credits": ""}, {"wait": "1m", "quiet": "true", "price": "a=1"}):
            done = self.call(**inputs)
            self.assertEqual((done.returncode, done.called), (0, True))
            self.assertRegex(done.stderr, r"\A::warning title=Nothing was asked for::none of the inputs .*\n\Z", inputs)
        for name in ("generations", "plan", "max_cost", "credits", "keep", "concurrency", "budget", "warn_generations",
                     "warn_credits", "warn_lasts", "usage"):
            self.assertEqual(self.call(**{name: "x"}).stderr, "", name)
        self.assertEqual(self.call(tiers="true").stderr, "")

    def test_the_key_is_masked_and_stays_in_the_environment(self):
        key = "key_5%\r\n second "
        done = self.call(RUNWAYML_API_SECRET=key, credits="1")
        self.assertEqual((done.stdout, done.stderr), ("::add-mask::key_5%25\n::add-mask::second\n", ""))
        self.assertEqual((done.environment["RUNWAYML_API_SECRET"], done.arguments), (key, ["--credits=1"]))
        # Where no runner takes it out, it is not printed.
        done = self.call(actions=False, RUNWAYML_API_SECRET="key_5", credits="1")
        self.assertEqual((done.stdout, done.stderr, done.environment["RUNWAYML_API_SECRET"]), ("", "", "key_5"))
        for empty in ({}, {"RUNWAYML_API_SECRET": ""}, {"RUNWAYML_API_SECRET": " \n"}):
            self.assertEqual(self.call(credits="1", **empty).stdout, "")

    def test_no_shell_expands_the_key(self):
        for text in [*(path.read_text() for path in ACTION.glob("*.sh")), *(step["run"] for step in readme.action()["runs"]["steps"])]:
            self.assertNotRegex(text, r"\$\{?!?(RUNWAYML_API_SECRET|INPUT_API_SECRET)")

    def test_what_the_caller_does_to_its_shells_shows_nothing_and_turns_nothing(self):
        pwned = "() { echo pwned; exit 0; }"
        traced = script(temporary_folder() / "environment", "set -xv\nexec() { echo pwned; exit 0; }\nset() { echo pwned; }\n")
        key = "key_" + "5e12e7" * 20
        for around in (
                {"PIPESTATUS": "0"}, {"SHELLOPTS": "xtrace"}, {"SHELLOPTS": "verbose"}, {"SHELLOPTS": "privileged:xtrace:verbose"},
                {"SHELLOPTS": "noexec"}, {"SHELLOPTS": "xtrace", "BASH_XTRACEFD": "1"}, {"SHELLOPTS": "allexport:noglob:noclobber:keyword"},
                {"SHELLOPTS": "xtrace", "PS4": "+ $(printenv RUNWAYML_API_SECRET >&2) ${RUNWAYML_API_SECRET} "},
                {"BASH_ENV": str(traced)}, {"ENV": str(traced)}, {"BASH_ENV": str(traced), "POSIXLY_CORRECT": "1"},
                {"FUNCNEST": "1"}, {"TMOUT": "1"}, {"BASHOPTS": "extdebug:nocasematch"}, {"EXECIGNORE": "*/awk"}, {"GLOBIGNORE": "*"},
                {"BASH_COMPAT": "3.1"}, {"IFS": "gen"}, {"CDPATH": "/"}, {"code": "0", "stay_green": "true", "wrong": ""},
                *({f"BASH_FUNC_{name}%%": pwned} for name in (
                    "exec", "set", "unset", "printf", "echo", "[", "awk", "bash", "blank", "word", "value", "exit", "local", "builtin", "command", ":"))):
            with self.subTest(around):
                done = self.call(3, RUNWAYML_API_SECRET=key, generations="gen4.5=1", credits="2", around=around)
                shown = done.stdout.replace(f"::add-mask::{key}\n", "") + done.stderr
                self.assertNotIn(key, shown)
                if done.called:
                    self.assertEqual((done.returncode, done.arguments), (3, ["--generations=gen4.5=1", "--credits=2"]), done.stderr)
                    self.assertNotIn("pwned", shown.splitlines())
                else:
                    self.assertEqual(around, {"SHELLOPTS": "noexec"})
                # As action.yml calls it, nothing of it is seen at all.
                done = self.call(3, before=("bash", "-p"), RUNWAYML_API_SECRET=key, generations="gen4.5=1", credits="2", around=around)
                self.assertEqual((done.returncode, done.stdout, done.stderr), (3, f"::add-mask::{key}\n", ""))


class Scripts(unittest.TestCase):
    """install.sh, against a release on loopback, which the tools that download are led to."""

    ASSET = b"#!/bin/sh\necho released\n"
    ENTERPRISE = "https://ghe.example.com"

    def setUp(self):
        self.root = temporary_folder() / "an action"
        shutil.copytree(ACTION, self.root / "action")
        (self.root / "packaging").mkdir()
        shutil.copy2(ROOT / "packaging" / "targets.toml", self.root / "packaging")
        (self.root / "src").mkdir()
        (self.root / "src" / "main.rs").write_text("fn main() {}\n")
        (self.root / "examples").mkdir()
        (self.root / "examples" / "organization.json").write_text("{}\n")
        (self.root / "Cargo.lock").write_text("")
        (self.root / "Cargo.toml").write_text(
            '[package]\nname = "runway-preflight"\nversion = "1.2.3"\n[dependencies.x]\nversion = "9"\n')
        self.temp = temporary_folder()
        self.workspace = self.temp / "workspace"
        self.workspace.mkdir()
        self.store = self.temp / "tools" / "runway-preflight"
        self.bin = self.temp / "bin"
        script(self.bin / "cargo", f"""#!/bin/bash -p
echo "$PWD: $*" >>'{self.temp}/cargo.log'
env -0 >'{self.temp}/cargo.env'
while [ "$1" != --manifest-path ]; do shift; done
rm -rf '{self.temp}/seen'; cp -R "${{2%/*}}" '{self.temp}/seen'
if [ -e '{self.temp}/broken' ]; then exit 101; fi
while [ "$1" != --target-dir ]; do shift; done
mkdir -p "$2/release"
suffix=; if [ -e '{self.temp}/windows' ]; then suffix=.exe; fi
printf '#!/bin/sh\\necho built\\n' >"$2/release/runway-preflight$suffix"
chmod +x "$2/release/runway-preflight$suffix"
""")

    def release(self, system=("Linux", "X64")):
        """Writes what a release would into checksums.txt."""
        source = bash(ACTION / "sha256.sh", "--source", self.root, check=True).stdout.strip()
        checksum = hashlib.sha256(self.ASSET).hexdigest()
        (self.root / "action" / "checksums.txt").write_text(f"{source}  source\n{checksum}  {ASSETS[system]}\n")

    def change_the_source(self):
        (self.root / "src" / "main.rs").write_text("fn main() { todo!() }\n")

    def install(self, server=None, own=None, system=("Linux", "X64"), path=None, fresh=False, **environment):
        """Runs install.sh: the process, with the binary that it names and what that one says."""
        output = self.temp / "output"
        output.unlink(missing_ok=True)
        if fresh:
            shutil.rmtree(self.store, ignore_errors=True)
        for folder in ("runner", "tools"):
            (self.temp / folder).mkdir(exist_ok=True)
        if server:
            led_to(server, self.bin, own=own)
        if own:
            environment["GITHUB_SERVER_URL"] = self.ENTERPRISE
        if system[0] == "Windows":
            (self.temp / "windows").touch()
        done = bash(self.root / "action" / "install.sh", cwd=self.temp, env={
            "PATH": path or f"{self.bin}:{os.environ['PATH']}", "HOME": str(self.temp),
            "RUNNER_OS": system[0], "RUNNER_ARCH": system[1], "RUNNER_TEMP": str(self.temp / "runner"),
            "RUNNER_TOOL_CACHE": str(self.temp / "tools"), "GITHUB_WORKSPACE": str(self.workspace),
            "GITHUB_OUTPUT": str(output), "GITHUB_REPOSITORY": "example/pipeline",
            "ACTION_REPOSITORY": "example/runway-preflight", **environment})
        outputs = dict(line.split("=", 1) for line in output.read_text().splitlines()) if output.exists() else {}
        self.assertLessEqual(set(outputs), {"binary"})
        done.binary = outputs.get("binary")
        done.says = subprocess.run([done.binary], capture_output=True, text=True).stdout.strip() if done.binary else None
        left = [*(self.temp / "runner").glob("runway-preflight-*"), *self.store.glob("new-*")]
        self.assertEqual(left, [], "something was left behind")
        return done

    def without(self, *missing):
        """A PATH with what the script needs, and no more."""
        tools = temporary_folder()
        for name in {"bash", *NEEDED, "timeout"} - set(missing):
            (tools / name).symlink_to(shutil.which(name))
        return str(tools)

    def builds(self):
        log = self.temp / "cargo.log"
        return log.read_text().splitlines() if log.exists() else []

    def serve(self, status=200, body=ASSET, cut=0):
        return Loopback(lambda request: (status, body, cut))

    def assert_built(self, done, *said):
        self.assertEqual((done.returncode, done.says), (0, "built"), done.stderr)
        self.assertEqual(len(self.builds()), 1)
        for text in (*said, "building from source: cargo build --release --locked"):
            self.assertIn(text, done.stderr)

    def assert_stopped(self, done, said=""):
        self.assertEqual((done.returncode, done.binary, self.builds()), (1, None, []), done.stderr)
        self.assertIn("::error title=runway-preflight::", done.stderr)
        self.assertIn(said, done.stderr)


class Install(Scripts):
    """With a cargo that writes down how it was called."""

    PATH = "/example/runway-preflight/releases/download/v1.2.3/"

    def test_a_good_asset_is_downloaded_once_and_checked_every_time(self):
        self.release()
        with self.serve() as server:
            first = self.install(server)
            self.assertEqual((first.returncode, first.says, self.builds()), (0, "released", []), first.stderr)
            again = self.install(server)
            self.assertEqual((again.says, again.binary), ("released", first.binary))
            self.assertEqual(server.asked(), [f"GET {self.PATH}{ASSETS['Linux', 'X64']}"])
            self.assertIn(hashlib.sha256(self.ASSET).hexdigest(), first.binary)
            with open(first.binary, "a") as file:
                file.write("echo tampered\n")
            self.assert_stopped(self.install(server), "the checksum of ")

    def test_a_redirect_is_followed(self):
        self.release()
        server = Loopback(lambda request: (200, self.ASSET) if request["path"] == "/moved" else (302, ""))
        respond = server.respond
        def redirect(handler, status, body):
            if status == 200:
                return respond(handler, status, body)
            handler.send_response(302)
            handler.send_header("Location", "/moved")
            handler.send_header("Content-Length", "0")
            handler.end_headers()
        server.respond = redirect
        with server:
            self.assertEqual(self.install(server).says, "released")

    def test_an_asset_with_another_checksum_stops_the_step(self):
        self.release()
        for body in (self.ASSET + b"#", b""):
            with self.serve(body=body) as server:
                self.assert_stopped(self.install(server), "the checksum of " + ASSETS["Linux", "X64"])
            self.assertEqual(list(self.store.iterdir()), [])

    def test_one_that_cannot_be_had_is_built(self):
        self.release()
        for answer, requests, said in (((404, "Not Found"), 1, "(curl ended with 22)"), ((200, self.ASSET, 5), 1, "(curl ended with 18)"),
                                       ((503, ""), 3, "(curl ended with 22)")):
            (self.temp / "cargo.log").unlink(missing_ok=True)
            with self.serve(*answer) as server:
                done = self.install(server, fresh=True)
            self.assertEqual(len(server.requests), requests)
            self.assert_built(done, "could not be downloaded " + said)
        (self.temp / "cargo.log").unlink()
        self.assert_built(self.install(server, fresh=True), "could not be downloaded (curl ended with 7)")

    def test_it_downloads_with_what_is_there(self):
        self.release()
        for tool in ("curl", "wget", "python3", "node"):
            if not shutil.which(tool):
                continue
            for status, cut in ((200, 0), (404, 0), (200, 5)):
                with self.serve(status, cut=cut) as server:
                    path = f"{led_to(server, temporary_folder(), tool)}:{self.without()}"
                    done = self.install(path=path, fresh=True)
                    self.assertGreater(len(server.requests), 0, done.stderr)
                if (status, cut) == (200, 0):
                    self.assertEqual((done.returncode, done.says), (0, "released"), (tool, done.stderr))
                else:
                    self.assert_stopped(done, f"could not be downloaded ({tool} ended with ")
                    self.assertNotIn("Traceback", done.stderr)

    def test_a_tool_that_lacks_what_it_needs_leaves_it_to_the_next(self):
        self.release()
        for tool, code, said in (("curl", 60, "released"), ("curl", 77, "released"), ("wget", 5, "released"), ("wget", 1, "released"),
                                 ("curl", 22, None), ("curl", 6, None), ("curl", 28, None), ("wget", 8, None), ("wget", 124, None)):
            broken = temporary_folder()
            script(broken / tool, f"#!{shutil.which('bash')}\nexit {code}\n")
            with self.serve() as server:
                path = f"{broken}:{led_to(server, temporary_folder(), 'python3')}:{self.without()}"
                done = self.install(path=path, fresh=True)
            self.assertEqual((done.says, len(server.requests)), (said, 1 if said else 0), (tool, code, done.stderr))
            self.assertIn(f"could not be downloaded ({tool} ended with {code})", done.stderr)

    def test_wget_is_bounded_and_every_tool_is_handed_the_proxies(self):
        """A tool that writes down how it was called, and what by."""
        self.release()
        handed = {"NO_PROXY": "127.0.0.1", "no_proxy": "a", "HTTPS_PROXY": "http://b", "https_proxy": "http://c", "ALL_PROXY": "http://d"}
        for tool in ("curl", "wget", "python3", "node"):
            folder = temporary_folder()
            script(folder / tool, f"#!{shutil.which('bash')} -p\nenv >'{folder}/env'\nread -r parent <'/proc/'$PPID'/comm'\n"
                   f"echo \"$parent\" >'{folder}/parent'\nexit 28\n")
            self.install(path=f"{folder}:{self.without()}", GITHUB_TOKEN="token_5", WGETRC="/w", NODE_OPTIONS="-x", **handed)
            seen = dict(line.split("=", 1) for line in (folder / "env").read_text().splitlines())
            self.assertEqual({name: seen.get(name) for name in handed}, handed, tool)
            self.assertEqual(set(seen) & {"GITHUB_TOKEN", "WGETRC", "NODE_OPTIONS", "GITHUB_OUTPUT"}, set())
            self.assertEqual((folder / "parent").read_text() == "timeout\n", tool == "wget")

    def test_without_a_tool_to_download_with_it_is_built_and_says_so(self):
        self.release()
        self.assert_built(self.install(path=f"{self.bin}:{self.without()}"),
                          "To download a released binary in a second, let this runner reach one of these addresses, with curl, wget")

    def test_on_an_enterprise_server_its_mirror_is_asked_first(self):
        self.release()
        for answers, said, asked in (
                ([(200, self.ASSET), (404, "")], "released", [1, 0]),
                ([(404, ""), (200, self.ASSET)], "released", [1, 1]),
                ([(200, "<html>sign in</html>"), (200, self.ASSET)], "released", [1, 1]),
                ([(404, ""), (404, "")], "built", [1, 1]),
                ([(200, "<html>sign in</html>"), (404, "")], None, [1, 1]),
                ([(404, ""), (200, "exchanged")], None, [1, 1])):
            with self.serve(*answers[0]) as own, self.serve(*answers[1]) as public:
                done = self.install(public, own, fresh=True)
            self.assertEqual((done.returncode, done.says), (0 if said else 1, said), (answers, done.stderr))
            self.assertEqual([len(server.requests) for server in (own, public)], asked)
            self.assertEqual("the checksum of " in done.stderr, said is None)

    def test_only_the_release_of_this_very_source_is_taken(self):
        for system, changed, said in ((("Linux", "X64"), True, "no released binary is known for this source on Linux X64"),
                                      (("Linux", "ARM"), False, "no binary is released for Linux ARM"),
                                      (("Windows", "ARM64"), False, "no binary is released for Windows ARM64")):
            (self.temp / "cargo.log").unlink(missing_ok=True)
            self.release()
            if changed:
                self.change_the_source()
            with self.serve() as server:
                done = self.install(server, system=system, fresh=True)
            self.assertEqual(server.requests, [])
            self.assert_built(done, said)

    def test_every_system_takes_its_own_asset(self):
        for system, asset in ASSETS.items():
            self.release(system)
            with self.serve() as server:
                done = self.install(server, system=system)
            self.assertEqual((done.returncode, done.says), (0, "released"), done.stderr)
            self.assertEqual(server.asked(), [f"GET {self.PATH}{asset}"])
            self.assertEqual(done.binary.endswith(".exe"), system[0] == "Windows")
        (self.root / "action" / "checksums.txt").write_text("")
        done = self.install(system=("Windows", "X64"))
        self.assertEqual((done.says, done.binary[-4:]), ("built", ".exe"), done.stderr)

    def test_a_build_is_kept_checked_and_warned_of(self):
        first = self.install()
        self.assert_built(first)
        self.assertRegex(first.stderr, r"(?m)^::warning title=Built from source::no released binary is known for this source on Linux X64, .* "
                         r"took \d+ seconds; .*use a release of the Action")
        self.assertEqual(pathlib.Path(first.binary).parent, self.store)
        again = self.install()
        self.assertEqual((again.binary, again.says, len(self.builds())), (first.binary, "built", 1))
        self.assertNotIn("::warning", again.stderr)
        self.change_the_source()
        self.assertNotEqual(self.install().binary, first.binary)
        self.assertEqual(len(self.builds()), 2)
        # Where there is no tool cache to keep it in, the job keeps it.
        for cache in ("", "tools", str(self.workspace), str(self.workspace / "new"), str(self.root / "Cargo.toml")):
            shutil.rmtree(self.temp / "runner")
            done = self.install(RUNNER_TOOL_CACHE=cache)
            self.assertTrue(done.binary.startswith(str(self.temp / "runner" / "runway-preflight" / "source-")), (cache, done.stderr))
        self.assertEqual(list(self.workspace.iterdir()), [])

    def test_a_kept_build_that_was_changed_stops_the_step(self):
        kept = pathlib.Path(self.install().binary)
        (self.temp / "cargo.log").unlink()
        good = kept.read_bytes()
        outside = script(self.temp / "outside", good.decode())
        def link(to):
            kept.unlink()
            kept.symlink_to(to)
        for change in (lambda: kept.write_bytes(good + b"echo tampered\n"), lambda: kept.write_bytes(b""), lambda: link(outside),
                       lambda: link(self.temp / "nowhere"), lambda: kept.unlink() or kept.mkdir()):
            change()
            self.assert_stopped(self.install(), f"the checksum of {kept} does not hold")
            self.assert_stopped(self.install())
            shutil.rmtree(kept) if kept.is_dir() and not kept.is_symlink() else kept.unlink()
            script(kept, good.decode())
        self.assertEqual((self.install().says, outside.read_bytes()), ("built", good))

    def test_a_kept_build_that_does_not_run_here_is_left_for_others(self):
        kept = pathlib.Path(self.install().binary)
        other = b"#!/nowhere/a-libc-of-another-system\n"
        script(kept.with_name(kept.name[:-64] + hashlib.sha256(other).hexdigest()), other.decode())
        kept.unlink()
        done = self.install()
        self.assertEqual((done.returncode, done.says, len(self.builds())), (0, "built", 2), done.stderr)
        self.assertIn("does not run here", done.stderr)
        self.assertEqual(len(list(self.store.iterdir())), 2)

    def test_the_build_obeys_nothing_of_the_workspace(self):
        """Neither by the environment, nor by a place of it that the environment names, whatever the place is called."""
        inside = self.workspace / "inside"
        script(inside / "bin" / "cargo", "#!/bin/sh\nexit 9\n")
        link = self.temp / "link"
        link.symlink_to(inside)
        dotted = f"{self.workspace}/../{self.workspace.name}/inside"
        unwanted = {name: "unwanted_5" for name in (
            "RUNWAYML_API_SECRET", "AWS_SECRET_ACCESS_KEY", "a-key", "RUSTC", "RUSTC_WRAPPER", "RUSTC_WORKSPACE_WRAPPER", "RUSTFLAGS",
            "RUSTDOC", "RUSTDOCFLAGS", "RUSTUP_TOOLCHAIN", "RUSTC_BOOTSTRAP", "CARGO", "CARGO_BUILD_TARGET", "CARGO_BUILD_RUSTFLAGS",
            "CARGO_ENCODED_RUSTFLAGS", "CARGO_BUILD_RUSTC_WRAPPER", "CARGO_BUILD_RUSTC", "CARGO_PROFILE_RELEASE_LTO", "CARGO_TARGET_DIR",
            "CARGO_NET_OFFLINE", "cargo_net_offline", "CARGO_REGISTRY_TOKEN", "CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_LINKER",
            "CC", "CFLAGS", "LD_PRELOAD_5", "GITHUB_TOKEN", "INPUT_FAIL", "MAKEFLAGS", "GIT_CONFIG_GLOBAL")}
        needed = {"CARGO_HOME": "/c", "RUSTUP_HOME": "/r", "SSL_CERT_FILE": "/s", "https_proxy": "http://p", "NO_PROXY": "n"}
        for places in ({}, *({name: str(place)} for name in ("CARGO_HOME", "RUSTUP_HOME", "HOME", "TMPDIR", "DEVELOPER_DIR")
                             for place in (self.workspace, inside, link, dotted, inside / "new", "workspace/inside", "."))):
            with self.subTest(places):
                (self.temp / "cargo.log").unlink(missing_ok=True)
                path = ":".join(map(str, (inside / "bin", link / "bin", "workspace/inside/bin", "", ".", self.bin, os.environ["PATH"])))
                done = self.install(path=path, fresh=True, **{**unwanted, **needed, **places})
                self.assert_built(done)
                seen = dict(line.split("=", 1) for line in (self.temp / "cargo.env").read_text().split("\0") if line)
                self.assertNotIn("unwanted_5", str(seen))
                self.assertEqual(seen.pop("PATH"), f"{self.bin}:{os.environ['PATH']}")
                # Bash sets the others by itself.
                self.assertEqual({name: value for name, value in seen.items() if name not in ("PWD", "SHLVL", "_", "OLDPWD")},
                                 {name: value for name, value in {"HOME": str(self.temp), **needed}.items() if name not in places})

    def test_the_build_works_on_a_copy_out_of_every_other_folder(self):
        (self.root / "README.md").write_text("no part of it")
        self.install()
        self.assertRegex(self.builds()[0], rf"^/: build --release --locked --manifest-path ({self.temp}/runner/[\w-]+)/source/Cargo.toml "
                         r"--target-dir \1/target$")
        seen = self.temp / "seen"
        self.assertEqual({str(path.relative_to(seen)) for path in seen.rglob("*") if path.is_file()},
                         {"Cargo.toml", "Cargo.lock", "src/main.rs", "examples/organization.json"})
        self.assertEqual((seen / "Cargo.toml").read_text().count("[workspace]"), 1)

    def test_a_copy_that_is_not_the_source_is_not_built(self):
        script(self.bin / "cp", f"#!/bin/bash -p\n'{shutil.which('cp')}' \"$@\"\nfor last; do :; done\necho changed >>\"$last/src/main.rs\"\n")
        self.assert_stopped(self.install(), "the source changed while it was copied")

    def test_the_source_has_one_digest_in_every_language(self):
        """By a sort that writes down the language that it is called in."""
        script(self.bin / "sort", f"#!/bin/sh\necho \"$LC_ALL\" >>'{self.temp}/languages'\nexec '{shutil.which('sort')}' \"$@\"\n")
        self.install(LC_ALL="en_US.UTF-8")
        self.assertEqual(set((self.temp / "languages").read_text().split()), {"C"})

    def test_a_place_that_is_not_the_runners_stops_the_step(self):
        (self.temp / "link").symlink_to(self.workspace)
        for value in ("", "temp", ".", str(self.temp / "nowhere"), str(self.root / "Cargo.toml"), str(self.workspace),
                      str(self.workspace / "temp"), str(self.temp / "link"), str(self.temp / "link" / "temp")):
            self.assert_stopped(self.install(RUNNER_TEMP=value), "::error title=runway-preflight::RUNNER_TEMP is ")
        self.assertEqual(list(self.workspace.iterdir()), [])

    def test_nothing_is_written_through_a_link(self):
        outside = self.temp / "outside"
        outside.mkdir()
        self.store.parent.mkdir()
        self.store.symlink_to(outside)
        self.assert_stopped(self.install(), "is a symbolic link")
        self.store.unlink()
        self.release()
        with self.serve() as server:
            path = pathlib.Path(self.install(server).binary)
            for target in (outside / "runway-preflight", outside):
                path.unlink()
                path.symlink_to(target)
                self.assert_stopped(self.install(server), "the checksum of ")
        self.assertEqual(list(outside.iterdir()), [])

    def test_a_build_that_fails_or_cannot_begin_stops_the_step(self):
        (self.temp / "broken").touch()
        done = self.install()
        self.assertEqual((done.returncode, done.binary), (1, None))
        self.assertIn("::error title=runway-preflight::runway-preflight could not be built", done.stderr)
        (self.temp / "cargo.log").unlink()
        self.assert_stopped(self.install(path=self.without()), "there is no cargo outside of the workspace: install Rust in an earlier step, "
                            "or use a release of the Action")
        self.assert_stopped(self.install(path=self.without("find")), "the SHA-256 of the source could not be made")

    def test_download_is_https_from_own_repository_without_token(self):
        self.release()
        script(self.bin / "curl", f"#!/bin/bash -p\nprintf '%s\\n' \"$@\" >>'{self.temp}/curl.log'\nexit 6\n")
        for own, server, expected in (
                ("example/runway-preflight", "", ["https://github.com" + self.PATH]),
                ("", "https://github.com", ["https://github.com/example/pipeline/releases/download/v1.2.3/"]),
                ("example/runway-preflight", self.ENTERPRISE, [self.ENTERPRISE + self.PATH, "https://github.com" + self.PATH])):
            (self.temp / "curl.log").unlink(missing_ok=True)
            self.install(fresh=True, ACTION_REPOSITORY=own, GITHUB_SERVER_URL=server, GITHUB_TOKEN="token_5")
            words = (self.temp / "curl.log").read_text().splitlines()
            self.assertEqual([word for word in words if "://" in word], [url + ASSETS["Linux", "X64"] for url in expected])
            for flag in ("--proto", "--proto-redir"):
                self.assertEqual(words[words.index(flag) + 1], "=https")
            for flag in ("--connect-timeout", "--max-time", "--retry", "--fail", "--disable"):
                self.assertIn(flag, words)
            self.assertNotIn("token_5", " ".join(words))
            self.assertNotIn("--header", words)


@unittest.skipUnless(shutil.which("cargo"), "there is no cargo here")
class RealBuild(Scripts):
    """What only the real cargo can show, with a small crate."""

    def test_settings_around_it_have_no_part(self):
        (self.bin / "cargo").unlink()
        (self.root / "src" / "main.rs").write_text('fn main() { println!("built"); }\n')
        (self.root / "Cargo.toml").write_text('[package]\nname = "runway-preflight"\nversion = "1.2.3"\nedition = "2021"\n')
        (self.root / "Cargo.lock").write_text('version = 4\n\n[[package]]\nname = "runway-preflight"\nversion = "1.2.3"\n')
        home = pathlib.Path.home()
        homes = {"HOME": str(home), "CARGO_HOME": os.environ.get("CARGO_HOME", str(home / ".cargo")),
                 "RUSTUP_HOME": os.environ.get("RUSTUP_HOME", str(home / ".rustup"))}
        # Above the Action's own folder, above the runner's, and where the environment says that cargo is at home.
        settings = '[build]\nrustc-wrapper = "/nowhere/wrapper"\n[net]\noffline = "x"\n'
        for folder in (self.root.parent, self.temp, self.temp / "runner", self.workspace):
            (folder / ".cargo").mkdir(parents=True)
            (folder / ".cargo" / "config.toml").write_text(settings)
            (folder / "config.toml").write_text(settings)
            (folder / "Cargo.toml").write_text('[workspace]\nmembers = ["elsewhere"]\n')
            (folder / "rust-toolchain.toml").write_text('[toolchain]\nchannel = "of-somebody-else"\n')
        (self.temp / "link").symlink_to(self.workspace)
        wrong = {"RUSTC_WRAPPER": "/nowhere/wrapper", "RUSTC": "/nowhere/rustc", "RUSTFLAGS": "--unknown", "CC": "/nowhere/cc",
                 "RUSTUP_TOOLCHAIN": "of-somebody-else", "CARGO_BUILD_TARGET": "of-somebody-else", "CARGO_BUILD_JOBS": "x",
                 "CARGO_TARGET_DIR": "/nowhere"}
        for changed in (wrong, {"CARGO_HOME": str(self.workspace)}, {"CARGO_HOME": str(self.temp / "link")}, {"HOME": str(self.workspace)}):
            done = self.install(fresh=True, **{**homes, **changed})
            self.assertEqual((done.returncode, done.says), (0, "built"), done.stderr)


class Repository(unittest.TestCase):
    def test_checksums_stand_at_a_release_and_nowhere_else(self):
        lines = [line for line in (ACTION / "checksums.txt").read_text().splitlines() if not line.startswith("#")]
        version = re.search(r'^version = "(.*)"$', (ROOT / "Cargo.toml").read_text(), re.M)[1]
        expected = [] if version.endswith("-dev") else sorted([*ASSETS.values(), "source"])
        self.assertEqual(sorted(re.fullmatch(r"[0-9a-f]{64}  (\S+)", line)[1] for line in lines), expected)


if __name__ == "__main__":
    unittest.main()
