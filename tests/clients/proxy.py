"""A small HTTP proxy before the real server. It does what networks and proxies do: cut, slow down, refuse, lie."""

import http.client
import re
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

HOP = {"connection", "transfer-encoding", "content-length", "keep-alive"}
PIECE = 4096


@dataclass
class Rule:
    """What happens to the next ``times`` requests whose "METHOD path?query" matches ``pattern``."""

    pattern: str
    times: int = 1
    status: int = 0
    """Answered instead of the server; 0: the server is asked."""
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    cut_after: int | None = None
    """The connection is cut after so many bytes of the server's body; -1: before a word of it."""
    change: Callable[[bytes], bytes] | None = None
    """What becomes of the server's body."""
    pause: float = 0
    """Seconds between pieces of 4 KiB."""


@dataclass
class Seen:
    """A request that came."""

    line: str
    headers: dict[str, str]
    body: bytes
    status: int = 0
    """Of the answer; 0 while there is none."""
    answer: dict[str, str] = field(default_factory=dict)
    """The answer's headers."""


class Proxy:
    """Listens on ``address``; ``rules`` are tried in order, ``seen`` is what came."""

    def __init__(self, upstream: str) -> None:
        self.upstream = urlsplit(upstream).netloc
        self.rules: list[Rule] = []
        self.seen: list[Seen] = []
        self.lock = threading.Lock()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_words: object) -> None:
                """Nothing."""

            def do_GET(self) -> None:
                outer.handle(self)

            do_POST = do_PATCH = do_DELETE = do_HEAD = do_GET

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()

    def count(self, pattern: str) -> int:
        """How many requests like this came."""
        return sum(bool(re.search(pattern, one.line)) for one in self.seen)

    def handle(self, asked: BaseHTTPRequestHandler) -> None:
        """One request."""
        body = asked.rfile.read(int(asked.headers.get("Content-Length") or 0))
        line = f"{asked.command} {asked.path}"
        seen = Seen(line, {name.lower(): value for name, value in asked.headers.items()}, body)
        self.seen.append(seen)
        rule = self._rule(line)
        if rule is not None and rule.status:
            seen.status = rule.status
            self._answer(asked, rule.status, rule.headers, rule.body)
            return
        upstream = http.client.HTTPConnection(self.upstream, timeout=60)
        try:
            upstream.request(asked.command, asked.path, body or None, dict(asked.headers.items()))
            answer = upstream.getresponse()
            seen.status = answer.status
            seen.answer = {name.lower(): value for name, value in answer.getheaders()}
            self._pass_on(asked, answer, rule or Rule(""))
        except (BrokenPipeError, ConnectionResetError):
            asked.close_connection = True
        finally:
            upstream.close()

    def _rule(self, line: str) -> Rule | None:
        with self.lock:
            for rule in self.rules:
                if rule.times and re.search(rule.pattern, line):
                    rule.times -= 1
                    return rule
        return None

    def _pass_on(self, asked: BaseHTTPRequestHandler, answer: http.client.HTTPResponse, rule: Rule) -> None:
        ours = {name.lower() for name in rule.headers}
        kept = {name: value for name, value in answer.getheaders() if name.lower() not in HOP | ours}
        headers = kept | rule.headers
        if rule.cut_after == -1:
            answer.read()
            self._cut(asked)
            return
        if rule.change is not None:
            self._answer(asked, answer.status, headers, rule.change(answer.read()))
            return
        length = answer.getheader("Content-Length")
        asked.send_response(answer.status)
        for name, value in (headers | {"Connection": "close"} | ({"Content-Length": length} if length else {})).items():
            asked.send_header(name, value)
        asked.end_headers()
        asked.close_connection = True
        sent = 0
        while block := answer.read1(PIECE):
            if rule.cut_after is not None and sent + len(block) > rule.cut_after:
                asked.wfile.write(block[: rule.cut_after - sent])
                asked.wfile.flush()
                self._cut(asked)
                return
            asked.wfile.write(block)
            asked.wfile.flush()
            sent += len(block)
            time.sleep(rule.pause)

    @staticmethod
    def _answer(asked: BaseHTTPRequestHandler, status: int, headers: dict[str, str], body: bytes) -> None:
        asked.send_response(status)
        for name, value in (headers | {"Content-Length": str(len(body))}).items():
            asked.send_header(name, value)
        asked.end_headers()
        asked.wfile.write(body)

    @staticmethod
    def _cut(asked: BaseHTTPRequestHandler) -> None:
        asked.close_connection = True
        asked.connection.shutdown(socket.SHUT_RDWR)
