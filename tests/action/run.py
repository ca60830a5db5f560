"""Runs the tests named on the command line, or all; closes with a line that counts them."""

import pathlib
import sys
import unittest

here = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(here))
names = sys.argv[1:]
loader = unittest.defaultTestLoader
tests = loader.loadTestsFromNames(names) if names else loader.discover(str(here))
result = unittest.TextTestRunner(stream=sys.stdout, verbosity=2, descriptions=False).run(tests)
failed = len(result.failures) + len(result.errors)
skipped = len(result.skipped)
print(f"{result.testsRun - failed - skipped} passed, {failed} failed, {skipped} skipped")
sys.exit(1 if failed or not result.testsRun else 0)
