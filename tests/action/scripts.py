"""Lints the shell inside action.yml and inside the GitLab job."""

import subprocess
import sys

from ruamel.yaml import YAML

from support import ROOT


def scripts():
    yaml = YAML(typ="safe")
    action = yaml.load(ROOT / "action.yml")
    for number, step in enumerate(action["runs"]["steps"], 1):
        if "run" not in step:
            continue
        if "${{" in step["run"]:
            sys.exit(f"action.yml: step {number} has an expression inside its script: pass it through env")
        yield f"action.yml: step {number}", step["shell"], step["run"]
    for name, job in yaml.load(ROOT / "examples" / "gitlab-ci.yml").items():
        if isinstance(job, dict) and "script" in job:
            yield f"gitlab-ci.yml: {name}", "sh", "\n".join([*job.get("before_script", []), *job["script"]])


failed = False
for name, shell, text in scripts():
    done = subprocess.run(["shellcheck", f"--shell={shell}", "-"], input=text, text=True, capture_output=True)
    if done.returncode:
        failed = True
        print(f"{name}\n{done.stdout}{done.stderr}")
sys.exit(failed)
