"""Lints the shell inside action.yml and inside the examples for other CI systems."""

import subprocess
import sys

from ruamel.yaml import YAML

from ci_examples import gate_scripts
from support import ROOT


def scripts():
    yaml = YAML(typ="safe")
    action = yaml.load(ROOT / "action.yml")
    for number, step in enumerate(action["runs"]["steps"], 1):
        if "run" not in step:
            continue
        if "${{" in step["run"]:
            sys.exit(f"action.yml: step {number} has an expression inside its script: pass it through env")
        yield f"action.yml: step {number}", step["shell"].split()[0], step["run"]
    for name, script in gate_scripts().items():
        # The file that the script sources is there only when it runs.
        yield f"examples/ci: {name}", "bash", f"# shellcheck disable=SC1091\n:\n{script}"


failed = False
for name, shell, text in scripts():
    done = subprocess.run(["shellcheck", f"--shell={shell}", "-"], input=text, text=True, capture_output=True)
    if done.returncode:
        failed = True
        print(f"{name}\n{done.stdout}{done.stderr}")
sys.exit(failed)
