"""From a change in the database to its event on many open streams of one web process."""

import os
import random
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench import environment
from bench.streams import Crowd

STREAMS = 200
CHANGES = 200
PAUSE_SECONDS = (0.05, 0.25)
"""Between two changes, so that they fall anywhere between two looks of the tailer."""
NAME = "bench-web"
BACKENDS = "SELECT application_name, count(*) FROM pg_stat_activity WHERE application_name = ANY(%s) GROUP BY 1"


def measure(streams: int = STREAMS, changes: int = CHANGES) -> dict[str, Any]:
    """Milliseconds from the commit of a change of status to its arrival, over all streams; the web process's database
    connections, and its memory per stream."""
    from jobs.events.tailer import APPLICATION_NAME

    environment.clear_jobs()
    with web(streams) as (port, process):
        crowd = Crowd(port, {"Authorization": f"Bearer {_token()}"}, 1)
        crowd.open()  # everything is loaded now
        crowd.close()
        before = _resident_kib(process)
        crowd = Crowd(port, {"Authorization": f"Bearer {_token()}"}, streams)
        try:
            crowd.open()
            each = (_resident_kib(process) - before) / streams
            committed = _change(changes)
            for event_id in committed:
                crowd.wait_for(event_id)
            with environment.superuser() as direct:
                backends = dict(direct.execute(BACKENDS, [[NAME, APPLICATION_NAME]]).fetchall())
        finally:
            crowd.close()
    environment.clear_jobs()
    delays = sorted((seen[event_id] - at) * 1000 for seen in crowd.received for event_id, at in committed.items())
    return {
        "streams": streams,
        "changes": len(committed),
        "backends_streams": backends.get(APPLICATION_NAME, 0),
        "backends_requests": backends.get(NAME, 0),
        "kib_per_stream": each,
    } | {f"p{percent}_ms": delays[len(delays) * percent // 100 - 1] for percent in (50, 95, 99)}


def _change(changes: int) -> dict[str, float]:
    """Event id → time just before the commit, of so many changes."""
    from jobs import events

    return {events.last_id(): time.perf_counter() for _job_no, _status in change(changes, PAUSE_SECONDS)}


def change(changes: int, pause: tuple[float, float]) -> Iterator[tuple[str, str]]:
    """Ask for exports and cancel them: (number, new status) of each change, within its transaction. ``pause``: seconds
    between two, at least and at most."""
    from accounts.models import User
    from accounts.tenancy import tenant_scope
    from jobs.exports import services

    tenant_id, user_id = environment.actor()
    chance = random.Random(7)
    job_no = ""
    for _number in range(changes):
        with tenant_scope(tenant_id):
            actor = User.objects.select_related("tenant").get(pk=user_id)
            if job_no:
                services.cancel_export(job_no, actor=actor)
                yield job_no, "canceled"
                job_no = ""
            else:
                job_no = services.request_export(dataset="members", file_type="csv", params={}, actor=actor).job_no
                yield job_no, "queued"
        time.sleep(chance.uniform(*pause))


def _token() -> str:
    from accounts.models import User
    from accounts.signin import families
    from accounts.tenancy import tenant_scope

    tenant_id, user_id = environment.actor()
    with tenant_scope(tenant_id):
        return str(families.begin(User.objects.get(pk=user_id)).access)


@contextmanager
def web(streams: int) -> Iterator[tuple[int, "subprocess.Popen[bytes]"]]:
    """A web process as ``manage.py up`` starts it; its port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = {
        "DATABASE_POOL": "10",
        "PGAPPNAME": NAME,
        "EVENT_STREAMS_PER_USER": str(streams + 1),
        "EVENT_STREAMS_MOST": str(streams + 1),
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "uvicorn", "exportcenter.asgi:application", "--port", str(port), "--no-access-log"],
        cwd=environment.ROOT,
        env=os.environ | settings,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_for(port, process)
        yield port, process
    finally:
        process.terminate()
        process.wait(20)


def _wait_for(port: int, process: "subprocess.Popen[bytes]") -> None:
    end = time.monotonic() + 30
    while time.monotonic() < end and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError("the web process did not start")


def _resident_kib(process: "subprocess.Popen[bytes]") -> int:
    _before, _found, after = Path(f"/proc/{process.pid}/status").read_text().partition("VmRSS:")
    return int(after.split()[0])
