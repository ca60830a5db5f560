"""README, action.yml, the workflows and --help cannot fall behind each other."""

import re
import subprocess
import unittest

from ruamel.yaml import YAML

import readme
from support import ROOT, binary
from test_end_to_end import OUTPUTS

WORKFLOWS = [*ROOT.glob(".github/workflows/*.yml"), *ROOT.glob("examples/*workflow.yml")]
# What the Action adds to the flags, and what it has no use for.
OWN = readme.OWN_INPUTS
NO_INPUT = {"help", "version", "json", "demo"}


class TheAction(unittest.TestCase):
    def test_inputs_are_the_flags(self):
        shown = subprocess.run([binary(), "--help"], capture_output=True, text=True, check=True).stdout
        flags = set(re.findall(r"(?m)^  (?:-\w, )?--([a-z-]+)", shown)) - NO_INPUT
        self.assertEqual(set(readme.action()["inputs"]) - OWN, flags)

    def test_inputs_are_described_as_the_flags(self):
        shown = subprocess.run([binary(), "--help"], capture_output=True, text=True, check=True).stdout
        described = readme.described(shown)
        for name, thing in readme.action()["inputs"].items():
            if name not in OWN | {"label"}:
                self.assertEqual(" ".join(thing["description"].split()), described[name])

    def test_every_input_goes_through_the_environment_to_its_flag(self):
        inputs = set(readme.action()["inputs"])
        (gate,) = (step for step in readme.action()["runs"]["steps"] if step["id"] == "gate")
        passed = {name: value for name, value in gate["env"].items() if name.startswith("INPUT_")}
        self.assertEqual(passed, {
            f"INPUT_{name.upper().replace('-', '_')}": f"${{{{ inputs.{name} }}}}" for name in inputs - {"api-secret"}})
        self.assertEqual(gate["env"]["RUNWAYML_API_SECRET"], "${{ inputs.api-secret || env.RUNWAYML_API_SECRET }}")
        self.assertEqual(gate["env"]["RUNWAY_PREFLIGHT_INPUTS"], "true")

    def test_outputs_are_those_of_the_command(self):
        outputs = readme.action()["outputs"]
        self.assertEqual(set(outputs), OUTPUTS)
        for name, output in outputs.items():
            self.assertEqual(output["value"],
                             f"${{{{ steps.gate.outputs[format('{{0}}-{name}', inputs.label)] || steps.gate.outputs.{name} }}}}")

    def test_everything_is_described(self):
        action = readme.action()
        for name, thing in [*action["inputs"].items(), *action["outputs"].items()]:
            self.assertGreater(len(thing["description"]), 10, name)
        self.assertLessEqual(len(action["description"]), 125, "the Marketplace cuts it there")
        self.assertEqual(set(action["branding"]), {"icon", "color"})

    def test_no_step_holds_an_expression_or_another_action(self):
        for step in readme.action()["runs"]["steps"]:
            self.assertNotIn("${{", step["run"])
            self.assertNotIn("uses", step)
            self.assertEqual(step["shell"], "bash -p {0}")


class Workflows(unittest.TestCase):
    def steps(self):
        for path in WORKFLOWS:
            for job in YAML(typ="safe").load(path)["jobs"].values():
                for step in job.get("steps", []):
                    yield path, step

    def test_they_use_inputs_that_exist(self):
        inputs = set(readme.action()["inputs"])
        for path, step in self.steps():
            if step.get("uses", "").startswith(("./", "OWNER/", "example/")):
                self.assertLessEqual(set(step.get("with", {})), inputs, path)

    def test_actions_of_others_are_pinned_by_commit_each_at_one_only(self):
        pins = {}
        for path in WORKFLOWS:
            for action, pin, version in re.findall(r"uses: ([a-z][\w./-]+)@(\S+)(.*)", path.read_text()):
                if not action.startswith("example/"):
                    self.assertRegex(pin, r"^[0-9a-f]{40}$", path)
                    self.assertRegex(version, r"^ # v\d+\.\d+\.\d+$", path)
                    pins.setdefault(action, set()).add(pin)
        self.assertEqual({action for action, seen in pins.items() if len(seen) != 1}, set())


