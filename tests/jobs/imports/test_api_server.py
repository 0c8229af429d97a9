"""Files that are sent to a real web server: flat memory, and nothing is read that is too large (SPEC B1, X8)."""

import hashlib
import socket

import httpx
import pytest

from tests.accounts.token_helpers import bearer, give
from tests.exports_helpers import Web

MIB = 1 << 20
MOST = 64 * MIB
LINE = "M{:07d},张三,华东,一段不长的备注\r\n"
pytestmark = pytest.mark.processes


@pytest.fixture
def web(live, tmp_path):
    server = Web(tmp_path, environment={"IMPORT_FILE_BYTES": str(MOST)})
    yield server
    server.close()


@pytest.fixture
def token(live):
    return {"Authorization": bearer(give(live, "operator"))["HTTP_AUTHORIZATION"], "Accept-Language": "en"}


def begin(web, token, headers):
    """A request of which only the head is sent; the answer, as far as it comes."""
    lines = [f"{name}: {value}" for name, value in (token | headers).items()]
    with socket.create_connection(("127.0.0.1", web.port), timeout=10) as raw:
        raw.sendall("\r\n".join(["POST /api/v1/imports/files HTTP/1.1", "Host: 127.0.0.1", *lines, "", ""]).encode())
        answer = b""
        while b"\r\n0\r\n" not in answer and (block := raw.recv(64 << 10)):
            answer += block
        return answer.decode()


def test_a_big_file_is_never_whole_in_memory(live, web, token):
    content = ("会员号,姓名,地区,备注\r\n" + "".join(LINE.format(n) for n in range(1_000_000))).encode()
    assert 40 * MIB < len(content) < MOST
    with httpx.Client(base_url=web.address, headers=token, trust_env=False, timeout=60) as http:
        assert http.post("/api/v1/imports/files", files={"file": ("a.csv", b"a,b\r\n1,2\r\n")}).status_code == 201
        before = web.resident_kib()
        sent = http.post("/api/v1/imports/files", files={"file": ("members.csv", content)})
        assert sent.status_code == 201
        assert sent.json()["sha256"] == hashlib.sha256(content).hexdigest()
        glance = http.get(sent.headers["Location"], params={"dataset": "members", "mode": "create"}).json()
        assert glance["rows"][19]["cells"][0] == "M0000019"
        assert web.resident_kib() - before < 24 * 1024

        assert http.post("/api/v1/imports/files", files={"file": ("big.csv", content + content)}).status_code == 413


def test_a_length_that_is_too_large_is_refused_before_a_byte_came(live, web, token):
    form = {"Content-Type": "multipart/form-data; boundary=x", "Content-Length": str(10 << 40)}
    answer = begin(web, token, form)
    assert answer.startswith("HTTP/1.1 413 ")
    assert "BODY_TOO_LARGE" in answer
    answer = begin(web, {}, form)
    assert answer.startswith(("HTTP/1.1 401 ", "HTTP/1.1 413 "))


def test_what_says_no_length_is_not_kept(live, web, token):
    def too_much():
        yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n'
        for _time in range(3 * MOST // 100_000):
            yield b"a,b\r\n" * 20_000

    headers = token | {"Content-Type": "multipart/form-data; boundary=x"}
    with httpx.Client(base_url=web.address, headers=headers, trust_env=False, timeout=60) as http:
        assert http.post("/api/v1/imports/files", content=too_much()).status_code in (400, 413)
        assert http.get("/healthz").status_code == 200
