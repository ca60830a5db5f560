"""What the tests of the Action share: a Runway on loopback that counts, the binary, and a real runner."""

import atexit
import datetime
import http.server
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import threading
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
HERE = ROOT / "tests" / "action"
ORGANIZATION = json.loads((ROOT / "examples" / "organization.json").read_text())
KEY = "key_" + "5e12e7" * 20


def temporary_folder():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="preflight-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def organization(**changes):
    """The example organization; `gen4_5={...}` changes the limits of gen4.5, `used={...}` the generations used."""
    answer = json.loads(json.dumps(ORGANIZATION))
    answer["creditBalance"] = changes.pop("balance", answer["creditBalance"])
    for model, count in changes.pop("used", {}).items():
        answer["usage"]["models"][model] = {"dailyGenerations": count}
    for model, limits in changes.pop("limits", {}).items():
        answer["tier"]["models"].setdefault(model, {}).update(limits)
    assert not changes, changes
    return answer


class Loopback:
    """A server on 127.0.0.1 that remembers every request. `answer` maps a request to (status, body or object)."""

    def __init__(self, answer):
        self.requests = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_one(self):
                length = int(self.headers.get("Content-Length") or 0)
                request = {
                    "method": self.command,
                    "path": self.path,
                    "headers": {name.lower(): value for name, value in self.headers.items()},
                    "body": self.rfile.read(length).decode(),
                }
                outer.requests.append(request)
                outer.respond(self, *answer(request))

            do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = do_PATCH = do_CONNECT = handle_one

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    @staticmethod
    def respond(handler, status, body, cut=0):
        """Sends the answer; `cut` leaves that many of the promised bytes out."""
        if not isinstance(body, (bytes, str)):
            body = json.dumps(body)
        if isinstance(body, str):
            body = body.encode()
        handler.send_response(status)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body[: len(body) - cut])
        if cut:
            handler.close_connection = True

    def asked(self):
        return [f"{request['method']} {request['path']}" for request in self.requests]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


def runway(*answers, spent=520, days_ago=0):
    """A Runway that gives these answers in turn, the last one for ever: an organization, or (status, body)."""
    day = datetime.datetime.now(datetime.timezone.utc).date() - datetime.timedelta(days_ago)
    usage = {"results": [{"date": day.isoformat(), "usedCredits": [{"model": "gen4.5", "amount": spent}]}], "models": ["gen4.5"]}
    left = list(answers)

    def answer(request):
        if request["path"] == "/v1/organization/usage":
            return 200, usage
        now = left.pop(0) if len(left) > 1 else left[0]
        return now if isinstance(now, tuple) else (200, now)

    return Loopback(answer)


def copy_of_the_repository(into):
    """What a checkout would have: no build output, nothing that git ignores."""
    names = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    ).stdout.split("\0")
    for name in filter(None, names):
        if (ROOT / name).is_file():
            (into / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, into / name)
    return into


def commit(folder, remote="https://github.com/example/pipeline", empty=False):
    git = ["git", "-c", "user.name=test", "-c", "user.email=test@localhost", "-c", "init.defaultBranch=main"]
    for arguments in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "test", *(["--allow-empty"] if empty else [])], ["remote", "add", "origin", remote]):
        subprocess.run([*git, *arguments], cwd=folder, check=True, capture_output=True)


