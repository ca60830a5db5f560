"""The gate against the official Python SDK: both read the same answers from one server and agree on every figure."""

import datetime
import http.client
import json
import os
import pathlib
import random
import socketserver
import threading
import unittest
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from unittest import mock

from gate import KEY, days_of, expected_models, gate, totals_of
from runwayml import APIConnectionError, InternalServerError, RunwayML

EXAMPLES = pathlib.Path(__file__).parents[2] / "examples"
LARGEST = 2**53 - 1
TODAY = datetime.datetime.now(datetime.timezone.utc).date()
TOMORROW = TODAY + datetime.timedelta(days=1)


def organization(models, used, balance=5000, cap=10000):
    """An answer of `GET /v1/organization`; `models`: model -> (concurrency, daily limit)."""
    return {
        "tier": {
            "maxMonthlyCreditSpend": cap,
            "models": {
                model: {"maxConcurrentGenerations": concurrency, "maxDailyGenerations": daily}
                for model, (concurrency, daily) in models.items()
            },
        },
        "creditBalance": balance,
        "usage": {"models": {model: {"dailyGenerations": count} for model, count in used.items()}},
    }


def many_models(count):
    """An organization with `count` models of all sorts, the same in every run."""
    dice = random.Random(count)
    names = [f"model{number}.{dice.randrange(10)}" for number in range(count)]
    models = {name: (dice.choice([1, 2, 20, None]), dice.choice([0, 50, 200, 30000, None])) for name in names}
    used = {name: dice.randrange(250) for name in names if dice.random() < 0.6}
    return organization(models, used, balance=dice.randrange(10**6), cap=10_000_000)


ORGANIZATIONS = {
    "tier-1": json.loads((EXAMPLES / "organization.json").read_text()),
    "no-limits": organization({"gen4.5": (None, None), "veo3.1": (3, None), "act_two": (None, 50)}, {"veo3.1": 7}),
    "largest-figures": organization(
        {"gen4.5": (LARGEST, LARGEST), "veo3.1": (1, LARGEST)}, {"gen4.5": LARGEST - 1}, LARGEST, LARGEST
    ),
    "nothing-used": organization({"gen4.5": (2, 200), "veo3.1": (2, 100)}, {}),
    "used-but-not-listed": organization({"gen4.5": (2, 200)}, {"gen4.5": 3, "gen3a_turbo": 9}),
    "more-used-than-allowed": organization({"gen4.5": (2, 200), "veo3.1": (1, 50)}, {"gen4.5": 260, "veo3.1": 50}),
    "no-quota-for-one": organization({"gen4.5": (2, 200), "veo3.1": (0, 0)}, {}),
    "nothing-for-anyone": organization({"gen4.5": (1, 0), "veo3.1": (1, 0)}, {}),
    "no-models": organization({}, {}),
    "no-credits": organization({"gen4.5": (2, 200)}, {"gen4.5": 1}, balance=0),
    "in-debt": organization({"gen4.5": (2, 200)}, {"gen4.5": 1}, balance=-250),
    "custom-tier": organization({"gen4.5": (7, 1234)}, {"gen4.5": 34}, balance=98765, cap=123456),
    "new-names": organization({"gen5/β": (2, 200), 'a"b\\c': (1, 9), "x=y": (1, 8)}, {"gen5/β": 1}),
    "75-models": many_models(75),
}
ORGANIZATIONS["new-fields"] = {**ORGANIZATIONS["tier-1"], "plan": {"name": "next"}, "creditBalances": [1, 2]}


def day(back, **used):
    """A day of a history, `back` days before today."""
    return (TODAY - datetime.timedelta(days=back), used)


def many_days(count):
    """Use of several models on most of the last `count` days, refunds among them, the same in every run."""
    dice = random.Random(count)
    return [
        day(back, **{f"model{number}": dice.randrange(-200, 2000) or 1 for number in range(dice.randrange(1, 6))})
        for back in range(count)
        if dice.random() < 0.8
    ]


HISTORIES = {
    "no-use": [],
    "one-day": [day(1, gen4=520)],
    "refunds": [day(20, gen4=120, veo3=400), day(12, gen4=-150), day(3, veo3=-400), day(2, gen4=60)],
    "net-refunds": [day(9, gen4=100), day(2, gen4=-350, veo3=20)],
    "days-without-use": [day(8), day(5, gen4=7), day(1)],
    "largest-amount": [day(4, gen4=LARGEST), day(2, veo3=-LARGEST)],
    "120-days": many_days(120),
    "many-models": [day(6, **{f"model{number}": number * 3 + 1 for number in range(75)})],
}


