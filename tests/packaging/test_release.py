"""The steps of a release, with a remote in a folder, and a gh that writes down how it was called."""

import base64
import hashlib
import json
import os
import re
import shutil
import subprocess
import unittest

from ruamel.yaml import YAML

from shared import ROOT, Loopback, copy_of_the_repository, led_to, script, table, temporary_folder

WORKFLOW = ROOT / ".github" / "workflows" / "release.yml"
ASSETS = {target.asset: target for target in table.TARGETS}


def git(folder, *arguments):
    return subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


class Release(unittest.TestCase):
    def setUp(self):
        self.folder = temporary_folder()
        self.clone = self.folder / "clone"
        self.clone.mkdir()
        copy_of_the_repository(self.clone)
        self.was = table.package()["version"]
        if not self.was.endswith("-dev"):
            self.skipTest("this is a release itself")
        self.version = self.was.removesuffix("-dev")
        self.tag, self.major = f"v{self.version}", f"v{self.version.split('.')[0]}"
        self.remote = self.folder / "remote.git"
        git(self.folder, "init", "-q", "--bare", self.remote)
        git(self.clone, "init", "-q", "-b", "main")
        self.commit_all(self.clone)
        git(self.clone, "remote", "add", "origin", self.remote)
        git(self.clone, "push", "-q", "origin", "main")
        self.bin = self.folder / "bin"
        # As the real one, it makes no release for a tag that is only here, unless the repository is named.
        script(self.bin / "gh", f"""#!/bin/bash
pushed=$(git ls-remote --tags origin 'refs/tags/{self.tag}' | wc -l | tr -d ' ')
echo "$* (tag: $pushed)" >>'{self.folder}/gh.log'
case "$1 $2" in
  'run list') printf '%s\\n' "$RUNS" ;;
  'api repos/'*/immutable-releases)
    case ${{IMMUTABLE-true}} in
      unreadable) echo 'gh: Resource not accessible by integration (HTTP 403)' >&2; exit 1 ;;
      missing) echo 'gh: Not Found (HTTP 404)' >&2; exit 1 ;;
    esac
    echo "${{IMMUTABLE-true}}"
    ;;
  'api '*) printf '%s\\n' "${{RULES-[\\"required_reviewers\\"]}}" ;;
  'attestation verify') [ "$3" != "$UNATTESTED" ] ;;
  'release view')
    [ -f '{self.folder}/draft' ] || exit 1
    case $* in *isImmutable*) echo "${{IMMUTABLE-true}}"; exit ;; esac
    cat '{self.folder}/draft'
    ;;
  'release create')
    case $* in *--repo*) ;; *) exit 1 ;; esac
    echo true >'{self.folder}/draft'
    ;;
  'release edit') [ -z "$NO_EDIT" ] && echo false >'{self.folder}/draft' ;;
esac
""")
        # What is published already, a line each: NAME@VERSION, or NAME for a package of any version.
        self.published = self.folder / "published"
        self.published.write_text("".join(
            f"{name}\n" for name in ("runway-preflight", *(f"runway-preflight-{one.npm}" for one in table.TARGETS))))
        script(self.bin / "npm", f"""#!/bin/bash
echo "npm $*" >>'{self.folder}/npm.log'
case $1 in
  view) awk -v name="$2" '$1 == name {{ found = 1; print $2 }} END {{ exit !found }}' '{self.published}' ;;
esac
""")
        script(self.bin / "cargo", f"""#!/bin/bash
if [ "$1" = info ]; then exec grep -q '^runway-preflight$' '{self.published}'; fi
exec '{shutil.which("cargo")}' "$@"
""")

    @staticmethod
    def commit_all(clone):
        git(clone, "add", "-A")
        git(clone, "-c", "user.name=test", "-c", "user.email=test@localhost", "commit", "-q", "-m", "test")

    def step(self, *arguments, clone=None, **environment):
        clone = clone or self.clone
        return subprocess.run([clone / "packaging" / "release", *arguments], cwd=clone, capture_output=True, text=True,
                              env={"PATH": f"{self.bin}:{os.environ['PATH']}", "HOME": str(self.folder),
                                   "GITHUB_REPOSITORY": "studio/runway-preflight", "GITHUB_SHA": "abc", **environment})

    def ok(self, *arguments, **settings):
        done = self.step(*arguments, **settings)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.strip()

    def refused(self, because, *arguments, **settings):
        done = self.step(*arguments, **settings)
        self.assertEqual((done.returncode, done.stdout), (1, ""), done.stderr)
        self.assertIn(because, done.stderr)

    def dist(self, extra=()):
        """The files of a release: each asset says its name."""
        folder = self.clone / "dist"
        for asset in ASSETS:
            script(folder / asset, f"#!/bin/sh\necho {asset}\n")
        for name in extra:
            (folder / name).write_text(name)
        files = sorted(path for path in folder.iterdir() if path.name != "SHA256SUMS")
        (folder / "SHA256SUMS").write_text("".join(f"{table.sha256(file)}  {file.name}\n" for file in files))
        return folder

    def gh_log(self):
        log = self.folder / "gh.log"
        return log.read_text().splitlines() if log.exists() else []

    def released(self):
        self.ok("set", self.version, "studio")
        self.ok("commit", self.dist())
        self.ok("publish", "dist")
        self.ok("major")

    def test_the_version_is_that_of_cargo_toml_without_dev(self):
        self.assertEqual(self.ok("version"), self.version)

    def test_a_version_that_is_out_is_refused(self):
        git(self.clone, "push", "-q", "origin", f"main:refs/tags/{self.tag}")
        self.refused("is out already", "version")

    def test_a_version_lower_than_one_that_is_out_is_refused(self):
        git(self.clone, "push", "-q", "origin", "main:refs/tags/v0.0.9")
        self.assertEqual(self.ok("version"), self.version)
        git(self.clone, "push", "-q", "origin", "main:refs/tags/v0.10.0")
        self.refused("v0.10.0 is out already", "version")

    def test_tags_that_cannot_be_read_are_no_leave_to_release(self):
        git(self.clone, "remote", "set-url", "origin", self.folder / "nowhere")
        self.refused("cannot be read", "version")

    def test_only_a_dev_version_with_three_numbers_is_released(self):
        toml = self.clone / "Cargo.toml"
        text = toml.read_text()
        for version in ("1.2.3", "1.2-dev", "1.2.3-rc.1-dev", "1.2.3;id-dev"):
            toml.write_text(text.replace(f'"{self.was}"', f'"{version}"', 1))
            self.refused("only a MAJOR.MINOR.PATCH-dev version", "version")

    def test_no_other_version_or_owner_is_written(self):
        for version, owner, because in (("1.2.3-dev", "studio", "1.2.3-dev is not"), ("1.2", "studio", "1.2 is not"),
                                        ("1.2.3", "OWNER", "OWNER is not"), ("1.2.3", "a/b", "a/b is not")):
            self.refused(because, "set", version, owner)
        self.assertEqual(git(self.clone, "status", "--porcelain"), "")

    def test_version_and_owner_are_written_wherever_they_stand(self):
        # As on Windows, where UTF-8 is not what Python reads unless told to.
        self.ok("set", "9.8.7", "Studio", LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
        metadata = subprocess.run(["cargo", "metadata", "--locked", "--no-deps", "--offline", "--format-version=1"],
                                  cwd=self.clone, capture_output=True, text=True)
        self.assertIn('"version":"9.8.7"', metadata.stdout, metadata.stderr)
        self.assertIn("https://github.com/Studio/runway-preflight", metadata.stdout)
        self.assertIn("\n## [9.8.7]\n", (self.clone / "CHANGELOG.md").read_text())
        for page in (*self.clone.glob("*.md"), *self.clone.glob("docs/*.md"), *self.clone.glob("examples/**/*.*")):
            self.assertFalse("OWNER" in page.read_text(errors="replace"), page)
            self.assertFalse("ghcr.io/Studio" in page.read_text(errors="replace"), "an image's name is in lower case")
            self.assertFalse("until the first release" in page.read_text(errors="replace").lower(), page)

    def test_ci_has_to_have_passed_on_the_commit(self):
        self.ok("ready", "abc", RUNS='[{"conclusion": "failure"}, {"conclusion": "success"}]')
        self.assertIn("--branch main --event push --commit abc", self.gh_log()[0])
        for runs in ("[]", '[{"conclusion": ""}]', '[{"conclusion": "failure"}, {"conclusion": "cancelled"}]'):
            self.refused("CI has not passed on abc", "ready", "abc", RUNS=runs)

    def test_every_channel_has_to_be_set_up(self):
        passed = '[{"conclusion": "success"}]'
        self.refused("no required reviewers", "ready", "abc", RUNS=passed, RULES="[]")
        for immutable in ("false", "missing"):
            self.refused("releases are not immutable", "ready", "abc", RUNS=passed, IMMUTABLE=immutable)
        self.ok("ready", "abc", RUNS=passed, IMMUTABLE="unreadable")
        names = self.published.read_text().splitlines()
        for name in names:
            self.published.write_text("".join(f"{one}\n" for one in names if one != name))
            self.refused(f"npm has no package {name}:", "ready", "abc", RUNS=passed)

    def test_packages_that_are_out_are_not_published_again(self):
        folder = self.folder / "packages"
        (folder / "systems").mkdir(parents=True)
        digests = {}
        for path, name in (("systems/one.tgz", "runway-preflight-linux-x64"), ("main.tgz", "runway-preflight")):
            (folder / "package").mkdir(exist_ok=True)
            (folder / "package" / "package.json").write_text(json.dumps({"name": name, "version": "1.2.3"}))
            subprocess.run(["tar", "-czf", folder / path, "-C", folder, "package"], check=True)
            digests[name] = base64.b64encode(hashlib.sha512((folder / path).read_bytes()).digest()).decode()

        def published():
            lines = (self.folder / "npm.log").read_text().splitlines()
            (self.folder / "npm.log").unlink()
            return [line.rpartition("/")[2] for line in lines if line.startswith("npm publish --provenance")]

        self.ok("npm", folder)
        self.assertEqual(published(), ["one.tgz", "main.tgz"])
        out = f"runway-preflight-linux-x64@1.2.3 sha512-{digests['runway-preflight-linux-x64']}\n"
        self.published.write_text(out)
        self.ok("npm", folder)
        self.assertEqual(published(), ["main.tgz"])
        self.published.write_text("runway-preflight-linux-x64@1.2.3 sha512-other\n")
        self.refused("runway-preflight-linux-x64@1.2.3 is out with other content", "npm", folder)
        self.assertEqual(published(), [])

    def test_only_what_the_builds_made_is_packed(self):
        folder = self.clone / "binaries"
        digests = {}
        for asset, target in ASSETS.items():
            script(folder / asset, asset)
            digests[target.triple] = hashlib.sha256(asset.encode()).hexdigest()
        given = json.dumps(digests)
        self.ok("verify", folder, given)
        (folder / "more").write_text("more")
        self.refused("not just the binary of every target", "verify", folder, given)
        (folder / "more").unlink()
        first = next(iter(ASSETS))
        (folder / first).write_text("another")
        self.refused(f"{first} is not what its job has built", "verify", folder, given)
        (folder / first).unlink()
        self.refused("not just the binary of every target", "verify", folder, given)
        self.refused("not of every target", "verify", folder, json.dumps(dict(list(digests.items())[1:])))
        self.refused("not of every target", "verify", folder, json.dumps({**digests, "more": "0"}))

    def test_every_file_is_attested_before_it_is_published(self):
        self.dist(["runway-preflight.cdx.json"])
        self.ok("attested", "dist", GITHUB_REPOSITORY="studio/runway-preflight")
        log = self.gh_log()
        self.assertEqual(len(log), len(ASSETS) + 2)
        for line in log:
            self.assertIn("--repo studio/runway-preflight", line)
            self.assertIn("--signer-workflow studio/runway-preflight/.github/workflows/release.yml", line)
            self.assertIn("--source-ref refs/heads/main --source-digest abc --deny-self-hosted-runners", line)
        for file in ("SHA256SUMS", next(iter(ASSETS))):
            done = self.step("attested", "dist", GITHUB_REPOSITORY="studio/runway-preflight", UNATTESTED=f"dist/{file}")
            self.assertNotEqual(done.returncode, 0)
        jobs = YAML(typ="safe").load(WORKFLOW)["jobs"]
        steps = jobs["github"]["steps"][-1]["run"]
        self.assertLess(steps.index("release attested"), steps.index("release publish"))
        for name in ("pypi", "npm", "container", "homebrew"):
            at = [index for index, step in enumerate(jobs[name]["steps"]) if "gh attestation verify" in step.get("run", "")]
            publishes = [index for index, step in enumerate(jobs[name]["steps"])
                         if step.get("name", "").startswith(("Publish", "Build and push")) or "pypi-publish" in step.get("uses", "")]
            self.assertLess(at[0], publishes[0], name)

    def test_publishing(self):
        before = git(self.clone, "rev-parse", "HEAD")
        self.dist(["runway-preflight.cdx.json"])
        (self.clone / "dist" / "stowaway").write_text("not in SHA256SUMS")
        self.ok("set", self.version, "studio")
        self.ok("commit", "dist")
        self.assertEqual(git(self.remote, "tag"), "", "commit pushes nothing")
        self.ok("publish", "dist")
        self.assertEqual(git(self.remote, "tag").split(), [self.tag])
        self.ok("major")

        tagged = git(self.remote, "rev-parse", f"{self.tag}^{{commit}}")
        self.assertEqual(git(self.remote, "rev-parse", f"{self.major}^{{commit}}"), tagged)
        self.assertEqual(git(self.remote, "rev-parse", f"{tagged}^"), before)
        self.assertEqual(git(self.remote, "rev-parse", "main"), before, "main stays between releases")
        changed = git(self.remote, "diff", "--name-only", before, tagged).split()
        self.assertLessEqual({"Cargo.lock", "Cargo.toml", "README.md", "action/checksums.txt"}, set(changed))
        self.assertFalse([path for path in changed if path.startswith(("src/", "dist/", "tests/"))])

        log = [line for line in self.gh_log() if " view " not in line]
        create, upload, edit = log
        self.assertTrue(create.startswith(f"release create {self.tag} --repo studio/runway-preflight --draft "), create)
        self.assertTrue(upload.startswith(f"release upload {self.tag} "), upload)
        self.assertTrue(upload.endswith("(tag: 0)"), upload)
        for name in (*ASSETS, "SHA256SUMS", "runway-preflight.cdx.json"):
            self.assertIn(f"dist/{name} ", upload)
        self.assertNotIn("stowaway", upload)
        self.assertEqual(edit, f"release edit {self.tag} --repo studio/runway-preflight --draft=false (tag: 1)")

    def test_a_release_that_can_be_changed_stops_the_other_channels(self):
        self.dist()
        self.ok("set", self.version, "studio")
        self.ok("commit", "dist")
        for _ in range(2):
            self.refused("can be changed: delete it and its tag", "publish", "dist", IMMUTABLE="false")
        needs = YAML(typ="safe").load(WORKFLOW)["jobs"]
        self.assertFalse([name for name in ("pypi", "npm", "crates-io", "container", "homebrew", "major")
                          if "github" not in needs[name]["needs"]])

    def test_a_job_that_failed_half_way_can_run_again(self):
        self.dist()
        again = self.folder / "again"
        git(self.folder, "clone", "-q", "--branch", "main", self.remote, again)
        self.ok("set", self.version, "studio")
        self.ok("commit", "dist")
        self.assertNotEqual(self.step("publish", "dist", NO_EDIT="1").returncode, 0)
        shutil.copytree(self.clone / "dist", again / "dist")
        self.ok("set", self.version, "studio", clone=again)
        self.ok("commit", "dist", clone=again)
        self.ok("publish", "dist", clone=again)
        self.assertEqual(git(again, "rev-parse", self.tag), git(self.clone, "rev-parse", self.tag))
        self.assertEqual((self.folder / "draft").read_text(), "false\n")
        self.assertEqual(sum("release create" in line for line in self.gh_log()), 1)
        self.ok("publish", "dist", clone=again)

    def test_a_token_of_a_workflow_may_push_the_tag(self):
        self.released()
        self.assertEqual(git(self.remote, "ls-tree", "-r", "--name-only", self.tag, ".github/workflows"), "")
        self.assertFalse([line for line in self.gh_log() if f"release create {self.major} " in line], "it moves")

    def test_the_tag_runs_what_was_released(self):
        self.released()
        tagged = self.folder / "tagged"
        git(self.folder, "clone", "-q", "--branch", self.major, self.remote, tagged)
        served = {f"/example/pipeline/releases/download/{self.tag}/{asset}": (self.clone / "dist" / asset).read_bytes()
                  for asset in ASSETS}
        for asset, target in ASSETS.items():
            system, architecture = target.action.split("/")
            temp = temporary_folder()
            with Loopback(lambda request: (200, served[request["path"]])) as server:
                done = subprocess.run(["bash", tagged / "action" / "install.sh"], capture_output=True, text=True, env={
                    "PATH": f"{led_to(server, temp / 'bin')}:{os.environ['PATH']}", "RUNNER_OS": system, "RUNNER_ARCH": architecture,
                    "RUNNER_TEMP": str(temp), "GITHUB_OUTPUT": str(temp / "output"), "GITHUB_REPOSITORY": "example/pipeline"})
            self.assertEqual(done.returncode, 0, done.stderr)
            said = subprocess.run([(temp / "output").read_text().strip().removeprefix("binary=")], capture_output=True, text=True)
            self.assertEqual(said.stdout.strip(), asset)

    def test_a_missing_asset_publishes_nothing(self):
        folder = self.dist()
        asset = next(iter(ASSETS))
        sums = folder / "SHA256SUMS"
        lines = sums.read_text().splitlines(keepends=True)
        sums.write_text("".join(line for line in lines if not line.endswith(f"  {asset}\n")))
        self.ok("set", self.version, "studio")
        self.refused(f"{asset} is not in", "commit", "dist")
        sums.write_text("".join(lines))
        (folder / asset).write_text("another")
        self.refused(f"{asset} does not have the digest", "commit", "dist")
        self.refused(f"{asset} does not have the digest", "publish", "dist")
        self.assertEqual((self.gh_log(), git(self.remote, "tag")), ([], ""))

    def test_a_release_that_cannot_be_made_leaves_no_tag(self):
        self.ok("set", self.version, "studio")
        self.ok("commit", self.dist())
        script(self.bin / "gh", "#!/bin/sh\nexit 1\n")
        self.assertNotEqual(self.step("publish", "dist").returncode, 0)
        self.assertEqual(git(self.remote, "tag"), "")


class TheWorkflow(unittest.TestCase):
    def setUp(self):
        self.jobs = YAML(typ="safe").load(WORKFLOW)["jobs"]

    def test_it_builds_the_targets_of_the_table(self):
        self.assertEqual(self.jobs["build"]["strategy"]["matrix"]["include"],
                         "${{ fromJSON(needs.version.outputs.targets) }}")
        given = subprocess.run([ROOT / "packaging" / "release", "targets"], capture_output=True, text=True, check=True)
        self.assertEqual([row["triple"] for row in json.loads(given.stdout)], [row.triple for row in table.TARGETS])
        self.assertEqual(self.jobs["build"]["outputs"], {
            target.triple: f"${{{{ steps.digest.outputs.{target.triple} }}}}" for target in table.TARGETS})

    def test_what_publishes_is_protected_and_waits(self):
        def before(name):
            needs = self.jobs[name].get("needs", [])
            needs = [needs] if isinstance(needs, str) else needs
            return set(needs).union(*map(before, needs))

        publishing = {"github", "major", "pypi", "npm", "crates-io", "container", "homebrew"}
        for name, job in self.jobs.items():
            writes = {key for key, value in job["permissions"].items() if value == "write"}
            if name in publishing:
                self.assertEqual(job["environment"], "release", name)
                self.assertLessEqual({"version", "build", "pack", "attest"}, before(name), name)
            else:
                self.assertNotIn("environment", job)
                self.assertEqual(writes, {"id-token", "attestations"} if name == "attest" else set(), name)

    def test_the_image_has_a_tag_for_each_part_of_the_version(self):
        folder = temporary_folder()
        script(folder / "docker", "#!/bin/sh\n")
        script(folder / "skopeo", "#!/bin/sh\nfor last; do :; done\necho \"$last\" >>tags\necho sha256:1 >digest\n")
        [step] = [step for step in self.jobs["container"]["steps"] if step.get("id") == "push"]
        subprocess.run(["bash", "-e", "-c", step["run"]], cwd=folder, check=True, env={
            "PATH": f"{folder}:{os.environ['PATH']}", "GITHUB_REPOSITORY": "Studio/runway-preflight", "GITHUB_ACTOR": "me",
            "TOKEN": "t", "VERSION": "0.1.0", "GITHUB_OUTPUT": "output"})
        self.assertEqual((folder / "tags").read_text().split(), [
            f"docker://ghcr.io/studio/runway-preflight:{tag}" for tag in ("0.1.0", "0.1", "0", "latest")])
        self.assertEqual((folder / "output").read_text(), "image=ghcr.io/studio/runway-preflight\ndigest=sha256:1\n")

    def test_every_channel_of_the_table_has_its_job(self):
        jobs = {"GitHub Actions": "github", "release": "github", "mise": "github", "PyPI": "pypi", "npm": "npm", "crates.io": "crates-io",
                "Homebrew": "homebrew", "container": "container"}
        self.assertEqual(set(jobs), set(table.CHANNELS))
        self.assertLessEqual(set(jobs.values()), set(self.jobs))


class ThePages(unittest.TestCase):
    def test_the_readme_has_every_channel(self):
        for page in ("README.md", "README.zh-CN.md"):
            text = (ROOT / page).read_text()
            for channel, install in table.CHANNELS.items():
                self.assertTrue(install in text, f"{page}: {channel}")
        for target in table.TARGETS:
            self.assertTrue(target.system in (ROOT / "README.md").read_text(), target.system)

    def test_the_tag_in_the_pages_is_the_one_that_moves(self):
        major = f"v{table.package()['version'].split('.')[0]}"
        pages = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("examples/**/*.yml"), ROOT / "packaging/targets.toml"]
        found = {(page.name, tag) for page in pages
                 for tag in re.findall(r"/runway-preflight@([\w.-]+)", page.read_text())}
        self.assertTrue(found)
        self.assertEqual({tag for _, tag in found} - {"COMMIT"}, {major}, found)


if __name__ == "__main__":
    unittest.main()
