"""The Action builds the command from source in earnest: in a real runner, with the real cargo."""

import json
import unittest

from support import Runner, gate, in_full, workflow


@in_full
class FromSource(unittest.TestCase):
    def test_it_builds_says_so_and_goes_on(self):
        runner = Runner()
        run = runner.run(workflow(gate(generations="gen4.5=188", **{"from": "examples/organization.json"})), timeout=900)
        self.assertEqual(run.jobs["preflight"], ["success"], run.log[-3000:])
        outputs = run.steps["preflight"].outputs
        self.assertEqual((outputs["pass"], outputs["verdict"]), ("true", "go"))
        self.assertEqual(json.loads(outputs["generations-left"])["gen4.5"], 188)
        for text in ("no released binary is known for this source", "building from source: cargo build --release --locked",
                     "Compiling runway-preflight"):
            self.assertIn(text, run.log)
        self.assertEqual(run.commands, ["group", "endgroup"])
        self.assertEqual(len(list(runner.tool_cache.glob("runway-preflight/source-*"))), 1)


if __name__ == "__main__":
    unittest.main()
