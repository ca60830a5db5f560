"""The files of `--write junit=FILE` against a schema of JUnit XML and with readers of it: each error of the run is in a test case."""

import json
import os
import subprocess
import unittest
import xml.etree.ElementTree

import junitparser
import xmlschema

from support import HERE, KEY, binary, organization, runway, temporary_folder

NEEDS = ["--generations", "gen4.5=2@60", "--credits", "100"]

# Name, answers, arguments, key, exit code, and how many cases there are: passed, failed, in error, skipped.
CASES = [
    ("go", [organization()], NEEDS, KEY, 0, (3, 0, 0, 0)),
    ("go, nothing needed", [organization()], [], KEY, 0, (1, 0, 0, 0)),
    ("no-go", [organization(used={"gen4.5": 199})], NEEDS, KEY, 3, (2, 1, 0, 0)),
    ("no-go, and no requirement that says it", [organization(balance=0)], [], KEY, 6, (0, 1, 0, 0)),
    ("cannot tell: no key", [], NEEDS, None, 4, (0, 0, 4, 0)),
    ("cannot tell: rejected", [(401, {"error": "<No & \"such\" key>\u0007"})], NEEDS, KEY, 4, (0, 0, 4, 0)),
    ("cannot tell, passed", [(404, "")], [*NEEDS, "--fail-open"], KEY, 0, (0, 0, 0, 3)),
    ("skipped", [], [*NEEDS, "--missing-key", "skip"], None, 0, (0, 0, 0, 3)),
    ("no-go, by several", [organization(balance=0, used={"gen4.5": 199})], NEEDS, KEY, 6, (0, 4, 0, 0)),
    ("no-go beside what could not be read", [{**organization(used={"gen4.5": 199}), "creditBalance": "\u0000\u001b[2J&<"}], NEEDS, KEY,
     3, (0, 1, 3, 0)),
    ("a label", [organization()], [*NEEDS, "--label", "acme"], KEY, 0, (3, 0, 0, 0)),
    ("a model that is hostile", [organization()], ["--generations", "<a&b>\"'=1"], KEY, 6, (0, 1, 0, 0)),
]


def shown_by_gitlab(path):
    """What GitLab shows of a case: where `failure` or `error` has a text, this text alone, without its attributes."""
    cases = xml.etree.ElementTree.parse(path).getroot().iter("testcase")
    return [found.text or "" for case in cases for found in case if found.tag in ("failure", "error")]


def shown_by_junitparser(path):
    suites = junitparser.JUnitXml.fromfile(str(path))
    results = [result for suite in suites for case in suite for result in case.result]
    return [f"{result.message}\n{result.text}" for result in results]


class Junit(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.schema = xmlschema.XMLSchema(HERE / "junit.xsd")

    def test_each_verdict_is_valid(self):
        for name, answers, arguments, key, code, counts in CASES:
            with self.subTest(name), runway(*(answers or [organization()])) as server:
                path = temporary_folder() / "preflight.xml"
                environment = {"PATH": os.environ["PATH"], "RUNWAYML_BASE_URL": server.url}
                if key:
                    environment["RUNWAYML_API_SECRET"] = key
                done = subprocess.run([binary(), *arguments, "--json", "--write", f"junit={path}"], cwd=path.parent, env=environment,
                                      capture_output=True, text=True, timeout=60)
                self.assertEqual(done.returncode, code, done.stderr)
                self.schema.validate(path)
                errors = [one for one in json.loads(done.stdout)["diagnostics"] if one["severity"] == "error"]
                for reader in (shown_by_gitlab, shown_by_junitparser):
                    shown = reader(path)
                    for error in errors:
                        self.assertTrue(any(all(error[part] in case for part in ("summary", "cause", "fix")) for case in shown),
                                        f"{reader.__name__}: {error['summary']} is in none of {shown}")
                suite = xml.etree.ElementTree.parse(path).getroot().find("testsuite")
                found = [len(suite.findall(f"testcase/{kind}")) for kind in ("failure", "error", "skipped")]
                self.assertEqual((len(suite.findall("testcase")) - sum(found), *found), counts)
                self.assertEqual([int(suite.get(kind)) for kind in ("tests", "failures", "errors", "skipped")],
                                 [sum(counts), *found])

    def test_the_schema_is_strict(self):
        with runway(organization()) as server:
            path = temporary_folder() / "preflight.xml"
            subprocess.run([binary(), "--write", f"junit={path}"], check=True, capture_output=True, cwd=path.parent,
                           env={"RUNWAYML_API_SECRET": KEY, "RUNWAYML_BASE_URL": server.url})
        text = path.read_text()
        self.schema.validate(text)
        for right, wrong in [('tests="1"', 'tests="one"'), ("<properties/>", ""), ("testcase", "test"),
                             ('time="0"', 'time="-1"'), ('hostname="', 'host="'), ("</testcase>", "<passed/></testcase>")]:
            with self.subTest(wrong):
                self.assertIn(right, text)
                self.assertFalse(self.schema.is_valid(text.replace(right, wrong)))


if __name__ == "__main__":
    unittest.main()
