"""The Action's shell, each file on its own."""

import hashlib
import os
import pathlib
import re
import resource
import shutil
import subprocess
import sys
import unittest

from support import ROOT, Loopback, script, temporary_folder

ACTION = ROOT / "action"
ASSETS = {
    ("Linux", "X64"): "runway-preflight-x86_64-unknown-linux-musl",
    ("Linux", "ARM64"): "runway-preflight-aarch64-unknown-linux-musl",
    ("macOS", "X64"): "runway-preflight-x86_64-apple-darwin",
    ("macOS", "ARM64"): "runway-preflight-aarch64-apple-darwin",
    ("Windows", "X64"): "runway-preflight-x86_64-pc-windows-msvc.exe",
}

NEEDED = re.search(r"^need (.*)$", (ACTION / "common.sh").read_text(), re.M)[1].split()


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


class Target(unittest.TestCase):
    def test_every_released_system(self):
        for system, asset in ASSETS.items():
            done = bash(ACTION / "target.sh", *system)
            self.assertEqual((done.returncode, done.stdout), (0, asset + "\n"))

    def test_no_other(self):
        for system in (("Linux", "X86"), ("Linux", "ARM"), ("Windows", "ARM64"), ("Windows", "X86"), ("", ""), ("Plan9", "X64")):
            done = bash(ACTION / "target.sh", *system)
            self.assertEqual((done.returncode, done.stdout), (1, ""), system)


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
        for name in ("Cargo.toml", "Cargo.lock", "src/main.rs", "src/report/text.rs", "README.md"):
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
        for name in ("Cargo.toml", "Cargo.lock", "src/report/text.rs", "build.rs", ".cargo/config.toml", "src/new.rs"):
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
        for name in ("src/link.rs", ".cargo", "build.rs", "src/report/folder"):
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
                self.assertTrue((path.parent / name).resolve().is_relative_to(ROOT / "src"), f"{path}: {name}")

    def test_a_source_that_is_not_there_has_no_digest(self):
        done = bash(ACTION / "sha256.sh", "--source", temporary_folder())
        self.assertNotEqual(done.returncode, 0)


