"""Many gates at once against a server under load: none may come to a wrong verdict, and with time all to the right one."""

import argparse
import asyncio
import collections
import json
import os
import random
import resource
import socket
import statistics
import struct
import sys
import tempfile
import time

GATES = 200
ORGANIZATION = {
    "tier": {
        "maxMonthlyCreditSpend": 10000,
        "models": {"gen4.5": {"maxConcurrentGenerations": 2, "maxDailyGenerations": 200}},
    },
    "creditBalance": 5000,
    "usage": {"models": {"gen4.5": {"dailyGenerations": 12}}},
}
# What a gate asks for, its exit code and its diagnostics: half of the gates have to pass, half have to stop.
JOBS = [
    (["--generations", "gen4.5=188", "--credits", "5000"], 0, []),
    (["--generations", "gen4.5=189", "--credits", "5000"], 3, ["generations-short"]),
    (["--generations", "gen4.5=20@10", "--concurrency", "gen4.5=2"], 0, []),
    (["--generations", "gen4.5=20", "--credits", "5001"], 6, ["credits-short"]),
]


class Server:
    """Answers two requests in five; sheds half with 429 and 503; resets a tenth, at three different moments."""

    def __init__(self, seed, gates):
        self.dice = random.Random(seed)
        self.gates = gates
        self.together = asyncio.Event()
        self.open = self.most_open = 0
        self.fates = collections.Counter()
        self.seen = collections.defaultdict(list)  # by key: (time, fate, seconds to stay away)

    async def serve(self, reader, writer):
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        try:
            while await self.answer(reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the gate is through
        finally:
            self.open -= 1
            writer.close()

    async def answer(self, reader, writer):
        """Deals with one request; says whether the connection is still open."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        key = next(line.split()[-1] for line in head.split("\r\n") if line.lower().startswith("authorization:"))
        if not head.startswith("GET /v1/organization HTTP/1.1\r\n"):
            raise SystemExit(f"a gate asked for something else: {head!r}")
        # Nobody is answered before all are here, so that there really are that many at once.
        if len(self.seen) + 1 == self.gates and key not in self.seen:
            self.together.set()
        arrived = time.monotonic()
        number = len(self.seen[key])
        self.seen[key].append((arrived, "open", 0))
        if number == 0:
            await asyncio.wait_for(self.together.wait(), 20)

        fate, stay_away = self.fate()
        self.fates[fate] += 1
        self.seen[key][number] = (time.monotonic(), fate, stay_away)
        body = json.dumps(ORGANIZATION if fate in ("200", "reset") else {"error": "Too busy."}).encode()
        status = {"429": "429 Too Many Requests", "503": "503 Service Unavailable"}.get(fate, "200 OK")
        wait = f"retry-after: {stay_away}\r\n" if stay_away else ""
        start = f"HTTP/1.1 {status}\r\ncontent-type: application/json\r\n{wait}content-length: {len(body)}\r\n\r\n"
        message = start.encode() + body
        if fate != "reset":
            writer.write(message)
            await writer.drain()
            return True
        writer.write(message[: self.dice.choice([0, 30, len(start) + 40])])
        await asyncio.sleep(0.05)
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()
        return False

    def fate(self):
        """What becomes of the next request, and how many seconds its gate must stay away."""
        fate = self.dice.choices(["200", "429", "503", "reset"], [40, 25, 25, 10])[0]
        delayed = fate in ("429", "503") and self.dice.random() < 0.2
        return fate, self.dice.choice([1, 2]) if delayed else 0


class Round:
    """All gates once, with one setting of the time-out."""

    def __init__(self, gate, seed, options):
        self.gate = gate
        self.options = options
        self.limit = 330
        self.server = Server(seed, GATES)
        self.counts = collections.Counter()
        self.given_up = collections.Counter()
        self.seconds = []
        self.faults = []
        self.wall = 0.0

    async def run(self):
        listener = await asyncio.start_server(self.server.serve, "127.0.0.1", 0, backlog=2 * GATES)
        url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
        start = time.monotonic()
        with tempfile.TemporaryDirectory() as directory:
            await asyncio.gather(*(self.one(number, url, directory) for number in range(GATES)))
        self.wall = time.monotonic() - start
        listener.close()
        return self

    async def one(self, number, url, directory):
        """Runs one gate and judges it. Each has a key of its own, by which the server tells them apart."""
        needs, *right = JOBS[number % len(JOBS)]
        key = f"key_load{number:04}"
        start = time.monotonic()
        process = await asyncio.create_subprocess_exec(
            self.gate,
            "--format=json",
            *self.options,
            *needs,
            cwd=directory,
            env={"RUNWAYML_API_SECRET": key, "RUNWAYML_BASE_URL": url},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            out, err = await asyncio.wait_for(process.communicate(), self.limit)
        except asyncio.TimeoutError:
            process.kill()
            await process.wait()
            out, err = b"", b""
            self.faults.append(f"gate {number} was still there after {self.limit} s")
        self.seconds.append(time.monotonic() - start)
        self.judge(number, key, right, (process.returncode, out.decode(), err.decode()))

    def judge(self, number, key, right, run):
        """Counts a gate as right, as unable to tell, or as wrong."""
        code, out, err = run
        try:
            report = json.loads(out)
            said = [found["code"] for found in report["diagnostics"] if found["severity"] == "error"]
            reported = (report["exitCode"], report["verdict"])
        except (ValueError, KeyError):
            said, reported = ["no report"], None
        answered = [fate for _, fate, _ in self.server.seen[key]].count("200")
        verdict = {0: "go", 3: "no-go", 6: "no-go", 5: "cannot-tell"}.get(code)
        if verdict is None or reported != (code, verdict):
            found = "wrong"
        elif code == 5:
            found = "cannot-tell"
            self.given_up.update(said)
        else:
            # Right means: what this job has to hear, and heard from the one answer that came.
            found = verdict if [code, said] == right and answered == 1 else "wrong"
        self.counts[found] += 1
        if found == "wrong":
            self.faults.append(f"gate {number} exits {code} with {said} after {answered} answers\n{out}{err}")
        if key in out + err:
            self.faults.append(f"gate {number} shows its key\n{out}{err}")

    def retries(self):
        """How many gates tried again how often."""
        return collections.Counter(len(seen) - 1 for seen in self.server.seen.values())

    def too_early(self):
        """How many requests came before the end of the `Retry-After` that the one before them was given."""
        return sum(
            later[0] - before[0] < before[2]
            for seen in self.server.seen.values()
            for before, later in zip(seen, seen[1:])
        )


def table(rounds):
    """The figures, a column for each round."""
    rows = [("", [" ".join(one.options) or "default time-out, 30 s" for one in rounds])]
    rows.append(("---", ["---:"] * len(rounds)))

    def row(name, figure):
        rows.append((name, [str(figure(one)) for one in rounds]))

    row("gates, all connected before the first is answered", lambda one: GATES)
    row("most connections at once", lambda one: one.server.most_open)
    row("go, rightly", lambda one: one.counts["go"])
    row("no-go, rightly", lambda one: one.counts["no-go"])
    row("cannot-tell", lambda one: one.counts["cannot-tell"])
    for code in sorted(set().union(*(one.given_up for one in rounds))):
        row(f"… for `{code}`", lambda one, code=code: one.given_up[code])
    row("**wrong**", lambda one: f"**{one.counts['wrong']}**")
    row("requests seen", lambda one: sum(one.server.fates.values()))
    for fate in ("200", "429", "503", "reset"):
        row(f"… {fate}", lambda one, fate=fate: one.server.fates[fate])
    row("… before their `Retry-After` was over", lambda one: one.too_early())
    row("retries of a gate, median", lambda one: statistics.median(one.retries().elements()))
    row("retries of a gate, most", lambda one: max(one.retries()))
    row("seconds, median gate", lambda one: f"{statistics.median(one.seconds):.1f}")
    row("seconds, slowest gate", lambda one: f"{max(one.seconds):.1f}")
    row("seconds, all gates", lambda one: f"{one.wall:.1f}")
    for count in range(1 + max(most for one in rounds for most in one.retries())):
        row(f"gates with {count} {'retry' if count == 1 else 'retries'}", lambda one, count=count: one.retries()[count])
    return "\n".join("| {} | {} |".format(name, " | ".join(cells)) for name, cells in rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gate", required=True, help="the binary")
    parser.add_argument("--seed", type=int, default=1, help="of the server's dice; 1 by default")
    options = parser.parse_args()
    gate = os.path.realpath(options.gate)
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 16 * GATES) if hard > 0 else 16 * GATES, hard))

    default = asyncio.run(Round(gate, options.seed, []).run())
    patient = asyncio.run(Round(gate, options.seed, ["--timeout", "5m"]).run())
    print(table([default, patient]))

    faults = default.faults + patient.faults
    faults += [
        f"{one.too_early()} requests came before their Retry-After" for one in (default, patient) if one.too_early()
    ]
    if patient.counts["go"] + patient.counts["no-go"] != GATES:
        faults.append(f"with --timeout 5m not every gate came to its verdict: {dict(patient.counts)}")
    for fault in faults[:10]:
        print(fault, file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
