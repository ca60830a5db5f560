"""`python -m runway_preflight`: runs the program that the wheel has put among the scripts, and ends as it ends."""

import os
import subprocess
import sys
from importlib.metadata import files
from pathlib import Path

# "Runway could not be asked", as the program itself ends.
CANNOT_TELL = 5


def main():
    name = "runway-preflight.exe" if os.name == "nt" else "runway-preflight"
    # Where it was installed, and where `pip install --target` moves it afterwards.
    places = [file.locate() for file in files("runway-preflight") or []
              if file.name == name and file.parent.name in ("bin", "Scripts")]
    places.append(Path(__file__).resolve().parents[1] / "bin" / name)
    program = next((str(place) for place in places if place.is_file()), None)
    if program is None:
        print(f"runway-preflight: the program is not at {places[0]}; install the package again", file=sys.stderr)
        return CANNOT_TELL
    try:
        if os.name == "nt":
            return subprocess.call([program, *sys.argv[1:]])
        os.execv(program, [program, *sys.argv[1:]])
    except OSError as error:
        print(f"runway-preflight: {program} could not be run: {error}", file=sys.stderr)
        return CANNOT_TELL


if __name__ == "__main__":
    sys.exit(main())
