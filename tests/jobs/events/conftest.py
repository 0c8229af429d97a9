"""Fixtures of event tests."""

import contextlib

import pytest

from jobs import events
from tests.exports_helpers import Web, signed_in
from tests.jobs.events.reader import Reader


@pytest.fixture
def sign_in(_world):
    """sign_in("finance") → a client with that person's session, without the cost of a password. Also for ``live``."""
    return lambda name: signed_in(_world, name)


@pytest.fixture
def web(live, tmp_path):
    """A web process that looks at rights and pings oftener than usual."""
    server = Web(tmp_path, environment={"EVENT_HEARTBEAT_SECONDS": "1", "EVENT_RECHECK_SECONDS": "0.5"})
    yield server
    server.close()


@pytest.fixture
def cookie(live):
    """cookie("finance") → headers of a signed-in person."""
    return lambda name: {"Cookie": f"sessionid={signed_in(live, name).cookies['sessionid'].value}"}


@pytest.fixture
def listen(web, cookie):
    """listen("finance") → an open stream of that person. Headers and other settings go to Reader."""
    with contextlib.ExitStack() as stack:

        def _listen(name: str, **more: str) -> Reader:
            reader = Reader(web.port, cookie(name), **more)
            stack.callback(reader.close)
            return reader

        yield _listen


@pytest.fixture
def tell(_world):
    """tell("platform", "S1", "S2") → one committed event each (when the test is live); returns their numbers."""

    def _tell(who: str, *subjects: str, kind: str = "job.status", owner: str = "", sensitivity: str = "general"):
        owner_id = _world.users[owner][1] if owner else None
        numbers = []
        for subject in subjects:
            with _world.scope(who):
                numbers.append(
                    events.publish(kind, subject, {"job_id": subject}, owner_id=owner_id, sensitivity=sensitivity)
                )
        return numbers

    return _tell
