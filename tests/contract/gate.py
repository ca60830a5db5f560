"""Runs the gate as a user's shell would, with nothing in its environment but what a test puts there."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
from dataclasses import dataclass

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "action"))
from support import Loopback  # noqa: E402, F401

GATE = os.environ["GATE"]
KEY = "key_" + "c0ffee" * 21 + "aa"


@dataclass
class Run:
    """What one run of the gate left behind."""

    code: int
    out: str
    err: str

    @property
    def report(self):
        """The report of a run with `--format json`."""
        return json.loads(self.out)

    def codes(self, severity="error"):
        """The diagnostics of the report, by name."""
        return [found["code"] for found in self.report["diagnostics"] if found["severity"] == severity]

    def __str__(self):
        return f"exit code {self.code}\n--- standard output\n{self.out}\n--- standard error\n{self.err}"


def gate(*arguments, base_url=None, key=KEY, environment=None, files=None):
    """Runs the gate in a directory that holds these files alone: no other `.env` is found."""
    variables = {"RUNWAYML_API_SECRET": key, "RUNWAYML_BASE_URL": base_url, **(environment or {})}
    with tempfile.TemporaryDirectory() as directory:
        for name, content in (files or {}).items():
            (pathlib.Path(directory) / name).write_bytes(content)
        done = subprocess.run(
            [GATE, *arguments],
            cwd=directory,
            env={name: value for name, value in variables.items() if value is not None},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=60,
            check=False,
        )
    return Run(done.returncode, done.stdout.decode(), done.stderr.decode())


def version():
    """The gate's own version: the last word that `--version` prints."""
    return gate("--version", key=None).out.split()[-1]


def expected_models(tier_models, usage_models):
    """The report's `organization.models`, worked out in the plainest way from limits and use.

    `tier_models`: model -> (concurrency, daily limit); `usage_models`: model -> used.
    """
    models = {}
    for model, (concurrency, limit) in tier_models.items():
        used = usage_models.get(model, 0)
        models[model] = {
            "maxConcurrentGenerations": concurrency,
            "maxDailyGenerations": limit,
            "dailyGenerations": used,
            "remainingGenerations": None if limit is None else max(0, limit - used),
        }
    return models


def days_of(usage):
    """The report's history as {date: {model: credits}}, without the days on which nothing was used."""
    return {day["date"]: day["credits"] for day in usage["days"] if day["credits"]}


def totals_of(days):
    """Credits by model over {date: {model: credits}}."""
    totals = {}
    for credits in days.values():
        for model, amount in credits.items():
            totals[model] = totals.get(model, 0) + amount
    return totals
