"""Downloads from a real web server: parts, flat memory, and the cut when a right is withdrawn."""

import contextlib
import hashlib
import random
import socket
import time

import httpx
import pytest

from accounts.models import AccessToken
from accounts.services import set_roles
from accounts.tokens import revoke_tokens
from tests.accounts.token_helpers import give
from tests.exports_helpers import Trail, Web, link, signed_in

MIB = 1 << 20
BLOCK = 64 << 10
BIG = random.Random(60).randbytes(MIB) * 60
"""60 MiB."""

pytestmark = pytest.mark.processes


@pytest.fixture
def web(live, tmp_path):
    server = Web(tmp_path)
    yield server
    server.close()


@pytest.fixture
def finance(live):
    """Cookies and the user of a signed-in person."""
    client = signed_in(live, "finance")
    with live.scope("finance"):
        user = live.user("finance")
    return {"Cookie": f"sessionid={client.cookies['sessionid'].value}"}, user


def test_a_big_file_streams_in_flat_memory_and_in_parts(live, exports, web, finance):
    cookies, user = finance
    small, big = exports.make("finance", status="ready"), exports.make("finance", status="ready", content=BIG)
    trail = Trail(live, "finance")
    with httpx.Client(base_url=web.address, headers=cookies, trust_env=False) as http:
        assert http.get(link(small, user)).status_code == 200  # everything is loaded now
        before = web.resident_kib()
        digest, size = hashlib.sha256(), 0
        with http.stream("GET", link(big, user)) as response:
            assert response.status_code == 200
            assert response.headers["Content-Length"] == str(len(BIG))
            for block in response.iter_raw(MIB):
                digest.update(block)
                size += len(block)
        assert (size, digest.hexdigest()) == (len(BIG), big.file_sha256)
        assert web.resident_kib() - before < 40 * 1024

        part = http.get(link(big, user), headers={"Range": f"bytes={30 * MIB}-{31 * MIB - 1}"})
        assert (part.status_code, part.content) == (206, BIG[30 * MIB : 31 * MIB])
        head = http.head(link(big, user))
        assert (head.status_code, head.headers["Content-Length"], head.content) == (200, str(len(BIG)), b"")
    sizes = [entry.details["bytes"] for entry in trail.downloads()]
    assert sizes == [small.file_size, len(BIG), MIB]


def test_an_interrupted_download_is_recorded_and_resumed(live, exports, web, finance):
    cookies, user = finance
    job = exports.make("finance", status="ready", content=BIG)
    trail = Trail(live, "finance")
    with httpx.Client(base_url=web.address, headers=cookies, trust_env=False) as http:
        got = bytearray()
        with http.stream("GET", link(job, user)) as response:
            for block in response.iter_raw(MIB):
                got += block
                if len(got) > 5 * MIB:
                    break
        headers = {"Range": f"bytes={len(got)}-", "If-Range": response.headers["ETag"]}
        rest = http.get(link(job, user), headers=headers)
        assert rest.status_code == 206
        assert bytes(got) + rest.content == BIG
    assert [entry.details["first"] for entry in trail.downloads()] == [0, len(got)]


def test_slow_downloads_hold_no_database_connection(live, exports, tmp_path, finance):
    """Five slow readers and a pool of two: the sixth request is served at once."""
    cookies, user = finance
    job = exports.make("finance", status="ready", content=BIG)
    server = Web(tmp_path, environment={"DATABASE_POOL": "2"})
    with contextlib.ExitStack() as stack:
        stack.callback(server.close)
        for _number in range(5):
            raw = stack.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=10))
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BLOCK)
            lines = [f"GET {link(job, user)} HTTP/1.1", "Host: 127.0.0.1", f"Cookie: {cookies['Cookie']}", "", ""]
            raw.sendall("\r\n".join(lines).encode())
            assert raw.recv(BLOCK).startswith(b"HTTP/1.1 200")
        with httpx.Client(base_url=server.address, headers=cookies, trust_env=False, timeout=5) as http:
            assert http.get(f"/api/v1/exports/{job.job_no}").status_code == 200


@pytest.mark.parametrize(("dataset", "cut"), [("orders", True), ("members", False)])
def test_a_stream_of_a_class_ends_when_the_right_is_withdrawn(live, exports, web, finance, dataset, cut):
    """Amount and risk files are checked again every five seconds; files of no class flow on."""
    cookies, user = finance
    job = exports.make("finance", dataset, "ready", content=BIG)
    with socket.create_connection(("127.0.0.1", web.port), timeout=10) as raw:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BLOCK)
        lines = [f"GET {link(job, user)} HTTP/1.1", "Host: 127.0.0.1", f"Cookie: {cookies['Cookie']}"]
        raw.sendall("\r\n".join([*lines, "Connection: close", "", ""]).encode())
        received = len(raw.recv(BLOCK))
        _give_roles(live, [])
        try:
            slow_until = time.monotonic() + 6
            while block := _receive(raw):
                received += len(block)
                if time.monotonic() < slow_until:
                    time.sleep(0.1)
        finally:
            _give_roles(live, ["finance"])
    assert (received < len(BIG)) is cut
    assert received > MIB


def test_a_stream_of_a_class_ends_when_its_api_token_is_revoked(live, exports, web, finance):
    job = exports.make("finance", "orders", "ready", content=BIG)
    text = give(live, "finance", "exports:download")
    with socket.create_connection(("127.0.0.1", web.port), timeout=10) as raw:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BLOCK)
        lines = [f"GET {link(job, finance[1])} HTTP/1.1", "Host: 127.0.0.1", f"Authorization: Bearer {text}"]
        raw.sendall("\r\n".join([*lines, "Connection: close", "", ""]).encode())
        received = len(raw.recv(BLOCK))
        with live.scope("finance"):
            assert revoke_tokens(tokens=AccessToken.objects.all(), actor=live.user("finance")) == 1
        slow_until = time.monotonic() + 6
        while block := _receive(raw):
            received += len(block)
            if time.monotonic() < slow_until:
                time.sleep(0.1)
    assert MIB < received < len(BIG)


def _receive(raw: socket.socket) -> bytes:
    try:
        return raw.recv(BLOCK)
    except ConnectionResetError:
        return b""


def _give_roles(live, roles: list[str]) -> None:
    with live.scope("finance"):
        set_roles(user=live.user("finance"), roles=roles, actor=live.user("admin"))
