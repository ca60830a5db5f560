"""The manual page and the completions, made by packaging/manuals: checked, and used by the shells that are installed."""

import os
import pty
import re
import shutil
import subprocess
import unittest

from support import ROOT, binary, temporary_folder

MANUALS = ROOT / "packaging" / "manuals"
FORMATS = ["env=", "json=", "junit=", "markdown=", "text="]

# A line and what it becomes, with one Tab at its end.
TYPED = [
    ("--concu", ["--concurrency"]),
    ("--format j", ["--format", "json"]),
    ("--format=m", ["--format=markdown"]),
    ("--credits 5 --color ne", ["--credits", "5", "--color", "never"]),
    ("--missing-key=s", ["--missing-key=skip"]),
    ("--write ju", ["--write", "junit="]),
    ("--write=mar", ["--write=markdown="]),
    ("--write junit=pref", ["--write", "junit=preflight.xml"]),
    ("--write=junit=pref", ["--write=junit=preflight.xml"]),
    ("--from pref", ["--from", "preflight.xml"]),
    ("--key-file=pref", ["--key-file=preflight.xml"]),
    ("--credits pref", ["--credits", "pref"]),
    ("pref", ["pref"]),
]


def needed(*names):
    """The first of these programs that is installed."""
    found = next(filter(None, map(shutil.which, names)), None)
    if not found:
        raise unittest.SkipTest(f"not installed: {' or '.join(names)}")
    return found


class Manuals(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = temporary_folder()
        # Where the shells run: --from and the like complete this file.
        (cls.folder / "preflight.xml").touch()
        subprocess.run([MANUALS, binary(), cls.folder], check=True, env={**os.environ, "SOURCE_DATE_EPOCH": "1700000000"})
        cls.page, cls.bash, cls.zsh, cls.fish = (cls.folder / name for name in (
            "man/runway-preflight.1", "completions/runway-preflight.bash", "completions/_runway-preflight",
            "completions/runway-preflight.fish"))
        cls.help = subprocess.run([binary(), "--help"], capture_output=True, text=True, check=True).stdout

    def run_quietly(self, *command, **settings):
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, **settings)
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
        return done.stdout

    def typed(self, shell, *setup):
        """Types each line into an interactive shell, with a Tab, and has the shell print the words that came of it."""
        session, terminal = pty.openpty()
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "TERM": "dumb", "LC_ALL": "C.UTF-8"}
        process = subprocess.Popen(shell, stdin=terminal, stdout=terminal, stderr=terminal, cwd=self.folder,
                                   env=environment, start_new_session=True)
        os.close(terminal)
        # Ctrl-A goes to the start of the line. The marks are not what is typed, since the terminal shows that too.
        keys = [*(f"{command}\r" for command in setup), *(
            f"runway-preflight {line}\t\x01printf '<%s' {number}\\> \x05\\>\\>\r" for number, (line, _) in enumerate(TYPED)),
            "exit\r"]
        shown = b""
        try:
            for line in keys:
                os.write(session, line.encode())
            while chunk := os.read(session, 65536):
                shown += chunk
        except OSError:
            pass  # the end of a pseudo terminal
        finally:
            os.close(session)
            process.kill()
            process.wait()
        found = re.findall(r"<(\d+)><runway-preflight(.*?)<?>>", shown.decode())
        return {int(number): words.replace("<", " ").split() for number, words in found}, shown.decode()

    def assert_typed(self, found, shown):
        for number, (line, words) in enumerate(TYPED):
            with self.subTest(line):
                self.assertEqual(found.get(number), words, shown)

    def test_every_flag_is_in_each(self):
        flags = set(re.findall(r"(?<![\w-])--?[a-zA-Z][\w-]*", self.help)) - {"--name"}
        self.assertGreater(len(flags), 30)
        for name in flags:
            with self.subTest(name):
                self.assertIn(rf"\fB{name}\fR".replace("-", r"\-"), self.page.read_text())
                self.assertRegex(self.bash.read_text(), rf"[ ']{name}[ ']")
                self.assertRegex(self.zsh.read_text(), rf"['*{{,]{name}[\[=}},]")
                self.assertRegex(self.fish.read_text(), rf" -l {name[2:]} " if name[1] == "-" else rf" -s {name[1:]} ")

    def test_the_page_has_its_sections(self):
        sections = re.findall(r"^\.SH (.*)$", self.page.read_text(), flags=re.M)
        self.assertEqual(sections, ["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "EXIT STATUS", "ENVIRONMENT", "EXAMPLES",
                                    "SEE ALSO"])
        self.assertIn(" 2023-11-14 ", self.page.read_text().splitlines()[0])

    def test_man_takes_the_page(self):
        shown = self.run_quietly(needed("man"), "--warnings", "--encoding=UTF-8", "--local-file", str(self.page),
                                 env={**os.environ, "MANWIDTH": "80", "LC_ALL": "C.UTF-8"})
        text = " ".join(re.sub(".\x08", "", shown).split())
        self.assertIn("the report could not be written", text)

    def test_groff_takes_the_page(self):
        self.run_quietly(needed("groff"), "-man", "-ww", "-z", "-Tutf8", str(self.page))

    def test_mandoc_takes_the_page(self):
        self.assertEqual(self.run_quietly(needed("mandoc"), "-T", "lint", str(self.page)), "")

    def test_shellcheck(self):
        self.run_quietly(needed("shellcheck"), "--shell=bash", str(self.bash))

    def test_bash_completes(self):
        self.assert_typed(*self.typed([needed("bash"), "--norc", "--noprofile"], f"PS1=; source '{self.bash}'"))

    def test_bash_lists_what_there_is_to_choose_from(self):
        def choices(line):
            return self.run_quietly(needed("bash"), "-c", f"source '{self.bash}'" + '''
                COMP_LINE=$1 COMP_POINT=${#1}
                _runway_preflight 2>/dev/null
                printf "%s\\n" "${COMPREPLY[@]}"''', "bash", f"runway-preflight {line}").split()

        self.assertEqual(sorted(choices("--write=")), FORMATS)
        self.assertEqual(sorted(choices("--write junit")), ["junit="])
        self.assertEqual(sorted(choices("--color ")), ["always", "auto", "never"])
        self.assertEqual(choices("--warn"), ["--warn-generations", "--warn-credits", "--warn-lasts"])
        self.assertEqual(choices("--credits "), [])

    def test_zsh_completes(self):
        zsh = needed("zsh")
        self.run_quietly(zsh, "--no-exec", str(self.zsh))
        self.assert_typed(*self.typed(
            [zsh, "-f", "-i"], f"PS1= PROMPT_SP= ; fpath+=('{self.zsh.parent}'); autoload -U compinit; compinit -u -D"))

    def test_fish_completes(self):
        fish = needed("fish")
        self.run_quietly(fish, "--no-execute", str(self.fish))
        for line, words in TYPED:
            with self.subTest(line):
                listed = self.run_quietly(fish, "--no-config", "--command", f"source '{self.fish}'; complete -C $argv[1]",
                                          f"runway-preflight {line}", cwd=self.folder)
                found = [choice.split("\t")[0] for choice in listed.splitlines()]
                self.assertEqual(found, [] if words[-1].endswith("pref") else words[-1:])


if __name__ == "__main__":
    unittest.main()
