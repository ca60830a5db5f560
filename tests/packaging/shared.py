"""What the tests of the packages share: the helpers of the Action's tests, and the table of targets."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / "action"), str(ROOT / "packaging")]

import table  # noqa: E402, F401
from support import KEY, Loopback, copy_of_the_repository, led_to, runway, script, temporary_folder  # noqa: E402, F401
