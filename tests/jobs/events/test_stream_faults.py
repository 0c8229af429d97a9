"""Live streams when things break: the database, its connection, the reader, the server itself."""

import json
import os
import re
import signal
import socket
import time
from pathlib import Path

import pytest
from django.db import connection

from exportcenter import embedded
from jobs.events import ids
from jobs.events.tailer import APPLICATION_NAME
from tests.exports_helpers import Web
from tests.jobs.events.reader import PATH, Reader
from tests.processes import wait_for

pytestmark = pytest.mark.processes

TAILERS = "SELECT pid FROM pg_stat_activity WHERE application_name = %s"
MANY = """
WITH head AS (
    UPDATE accounts_tenanthead SET event_seq = event_seq + %(count)s WHERE tenant_id = %(tenant)s RETURNING event_seq
)
INSERT INTO jobs_event (tenant_id, seq, type, subject, sensitivity, data, at)
SELECT %(tenant)s, head.event_seq - %(count)s + g, 'job.status', 'B' || g, 'general',
       jsonb_build_object('pad', repeat('x', %(size)s)), now()
FROM head, generate_series(1, %(count)s) g
"""


def tailers(superuser):
    return [pid for (pid,) in superuser.execute(TAILERS, [APPLICATION_NAME])]


def test_the_tailer_comes_with_the_first_reader_and_goes_with_the_last(superuser, listen):
    assert tailers(superuser) == []
    one, two = listen("admin"), listen("finance")
    assert one.hello.data == two.hello.data
    wait_for(lambda: len(tailers(superuser)) == 1, 5, "no tailer")
    one.close()
    time.sleep(0.5)
    assert len(tailers(superuser)) == 1
    two.close()
    wait_for(lambda: tailers(superuser) == [], 5, "the tailer stayed")


def test_a_lost_connection_costs_nothing(superuser, listen, tell):
    reader = listen("admin")
    tell("platform", "S1")
    reader.wait_for_events(1)
    (pid,) = tailers(superuser)
    superuser.execute("SELECT pg_terminate_backend(%s)", [pid])
    tell("platform", "S2", "S3")
    assert [event["subject"] for event in reader.wait_for_events(3)] == ["S1", "S2", "S3"]
    assert tailers(superuser) != [pid]
    assert reader.resets == []


def test_streams_survive_a_restart_of_the_database(live, listen, tell):
    reader = listen("admin")
    tell("platform", "S1")
    reader.wait_for_events(1)
    connection.close()
    embedded._run(server_folder(), "pg_ctl", "stop", "-D", str(server_folder()), "-m", "fast", "-w")
    try:
        down = len(reader.blocks)
        time.sleep(3.5)
        pings = [block for block in reader.blocks[down:] if block.comment == "ping"]
        assert len(pings) >= 2, "signs of life must go on without a database"
        assert reader.ended_at is None
    finally:
        assert embedded.revive()
    tell("platform", "S2")
    events = reader.wait_for_events(2, seconds=15)
    assert [event["subject"] for event in events] == ["S1", "S2"]
    assert (reader.resets, reader.ended_at) == ([], None)


def server_folder() -> Path:
    (folder,) = embedded._joined
    return folder


def test_events_deleted_while_the_tailer_was_away_are_a_reset(superuser, listen, tell, live):
    reader = listen("admin")
    tell("platform", "S1")
    reader.wait_for_events(1)
    with superuser.transaction():  # a number without an event: what a reader would otherwise pass over
        superuser.execute(
            "UPDATE accounts_tenanthead SET event_seq = event_seq + 3 WHERE tenant_id = %s", [live.tenants["platform"]]
        )
    reader.wait(lambda: reader.resets)
    assert reader.resets[0]["reason"] == "too_old"
    assert reader.last_event_id == reader.resets[0]["last"]
    tell("platform", "S2")
    assert [event["subject"] for event in reader.wait_for_events(2)] == ["S1", "S2"]


