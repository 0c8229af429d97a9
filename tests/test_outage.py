"""The database goes away under a running server, and comes back: nobody is signed out, nothing hangs."""

import socket
import threading
from contextlib import closing

import httpx
import pytest
from django.db import connection

from tests.exports_helpers import Web, signed_in
from tests.processes import wait_for

pytestmark = pytest.mark.processes


class Wire:
    """A TCP port that leads to the tests' database, until it is cut."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.is_up = True
        self._open: list[socket.socket] = []
        threading.Thread(target=self._serve, daemon=True).start()

    def cut(self) -> None:
        """Connections end, new ones are closed at once."""
        self.is_up = False
        for one in self._open:
            with closing(one):
                one.shutdown(socket.SHUT_RDWR)
        self._open.clear()

    def mend(self) -> None:
        """New connections get through again."""
        self.is_up = True

    def close(self) -> None:
        """Give up the port."""
        self._listener.close()
        self.is_up = False

    def _serve(self) -> None:
        while True:
            try:
                near, _address = self._listener.accept()
            except OSError:  # closed
                return
            if not self.is_up:
                near.close()
                continue
            far = _to_database()
            self._open += [near, far]
            for source, target in ((near, far), (far, near)):
                threading.Thread(target=_carry, args=(source, target), daemon=True).start()


def _to_database() -> socket.socket:
    """The tests' cluster listens on a socket in a folder only."""
    parameters = connection.get_connection_params()
    far = socket.socket(socket.AF_UNIX)
    far.connect(f"{parameters['host']}/.s.PGSQL.{parameters.get('port') or 5432}")
    return far


def _carry(source: socket.socket, target: socket.socket) -> None:
    try:
        while block := source.recv(65536):
            target.sendall(block)
        target.shutdown(socket.SHUT_WR)
    except OSError:  # either end is gone
        return


@pytest.fixture
def wire():
    made = Wire()
    yield made
    made.close()


@pytest.fixture
def client(live, wire, tmp_path):
    """Signed in as finance, at a server whose database is at the other end of the wire."""
    parameters = connection.get_connection_params()
    address = f"postgresql://{parameters['user']}@127.0.0.1:{wire.port}/{parameters['dbname']}"
    web = Web(tmp_path, environment={"DATABASE_URL": address})
    cookies = {name: morsel.value for name, morsel in signed_in(live, "finance").cookies.items()}
    with httpx.Client(base_url=web.address, cookies=cookies, timeout=30) as client:
        yield client
    web.close()


def test_pages_and_api_say_so_until_it_is_back(client, wire):
    assert client.get("/accounts/me/").status_code == 200
    wire.cut()
    page, api = client.get("/accounts/me/"), client.get("/api/v1/exports", headers={"Accept-Language": "en"})
    assert (page.status_code, page.headers["Retry-After"]) == (503, "5")
    assert "<h1>导出中心暂时不可用</h1>" in page.text
    assert "set-cookie" not in page.headers
    assert (api.status_code, api.headers["Retry-After"]) == (503, "5")
    assert (api.json()["code"], api.json()["advice"]) == ("UNAVAILABLE", "Try again in a minute.")
    assert client.get("/healthz").status_code == 200
    assert client.get("/readyz").status_code == 503
    wire.mend()
    wait_for(lambda: client.get("/accounts/me/").status_code == 200, 60, "the server did not come back")
    assert client.get("/api/v1/exports").status_code == 200
