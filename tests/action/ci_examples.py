"""The scripts inside examples/ci, as each system's runner hands them to a shell."""

import re

from ruamel.yaml import YAML

from support import ROOT

CI = ROOT / "examples" / "ci"


def load(name):
    return YAML(typ="safe").load(CI / name)


def gate_scripts():
    """System -> the script of the gate's own step, without its installation."""
    azure = load("azure-pipelines.yml")["jobs"][0]["steps"]
    circle = [step["run"] for step in load("circleci.yml")["jobs"]["render"]["steps"] if "run" in step]
    # Buildkite's agent turns $$ into $ when the pipeline is uploaded.
    buildkite = load("buildkite.yml")["steps"][0]["commands"][1].replace("$$", "$")
    jenkins = re.search(r"sh '''\n(.*?)'''", (CI / "Jenkinsfile").read_text(), flags=re.S)[1]
    jenkins = [line.strip() for line in jenkins.splitlines() if "pip " not in line and "venv " not in line]
    return {
        "gitlab": "\n".join(load("gitlab-ci.yml")["render"]["script"]),
        "azure": next(step["bash"] for step in azure if step.get("name") == "gate"),
        "circleci": next(run["command"] for run in circle if "enough" in run["name"]),
        "buildkite": buildkite,
        "jenkins": "\n".join(jenkins).replace(".preflight/bin/", ""),
    }