class TheReadme(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.pages = {page: page.read_text() for page in readme.PAGES}

    def test_its_parts_are_those_files(self):
        for page, text in self.pages.items():
            with self.subTest(page.name):
                self.assertEqual(text, readme.made_again(text), "run: python3 tests/action/readme.py --write")

    def test_it_has_the_tables_and_the_recipes(self):
        text = "".join(self.pages.values())
        for name in ("inputs", "outputs"):
            self.assertIn(f"<!-- begin {name} -->", text)
        for path in (ROOT / "examples").rglob("*"):
            if path.is_file() and not path.suffix.startswith(".json"):
                self.assertRegex(text, rf"<!-- begin {path.relative_to(ROOT)} -->|\]\(\.\./{path.relative_to(ROOT)}\)")

    def test_pages_that_name_what_is_not_out_say_so(self):
        note = "<!-- until the first release -->"
        if note not in (ROOT / "README.md").read_text():
            self.skipTest("released")
        for page in {*self.pages, *ROOT.glob("*.md"), *ROOT.glob("skills/*/*.md")}:
            text = page.read_text()
            if re.search(r"uses: OWNER/|pip install [-\w ]*runway|(uvx|npx|binstall) runway", text):
                self.assertIn(note, text, page)
        for example in (path for path in (ROOT / "examples").rglob("*") if path.is_file()):
            text = example.read_text()
            if re.search(r"uses: OWNER/|pip install", text):
                self.assertRegex(text, r"(?m)^(#|//) Until the first release: ", example)

    def test_links_lead_somewhere(self):
        """Every link to a file of the repository, and to a heading of it."""
        for page in {*self.pages, *ROOT.glob("*.md"), *ROOT.glob("skills/*/*.md")}:
            for link in re.findall(r"\]\((?!https?:)([^)\s]+)\)", page.read_text()):
                name, _, anchor = link.partition("#")
                target = (page.parent / name).resolve() if name else page
                with self.subTest(page=page.name, link=link):
                    self.assertTrue(target.exists())
                    if anchor:
                        headings = re.findall(r"^#+ (.*)$", target.read_text(), flags=re.M)
                        slugs = [re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings]
                        self.assertIn(anchor, slugs)

    def test_the_readme_is_short(self):
        self.assertLessEqual(len((ROOT / "README.md").read_text().splitlines()), 100)
        self.assertLessEqual(len((ROOT / "README.zh-CN.md").read_text().splitlines()), 75)

    def test_the_chinese_page_has_the_commands_and_codes_of_the_english_one(self):
        english, chinese = ((ROOT / name).read_text() for name in ("README.md", "README.zh-CN.md"))

        def found(pattern, text):
            return re.findall(pattern, text, flags=re.M)

        def commands(text):
            lines = [line for block in found(r"^```\w+\n([^`]+)^```", text) for line in block.splitlines()]
            return [line.split(" #")[0].rstrip() for line in lines + found(r"`([^`\n]+)`", text)]

        for command in commands(chinese):
            self.assertIn(command, english)
        for pattern in (r"^\| (\d) \| (\S+) \|", r"^\| `(--[^`]+)` \|", r"uses: \S+|^    [a-z-]+: \S+"):
            self.assertTrue(found(pattern, chinese))
            self.assertEqual(found(pattern, chinese), found(pattern, english))
        words = re.sub(r"<!--.*?-->|`[^`]*`|\([^)]*\)", "", chinese)
        self.assertNotRegex(words, r"\d 额度|额度余额", "额度 is quota; credits are 点数")

    def test_the_pictures_are_what_the_command_prints(self):
        subprocess.run([ROOT / "docs" / "pictures", "--check", binary()], check=True)


if __name__ == "__main__":
    unittest.main()
