"""The build of the command that all other tests use: by the Action, in a real runner, with the real cargo."""

import json
import os
import unittest

from support import build


@unittest.skipIf(os.environ.get("RUNWAY_PREFLIGHT"), "RUNWAY_PREFLIGHT names a command that is built already")
class FromSource(unittest.TestCase):
    def test_it_builds_and_goes_on(self):
        run, binary = build()
        self.assertEqual(run.jobs, {"preflight": ["success"]}, run.log[-3000:])
        outputs = run.steps["preflight"].outputs
        self.assertEqual((outputs["pass"], outputs["verdict"]), ("true", "go"))
        self.assertEqual(json.loads(outputs["generations-left"])["gen4.5"], 188)

    def test_the_log_says_so(self):
        run, _ = build()
        self.assertIn("no released binary is known for this source", run.log)
        self.assertIn("building from source: cargo build --release --locked", run.log)
        self.assertIn("Compiling runway-preflight", run.log)
        self.assertEqual(run.commands, ["group", "endgroup"])


if __name__ == "__main__":
    unittest.main()
