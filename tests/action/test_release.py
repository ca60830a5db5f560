"""The release scripts, with a remote in a folder, and a gh, a cargo and a rustup that write down how they were called."""

import os
import subprocess
import unittest

from ruamel.yaml import YAML

from support import ROOT, Loopback, copy_of_the_repository, script, temporary_folder
from test_shell import ASSETS, bash

SCRIPTS = ".github/scripts"


def git(folder, *arguments):
    return subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


class Release(unittest.TestCase):
    def setUp(self):
        self.folder = temporary_folder()
        self.clone = self.folder / "clone"
        self.clone.mkdir()
        copy_of_the_repository(self.clone)
        toml = self.clone / "Cargo.toml"
        self.was = next(line for line in toml.read_text().splitlines() if line.startswith("version = ")).split('"')[1]
        if not self.was.endswith("-dev"):
            self.skipTest("this is a release itself")
        self.version = self.was.removesuffix("-dev")
        self.tag, self.major = f"v{self.version}", f"v{self.version.split('.')[0]}"
        remote = self.folder / "remote.git"
        git(self.folder, "init", "-q", "--bare", remote)
        git(self.clone, "init", "-q", "-b", "main")
        git(self.clone, "add", "-A")
        git(self.clone, "-c", "user.name=test", "-c", "user.email=test@localhost", "commit", "-q", "-m", "test")
        git(self.clone, "remote", "add", "origin", remote)
        git(self.clone, "push", "-q", "origin", "main")
        self.remote = remote
        self.bin = self.folder / "bin"
        script(self.bin / "gh", f"""#!/bin/bash
echo "$* (tag: $(git ls-remote --tags origin 'refs/tags/{self.tag}' | wc -l | tr -d ' '))" >>'{self.folder}/gh.log'
""")

    def run_script(self, name, *arguments, **environment):
        return bash(self.clone / SCRIPTS / name, *arguments,
                    env={"PATH": f"{self.bin}:{os.environ['PATH']}", "HOME": str(self.folder), **environment})

    def dist(self):
        (self.clone / "dist").mkdir()
        for asset in ASSETS.values():
            script(self.clone / "dist" / asset, f"#!/bin/sh\necho {asset}\n")

    def test_the_version_is_that_of_cargo_toml_without_dev(self):
        done = self.run_script("version.sh")
        self.assertEqual((done.returncode, done.stdout.strip()), (0, self.version), done.stderr)

    def test_a_version_that_is_out_is_refused(self):
        git(self.clone, "push", "-q", "origin", f"main:refs/tags/{self.tag}")
        done = self.run_script("version.sh")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("is out already", done.stderr)

    def test_tags_that_cannot_be_read_are_no_leave_to_release(self):
        git(self.clone, "remote", "set-url", "origin", self.folder / "nowhere")
        done = self.run_script("version.sh")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("cannot be read", done.stderr)

    def test_only_a_dev_version_with_three_numbers_is_released(self):
        for version in ("1.2.3", "1.2-dev", "1.2.3-rc.1-dev", "1.2.3;id-dev"):
            bash(self.clone / SCRIPTS / "version.sh", "--set", version, check=True)
            self.assertEqual(self.run_script("version.sh").returncode, 1, version)

    def test_setting_a_version_changes_two_lines_and_cargo_agrees(self):
        self.run_script("version.sh", "--set", "9.8.7").check_returncode()
        self.assertEqual(git(self.clone, "diff", "--numstat").split(),
                         ["1", "1", "Cargo.lock", "1", "1", "Cargo.toml"])
        metadata = subprocess.run(["cargo", "metadata", "--locked", "--no-deps", "--offline", "--format-version=1"],
                                  cwd=self.clone, capture_output=True, text=True)
        self.assertIn('"version":"9.8.7"', metadata.stdout, metadata.stderr)

    def test_building_an_asset(self):
        script(self.bin / "rustup", f"#!/bin/bash\necho \"rustup $*\" >>'{self.folder}/build.log'\n")
        script(self.bin / "cargo", f"""#!/bin/bash
env | grep -E '^(CC_|RUSTFLAGS)' >>'{self.folder}/build.log'
echo "cargo $*" >>'{self.folder}/build.log'
target=${{*: -1}}
suffix=; case $target in *windows*) suffix=.exe ;; esac
mkdir -p "target/$target/release"
printf '#!/bin/sh\\necho runway-preflight %s\\n' "${{SAYS:-{self.version}}}" >"target/$target/release/runway-preflight$suffix"
chmod +x "target/$target/release/runway-preflight$suffix"
""")
        script(self.bin / "file", '#!/bin/sh\necho "$1: ${KIND:-ELF 64-bit, static-pie linked}"\n')
        for asset in ASSETS.values():
            target = asset.removeprefix("runway-preflight-").removesuffix(".exe")
            (self.folder / "build.log").unlink(missing_ok=True)
            done = self.run_script("build.sh", self.version, asset)
            self.assertEqual(done.returncode, 0, done.stderr)
            log = (self.folder / "build.log").read_text()
            self.assertIn(f"rustup target add {target}\n", log)
            self.assertIn(f"cargo build --release --locked --target {target}\n", log)
            self.assertEqual("musl-gcc" in log, "musl" in target)
            self.assertEqual("crt-static" in log, "windows" in target)
            self.assertTrue((self.clone / "dist" / asset).exists())
        linux = ASSETS["Linux", "X64"]
        self.assertIn("not static", self.run_script("build.sh", self.version, linux, KIND="dynamically linked").stderr)
        other = self.run_script("build.sh", self.version, linux, SAYS="0.0.0")
        self.assertEqual(other.returncode, 1)
        self.assertIn(f"not {self.version}", other.stderr)

    def test_publishing(self):
        self.dist()
        before = git(self.clone, "rev-parse", "HEAD")
        done = self.run_script("publish.sh", self.version)
        self.assertEqual(done.returncode, 0, done.stderr)

        tagged = git(self.remote, "rev-parse", f"{self.tag}^{{commit}}")
        self.assertEqual(git(self.remote, "rev-parse", f"{self.major}^{{commit}}"), tagged)
        self.assertEqual(git(self.remote, "rev-parse", f"{tagged}^"), before)
        self.assertEqual(git(self.remote, "rev-parse", "main"), before, "main stays between releases")
        self.assertEqual(git(self.remote, "diff", "--name-only", before, tagged).split(),
                         ["Cargo.lock", "Cargo.toml", "action/checksums.txt"])

        log = (self.folder / "gh.log").read_text().splitlines()
        self.assertEqual(len(log), 2)
        self.assertTrue(log[0].startswith(f"release create {self.tag} --draft "), log)
        self.assertTrue(log[0].endswith("(tag: 0)"), log)
        for asset in ASSETS.values():
            self.assertIn(f"dist/{asset}", log[0])
        self.assertEqual(log[1], f"release edit {self.tag} --draft=false (tag: 1)")

    def test_the_tag_runs_what_was_released(self):
        self.dist()
        self.run_script("publish.sh", self.version).check_returncode()
        tagged = self.folder / "tagged"
        git(self.folder, "clone", "-q", "--branch", self.major, self.remote, tagged)
        served = {f"/{self.tag}/{asset}": (self.clone / "dist" / asset).read_bytes() for asset in ASSETS.values()}
        for (system, architecture), asset in ASSETS.items():
            output = self.folder / f"output-{asset}"
            temp = temporary_folder()
            with Loopback(lambda request: (200, served[request["path"]])) as server:
                done = bash(tagged / "action" / "install.sh", env={
                    "PATH": os.environ["PATH"], "RUNNER_OS": system, "RUNNER_ARCH": architecture, "RUNNER_TEMP": str(temp),
                    "GITHUB_OUTPUT": str(output), "GITHUB_REPOSITORY": "example/pipeline",
                    "RUNWAY_PREFLIGHT_RELEASES": server.url})
            self.assertEqual(done.returncode, 0, done.stderr)
            said = subprocess.run([output.read_text().strip().removeprefix("binary=")], capture_output=True, text=True)
            self.assertEqual(said.stdout.strip(), asset)

    def test_a_missing_asset_publishes_nothing(self):
        self.dist()
        (self.clone / "dist" / ASSETS["macOS", "X64"]).unlink()
        done = self.run_script("publish.sh", self.version)
        self.assertNotEqual(done.returncode, 0)
        self.assertFalse((self.folder / "gh.log").exists())
        self.assertEqual(git(self.remote, "tag"), "")

    def test_a_release_that_cannot_be_made_leaves_no_tag(self):
        self.dist()
        script(self.bin / "gh", "#!/bin/sh\nexit 1\n")
        self.assertNotEqual(self.run_script("publish.sh", self.version).returncode, 0)
        self.assertEqual(git(self.remote, "tag"), "")

    def test_the_workflow_builds_every_asset(self):
        workflow = YAML(typ="safe").load(ROOT / ".github" / "workflows" / "release.yml")
        built = [row["asset"] for row in workflow["jobs"]["build"]["strategy"]["matrix"]["include"]]
        self.assertEqual(sorted(built), sorted(ASSETS.values()))


if __name__ == "__main__":
    unittest.main()