def test_a_database_put_back_to_an_older_state_is_a_reset(superuser, listen, tell, live):
    reader = listen("admin")
    tell("platform", "S1", "S2")
    reader.wait_for_events(2)
    tenant = live.tenants["platform"]
    with superuser.transaction():
        superuser.execute("DELETE FROM jobs_event WHERE subject = 'S2'")
        superuser.execute("UPDATE accounts_tenanthead SET event_seq = event_seq - 1 WHERE tenant_id = %s", [tenant])
    reader.wait(lambda: reader.resets)
    (again,) = tell("platform", "S3")
    reader.wait_for_events(3)
    assert reader.resets == [{"reason": "unknown", "last": ids.event_id(tenant, again - 1)}]


def test_a_reader_who_does_not_read_overflows_into_a_reset(live, superuser, web, cookie, listen, tell):
    lines = [f"GET {PATH} HTTP/1.1", "Host: 127.0.0.1", "Accept: text/event-stream"]
    lines += [f"{name}: {value}" for name, value in cookie("admin").items()]
    with socket.create_connection(("127.0.0.1", web.port), timeout=20) as raw:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 << 10)
        raw.sendall("\r\n".join([*lines, "", ""]).encode())
        got = read_to(raw, b"event: hello", b"")
        before = web.resident_kib()
        for _round in range(4):
            superuser.execute(MANY, {"tenant": live.tenants["platform"], "count": 2000, "size": 4000})
        time.sleep(3)
        assert web.resident_kib() - before < 60 * 1024, "32 MB were published; what waits is bounded"
        other = listen("admin")
        tell("platform", "meanwhile")
        other.wait_for_events(1)  # one who does not read is in nobody's way
        got = read_to(raw, b"event: reset", got)
        tell("platform", "after the flood")
        got = read_to(raw, b'"after the flood"', got)
    blocks = re.sub(rb"\r\n[0-9a-f]+\r\n", b"", got).decode().split("\n\n")
    *events, last = [block for block in blocks if "event: job.status\n" in block]
    (reset,) = [block for block in blocks if block.startswith("event: reset\n")]
    said = json.loads(reset.partition("data: ")[2])
    assert said["reason"] == "overflow"
    assert 0 < len(events) < 8000
    assert '"after the flood"' in last
    tenant = live.tenants["platform"]
    first_after = ids.number_in(re.search(r"id: (\S+)", last)[1], tenant)
    assert ids.number_in(said["last"], tenant) == first_after - 1, "nothing lies between a reset and what follows"


def test_a_reader_who_leaves_in_the_middle_of_a_flood_leaves_nothing_behind(live, superuser, web, cookie):
    lines = [f"GET {PATH} HTTP/1.1", "Host: 127.0.0.1", "Accept: text/event-stream"]
    lines += [f"{name}: {value}" for name, value in cookie("admin").items()]
    with socket.create_connection(("127.0.0.1", web.port), timeout=20) as raw:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 << 10)
        raw.sendall("\r\n".join([*lines, "", ""]).encode())
        read_to(raw, b"event: hello", b"")
        for _round in range(4):
            superuser.execute(MANY, {"tenant": live.tenants["platform"], "count": 2000, "size": 4000})
        time.sleep(2)
        assert len(tailers(superuser)) == 1
    wait_for(lambda: tailers(superuser) == [], 5, "the stream of a reader who has left lives on")


def read_to(raw: socket.socket, mark: bytes, got: bytes) -> bytes:
    """What has come so far, and more until ``mark`` is in it."""
    while mark not in got:
        block = raw.recv(1 << 20)
        assert block, "the stream ended"
        got += block
    return got


@pytest.mark.parametrize("name", [signal.SIGTERM, signal.SIGINT])
def test_a_server_that_stops_ends_its_streams_at_once(live, tmp_path, cookie, name):
    web = Web(tmp_path)
    readers = [Reader(web.port, cookie(person)) for person in ("admin", "finance")]
    try:
        assert all(reader.hello for reader in readers)
        told = time.monotonic()
        os.kill(web.process.pid, name)
        web.process.wait(10)
        assert time.monotonic() - told < 3
        for reader in readers:
            reader.wait_for_end()
        assert "Traceback" not in web.log.read_text()
    finally:
        for reader in readers:
            reader.close()
        web.close()