class Run(unittest.TestCase):
    """run.sh with a command that only writes down how it was called."""

    def call(self, code=0, actions=True, says="", settings=None, **inputs):
        folder = temporary_folder()
        command = script(folder / "command", f"""#!/bin/bash
for argument; do printf '%s\\0' "$argument"; done >'{folder}/arguments'
env -0 >'{folder}/environment'
{says}
exit {code}
""")
        environment = {name if name.isupper() else "INPUT_" + name.upper(): value for name, value in inputs.items()}
        environment["PREFLIGHT"] = str(command)
        if actions:
            environment["GITHUB_ACTIONS"] = "true"
        done = bash(ACTION / "run.sh", env=environment, **(settings or {}))
        done.called = (folder / "arguments").exists()
        done.arguments = (folder / "arguments").read_text().split("\0")[:-1] if done.called else None
        done.environment = dict(
            line.split("=", 1) for line in (folder / "environment").read_bytes().decode().split("\0") if line) if done.called else {}
        return done

    def test_every_input_becomes_its_flag(self):
        done = self.call(
            generations="gen4.5=1", plan="p", price="gen4.5=12/s", credits="2", keep="10", max_cost="12", concurrency="gen4.5=3",
            budget="4/7days", warn_generations="gen4.5=5", warn_credits="6", warn_lasts="11days", wait="7m", interval="8s", timeout="9s", fail_open="true", missing_key="skip", **{"from": "a b"},
            usage="30d", tiers="true", format="json",
            write="json=j", label="l", quiet="true", base_url="http://127.0.0.1:1", key_file="k",
            fail="true", api_secret="")
        self.assertEqual(done.arguments, [
            "--generations=gen4.5=1", "--plan=p", "--price=gen4.5=12/s", "--credits=2", "--keep=10", "--max-cost=12", "--concurrency=gen4.5=3",
            "--budget=4/7days", "--warn-generations=gen4.5=5", "--warn-credits=6", "--warn-lasts=11days", "--wait=7m", "--interval=8s", "--timeout=9s", "--fail-open",
            "--missing-key=skip", "--from=a b", "--usage=30d", "--tiers", "--format=json", "--write=json=j",
            "--label=l", "--quiet",
            "--base-url=http://127.0.0.1:1", "--key-file=k"])

    def test_empty_inputs_are_left_out(self):
        self.assertEqual(self.call().arguments, [])
        self.assertEqual(self.call(credits="", generations="\n \n", fail_open="", wait="  ", fail="").arguments, [])

    def test_lines_are_split_and_trimmed(self):
        done = self.call(generations="gen4.5=1\r\n\n\t veo3.1=2@40 \ngen4_turbo=5", concurrency="a=1\nb=2\n",
                         warn_generations="x=1\ny=2", price="a=1\nb=2/s", write="json=a b\nenv=c")
        self.assertEqual(done.arguments, [
            "--generations=gen4.5=1", "--generations=veo3.1=2@40", "--generations=gen4_turbo=5", "--price=a=1", "--price=b=2/s",
            "--concurrency=a=1", "--concurrency=b=2", "--warn-generations=x=1", "--warn-generations=y=2", "--write=json=a b",
            "--write=env=c"])

    def test_a_value_stays_one_word_whatever_it_holds(self):
        nasty = "--help $(touch pwned) `id` ; * ? \\ ' \" %s ${HOME}"
        done = self.call(generations=nasty, credits=nasty, **{"from": "two\nlines"})
        self.assertEqual(done.arguments, ["--generations=" + nasty, "--credits=" + nasty, "--from=two\nlines"])

    def test_the_exit_code_is_kept(self):
        for code in (0, 1, 2, 3, 4, 5, 6, 101, 127):
            self.assertEqual(self.call(code).returncode, code)
            self.assertEqual(self.call(code, fail="true").returncode, code)

    def test_fail_false_forgives_3_to_6_only(self):
        for code in (0, 1, 2, 3, 4, 5, 6, 7, 101, 127):
            done = self.call(code, fail="false")
            self.assertEqual(done.returncode, 0 if code in (3, 4, 5, 6) else code)
            self.assertEqual("stays green" in done.stderr, code in (3, 4, 5, 6))

    def test_a_command_that_is_not_there_is_no_pass(self):
        for fail in ("true", "false"):
            done = bash(ACTION / "run.sh", env={"PREFLIGHT": "/nowhere/runway-preflight", "INPUT_FAIL": fail})
            self.assertEqual(done.returncode, 127)
        self.assertNotEqual(bash(ACTION / "run.sh").returncode, 0)

    def test_switches_take_true_and_false_only(self):
        self.assertEqual(self.call(fail_open="false", tiers="false", quiet=" false\n").arguments, [])
        for name in ("fail_open", "tiers", "quiet", "fail"):
            for value in ("yes", "TRUE", "1", "true false", "::error::x"):
                done = self.call(**{name: value})
                self.assertEqual((done.returncode, done.called), (2, False), (name, value))
                self.assertEqual(done.stderr, "::error title=runway-preflight::the input "
                                 f"{name.replace('_', '-')} takes true or false, and nothing else\n")

    def test_a_wrong_switch_leaves_outputs_in_github_actions_only(self):
        outputs = temporary_folder() / "outputs"
        self.call(actions=False, quiet="yes", GITHUB_OUTPUT=str(outputs))
        self.assertFalse(outputs.exists())
        self.call(quiet="yes", GITHUB_OUTPUT=str(outputs))
        self.assertEqual(outputs.read_text(), "pass=false\nexit-code=2\n")
        done = self.call(quiet="yes", GITHUB_OUTPUT=str(temporary_folder()))
        self.assertEqual((done.returncode, done.called), (2, False))

    def test_a_wrong_switch_stands_in_the_summary(self):
        summary = temporary_folder() / "summary"
        self.call(quiet="yes", GITHUB_STEP_SUMMARY=str(summary))
        self.assertEqual(summary.read_text(), "## Runway preflight: ❌ Wrong input\n\n"
                         "error: the input quiet takes true or false, and nothing else\n")

    def test_exit_2_of_the_command_is_not_reported_again(self):
        outputs = temporary_folder() / "outputs"
        done = self.call(2, GITHUB_OUTPUT=str(outputs), credits="1", fail="false")
        self.assertEqual((done.returncode, done.stdout, done.stderr, outputs.exists()), (2, "", "", False))

    def test_a_wrong_flag_is_reported_as_the_input(self):
        for said, expected in (
                ('error: --credits "$12" must be a whole number', 'error: the input credits "$12" must be a whole number'),
                ("error: --warn-credits shows what --usage names", "error: the input warn-credits shows what usage names"),
                ('error: --credits "--help" is none', 'error: the input credits "--help" is none'),
                ("error: --wait x\n\nexample: runway-preflight --wait 2h --interval 5m",
                 "error: the input wait x\n\nexample: wait: 2h, interval: 5m"),
                ("error: x\n\nexample: runway-preflight --fail-open", "error: x\n\nexample: fail-open: true"),
                ("error: x\n\nexample: runway-preflight", "error: x\n\nexample: ")):
            summary = temporary_folder() / "summary"
            line = said.replace("\n\n", "%0A")
            done = self.call(2, credits="1", GITHUB_STEP_SUMMARY=str(summary), says=f"""
echo '::error title=runway-preflight usage::{line}' >&2
printf '## Runway preflight: ❌ Wrong command line\\n\\n%s\\n' '{said}' >>"$GITHUB_STEP_SUMMARY"
""")
            self.assertEqual(done.stderr, f"::error title=runway-preflight usage::{expected}\n".replace("\n\n", "%0A"))
            self.assertEqual(summary.read_text(), f"## Runway preflight: ❌ Wrong input\n\n{expected}\n")

    def test_what_is_no_usage_error_stays_as_it_is(self):
        said = "::error title=generations-short::wait (--wait 2h), error: --credits\n  a\\b  \nno line end"
        summary = temporary_folder() / "summary"
        done = self.call(3, credits="1", GITHUB_STEP_SUMMARY=str(summary), says=f"""
printf '%s' '{said}' >&2
printf '%s' '{said}' >>"$GITHUB_STEP_SUMMARY"
echo the report
""")
        self.assertEqual((done.stdout, done.stderr, summary.read_text()), ("the report\n", said + "\n", said))

    def test_a_label_does_not_rename_the_outputs_of_the_step(self):
        outputs = temporary_folder() / "outputs"
        write = """cat >>"$GITHUB_OUTPUT" <<'END'\na.b-pass=true\na.b-report={"x":"a.b-y\\n"}\nEND"""
        self.call(credits="1", label=" a.b ", GITHUB_OUTPUT=str(outputs), says=write)
        self.assertEqual(outputs.read_text().splitlines()[2:], ["pass=true", 'report={"x":"a.b-y\\n"}'])
        for label in ("", "a.c", "a"):
            outputs.unlink()
            self.call(credits="1", label=label, GITHUB_OUTPUT=str(outputs), says=write.replace("a.b-", "axb-"))
            self.assertEqual(len(outputs.read_text().splitlines()), 2, label)

    def test_outputs_that_cannot_be_copied_are_no_pass(self):
        """A file that takes what the command writes, and no more."""
        def limited():
            resource.setrlimit(resource.RLIMIT_FSIZE, (6000, 6000))
        for code, expected in ((0, 5), (3, 3), (2, 2)):
            done = self.call(code, credits="1", label="a", GITHUB_OUTPUT=str(temporary_folder() / "outputs"),
                             says='printf "a-report=%04000d\\na-pass=true\\n" 0 >"$GITHUB_OUTPUT"',
                             settings={"preexec_fn": limited, "restore_signals": False})
            self.assertEqual(done.returncode, expected, done.stderr)
            self.assertEqual("report-failed" in done.stderr, code == 0)

    def test_with_a_label_a_wrong_switch_has_the_same_outputs(self):
        outputs = temporary_folder() / "outputs"
        self.call(quiet="yes", label="acme", GITHUB_OUTPUT=str(outputs))
        self.assertEqual(outputs.read_text(), "pass=false\nexit-code=2\n")

    def test_nothing_asked_for_is_a_warning_and_still_a_run(self):
        for inputs in ({}, {"generations": " \n", "credits": ""}, {"wait": "1m", "quiet": "true", "price": "a=1"}):
            done = self.call(**inputs)
            self.assertEqual((done.returncode, done.called), (0, True))
            self.assertRegex(done.stderr, r"\A::warning title=Nothing was asked for::none of the inputs .*\n\Z", inputs)
        for name in ("generations", "plan", "credits", "keep", "concurrency", "budget", "warn_generations", "warn_credits",
                     "warn_lasts", "usage"):
            self.assertEqual(self.call(**{name: "x"}).stderr, "", name)
        self.assertEqual(self.call(tiers="true").stderr, "")

    def test_a_key_is_masked_and_handed_over_in_the_environment_only(self):
        done = self.call(api_secret="key_5%\r\n second ")
        self.assertEqual(done.stdout, "::add-mask::key_5%25\n::add-mask::second\n")
        self.assertEqual(done.environment["RUNWAYML_API_SECRET"], "key_5%\r\n second ")
        self.assertNotIn("INPUT_API_SECRET", done.environment)
        self.assertEqual(done.arguments, [])

    def test_a_key_is_never_printed_where_no_runner_takes_it_out(self):
        done = self.call(actions=False, api_secret="key_5")
        self.assertNotIn("key_5", done.stdout + done.stderr)
        self.assertEqual(done.environment["RUNWAYML_API_SECRET"], "key_5")

    def test_an_empty_key_leaves_the_one_of_the_environment(self):
        for empty in ("", " \n"):
            done = self.call(api_secret=empty, RUNWAYML_API_SECRET="key_5")
            self.assertEqual(done.environment["RUNWAYML_API_SECRET"], "key_5")
            self.assertEqual(done.stdout, "")
        self.assertNotIn("RUNWAYML_API_SECRET", self.call(api_secret="").environment)


