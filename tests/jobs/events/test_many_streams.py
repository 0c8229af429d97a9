"""Hundreds of streams on one web process: every one is served, and none holds a database connection."""

import pytest

from bench.streams import Crowd
from jobs.events import ids
from jobs.events.tailer import APPLICATION_NAME
from tests.exports_helpers import Web

pytestmark = pytest.mark.processes

STREAMS = 200
NAME = "web-under-test"
BACKENDS = "SELECT application_name, count(*) FROM pg_stat_activity WHERE application_name = ANY(%s) GROUP BY 1"


def test_two_hundred_streams_hold_one_connection(live, tmp_path, cookie, superuser, tell):
    web = Web(tmp_path, environment={"EVENT_STREAMS_PER_USER": "300", "PGAPPNAME": NAME, "DATABASE_POOL": "4"})
    told: list[str] = []
    crowd = Crowd(web.port, cookie("admin"), STREAMS)
    try:
        crowd.open()
        for number in range(5):
            (seq,) = tell("platform", f"S{number}")
            told.append(ids.event_id(live.tenants["platform"], seq))
            crowd.wait_for(told[-1])
        backends = dict(superuser.execute(BACKENDS, [[NAME, APPLICATION_NAME]]).fetchall())
        assert backends[APPLICATION_NAME] == 1
        assert backends.get(NAME, 0) <= 4, "the pool is for requests; streams must leave it alone"
        assert all(list(seen) == told for seen in crowd.received)
        assert crowd.ended == 0
    finally:
        crowd.close()
        web.close()