class Answers(ThreadingHTTPServer):
    """One server for both. The first part of a path names the answer: `/tier-1/v1/organization`."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Answer)
        self.requests = []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def url(self, name):
        return f"http://127.0.0.1:{self.server_port}/{name}"

    def take(self):
        """Method, path and headers of each request since the last call."""
        seen, self.requests = self.requests, []
        return seen


class _Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 20

    def _answer(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        self.server.requests.append((self.command, self.path, self.headers))
        name, _, path = self.path.lstrip("/").partition("/")
        if (self.command, path) == ("GET", "v1/organization"):
            self._send(ORGANIZATIONS.get(name, ORGANIZATIONS["tier-1"]))
        elif (self.command, path) == ("POST", "v1/organization/usage"):
            start, before = (datetime.date.fromisoformat(json.loads(body)[end]) for end in ("startDate", "beforeDate"))
            if not 0 < (before - start).days <= 90:
                self.send_error(400)
                return
            self._send(self._history(name, start, before))
        else:
            self.send_error(404)

    def _history(self, name, start, before):
        """What the history holds within the window that was asked for: as Runway, never one fixed body."""
        days = [
            {"date": str(date), "usedCredits": [{"model": model, "amount": amount} for model, amount in used.items()]}
            for date, used in HISTORIES[name]
            if start <= date < before
        ]
        return {"results": days, "models": sorted({used["model"] for day in days for used in day["usedCredits"]})}

    def _send(self, document):
        body = json.dumps(document).encode()
        self.send_response_only(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = _answer

    def log_message(self, *_):
        pass


class Agreement(unittest.TestCase):
    """A server for all, and how the SDK is asked."""

    @classmethod
    def setUpClass(cls):
        cls.answers = Answers()
        cls.addClassCleanup(cls.answers.shutdown)

    def sdk(self, name):
        client = RunwayML(api_key=KEY, base_url=self.answers.url(name), max_retries=0)
        self.addCleanup(client.close)
        return client

    def gate(self, name, *arguments):
        run = gate("--format", "json", *arguments, base_url=self.answers.url(name))
        self.assertEqual(run.code, run.report["exitCode"], run)
        return run


class Figures(Agreement):
    """`organization.retrieve()`."""

    def read_by_sdk(self, name):
        """Balance, cap, {model: (concurrency, daily limit)} and {model: used}, as the SDK reads them."""
        read = self.sdk(name).organization.retrieve()
        limits = {
            model: (limit.max_concurrent_generations, limit.max_daily_generations)
            for model, limit in read.tier.models.items()
        }
        used = {model: entry.daily_generations for model, entry in read.usage.models.items()}
        return read.credit_balance, read.tier.max_monthly_credit_spend, limits, used

    def test_every_figure(self):
        for name in ORGANIZATIONS:
            with self.subTest(name):
                balance, cap, limits, used = self.read_by_sdk(name)
                run = self.gate(name)
                shown = run.report["organization"]
                self.assertEqual((shown["creditBalance"], shown["maxMonthlyCreditSpend"]), (balance, cap))
                self.assertEqual(shown["models"], expected_models(limits, used))
                stopped = balance <= 0 or all(limit == 0 for _, limit in limits.values())
                self.assertEqual(run.code, 6 if stopped else 0, run)

    def test_decisions_stand_on_the_same_figures(self):
        """What the SDK says is left is just enough for the gate, and one more is too much, for every model."""
        for name in ORGANIZATIONS:
            balance, _, limits, used = self.read_by_sdk(name)
            if balance <= 0 or not limits:
                continue
            with self.subTest(name):
                enough, more, rows = [f"--credits={balance}"], [f"--credits={balance + 1}"], 1
                for model, shown in expected_models(limits, used).items():
                    for flag, left in [
                        ("generations", shown["remainingGenerations"]),
                        ("concurrency", shown["maxConcurrentGenerations"]),
                    ]:
                        if left == 0 or "=" in model:
                            continue
                        rows += left is not None
                        enough.append(f"--{flag}={model}={10**6 if left is None else left}")
                        if left is not None:
                            more.append(f"--{flag}={model}={left + 1}")
                zero = all(limit == 0 for _, limit in limits.values())
                run = self.gate(name, *enough)
                self.assertEqual(run.code, 6 if zero else 0, run)
                run = self.gate(name, *more)
                self.assertEqual(run.code, 6, run)
                self.assertEqual([row["met"] for row in run.report["requirements"]], [False] * rows, run)


class History(Agreement):
    """`organization.retrieve_usage()`."""

    def read_by_sdk(self, name, start, before):
        """{date: {model: credits}}, as the SDK reads it, without the days on which nothing was used."""
        read = self.sdk(name).organization.retrieve_usage(start_date=start, before_date=before)
        return {
            str(result.date): {used.model: used.amount for used in result.used_credits}
            for result in read.results
            if result.used_credits
        }

    def assert_same(self, run, days):
        shown = run.report["usage"]
        self.assertEqual(days_of(shown), days)
        self.assertEqual(shown["models"], totals_of(days))
        self.assertEqual(shown["totalCredits"], sum(totals_of(days).values()))

    def test_every_day_and_model(self):
        for name in HISTORIES:
            for start, before in [(30, 0), (90, 0), (12, 3), (2, 1)]:
                with self.subTest(name, start=start, before=before):
                    first, end = (TODAY - datetime.timedelta(days=back) for back in (start, before))
                    run = self.gate(name, "--usage", f"{first}..{end}")
                    self.assertEqual(run.code, 0, run)
                    self.assert_same(run, self.read_by_sdk(name, first, end))

    def test_last_days(self):
        for name in HISTORIES:
            with self.subTest(name):
                run = self.gate(name, "--usage", "30d")
                shown = run.report["usage"]
                # The gate's own window, so that a midnight during the run is no fault.
                self.assert_same(run, self.read_by_sdk(name, shown["startDate"], shown["beforeDate"]))

    def test_budget_stands_on_the_same_sum(self):
        for name in HISTORIES:
            first, end = TODAY - datetime.timedelta(days=29), TOMORROW
            spent = max(0, sum(totals_of(self.read_by_sdk(name, first, end)).values()))
            with self.subTest(name, spent=spent):
                run = self.gate(name, "--budget", f"{spent + 10}/30d", "--generations", "gen4.5=1@10")
                self.assertEqual(run.code, 0, run)
                run = self.gate(name, "--budget", f"{spent + 9}/30d", "--generations", "gen4.5=1@10")
                self.assertEqual(run.code, 6, run)
                self.assertEqual(run.codes(), ["over-budget"])

    def test_history_and_budget_far_apart(self):
        """Two windows that no one request can span: each is answered from its own days."""
        first, end = TODAY - datetime.timedelta(days=118), TODAY - datetime.timedelta(days=95)
        spent = sum(totals_of(self.read_by_sdk("120-days", TODAY - datetime.timedelta(days=6), TOMORROW)).values())
        for budget, code in [(spent, 0), (spent - 1, 6)]:
            with self.subTest(budget=budget):
                run = self.gate("120-days", "--usage", f"{first}..{end}", "--budget", f"{budget}/7d")
                self.assertEqual(run.code, code, run)
                self.assert_same(run, self.read_by_sdk("120-days", first, end))


class Environment(Agreement):
    """Where both take the key and the host from."""

    def test_same_names(self):
        """One environment serves both: the same host, path, key and API version."""
        for base in [self.answers.url("tier-1"), self.answers.url("tier-1") + "/"]:
            with self.subTest(base):
                self.answers.take()
                environment = {"RUNWAYML_API_SECRET": KEY, "RUNWAYML_BASE_URL": base}
                with mock.patch.dict(os.environ, environment, clear=True), RunwayML() as client:
                    client.organization.retrieve()
                run = gate("--generations", "gen4.5=1", base_url=base)
                self.assertEqual(run.code, 0, run)
                by_sdk, by_gate = self.answers.take()
                self.assertEqual(by_gate[:2], by_sdk[:2])
                for header in ("host", "authorization", "x-runway-version"):
                    self.assertEqual(by_gate[2].get_all(header), by_sdk[2].get_all(header), header)

    def test_same_host_by_default(self):
        """Nothing leaves this machine: a proxy on loopback sees where each wants to go, and refuses."""
        with Refusal() as proxy:
            environment = {"HTTPS_PROXY": f"http://127.0.0.1:{proxy.server_address[1]}"}
            with mock.patch.dict(os.environ, {"RUNWAYML_API_SECRET": KEY, **environment}, clear=True):
                with RunwayML(max_retries=0) as client, self.assertRaises((APIConnectionError, InternalServerError)):
                    client.organization.retrieve()
            by_sdk = proxy.take()
            run = gate("--format", "json", "--timeout", "2s", "--credits", "1", environment=environment)
            by_gate = proxy.take()
        self.assertEqual(run.code, 5, run)
        self.assertEqual(by_sdk, {"CONNECT api.dev.runwayml.com:443"})
        self.assertEqual(by_gate, by_sdk)
        self.assertEqual(run.report["source"], "https://api.dev.runwayml.com")


class Refusal(socketserver.ThreadingTCPServer):
    """A proxy that refuses every connection and keeps what was asked for."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Refuse)
        self.asked = set()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def take(self):
        """Method and target of each request since the last call."""
        asked, self.asked = self.asked, set()
        return asked

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()


class _Refuse(socketserver.StreamRequestHandler):
    timeout = 20

    def handle(self):
        method, target, _ = self.rfile.readline().decode().split(" ", 2)
        http.client.parse_headers(self.rfile)
        self.server.asked.add(f"{method} {target}")
        self.wfile.write(b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")


if __name__ == "__main__":
    unittest.main()
