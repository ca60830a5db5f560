"""The form: what it says agrees with the examples, with the official document where that is at hand, and the canary sees what differs."""

import json
import os
import pathlib
import subprocess
import sys
import threading
import unittest
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from form import FORM, answer_of, differences, faults

HERE = pathlib.Path(__file__).parent
ORGANIZATION = json.loads((HERE.parents[1] / "examples" / "organization.json").read_text())
HISTORY = {
    "results": [{"date": "2026-03-16", "usedCredits": [{"model": "gen4.5", "amount": -120}]}, {"date": "2026-03-17", "usedCredits": []}],
    "models": ["gen4.5"],
}
KEY = "key_" + "c0ffee" * 21 + "aa"
# No limit is null, as the SDKs have known since 4.20.1 and 5.24.0; the document does not say so yet.
SINCE_THE_DOCUMENT = {
    f"/v1/organization.tier.models[].{name}: type is integer, here ['integer', 'null']"
    for name in ("maxConcurrentGenerations", "maxDailyGenerations")
}


class Form(unittest.TestCase):
    def test_examples(self):
        self.assertEqual(list(faults(ORGANIZATION, answer_of(FORM, "/v1/organization", "get"))), [])
        self.assertEqual(list(faults(HISTORY, answer_of(FORM, "/v1/organization/usage", "post"))), [])

    @unittest.skipUnless(os.environ.get("DOCUMENT"), "the official document is not at hand")
    def test_official_document(self):
        document = json.loads(pathlib.Path(os.environ["DOCUMENT"]).read_text())
        self.assertEqual(document["info"]["version"], FORM["info"]["version"])
        self.assertEqual(document["servers"], FORM["servers"])
        self.assertEqual(document["paths"].keys(), FORM["paths"].keys())
        found = set()
        for path, methods in document["paths"].items():
            self.assertEqual(methods.keys(), FORM["paths"][path].keys())
            for method, asked in methods.items():
                own = FORM["paths"][path][method]
                found.update(differences(document, answer_of(document, path, method), answer_of(FORM, path, method), path))
                (theirs,), (ours,) = asked["parameters"], own["parameters"]
                found.update(differences(document, theirs, ours, f"{path} header"))
                bodies = [it.get("requestBody", {}).get("content", {}).get("application/json", {}) for it in (asked, own)]
                found.update(differences(document, *bodies, f"{path} body"))
        self.assertEqual(found, SINCE_THE_DOCUMENT)


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, answers):
        super().__init__(("127.0.0.1", 0), _Answer)
        self.answers, self.asked = answers, []
        threading.Thread(target=self.serve_forever, daemon=True).start()


class _Answer(BaseHTTPRequestHandler):
    def do_GET(self):
        self.rfile.read(int(self.headers.get("content-length", 0)))
        self.server.asked.append((self.command, self.path, self.headers["authorization"], self.headers["x-runway-version"]))
        status, answer = self.server.answers[self.command]
        self.send_response_only(status)
        self.send_header("location", "/elsewhere")
        self.end_headers()
        self.wfile.write(answer if isinstance(answer, bytes) else json.dumps(answer).encode())

    do_POST = do_GET

    def log_message(self, *_):
        pass


class Canary(unittest.TestCase):
    def run_canary(self, organization, history=(200, HISTORY), key=KEY):
        server = Server({"GET": organization, "POST": history})
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        environment = {"RUNWAYML_API_SECRET": key, "RUNWAYML_BASE_URL": f"http://127.0.0.1:{server.server_port}"}
        done = subprocess.run([sys.executable, HERE / "canary"], env=environment, capture_output=True, text=True, timeout=60, check=False)
        self.assertNotIn(KEY, done.stdout + done.stderr)
        return done.returncode, done.stdout, server.asked

    def test_without_a_key(self):
        code, said, asked = self.run_canary((200, ORGANIZATION), key="")
        self.assertEqual((code, asked), (0, []))
        self.assertIn("RUNWAYML_API_SECRET is not set", said)

    def test_answers(self):
        changed = json.loads(json.dumps(ORGANIZATION))
        changed["tier"]["models"]["gen4.5"]["maxDailyGenerations"] = "777"
        for name, organization, code, said in [
            ("as expected", (200, ORGANIZATION), 0, "GET /v1/organization: as expected"),
            ("no limit", (200, json.loads(json.dumps(ORGANIZATION).replace("200", "null"))), 0, "as expected"),
            ("the version", (400, {"error": "old"}), 1, "does it still support API version 2024-11-06?"),
            ("the key", (401, {"error": "no"}), 1, "does not accept the key"),
            ("a redirect", (302, b""), 1, "status 302"),
            ("no JSON", (200, b"<html>"), 1, "not JSON"),
            ("a string", (200, changed), 1, "tier.models.gen4.5.maxDailyGenerations is string, not integer or null"),
            ("a field less", (200, {**ORGANIZATION, "tier": {}}), 1, "the answer.tier.models is missing"),
            ("a field more", (200, {**ORGANIZATION, "plan": {}}), 1, "the answer.plan is new"),
            ("a fraction", (200, {**ORGANIZATION, "creditBalance": 777.5}), 1, "creditBalance is number, not integer"),
        ]:
            with self.subTest(name):
                found = self.run_canary(organization)
                self.assertEqual(found[0], code, found[1])
                self.assertIn(said, found[1])
                self.assertNotIn("777", found[1])
                requests = [("GET", "/v1/organization"), ("POST", "/v1/organization/usage")]
                self.assertEqual(found[2], [(*request, f"Bearer {KEY}", "2024-11-06") for request in requests])
        code, said, _ = self.run_canary((200, ORGANIZATION), (200, {"results": [{"date": "2026-02-30"}], "models": []}))
        self.assertEqual(code, 1)
        self.assertIn("results[].date is not of the form date", said)
        self.assertIn("results[].usedCredits is missing", said)


if __name__ == "__main__":
    unittest.main()
