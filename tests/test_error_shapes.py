"""Whatever goes wrong below /api/ is answered as JSON in the one shape: each case by a request to a real server."""

import socket

import httpx
import pytest

from tests.exports_helpers import Exports, Web, signed_in

pytestmark = pytest.mark.processes

SHAPE = ["code", "message", "advice", "details", "request_id", "docs"]
ENVELOPE = ["code", "message", "data", "details", "advice", "timestamp", "request_id"]
CLIENT_API = {
    "INVALID_PARAMETERS": 40001,
    "INVALID_REQUEST": 40002,
    "FORBIDDEN": 40003,
    "CSRF_FAILED": 40003,
    "NOT_AUTHENTICATED": 40004,
    "NOT_FOUND": 41001,
    "METHOD_NOT_ALLOWED": 40002,
}


@pytest.fixture(scope="module")
def web(_world, django_db_blocker, tmp_path_factory):
    with django_db_blocker.unblock():
        server = Web(tmp_path_factory.mktemp("web"), environment={"ALLOWED_HOSTS": "127.0.0.1"})
        yield server
    server.close()


@pytest.fixture
def browser(live, web):
    """finance's browser, without the token of a page."""
    cookies = {name: morsel.value for name, morsel in signed_in(live, "finance").cookies.items()}
    with httpx.Client(base_url=web.address, cookies=cookies, headers={"Accept-Language": "en"}, timeout=60) as client:
        yield client


def check(response: httpx.Response, status: int, code: str) -> dict:
    assert response.status_code == status, response.text[:500]
    assert response.headers["Content-Type"] == "application/json"
    body = response.json()
    assert list(body) == SHAPE
    assert (body["code"], body["docs"]) == (code, f"/docs/errors#{code}")
    assert body["message"]
    assert body["advice"] or code in ("STATE_CONFLICT", "FORBIDDEN")  # their own messages say what to do
    assert body["request_id"] == response.headers["X-Request-ID"]
    return body


def raw(web: Web, request: bytes) -> tuple[int, dict[str, str], bytes]:
    with socket.create_connection(("127.0.0.1", web.port), timeout=60) as wire:
        wire.sendall(request)
        answer = b""
        while block := wire.recv(65536):
            answer += block
    head, _end, body = answer.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    return int(first.split()[1]), {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}, body


