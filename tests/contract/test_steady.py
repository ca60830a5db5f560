"""The gate against `@stdy/cli`, the mock server that Runway's own SDKs are tested with.

It serves the form of Runway's API (form.json) and counts what is wrong with each request. It knows nothing of keys, so
those are checked here. Two servers run: one whose answers are made up from the schemas (and list no model), and one with
answers of our own written into a copy as examples, so that a go is seen as well.
"""

import datetime
import json
import os
import pathlib
import signal
import socket
import subprocess
import tempfile
import time
import unittest

from form import FILE, VERSION as API_VERSION
from gate import KEY, days_of, expected_models, gate, totals_of, version
from recorder import Recorder

EXAMPLES = pathlib.Path(__file__).parents[2] / "examples"


class Steady:
    """The mock server, on a free port of loopback."""

    def __init__(self, document, log):
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = probe.getsockname()[1]
        command = [os.environ["STEADY"], "--host", "127.0.0.1", "--port", str(self.port), "--no-color", str(document)]
        # A group of its own: the command is a script that starts the server proper.
        with open(log, "wb") as sink:
            self.process = subprocess.Popen(command, stdout=sink, stderr=sink, start_new_session=True)
        for _ in range(200):
            if self.process.poll() is not None:
                raise RuntimeError(f"steady ended at once: {pathlib.Path(log).read_text()}")
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            except OSError:
                time.sleep(0.05)
        self.stop()
        raise RuntimeError(f"steady took no connection: {pathlib.Path(log).read_text()}")

    def stop(self):
        os.killpg(self.process.pid, signal.SIGTERM)
        self.process.wait(timeout=10)


def today():
    """Today in UTC."""
    return datetime.datetime.now(datetime.timezone.utc).date()


def history(last):
    """A history of ten days up to `last`, with a refund and a day without use."""
    days = [
        {"date": str(last - datetime.timedelta(days=back)), "usedCredits": used}
        for back, used in [
            (9, [{"model": "gen4.5", "amount": 120}, {"model": "veo3.1", "amount": 400}]),
            (4, [{"model": "gen4.5", "amount": -20}]),
            (2, []),
            (0, [{"model": "gen4_turbo", "amount": 1500}]),
        ]
    ]
    return {"results": days, "models": ["gen4.5", "veo3.1", "gen4_turbo"]}


def with_examples(document):
    """The document with answers for the server to give; what it asks of requests is as it was."""
    document = json.loads(document)
    for path, method, example in [
        ("/v1/organization", "get", json.loads((EXAMPLES / "organization.json").read_text())),
        # Yesterday, so that a midnight during the run moves nothing out of the windows.
        ("/v1/organization/usage", "post", history(today() - datetime.timedelta(days=1))),
    ]:
        answer = document["paths"][path][method]["responses"]["200"]["content"]["application/json"]
        answer["example"] = example
    return json.dumps(document)


def setUpModule():
    scratch = tempfile.TemporaryDirectory()
    unittest.addModuleCleanup(scratch.cleanup)
    directory = pathlib.Path(scratch.name)
    filled = directory / "with-examples.json"
    filled.write_text(with_examples(FILE.read_text()))

    Contract.user_agent = f"runway-preflight/{version()}"
    for name, document in [("made_up", FILE), ("filled", filled)]:
        steady = Steady(document, directory / f"{name}.log")
        unittest.addModuleCleanup(steady.stop)
        recorder = Recorder(steady.port)
        unittest.addModuleCleanup(recorder.shutdown)
        setattr(Contract, name, recorder)


class Contract(unittest.TestCase):
    """What holds for each request, whatever it asks for."""

    made_up: Recorder
    filled: Recorder
    user_agent: str

    def ask(self, recorder, *arguments):
        """Runs the gate through a recorder; returns the run and what passed, each request checked."""
        recorder.take()
        run = gate("--format", "json", *arguments, base_url=recorder.url)
        passed = recorder.take()
        self.assertTrue(passed, f"the gate decided without asking\n{run}")
        for exchange in passed:
            self.assertEqual(exchange.errors, 0, f"{exchange.method} {exchange.path}: {exchange.answer_headers}")
            self.assertEqual(exchange.status, 200)
            self.assertEqual(exchange.headers.get_all("authorization"), [f"Bearer {KEY}"])
            self.assertEqual(exchange.headers.get_all("x-runway-version"), [API_VERSION])
            self.assertEqual(exchange.headers.get_all("user-agent"), [self.user_agent])
        return run, passed

    def assert_asked(self, passed, *expected):
        """The requests are these, each once, and came over one connection."""
        self.assertCountEqual([(exchange.method, exchange.path) for exchange in passed], expected)
        self.assertEqual(len({exchange.connection for exchange in passed}), 1)

    def assert_exit(self, run, code, verdict):
        """Exit code and report say the same."""
        self.assertEqual(run.code, code, run)
        self.assertEqual(run.report["exitCode"], code, run)
        self.assertEqual(run.report["verdict"], verdict, run)

    def assert_organization(self, run, answer):
        """The report's figures are those of the server's answer."""
        shown = run.report["organization"]
        self.assertEqual(shown["creditBalance"], answer["creditBalance"])
        self.assertEqual(shown["maxMonthlyCreditSpend"], answer["tier"]["maxMonthlyCreditSpend"])
        limits = {
            model: (limit["maxConcurrentGenerations"], limit["maxDailyGenerations"])
            for model, limit in answer["tier"]["models"].items()
        }
        used = {model: entry["dailyGenerations"] for model, entry in answer["usage"]["models"].items()}
        self.assertEqual(shown["models"], expected_models(limits, used))