class Scripts(unittest.TestCase):
    """install.sh and build.sh, against a release on loopback."""

    ASSET = b"#!/bin/sh\necho released\n"

    def setUp(self):
        self.root = temporary_folder() / "an action"
        shutil.copytree(ACTION, self.root / "action")
        (self.root / "packaging").mkdir()
        shutil.copy2(ROOT / "packaging" / "targets.toml", self.root / "packaging")
        (self.root / "src").mkdir()
        (self.root / "src" / "main.rs").write_text("fn main() {}\n")
        (self.root / "Cargo.lock").write_text("")
        (self.root / "Cargo.toml").write_text(
            '[package]\nname = "runway-preflight"\nversion = "1.2.3"\n[dependencies.x]\nversion = "9"\n')
        self.temp = temporary_folder()
        self.store = self.temp / "runner" / "runway-preflight"
        self.bin = self.temp / "bin"
        script(self.bin / "cargo", f"""#!/bin/bash
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

    def release(self, system=("Linux", "X64"), checksum=None, version=None):
        """Writes what a release would into checksums.txt; `version`: as another release than this one."""
        source = bash(ACTION / "sha256.sh", "--source", self.root, check=True).stdout.strip()
        checksum = checksum or hashlib.sha256(self.ASSET).hexdigest()
        with open(self.root / "action" / "checksums.txt", "a") as file:
            file.write(f"{checksum}  v{version}/{ASSETS[system]}\n" if version else
                       f"{source}  source\n{checksum}  {ASSETS[system]}\n")

    def script(self, name, *servers, system=("Linux", "X64"), path=None, **environment):
        """Runs one of the two scripts: the process, with the outputs."""
        output = self.temp / "output"
        output.unlink(missing_ok=True)
        (self.temp / "runner").mkdir(exist_ok=True)
        if servers:
            environment["RUNWAY_PREFLIGHT_RELEASES"] = " ".join(server.url for server in servers)
        if system[0] == "Windows":
            (self.temp / "windows").touch()
        done = bash(self.root / "action" / name, cwd=self.temp, env={
            "PATH": path or f"{self.bin}:{os.environ['PATH']}", "HOME": str(self.temp),
            "RUNNER_OS": system[0], "RUNNER_ARCH": system[1], "RUNNER_TEMP": str(self.temp / "runner"),
            "GITHUB_OUTPUT": str(output), "GITHUB_REPOSITORY": "example/pipeline",
            "ACTION_REPOSITORY": "example/runway-preflight", **environment})
        done.outputs = dict(line.split("=", 1) for line in output.read_text().splitlines()) if output.exists() else {}
        self.assertEqual(list(self.store.glob("????????")) if self.store.is_dir() else [], [], "something was left behind")
        return done

    def install(self, *servers, cached=None, **settings):
        """Both scripts, as action.yml calls them; `cached` is a folder that the cache brings back in between."""
        done = self.script("install.sh", *servers, **settings)
        if "key" in done.outputs:
            self.path, self.key = pathlib.Path(done.outputs["path"]), done.outputs["key"]
            if cached:
                shutil.copytree(cached, self.path, symlinks=True)
            build = self.script("build.sh", **{
                "REASON": done.outputs["reason"], "ADVICE": done.outputs["advice"], **settings})
            build.stdout, build.stderr = done.stdout + build.stdout, done.stderr + build.stderr
            done = build
        done.binary = done.outputs.get("binary")
        done.says = None
        if done.binary and settings.get("system", ("Linux",))[0] != "Windows":
            done.says = subprocess.run([done.binary], capture_output=True, text=True).stdout.strip()
        return done

    def without(self, *missing):
        """A PATH with what the scripts need, and no more."""
        tools = temporary_folder()
        for name in {"bash", *NEEDED, "sha256sum"} - set(missing):
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


class Install(Scripts):
    """With a cargo that writes down how it was called."""

    def test_a_good_asset_is_used(self):
        self.release()
        with self.serve() as server:
            done = self.install(server)
        self.assertEqual((done.returncode, done.says), (0, "released"), done.stderr)
        self.assertEqual(server.asked(), [f"GET /v1.2.3/{ASSETS['Linux', 'X64']}"])
        self.assertEqual(self.builds(), [])
        self.assertIn(hashlib.sha256(self.ASSET).hexdigest(), done.stderr)

    def test_it_is_downloaded_once_in_a_job_and_checked_every_time(self):
        self.release()
        with self.serve() as server:
            first = self.install(server)
            again = self.install(server)
            self.assertEqual((again.says, again.binary), ("released", first.binary))
            self.assertEqual(len(server.requests), 1)
            with open(first.binary, "a") as file:
                file.write("echo tampered\n")
            tampered = self.install(server)
        self.assertEqual((tampered.returncode, tampered.binary), (1, None))

    def test_a_redirect_is_followed(self):
        self.release()
        def answer(request):
            return (200, self.ASSET) if request["path"] == "/moved" else (302, "")
        server = Loopback(answer)
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

    def test_a_corrupted_asset_stops_the_step(self):
        self.release()
        with self.serve(body=self.ASSET + b"#") as server:
            done = self.install(server)
        self.assertEqual((done.returncode, done.binary, self.builds()), (1, None, []))
        self.assertIn("::error title=runway-preflight::the checksum of " + ASSETS["Linux", "X64"], done.stderr)
        self.assertEqual(list(self.store.iterdir()), [])

    def test_an_empty_asset_stops_the_step_too(self):
        self.release()
        with self.serve(body=b"") as server:
            done = self.install(server)
        self.assertEqual((done.returncode, done.binary, self.builds()), (1, None, []))

    def test_a_missing_asset_is_built(self):
        self.release()
        with self.serve(404, "Not Found") as server:
            done = self.install(server)
        self.assertEqual(len(server.requests), 1)
        self.assert_built(done, "could not be downloaded (curl ended with 22)")

    def test_a_cut_off_download_is_built(self):
        self.release()
        with self.serve(cut=5) as server:
            done = self.install(server)
        self.assert_built(done, "could not be downloaded (curl ended with 18)")

    def test_a_server_in_trouble_is_tried_again_then_built(self):
        self.release()
        with self.serve(503, "") as server:
            done = self.install(server)
        self.assertEqual(len(server.requests), 3)
        self.assert_built(done, "could not be downloaded")

    def test_a_server_that_is_not_there_is_built(self):
        self.release()
        with self.serve() as server:
            pass
        self.assert_built(self.install(server), "could not be downloaded")

    def test_it_downloads_with_what_is_there(self):
        for tool in ("curl", "wget", "python3", "node"):
            if not shutil.which(tool):
                continue
            shutil.rmtree(self.temp / "runner", ignore_errors=True)
            (self.root / "action" / "checksums.txt").write_text("")
            self.release()
            path = temporary_folder()
            if tool == "wget":
                (path / "timeout").symlink_to(shutil.which("timeout"))
            target = sys.executable if tool == "python3" else shutil.which(tool)
            script(path / tool, f"#!{shutil.which('bash')}\nexec '{target}' \"$@\"\n")
            path = f"{path}:{self.without()}"
            with self.serve() as server:
                done = self.install(server, path=path)
                self.assertEqual((done.returncode, done.says), (0, "released"), (tool, done.stderr))
                self.assertEqual(len(server.requests), 1)
            for status, cut in ((404, 0), (200, 5)):
                shutil.rmtree(self.temp / "runner")
                with self.serve(status, cut=cut) as server:
                    done = self.install(server, path=path)
                self.assertEqual((done.returncode, done.binary), (1, None), (tool, status, done.stderr))
                code = "" if tool == "wget" or cut else "22)"
                self.assertIn(f"could not be downloaded ({tool} ended with {code}", done.stderr)
                self.assertNotIn("Traceback", done.stderr)

    def test_a_tool_that_lacks_what_it_needs_leaves_it_to_the_next(self):
        self.release()
        path = temporary_folder()
        script(path / "python3", f"#!{shutil.which('bash')}\nexec '{sys.executable}' \"$@\"\n")
        for tool, code, said in (("curl", 60, "released"), ("curl", 77, "released"), ("wget", 5, "released"), ("wget", 1, "released"),
                                 ("curl", 22, None), ("curl", 6, None), ("curl", 28, None), ("wget", 8, None), ("wget", 124, None)):
            shutil.rmtree(self.temp / "runner", ignore_errors=True)
            broken = temporary_folder()
            script(broken / tool, f"#!{shutil.which('bash')}\nexit {code}\n")
            with self.serve() as server:
                done = self.install(server, path=f"{broken}:{path}:{self.without()}")
            self.assertEqual((done.says, len(server.requests)), (said, 1 if said else 0), (tool, code, done.stderr))
            self.assertIn(f"could not be downloaded ({tool} ended with {code})", done.stderr)

    def test_without_a_tool_to_download_with_it_is_built_and_says_so(self):
        self.release()
        done = self.install(path=f"{self.bin}:{self.without()}")
        self.assert_built(done, "could not be downloaded, since there is no curl, wget, python3 or node here",
                          "To download a released binary in a second, install one of them in an earlier step\n")

    def test_without_the_tools_that_it_needs_it_names_them(self):
        for missing, named in (
                (["find"], "find"), (["awk", "sort"], "awk, sort"), (["sha256sum"], "sha256sum (or shasum, or openssl)"),
                (NEEDED, ", ".join([*NEEDED, "sha256sum (or shasum, or openssl)"]))):
            done = self.install(path=self.without("sha256sum" if len(missing) > 2 else "", *missing))
            self.assertEqual((done.returncode, done.binary, self.builds()), (1, None, []), missing)
            self.assertEqual(done.stderr, f"::error title=runway-preflight::missing here: {named}; "
                             "install it in an earlier step, or use an image that has it\n")

    def test_on_an_enterprise_server_its_mirror_is_asked_first(self):
        self.release()
        for answers, said, asked in (
                ([(200, self.ASSET), (404, "")], "released", [1, 0]),
                ([(404, ""), (200, self.ASSET)], "released", [1, 1]),
                ([(200, "<html>sign in</html>"), (200, self.ASSET)], "released", [1, 1]),
                ([(404, ""), (404, "")], "built", [1, 1]),
                ([(200, "<html>sign in</html>"), (404, "")], None, [1, 1]),
                ([(404, ""), (200, "exchanged")], None, [1, 1])):
            shutil.rmtree(self.temp / "runner", ignore_errors=True)
            with self.serve(*answers[0]) as own, self.serve(*answers[1]) as public:
                done = self.install(own, public)
            self.assertEqual((done.returncode, done.says), (0 if said else 1, said), (answers, done.stderr))
            self.assertEqual([len(server.requests) for server in (own, public)], asked)
            self.assertEqual("the checksum of " in done.stderr, said is None)

    def test_between_releases_nothing_is_downloaded(self):
        with self.serve() as server:
            done = self.install(server)
        self.assertEqual(server.requests, [])
        self.assert_built(done, "no released binary is known for this source on Linux X64")

    def test_a_changed_source_never_runs_the_release(self):
        self.release()
        (self.root / "src" / "main.rs").write_text("fn main() { todo!() }\n")
        with self.serve() as server:
            done = self.install(server)
        self.assertEqual(server.requests, [])
        self.assert_built(done, "no released binary is known for this source")

    def test_a_system_without_an_asset_is_built(self):
        self.release()
        with self.serve() as server:
            done = self.install(server, system=("Linux", "ARM"))
        self.assertEqual(server.requests, [])
        self.assert_built(done, "no binary is released for Linux ARM")

    def test_every_system_takes_its_own_asset(self):
        for system, asset in ASSETS.items():
            self.release(system)
            with self.serve() as server:
                done = self.install(server, system=system)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(server.asked(), [f"GET /v1.2.3/{asset}"])
            self.assertEqual(done.binary.endswith(".exe"), system[0] == "Windows")
            (self.root / "action" / "checksums.txt").write_text("")

    def test_windows_builds_an_exe(self):
        done = self.install(system=("Windows", "X64"))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertTrue(done.binary.endswith(".exe"))
        self.assertTrue(os.path.exists(done.binary))

    def test_a_job_builds_once(self):
        first = self.install()
        again = self.install()
        self.assertEqual((again.binary, again.says), (first.binary, "built"))
        self.assertEqual(len(self.builds()), 1)
        (self.root / "src" / "main.rs").write_text("fn main() { todo!() }\n")
        self.assertNotEqual(self.install().binary, first.binary)
        self.assertEqual(len(self.builds()), 2)

    def test_a_binary_that_the_cache_brings_back_is_checked_and_used(self):
        self.assert_built(self.install())
        kept, key = self.temp / "kept", self.key
        self.path.rename(kept)
        done = self.install(cached=kept)
        self.assertEqual((done.returncode, done.says, self.key), (0, "built", key), done.stderr)
        self.assertIn("using the binary that an earlier run has built, SHA-256 ", done.stderr)
        self.assertNotIn("::warning", done.stderr)
        self.assertNotIn("built", done.outputs, "nothing new to keep")
        self.assertEqual(len(self.builds()), 1)

    def test_a_binary_that_the_cache_has_changed_stops_the_step(self):
        self.install()
        kept = self.temp / "kept"
        self.path.rename(kept)
        binary, digest = kept / "runway-preflight", kept / "sha256"
        good = binary.read_bytes()
        def link(path, to):
            path.unlink()
            path.symlink_to(to)
        def changed():
            binary.write_bytes(good + b"echo tampered\n")
        outside = script(self.temp / "outside", good.decode())
        for change in (changed, digest.unlink, lambda: digest.write_text(""), lambda: link(binary, outside),
                       lambda: link(digest, self.temp / "a copy")):
            binary.unlink()
            script(binary, good.decode())
            digest.unlink(missing_ok=True)
            digest.write_text(hashlib.sha256(good).hexdigest() + "\n")
            shutil.copy(digest, self.temp / "a copy")
            shutil.rmtree(self.path, ignore_errors=True)
            change()
            done = self.install(cached=kept)
            self.assertEqual((done.returncode, done.binary), (1, None), done.stderr)
            self.assertIn("::error title=runway-preflight::the binary in ", done.stderr)
            self.assertIn("delete that entry", done.stderr)
            # A later step of the same job does not take it either.
            self.assertEqual(self.install().returncode, 1)
        self.assertEqual(len(self.builds()), 1)

    def test_a_cached_binary_that_does_not_run_is_rebuilt(self):
        self.install()
        kept = self.temp / "kept"
        self.path.rename(kept)
        (kept / "runway-preflight").write_text("#!/nowhere/a-libc-of-another-system\n")
        (kept / "sha256").write_text(hashlib.sha256((kept / "runway-preflight").read_bytes()).hexdigest() + "\n")
        done = self.install(cached=kept)
        self.assertEqual((done.returncode, done.says, len(self.builds())), (0, "built", 2), done.stderr)
        self.assertIn("does not run here", done.stderr)

    def test_the_key_of_the_cache_names_system_and_source(self):
        keys = set()
        for system in (("Linux", "X64"), ("Linux", "ARM64"), ("macOS", "ARM64")):
            keys.add(self.script("install.sh", system=system).outputs["key"])
        (self.root / "src" / "main.rs").write_text("fn main() { todo!() }\n")
        keys.add(self.script("install.sh").outputs["key"])
        self.assertEqual(len(keys), 4)
        for key in keys:
            self.assertRegex(key, r"^runway-preflight-(Linux|macOS)-(X64|ARM64)-[0-9a-f]{16}-[0-9a-f]{64}$")

    def test_a_build_warns_how_long_it_took_and_how_to_avoid_it(self):
        for system, reason, advice in (
                (("Linux", "X64"), "no released binary is known for this source on Linux X64", "use a release of the Action"),
                (("Linux", "ARM"), "no binary is released for Linux ARM", "run this on a system that has a release")):
            shutil.rmtree(self.temp / "runner", ignore_errors=True)
            done = self.install(system=system)
            warnings = [line for line in done.stderr.splitlines() if line.startswith("::warning")]
            self.assertEqual(len(warnings), 1)
            self.assertRegex(warnings[0], rf"^::warning title=Built from source::{reason}, .* took \d+ seconds; .*{advice}")
            self.assertEqual(done.outputs["built"], "true")

    def test_a_version_that_this_commit_knows(self):
        self.release(version="1.1.0")
        for version in ("1.1.0", "v1.1.0", " 1.1.0\n"):
            shutil.rmtree(self.temp / "runner", ignore_errors=True)
            with self.serve() as server:
                done = self.install(server, INPUT_VERSION=version)
            self.assertEqual((done.returncode, done.says), (0, "released"), done.stderr)
            self.assertEqual(server.asked(), [f"GET /v1.1.0/{ASSETS['Linux', 'X64']}"])
        done = self.install()
        self.assertEqual(done.says, "built", "another release is taken by name only")
        self.assertIn("or name one in the input version: 1.1.0\n", done.stderr)

    def test_the_own_version_by_name_is_the_release(self):
        self.release()
        (self.root / "src" / "main.rs").write_text("fn main() { todo!() }\n")
        with self.serve() as server:
            self.assertEqual(self.install(server, INPUT_VERSION="1.2.3").says, "released")

    def test_a_version_is_never_built_nor_guessed(self):
        self.release(version="1.1.0")
        self.release(version="1.0.0")
        for version, system, said in (
                ("1.2.3", ("Linux", "X64"), "knows no checksum of runway-preflight-x86_64-unknown-linux-musl in 1.2.3; "
                 "it knows the releases 1.1.0, 1.0.0"),
                ("1.1.0", ("macOS", "X64"), "knows no checksum of runway-preflight-x86_64-apple-darwin in 1.1.0"),
                ("1.1.0", ("Linux", "ARM"), "no binary is released for Linux ARM"),
                ("latest", ("Linux", "X64"), "takes the number of a release"),
                ("1.1", ("Linux", "X64"), "takes the number of a release"),
                ("../1.1.0", ("Linux", "X64"), "takes the number of a release")):
            with self.serve() as server:
                done = self.install(server, system=system, INPUT_VERSION=version)
            self.assertEqual((done.returncode, done.binary, server.requests, self.builds()), (1, None, [], []), version)
            self.assertIn("::error title=runway-preflight::the input version", done.stderr)
            self.assertIn(said, done.stderr)
        with self.serve(404, "") as server:
            done = self.install(server, INPUT_VERSION="1.1.0")
        self.assertEqual((done.returncode, done.binary, self.builds()), (1, None, []))
        self.assertIn("the input version: " + ASSETS["Linux", "X64"] + " could not be downloaded", done.stderr)

    def test_the_build_inherits_nothing_but_what_cargo_needs(self):
        needed = {"HOME", "PATH", "CARGO_HOME", "RUSTUP_HOME", "SSL_CERT_FILE", "https_proxy"}
        unwanted = {name: "unwanted_5" for name in (
            "RUNWAYML_API_SECRET", "AWS_SECRET_ACCESS_KEY", "a-key", "RUSTC", "RUSTC_WRAPPER", "RUSTC_WORKSPACE_WRAPPER", "RUSTFLAGS",
            "RUSTDOCFLAGS", "RUSTUP_TOOLCHAIN", "CARGO_BUILD_TARGET", "CARGO_BUILD_RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS",
            "CARGO_BUILD_RUSTC_WRAPPER", "CARGO_PROFILE_RELEASE_LTO", "CARGO_TARGET_DIR", "CARGO_NET_OFFLINE", "cargo_net_offline",
            "CARGO_REGISTRY_TOKEN", "CC", "CFLAGS", "LD_PRELOAD_5", "GITHUB_TOKEN", "INPUT_API_SECRET")}
        self.install(**unwanted, CARGO_HOME="/c", RUSTUP_HOME="/r", SSL_CERT_FILE="/s", https_proxy="http://p")
        seen = dict(line.split("=", 1) for line in (self.temp / "cargo.env").read_text().split("\0") if line)
        self.assertNotIn("unwanted_5", str(seen))
        # Bash sets the others by itself.
        self.assertEqual(set(seen) - {"PWD", "SHLVL", "_", "OLDPWD"}, needed)

    def test_the_build_works_on_a_copy_out_of_every_other_folder(self):
        (self.root / ".cargo").mkdir()
        (self.root / ".cargo" / "config.toml").write_text("")
        (self.root / "build.rs").write_text("")
        (self.root / "README.md").write_text("no part of it")
        self.install()
        self.assertEqual(len(self.builds()), 1)
        self.assertRegex(self.builds()[0], rf"^/: build --release --locked --manifest-path ({self.store}/\w+)/source/Cargo.toml "
                         r"--target-dir \1/target --config \1/source/.cargo/config.toml$")
        seen = self.temp / "seen"
        self.assertEqual({str(path.relative_to(seen)) for path in seen.rglob("*") if path.is_file()},
                         {"Cargo.toml", "Cargo.lock", "src/main.rs", "build.rs", ".cargo/config.toml"})
        self.assertEqual((seen / "Cargo.toml").read_text().count("[workspace]"), 1)

    def test_a_store_that_is_not_the_runners_stops_the_step(self):
        workspace = self.temp / "workspace"
        (workspace / "temp").mkdir(parents=True)
        (self.temp / "link").symlink_to(workspace)
        for value in ("", "temp", ".", str(self.temp / "nowhere"), str(self.root / "Cargo.toml"), str(workspace),
                      str(workspace / "temp"), str(self.temp / "link"), str(self.temp / "link" / "temp")):
            done = self.install(RUNNER_TEMP=value, GITHUB_WORKSPACE=str(workspace))
            self.assertEqual((done.returncode, done.binary, self.builds()), (1, None, []), value)
            self.assertRegex(done.stderr, r"\A::error title=runway-preflight::RUNNER_TEMP ")
        self.assertEqual([path.name for path in workspace.rglob("*")], ["temp"])

    def test_nothing_is_written_through_a_link(self):
        outside = self.temp / "outside"
        outside.mkdir()
        (outside / "runway-preflight").write_text("of somebody else")
        (outside / "sha256").write_text(hashlib.sha256(b"of somebody else").hexdigest())
        self.store.parent.mkdir()
        self.store.symlink_to(outside)
        self.assertEqual(self.install().returncode, 1)
        self.store.unlink()
        # Where the asset will be, where the built one will be.
        self.release()
        with self.serve() as server:
            first = self.install(server)
            path = pathlib.Path(first.binary)
            for target in (outside / "runway-preflight", outside / "nothing", outside):
                path.unlink()
                path.symlink_to(target)
                done = self.install(server)
                self.assertEqual((done.returncode, done.binary), (1, None), target)
                self.assertIn("checksum", done.stderr)
        (self.root / "action" / "checksums.txt").write_text("")
        self.install()
        shutil.rmtree(self.path)
        self.path.symlink_to(outside)
        self.assertEqual(self.install().returncode, 1)
        self.assertEqual({path.name: path.read_text() for path in outside.iterdir()}, {
            "runway-preflight": "of somebody else", "sha256": hashlib.sha256(b"of somebody else").hexdigest()})

    def test_a_build_that_fails_stops_the_step(self):
        (self.temp / "broken").touch()
        done = self.install()
        self.assertEqual((done.returncode, done.binary), (1, None))
        self.assertIn("::error title=runway-preflight::runway-preflight could not be built", done.stderr)

    def test_without_cargo_it_says_what_to_do(self):
        done = self.install(path=self.without())
        self.assertEqual((done.returncode, done.binary), (1, None))
        self.assertIn("there is no cargo: install Rust in an earlier step, or use a release of the Action", done.stderr)
        self.release()
        done = self.install(path=self.without())
        self.assertIn("there is no curl, wget, python3 or node here, and it cannot be built from source here, since there is no "
                      "cargo: install Rust in an earlier step, or install one of them in an earlier step", done.stderr)

    def test_the_override_is_for_this_machine_only(self):
        self.release()
        for url in ("http://example.com", "https://127.0.0.1:1", "http://127.0.0.1:80@example.com", "http://127.0.0.1.example.com:80",
                    "8080", "http://127.0.0.1:80/x", "http://127.0.0.1:", "http://127x0.0.1:80", "http://127.0.0.1:80\nhttp://example.com"):
            done = self.install(RUNWAY_PREFLIGHT_RELEASES=url)
            self.assertEqual((done.returncode, done.binary, self.builds()), (1, None, []), url)
            self.assertIn("must be http://127.0.0.1:PORT", done.stderr)

    def test_download_is_https_from_own_repository_without_token(self):
        self.release()
        script(self.bin / "curl", f"""#!/bin/bash
printf '%s\\n' "$@" >'{self.temp}/curl.log'
exit 6
""")
        for own, expected in (("example/runway-preflight", "example/runway-preflight"), ("", "example/pipeline")):
            shutil.rmtree(self.temp / "runner", ignore_errors=True)
            self.install(ACTION_REPOSITORY=own, GITHUB_TOKEN="token_5")
            arguments = (self.temp / "curl.log").read_text().splitlines()
            self.assertEqual(
                arguments[-1], f"https://github.com/{expected}/releases/download/v1.2.3/{ASSETS['Linux', 'X64']}")
            for flag in ("--proto", "--proto-redir"):
                self.assertEqual(arguments[arguments.index(flag) + 1], "=https")
            for flag in ("--connect-timeout", "--max-time", "--retry", "--fail", "--disable"):
                self.assertIn(flag, arguments)
            self.assertNotIn("token_5", " ".join(arguments))
            self.assertNotIn("--header", arguments)

    def test_an_enterprise_server_comes_before_github_com(self):
        self.release()
        script(self.bin / "curl", f"#!/bin/bash\necho \"${{*: -1}}\" >>'{self.temp}/curl.log'\nexit 6\n")
        path = f"/example/runway-preflight/releases/download/v1.2.3/{ASSETS['Linux', 'X64']}"
        for server, expected in (("https://ghe.example.com", ["https://ghe.example.com", "https://github.com"]),
                                 ("https://github.com", ["https://github.com"]), ("", ["https://github.com"])):
            (self.temp / "curl.log").unlink(missing_ok=True)
            self.script("install.sh", GITHUB_SERVER_URL=server)
            self.assertEqual((self.temp / "curl.log").read_text().splitlines(), [server + path for server in expected])


@unittest.skipUnless(shutil.which("cargo"), "there is no cargo here")
class RealBuild(Scripts):
    """What only the real cargo can show, with a small crate."""

    def setUp(self):
        super().setUp()
        (self.bin / "cargo").unlink()
        (self.root / "src" / "main.rs").write_text('fn main() { println!("{}", option_env!("BY_BUILD_RS").unwrap_or("built")); }\n')
        (self.root / "Cargo.toml").write_text('[package]\nname = "runway-preflight"\nversion = "1.2.3"\nedition = "2021"\n')
        (self.root / "Cargo.lock").write_text('version = 4\n\n[[package]]\nname = "runway-preflight"\nversion = "1.2.3"\n')
        home = pathlib.Path.home()
        self.homes = {"CARGO_HOME": os.environ.get("CARGO_HOME", str(home / ".cargo")),
                      "RUSTUP_HOME": os.environ.get("RUSTUP_HOME", str(home / ".rustup"))}

    def test_settings_around_it_have_no_part(self):
        # Above the Action's own folder, and above the store.
        for folder in (self.root.parent, self.temp):
            (folder / ".cargo").mkdir()
            (folder / ".cargo" / "config.toml").write_text('[build]\nrustc-wrapper = "/nowhere/wrapper"\n[net]\noffline = "x"\n')
            (folder / "Cargo.toml").write_text('[workspace]\nmembers = ["elsewhere"]\n')
            (folder / "rust-toolchain.toml").write_text('[toolchain]\nchannel = "of-somebody-else"\n')
        done = self.install(**self.homes, RUSTC_WRAPPER="/nowhere/wrapper", RUSTC="/nowhere/rustc", RUSTFLAGS="--unknown",
                            RUSTUP_TOOLCHAIN="of-somebody-else", CARGO_BUILD_TARGET="of-somebody-else", CARGO_BUILD_JOBS="x",
                            CARGO_TARGET_DIR="/nowhere", CC="/nowhere/cc")
        self.assertEqual((done.returncode, done.says), (0, "built"), done.stderr)

    def test_its_own_settings_and_its_build_script_have(self):
        (self.root / "build.rs").write_text('fn main() { println!("cargo:rustc-env=BY_BUILD_RS={}", env!("BY_CONFIG")); }\n')
        (self.root / ".cargo").mkdir()
        (self.root / ".cargo" / "config.toml").write_text('[env]\nBY_CONFIG = "by both"\n')
        done = self.install(**self.homes)
        self.assertEqual((done.returncode, done.says), (0, "by both"), done.stderr)


class Repository(unittest.TestCase):
    def test_checksums_stand_at_a_release_and_nowhere_else(self):
        lines = [line for line in (ACTION / "checksums.txt").read_text().splitlines() if not line.startswith("#")]
        # Of other releases, for the input `version`.
        lines = [line for line in lines if "/" not in line]
        version = re.search(r'^version = "(.*)"$', (ROOT / "Cargo.toml").read_text(), re.M)[1]
        if version.endswith("-dev"):
            self.assertEqual(lines, [])
        else:
            self.assertEqual(sorted(line.split()[1] for line in lines), sorted([*ASSETS.values(), "source"]))
            for line in lines:
                self.assertRegex(line, r"^[0-9a-f]{64}  \S+$")


if __name__ == "__main__":
    unittest.main()
