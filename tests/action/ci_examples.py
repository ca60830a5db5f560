"""The scripts inside examples/ci, as each system's runner hands them to a shell."""

import re

from ruamel.yaml import YAML

from support import ROOT

CI = ROOT / "examples" / "ci"


def load(name):
    return YAML(typ="safe").load(CI / name)


def gate_scripts():
    """System -> the script up to the gate's own step, without the installation itself."""
    gitlab = load("gitlab-ci.yml")["render"]
    azure = [step["bash"] for step in load("azure-pipelines.yml")["jobs"][0]["steps"] if "bash" in step]
    circle = [step["run"]["command"] for step in load("circleci.yml")["jobs"]["render"]["steps"] if "run" in step]
    buildkite = load("buildkite.yml")["steps"][0]["commands"]
    jenkins = re.search(r"sh '''\n(.*?)'''", (CI / "Jenkinsfile").read_text(), flags=re.S)[1]
    scripts = {
        "gitlab": gitlab["before_script"] + gitlab["script"],
        "azure": azure,
        "circleci": circle[:2],
        # Its agent turns $$ into $ when the pipeline is uploaded.
        "buildkite": [command.replace("$$", "$") for command in buildkite],
        "jenkins": [jenkins.replace(".preflight/bin/", "")],
    }
    installs = re.compile(r"^\s*(pip |python3 -m venv ).*\n", flags=re.M)
    return {name: installs.sub("", "\n".join(parts) + "\n") for name, parts in scripts.items()}