def script(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


def led_to(public, folder, tool="curl", own=None):
    """A folder with a tool that takes an address on loopback in place of github.com, and of a server of one's own."""
    target = sys.executable if tool == "python3" else shutil.which(tool)
    script(folder / tool, f"""#!{shutil.which("bash")} -p
words=()
for word; do
  word=${{word/#https:\\/\\/github.com/{public.url}}}
  word=${{word/#https:\\/\\/ghe.example.com/{own and own.url}}}
  words+=("${{word/#=https/=http}}")
done
exec '{target}' "${{words[@]}}"
""")
    return folder


def recording_cargo(folder, built):
    """A cargo that notes how it was called and hands over what was built before, so that a job need not build again."""
    script(folder / "bin" / "cargo", f"""#!/bin/bash
echo "$*" >>'{folder}/cargo.log'
while [ "$1" != --target-dir ]; do shift; done
mkdir -p "$2/release"
cp '{built}' "$2/release/runway-preflight"
""")


def steady_bash(folder):
    """A bash as GitHub's runners have it. act gives its steps a terminal, which those do not, and stops reading as soon as
    a step fails, so that its last lines may be lost: hence the pipe, and the moment to read it."""
    bash = shutil.which("bash")
    script(folder / "bash", f"""#!{bash} -p
set -o pipefail
code=0
'{bash}' "$@" 2>&1 | cat || code=$?
if [ "$code" != 0 ]; then sleep 0.3; fi
exit "$code"
""")


# What the Action says if it builds; most tests are about something else.
BUILT = "Built from source"


class Step:
    def __init__(self):
        self.result = None
        self.outputs = {}
        self.summary = ""


class Run:
    """What one run of a workflow did, from the runner's JSON log."""

    def __init__(self, code, log):
        self.code = code
        self.jobs = {}
        self.steps = {}
        self.annotations = []
        self.lines = []
        self.commands = []
        for line in log.splitlines():
            try:
                event = json.loads(line)
            except ValueError:
                continue
            self.take(event)

    def take(self, event):
        message = event.get("msg", "")
        if event.get("raw_output"):
            self.lines.append(message.rstrip("\n"))
        if "jobResult" in event:
            self.jobs.setdefault(event["jobID"], []).append(event["jobResult"])
        path = event.get("stepID") or []
        step = self.steps.setdefault(path[0], Step()) if path else Step()
        if len(path) == 1 and event.get("stage") == "Main" and "stepResult" in event:
            step.result = event["stepResult"]
        command = event.get("command")
        if command == "set-output" and len(path) == 1:
            step.outputs[event["name"]] = event["arg"]
        elif command == "summary" and len(path) == 1:
            step.summary = event["content"]
        elif command in ("error", "warning", "notice"):
            self.annotations.append((command, event.get("kvPairs") or {}, event.get("arg", "")))
        elif command and command not in ("set-output", "summary"):
            self.commands.append(command)

    @property
    def log(self):
        return "\n".join(self.lines)

    def of(self, level):
        return [f"{properties.get('title', '')} {text}" for kind, properties, text in self.annotations
                if kind == level and properties.get("title") != BUILT]

    def warned_of_building(self):
        return [text for kind, properties, text in self.annotations if kind == "warning" and properties.get("title") == BUILT]


CHECKOUT = {"uses": "actions/checkout@v6"}


def gate(name="preflight", uses="./", **inputs):
    """A step that uses the Action; an input that is None is left out."""
    given = {"api-secret": "${{ secrets.RUNWAYML_API_SECRET }}", "base-url": "${{ vars.RUNWAY }}",
             **{name.replace("_", "-"): value for name, value in inputs.items()}}
    return {"id": name, "uses": uses, "with": {name: value for name, value in given.items() if value is not None}}


def workflow(*steps, condition="needs.preflight.outputs.pass == 'true'", generate=(), **job):
    """A job that asks, and one behind it that generates. Without a condition of its own a failed job alone holds it back."""
    return {"on": "push", "permissions": {}, "jobs": {
        "preflight": {"runs-on": "ubuntu-latest", "outputs": {
            name: f"${{{{ steps.preflight.outputs.{name} }}}}" for name in ("pass", "concurrency")},
            "steps": [CHECKOUT, *steps], **job},
        "generate": {"needs": "preflight", **({"if": condition} if condition else {}), "runs-on": "ubuntu-latest",
                     "steps": [{"run": "echo generating"}], **dict(generate)}}}


class Runner:
    """act, on the machine itself, in an environment of its own. Where the Action builds, it is handed `command`; without
    one, it builds in earnest."""

    def __init__(self, command=None):
        self.folder = temporary_folder()
        self.repository = self.folder / "repository"
        self.repository.mkdir()
        copy_of_the_repository(self.repository)
        commit(self.repository)
        (self.folder / "config" / "act").mkdir(parents=True)
        (self.folder / "config" / "act" / "actrc").touch()
        self.bin = self.folder / "bin"
        self.bin.mkdir()
        self.tool_cache = self.folder / ".cache" / "act" / "tool_cache"
        steady_bash(self.bin)
        if command:
            recording_cargo(self.folder, command)
            (self.bin / "runway-preflight").symlink_to(command)

    def builds(self):
        log = self.folder / "cargo.log"
        return log.read_text().splitlines() if log.exists() else []

    def run(self, workflow, *, repository=None, secrets=None, variables=None, environment=None, options=(), timeout=120,
            keep_cache=False, event="push"):
        (self.folder / "cargo.log").unlink(missing_ok=True)
        if not keep_cache:
            shutil.rmtree(self.tool_cache, ignore_errors=True)
        if not isinstance(workflow, str):
            # JSON is YAML.
            path = (repository or self.repository) / ".github" / "workflows" / "scenario.yml"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(workflow))
            workflow = ".github/workflows/scenario.yml"
        secret_file = self.folder / "secrets"
        secret_file.write_text("".join(f"{name}={value}\n" for name, value in (secrets or {}).items()))
        command = ["act", event, "-W", workflow, "-P", "ubuntu-latest=-self-hosted", "--no-cache-server", "--json",
                   "--secret-file", str(secret_file), *options]
        for name, value in (variables or {}).items():
            command += ["--var", f"{name}={value}"]
        for name, value in (environment or {}).items():
            command += ["--env", f"{name}={value}"]
        home = pathlib.Path.home()
        done = subprocess.run(
            command, cwd=repository or self.repository, capture_output=True, text=True, timeout=timeout,
            env={
                "PATH": f"{self.bin}:{os.environ['PATH']}",
                "HOME": str(self.folder),
                "XDG_CONFIG_HOME": str(self.folder / "config"),
                "CARGO_HOME": os.environ.get("CARGO_HOME", str(home / ".cargo")),
                "RUSTUP_HOME": os.environ.get("RUSTUP_HOME", str(home / ".rustup")),
                # A machine behind a private authority needs it to fetch crates.
                **{name: os.environ[name] for name in ("SSL_CERT_FILE", "CARGO_HTTP_CAINFO") if name in os.environ},
            },
        )
        run = Run(done.returncode, done.stdout)
        run.raw = done.stdout + done.stderr
        return run


def binary():
    """The command: a build of the repository's own, or the one that RUNWAY_PREFLIGHT names."""
    return pathlib.Path(os.environ.get("RUNWAY_PREFLIGHT", ROOT / "target" / "release" / "runway-preflight")).resolve()


# What belongs to `tests/action/all --all` alone.
in_full = unittest.skipUnless("PREFLIGHT_ALL" in os.environ, "part of tests/action/all --all")