ORGANIZATION = ("GET", "/v1/organization")
USAGE = ("POST", "/v1/organization/usage")


class Organization(Contract):
    """`GET /v1/organization`."""

    def test_made_up_answers(self):
        run, passed = self.ask(self.made_up)
        self.assert_asked(passed, ORGANIZATION)
        answer = passed[0].answer
        self.assertEqual(answer["tier"]["models"], {}, "this server makes up no models: what follows stands on that")
        self.assert_exit(run, 6, "no-go")
        self.assertIn("all-models-zero", run.codes())
        self.assert_organization(run, answer)

    def test_go(self):
        run, passed = self.ask(
            self.filled, "--generations", "gen4.5=188", "--concurrency", "gen4.5=2", "--credits", "5000"
        )
        self.assert_asked(passed, ORGANIZATION)
        self.assert_exit(run, 0, "go")
        self.assertEqual([row["met"] for row in run.report["requirements"]], [True, True, True])
        self.assertEqual(run.report["source"], self.filled.url)
        self.assert_organization(run, passed[0].answer)

    def test_no_go(self):
        run, passed = self.ask(
            self.filled, "--generations", "gen4.5=189", "--concurrency", "gen4.5=3", "--credits", "5001"
        )
        self.assert_asked(passed, ORGANIZATION)
        self.assert_exit(run, 6, "no-go")
        self.assertCountEqual(run.codes(), ["generations-short", "concurrency-short", "credits-short"])
        self.assertEqual([row["met"] for row in run.report["requirements"]], [False, False, False])
        self.assert_organization(run, passed[0].answer)


class Usage(Contract):
    """`POST /v1/organization/usage`."""

    def window(self, run, passed, days):
        """The request's window, checked to be the last `days` days, today included; the clock may pass midnight."""
        self.assert_asked(passed, ORGANIZATION, USAGE)
        sent = next(exchange for exchange in passed if exchange.method == "POST")
        self.assertEqual(sent.headers.get_content_type(), "application/json")
        body = json.loads(sent.body)
        before = datetime.date.fromisoformat(body["beforeDate"])
        self.assertIn(before - datetime.timedelta(days=1), [today(), today() - datetime.timedelta(days=1)], run)
        start = str(before - datetime.timedelta(days=days))
        self.assertEqual(body, {"startDate": start, "beforeDate": str(before)})
        return body, sent.answer

    def assert_usage(self, run, body, answer):
        """The report's history is the server's answer."""
        shown = run.report["usage"]
        self.assertEqual((shown["startDate"], shown["beforeDate"]), (body["startDate"], body["beforeDate"]))
        days = {
            day["date"]: {used["model"]: used["amount"] for used in day["usedCredits"]}
            for day in answer["results"]
            if day["usedCredits"]
        }
        self.assertEqual(days_of(shown), days)
        self.assertEqual(shown["models"], totals_of(days))
        self.assertEqual(shown["totalCredits"], sum(totals_of(days).values()))

    def test_from_day_to_day(self):
        end = today()
        start = end - datetime.timedelta(days=30)
        run, passed = self.ask(self.filled, "--usage", f"{start}..{end}")
        self.assert_asked(passed, ORGANIZATION, USAGE)
        sent = next(exchange for exchange in passed if exchange.method == "POST")
        body = {"startDate": str(start), "beforeDate": str(end)}
        self.assertEqual(json.loads(sent.body), body)
        self.assert_exit(run, 0, "go")
        self.assert_usage(run, body, sent.answer)

    def test_last_days(self):
        for days in (1, 30, 90):
            with self.subTest(days):
                run, passed = self.ask(self.filled, "--usage", f"{days}d")
                body, answer = self.window(run, passed, days)
                if days > 1:  # the server ignores the window: its days lie outside that of one day
                    self.assert_exit(run, 0, "go")
                    self.assert_usage(run, body, answer)

    def test_budget_kept(self):
        run, passed = self.ask(self.filled, "--budget", "20000/30d")
        _, answer = self.window(run, passed, 30)
        spent = sum(used["amount"] for day in answer["results"] for used in day["usedCredits"])
        self.assert_exit(run, 0, "go")
        self.assertEqual(
            run.report["requirements"], [{"kind": "budget", "needed": 0, "left": 20000 - spent, "met": True}]
        )
        self.assertNotIn("usage", run.report)

    def test_made_up_answers(self):
        """Its history is made up as well, on a day that nobody asked for; that no model is listed stays a no-go."""
        for arguments in [("--usage", "30d"), ("--budget", "20000/30d")]:
            with self.subTest(arguments[0]):
                run, passed = self.ask(self.made_up, *arguments)
                self.window(run, passed, 30)
                self.assert_exit(run, 6, "no-go")
                self.assertIn("all-models-zero", run.codes())


class WrongRequests(Contract):
    """That the server does find a fault, so that none found is worth something."""

    def test_gate_tells_a_refusal(self):
        """The gate's own request, its version header made old on the way: the gate quotes the refusal, once."""
        self.made_up.take()
        self.made_up.spoil = {"x-runway-version": "2024-09-13"}
        self.addCleanup(setattr, self.made_up, "spoil", {})
        run = gate("--format", "json", "--credits", "1", base_url=self.made_up.url)
        (exchange,) = self.made_up.take()
        self.assertEqual((exchange.status, exchange.errors), (400, 1))
        self.assert_exit(run, 5, "cannot-tell")
        self.assertEqual(run.codes(), ["request-rejected"])
        self.assertIn(exchange.answer["error"], json.dumps(run.report["diagnostics"]))
        self.assertIsNone(run.report["organization"])


if __name__ == "__main__":
    unittest.main()
