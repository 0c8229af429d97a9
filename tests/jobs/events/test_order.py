"""Order while many write at once: no reader ever passes somebody who commits late."""

import random
import threading
import time

import httpx
import pytest
from django.db import connection

from jobs import events
from jobs.events import ids
from tests.jobs.events.reader import PATH

pytestmark = pytest.mark.processes

WRITERS, EACH = 8, 25


def test_a_late_committer_is_never_skipped(live, web, listen, cookie):
    """200 events by eight writers who take a number, sleep, and commit: by stream and by polls, each exactly once."""
    with live.scope("platform"):
        start = events.last_id()
    reader = listen("admin", **{"Last-Event-ID": start})
    assert reader.hello
    polled, done = [], threading.Event()
    poller = threading.Thread(target=_poll, args=(web.address, cookie("admin"), start, polled, done))
    writers = [threading.Thread(target=_write, args=(live, number)) for number in range(WRITERS)]
    for thread in (poller, *writers):
        thread.start()
    for thread in writers:
        thread.join(60)
    total = WRITERS * EACH
    streamed = reader.wait_for_events(total)
    done.set()
    poller.join(30)
    assert polled == streamed
    assert {event["subject"] for event in streamed} == {
        f"W{writer}-{number}" for writer in range(WRITERS) for number in range(EACH)
    }
    tenant_id = live.tenants["platform"]
    first = ids.number_in(start, tenant_id)
    assert [ids.number_in(event["id"], tenant_id) for event in streamed] == list(range(first + 1, first + 1 + total))


def _write(live, writer):
    try:
        chance = random.Random(writer)
        for number in range(EACH):
            with live.scope("platform"):
                events.publish("job.status", f"W{writer}-{number}", {"n": number}, sensitivity="general")
                time.sleep(chance.uniform(0, 0.02))  # the number is taken, the commit is late
    finally:
        connection.close()


def _poll(address, headers, after, polled, done):
    with httpx.Client(base_url=address, headers=headers, trust_env=False) as http:
        while True:
            last_round = done.is_set()
            page = http.get(PATH, params={"after": after, "limit": 7}).json()
            assert page["reset"] is None
            polled += page["events"]
            after = page["last"]
            if last_round and not page["more"]:
                return
            time.sleep(0 if page["more"] else 0.01)
