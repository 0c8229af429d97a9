"""The first export checks what it gets: against a small server that lies in one point at a time."""

import hashlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from exportcenter import first_export
from exportcenter.first_export import ExportProblem

CONTENT = "\ufeff订单号,金额\r\nA1,10.00\r\nA2,20.00\r\n".encode()
SHA256 = hashlib.sha256(CONTENT).hexdigest()
HONEST = {
    "status": "ready",
    "sha256": SHA256,
    "file_size": len(CONTENT),
    "file_name": "订单.csv",
    "rows": 2,
    "parts": [],
}


@pytest.fixture
def serve():
    servers = []

    def _serve(**lie):
        facts = HONEST | lie

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                if self.path == "/api/v1/auth/token":
                    assert body == {"username": "finance", "password": "secret"}
                    return self.answer({"access": "T", "refresh": "R"})
                assert (self.path, self.headers["Authorization"]) == ("/api/v1/exports", "Bearer T")
                assert body == {"type": "orders", "file_type": "csv", "params": {}, "source": "/up"}
                return self.answer({"job_id": "E1"}, 201)

            def do_GET(self):
                assert self.headers["Authorization"] == "Bearer T"
                if self.path == "/api/v1/exports/E1":
                    url = f"http://{self.headers['Host']}/file"
                    names = ("status", "file_size", "file_name", "sha256", "parts")
                    return self.answer({"job_id": "E1", "download_url": url} | {name: facts[name] for name in names})
                return self.answer(CONTENT, headers={"X-Content-SHA256": facts["sha256"]})

            def answer(self, body, status=200, headers=None):
                data = body if isinstance(body, bytes) else json.dumps(body).encode()
                self.send_response(status)
                for name, value in {"Content-Length": len(data), **(headers or {})}.items():
                    self.send_header(name, str(value))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *args):
                """Quiet."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}", facts

    yield _serve
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def export(serve, tmp_path):
    def _export(**lie):
        address, facts = serve(**lie)
        return first_export.export_orders(
            address,
            username="finance",
            password="secret",
            folder=tmp_path / "downloads",
            expected_rows=lambda: facts["rows"],
            stopped=lambda: False,
        )

    return _export


def test_a_right_file_is_saved_and_told_in_one_line(export, tmp_path):
    found = export()
    path = tmp_path / "downloads" / "订单.csv"
    assert path.read_bytes() == CONTENT
    start = f"export ready: E1 rows=2 bytes={len(CONTENT)} sha256={SHA256} seconds={found.seconds:.1f} file={path}"
    assert str(found) == start


@pytest.mark.parametrize(
    ("lie", "words"),
    [
        ({"sha256": "0" * 64}, f"sha256 is {SHA256}, expected {'0' * 64}"),
        ({"file_size": 1}, f"bytes is {len(CONTENT)}, expected 1"),
        ({"rows": 3}, "rows is 2, expected 3"),
        ({"status": "failed"}, "E1 is failed"),
        ({"status": "canceled"}, "E1 is canceled"),
    ],
)
def test_every_mismatch_is_a_problem(export, lie, words):
    with pytest.raises(ExportProblem, match=words):
        export(**lie)


def test_a_file_name_never_leaves_the_folder(export, tmp_path):
    assert export(file_name="../../evil.csv").file == tmp_path / "downloads" / "evil.csv"


def test_a_server_that_is_not_there_is_a_problem(tmp_path):
    with pytest.raises(ExportProblem, match=r"was not ready within 0.5 s: .*refused"):
        first_export.wait_until_ready("http://127.0.0.1:1", seconds=0.5, stopped=lambda: False)