class TestByARealRequest:
    @pytest.mark.parametrize(
        "path",
        ["/api/", "/api/v1", "/api/v1/nowhere", "/api/v2/exports", "/api/v1/exports/", "/api/v1/%00", "/api/%ff"],
    )
    def test_unknown_address(self, browser, path):
        check(browser.get(path), 404, "NOT_FOUND")

    def test_unknown_thing(self, browser):
        check(browser.get("/api/v1/exports/E1"), 404, "NOT_FOUND")
        check(browser.get("/api/v1/batch-tasks/E1"), 404, "NOT_FOUND")

    def test_wrong_method(self, browser):
        for path in ("/api/v1/errors", "/api/v1/batch-tasks"):
            response = browser.request("PATCH", path)
            if "CSRF" not in response.text:
                check(response, 405, "METHOD_NOT_ALLOWED")
                assert "GET" in response.headers["Allow"]

    def test_nobody(self, web):
        response = httpx.get(f"{web.address}/api/v1/batch-tasks", timeout=60)
        check(response, 401, "NOT_AUTHENTICATED")
        assert response.headers["WWW-Authenticate"].startswith("Bearer")
        broken = {"Authorization": "Bearer x.y.z"}
        check(httpx.get(f"{web.address}/api/v1/batch-tasks", headers=broken, timeout=60), 401, "NOT_AUTHENTICATED")

    def test_a_change_without_the_pages_token(self, browser):
        body = check(browser.post("/api/v1/exports", json={"type": "orders"}), 403, "CSRF_FAILED")
        assert body["message"] == "The CSRF token is missing or wrong. Load the page again."
        check(browser.delete("/api/v1/batch-tasks/E1"), 403, "CSRF_FAILED")

    def test_a_host_that_is_not_ours(self, web):
        headers = {"Host": "evil.example", "Accept-Language": "en"}
        response = httpx.get(f"{web.address}/api/v1/exports", headers=headers, timeout=60)
        check(response, 400, "INVALID_REQUEST")
        assert "evil.example" not in response.text

    def test_not_json(self, token, web):
        for content in (b"{", b"\xff", b'{"a": NaN}', b'{"a": 1, "a": 2}'):
            response = token.post("/api/v1/exports", content=content, headers={"Content-Type": "application/json"})
            check(response, 400, "INVALID_REQUEST")

    def test_wrong_fields(self, token):
        body = check(token.get("/api/v1/batch-tasks?page=0&colour=red"), 400, "INVALID_PARAMETERS")
        assert list(body["details"]) == ["colour"]
        assert all(isinstance(words, list) for words in body["details"].values())

    def test_too_large(self, token):
        large = b'"' + b"x" * (1 << 20) + b'"'
        for kind in ("application/json",):
            response = token.post("/api/v1/exports", content=large, headers={"Content-Type": kind})
            assert "body" in check(response, 413, "BODY_TOO_LARGE")["details"]

    def test_too_many_parameters(self, browser):
        query = "&".join(f"a{number}=1" for number in range(1_200))
        check(browser.get(f"/api/v1/exports?{query}"), 400, "INVALID_REQUEST")

    def test_wrong_type(self, token):
        response = token.post("/api/v1/exports", content=b"a=b", headers={"Content-Type": "text/plain"})
        check(response, 415, "UNSUPPORTED_MEDIA_TYPE")

    def test_state(self, token, live):
        maker = Exports(live)
        job = maker.make("finance", status="canceled")
        check(token.delete(f"/api/v1/batch-tasks/{job.job_no}"), 409, "STATE_CONFLICT")
        maker.close()

    @pytest.mark.parametrize("line", [b"GET", b"G\x00T /api/ HTTP/1.1", b"GET /api/\x01 HTTP/1.1", b"\x16\x03\x01"])
    def test_a_line_that_is_no_request_is_refused_before_any_address_is_known(self, web, line):
        status, headers, _body = raw(web, line + b"\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
        assert status == 400
        assert not headers.get("server", "").startswith("Python")


class TestClientApi:
    """The same below /api/v1/client/, in its envelope."""

    def envelope(self, response: httpx.Response, status: int, code: str) -> dict:
        assert response.status_code == status, response.text[:500]
        body = response.json()
        assert list(body) == ENVELOPE
        assert (body["code"], body["data"]) == (CLIENT_API[code], None)
        assert body["request_id"] == response.headers["X-Request-ID"]
        return body

    def test_each(self, browser, web):
        self.envelope(browser.get("/api/v1/client/nowhere"), 404, "NOT_FOUND")
        self.envelope(browser.get("/api/v1/client/workspace"), 403, "FORBIDDEN")
        self.envelope(browser.post("/api/v1/client/workspace", json={}), 403, "CSRF_FAILED")
        self.envelope(httpx.get(f"{web.address}/api/v1/client/workspace", timeout=60), 401, "NOT_AUTHENTICATED")
        wrong = httpx.get(f"{web.address}/api/v1/client/workspace", headers={"Host": "evil.example"}, timeout=60)
        self.envelope(wrong, 400, "INVALID_REQUEST")


@pytest.fixture
def token(live, web):
    """finance's program, with a bearer token."""
    from tests.world import PASSWORD

    words = {"username": "finance", "password": PASSWORD}
    access = httpx.post(f"{web.address}/api/v1/auth/token", json=words, timeout=60).json()["access"]
    headers = {"Authorization": f"Bearer {access}", "Accept-Language": "en"}
    with httpx.Client(base_url=web.address, headers=headers, timeout=60) as client:
        yield client
