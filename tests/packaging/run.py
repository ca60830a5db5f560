"""Runs the tests named on the command line, or all; closes with what was skipped, and a line that counts them."""

import sys
import unittest
from pathlib import Path

here = Path(__file__).resolve().parent
sys.path.insert(0, str(here))
loader = unittest.defaultTestLoader
tests = loader.loadTestsFromNames(sys.argv[1:]) if sys.argv[1:] else loader.discover(str(here))
result = unittest.TextTestRunner(stream=sys.stdout, verbosity=2, descriptions=False).run(tests)
for test, why in result.skipped:
    print(f"NOT RUN: {test}: {why}")
failed = len(result.failures) + len(result.errors)
print(f"{result.testsRun - failed - len(result.skipped)} passed, {failed} failed, {len(result.skipped)} skipped")
sys.exit(1 if failed or not result.testsRun else 0)
