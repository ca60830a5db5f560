"""A reverse proxy on loopback that keeps every request and every answer that passes.

The gate prints no response headers; this is where they are seen.
"""

import http.client
import json
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

# What belongs to one connection and not to the message (RFC 9110, 7.6.1), and what is written again.
HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length"}


@dataclass
class Exchange:
    """One request and its answer."""

    connection: tuple
    method: str
    path: str
    headers: http.client.HTTPMessage
    body: bytes
    status: int
    answer_headers: http.client.HTTPMessage
    answer_body: bytes

    @property
    def errors(self):
        """How many faults the server behind found in the request; None if it did not say."""
        count = self.answer_headers["x-steady-error-count"]
        return None if count is None else int(count)

    @property
    def answer(self):
        """The answer, decoded."""
        return json.loads(self.answer_body)


class Recorder(ThreadingHTTPServer):
    """Forwards to `127.0.0.1:port`. `spoil` replaces request headers on the way, to make a good request a bad one."""

    daemon_threads = True

    def __init__(self, port):
        super().__init__(("127.0.0.1", 0), _Forward)
        self.upstream = port
        self.exchanges = []
        self.spoil = {}
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"

    def take(self):
        """What passed since the last call."""
        passed, self.exchanges = self.exchanges, []
        return passed


class _Forward(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # A connection that the gate leaves open must not hold its thread for ever.
    timeout = 20

    def _forward(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        upstream = http.client.HTTPConnection("127.0.0.1", self.server.upstream, timeout=20)
        upstream.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            if name.lower() not in HOP_BY_HOP and name.lower() not in self.server.spoil:
                upstream.putheader(name, value)
        for name, value in self.server.spoil.items():
            upstream.putheader(name, value)
        if body:
            upstream.putheader("content-length", str(len(body)))
        upstream.endheaders(body or None)
        answer = upstream.getresponse()
        answer_body = answer.read()
        upstream.close()

        self.server.exchanges.append(
            Exchange(
                self.client_address,
                self.command,
                self.path,
                self.headers,
                body,
                answer.status,
                answer.headers,
                answer_body,
            )
        )
        self.send_response_only(answer.status)
        for name, value in answer.headers.items():
            if name.lower() not in HOP_BY_HOP:
                self.send_header(name, value)
        self.send_header("content-length", str(len(answer_body)))
        self.end_headers()
        self.wfile.write(answer_body)

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = _forward

    def log_message(self, *_):
        pass
