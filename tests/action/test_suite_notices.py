"""A test of the tests: with a command that does not ask, every scenario has to fail."""

import json
import os
import re
import subprocess
import sys
import unittest

from support import HERE, in_full, script, temporary_folder

# Stopped before the command is run, or without it: these say nothing about it.
WITHOUT_THE_COMMAND = {
    "test_examples.Guard.test_without_a_need_nothing_is_asked",
    "test_examples.OtherSystems.test_a_job_behind_it_goes_by_the_code_and_by_pass",
    "test_examples.Make.test_a_gate_that_is_not_installed",
    "test_examples.WhatFits.test_an_empty_list_asks_nothing",
    "test_examples.Make.test_where_all_is_rendered_nothing_is_asked",
}


def canned(verdict, code, codes=""):
    """A script that says all that the contract wants, and always the same."""
    report = {
        "schema": 1, "verdict": verdict, "exitCode": code, "diagnostics": [],
        "requirements": [{"kind": "generations", "model": "gen4.5", "needed": 100, "left": 188, "met": True}],
        "organization": {"creditBalance": 5000, "models": {}},
    }
    outputs = {
        "pass": str(verdict == "go").lower(), "verdict": verdict, "exit-code": code, "codes": codes, "warnings": "",
        "message": verdict, "credit-balance": 5000,
        "generations-left": '{"gen4.5":188}', "concurrency": '{"gen4.5":2,"act_two":1}', "report": json.dumps(report),
    }
    lines = "\n".join(f"{name}={value}" for name, value in outputs.items())
    return f"""#!/bin/sh
cat >>"${{GITHUB_OUTPUT:-/dev/null}}" <<'END'
{lines}
END
echo '# {verdict.upper()} gen4.5 188 5,000 {codes}' >>"${{GITHUB_STEP_SUMMARY:-/dev/null}}"
echo '{verdict.upper()} gen4.5 188 "{verdict}" "{codes}"'
{f"echo '::error title={codes}::{codes}' >&2" if codes else ":"}
exit {code}
"""


@in_full
class EveryScenarioFails(unittest.TestCase):
    def assert_noticed(self, text):
        command = script(temporary_folder() / "runway-preflight", text)
        done = subprocess.run([sys.executable, HERE / "run.py", "test_end_to_end", "test_examples"], capture_output=True, text=True,
                              env={**os.environ, "RUNWAY_PREFLIGHT": str(command)})
        self.assertEqual(done.returncode, 1, done.stdout[-2000:])
        results = dict(re.findall(r"^test_\w+ \(([\w.]+)\) \.\.\. (\w+)$", done.stdout, re.M))
        self.assertGreater(len(results), 40)
        self.assertEqual({name for name, result in results.items() if result not in ("FAIL", "ERROR")}, WITHOUT_THE_COMMAND)

    def test_exit_0(self):
        self.assert_noticed("#!/bin/sh\nexit 0\n")

    def test_canned_go(self):
        self.assert_noticed(canned("go", 0))

    def test_canned_no_go(self):
        self.assert_noticed(canned("no-go", 3, "generations-short"))


if __name__ == "__main__":
    unittest.main()
