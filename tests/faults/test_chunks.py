"""An export that several workers write, with one of them killed: the file is the unbroken one, byte for byte."""

import os
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.utils import timezone

from jobs import storage
from jobs.exports import services
from jobs.models import Attempt, ExportChunk
from tests.processes import kill_family, wait_for

pytestmark = pytest.mark.processes

ROWS = 1500
CHUNKED = {"EXPORT_SEGMENT_ROWS": "50", "EXPORT_CHUNK_ROWS": "300"}
JUST = timedelta(seconds=0.5)
"""Of the 1.2 s that a chunk takes."""
UNBROKEN = CHUNKED | {"EXPORT_CHUNK_ROWS": "0"}


def ask(live, file_type: str):
    with live.scope("admin"):
        options = {"compression": "gzip"} if file_type == "csv" else {}
        job = services.request_export(
            dataset="slow", file_type=file_type, params={}, options=options, actor=live.user("admin")
        )
    connection.close()
    return job


def content(job) -> bytes:
    return Path(storage.store().path(job.file_key)).read_bytes()


def unbroken(live, processes, reload, file_type: str) -> bytes:
    worker = processes.worker(**UNBROKEN)
    job = ask(live, file_type)
    wait_for(lambda: reload(live, job).status == "ready", 40, processes.logs())
    kill_family(worker)
    assert chunks(live, job) == []
    return content(reload(live, job))


def chunks(live, job) -> list[ExportChunk]:
    with live.scope("platform"):
        return list(ExportChunk.objects.filter(export_id=job.pk))


def family(owner: str) -> int:
    """Process group of the worker that holds a lease."""
    return os.getpgid(int(owner.split(":")[1]))


def helper_of(live, reload, job):
    """A chunk that another worker than the coordinator has just begun, and that worker's group."""
    coordinator = reload(live, job).lease_owner
    if not coordinator:
        return None
    for chunk in chunks(live, job):
        begun = chunk.status == "processing" and timezone.now() - chunk.started_at < JUST
        if begun and family(chunk.lease_owner) != family(coordinator):
            return chunk, family(chunk.lease_owner)
    return None


@pytest.mark.parametrize("file_type", ["csv", "xlsx"])
def test_a_chunk_whose_worker_is_killed_is_redone_alone(live, processes, members, reload, file_type):
    members(live, ROWS)
    expected = unbroken(live, processes, reload, file_type)
    workers = {worker.pid: worker for worker in (processes.worker(**CHUNKED) for _number in range(2))}
    job = ask(live, file_type)
    lost, group = wait_for(lambda: helper_of(live, reload, job), 40, "no second worker helped")
    kill_family(workers[group])
    wait_for(lambda: reload(live, job).status == "ready", 60, processes.logs())
    ready = reload(live, job)
    assert content(ready) == expected
    with live.scope("platform"):
        outcomes = {
            chunk.number: list(
                Attempt.objects.filter(job_id=chunk.pk).order_by("number").values_list("outcome", flat=True)
            )
            for chunk in chunks(live, job)
        }
    assert outcomes.pop(lost.number) == ["lost", "ready"]
    assert set(map(tuple, outcomes.values())) == {("ready",)}
    assert ready.attempt == 1
    assert ready.row_count == ROWS


def test_a_killed_coordinator_is_replaced_and_plans_anew(live, processes, members, reload):
    members(live, ROWS)
    expected = unbroken(live, processes, reload, "csv")
    workers = {worker.pid: worker for worker in (processes.worker(**CHUNKED) for _number in range(2))}
    job = ask(live, "csv")
    wait_for(lambda: helper_of(live, reload, job), 40, "no second worker helped")
    kill_family(workers[family(reload(live, job).lease_owner)])
    wait_for(lambda: reload(live, job).status == "ready", 60, processes.logs())
    ready = reload(live, job)
    assert content(ready) == expected
    assert ready.attempt == 2
    generations = {chunk.generation for chunk in chunks(live, job)}
    assert len(generations) == 2
    old = min(generations)

    def is_over():
        """The dead coordinator's own chunk is swept up like any other lost job."""
        statuses = {chunk.status for chunk in chunks(live, job) if chunk.generation == old}
        return statuses <= {"expired", "canceled", "failed"}

    wait_for(is_over, 20, "chunks of the lost attempt are still alive")
    assert list(Path(storage.store().path("exports")).rglob("*.chunk")) == []
