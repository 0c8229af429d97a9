"""Imports under kill -9: whatever is killed when, each row is there once (SPEC B3)."""

import contextlib
import os
import random
import signal
import subprocess
import sys
import time

import pytest
from django.db import connection
from django.db.models import Count

from jobs.engine import sweeps
from jobs.imports import services
from jobs.models import ImportChange, ImportChunk
from jobs.records.models import Member
from tests.jobs.imports import runs
from tests.processes import ROOT, wait_for

pytestmark = pytest.mark.processes

ROWS = 50_000
KILLS = 20
SEED = 20261128
CONTENT = "会员号,姓名,地区,积分\r\n" + "".join(f"M{number:06d},张{number},华东,{number}\r\n" for number in range(ROWS))


@pytest.fixture
def nursery():
    """Bears a worker: the child's number."""
    environment = os.environ | {"LOG_LEVEL": "ERROR", "IMPORT_CHUNK_ROWS": "500"}
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.faults.nursery"],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )

    def bear() -> int:
        process.stdin.write("\n")
        process.stdin.flush()
        return int(process.stdout.readline())

    bear.ended = lambda: process.stdout.readline().strip() == "ended"
    yield bear
    process.stdin.close()
    process.kill()
    process.wait(10)
    process.stdout.close()


def take_over(live, superuser, job):
    """As if the lease were over: the sweep finds the job, and it is due at once."""
    superuser.execute("UPDATE jobs_importjob SET lease_until = now() - interval '1 s' WHERE status = 'processing'")
    sweeps.sweep(ring=False)
    superuser.execute("UPDATE jobs_importjob SET available_at = now() WHERE status = 'queued'")
    connection.close()
    return runs.fresh(live, job)


def written(live, job):
    with live.scope("platform"):
        return ImportChunk.objects.filter(job_id=job.pk).count()


@pytest.mark.parametrize("undo", [False, True], ids=["write", "write and take back"])
def test_kill_9_at_twenty_points(live, nursery, superuser, undo):
    chance = random.Random(SEED)
    job = runs.run(live, runs.ask(live, "operator", CONTENT.encode()))
    with live.scope("operator"):
        services.confirm_import(job.job_no, actor=live.user("operator"))
    connection.close()
    killed = 0
    while killed < KILLS:
        before = written(live, job)
        child = nursery()
        wait_for(lambda before=before: written(live, job) > before, 30, "the worker does not come forward")
        time.sleep(chance.uniform(0, 0.06))
        os.kill(child, signal.SIGKILL)
        assert nursery.ended()
        killed += 1
        assert take_over(live, superuser, job).status == "queued", "it was over before it could be killed"
    nursery()
    assert nursery.ended()
    check_written(live, job)
    if undo:
        check_taken_back(live, nursery, superuser, job, chance)


def check_written(live, job):
    done = runs.fresh(live, job)
    assert (done.status, done.counts) == ("ready", {"rows": ROWS, "to_create": ROWS, "created": ROWS})
    with live.scope("platform"):
        assert Member.objects.count() == ROWS
        assert Member.objects.filter(name="张49999", points=49_999).count() == 1
        changes = ImportChange.objects.filter(job_id=job.pk)
        assert changes.count() == ROWS
        assert not changes.values("key").annotate(times=Count("id")).filter(times__gt=1).exists()
        assert sum(chunk.counts["created"] for chunk in ImportChunk.objects.filter(job_id=job.pk)) == ROWS


def check_taken_back(live, nursery, superuser, job, chance):
    with live.scope("operator"):
        undo = services.undo_import(job.job_no, actor=live.user("operator"))
    connection.close()
    for _number in range(5):
        child = nursery()
        wait_for(
            lambda: runs.fresh(live, undo).counts.get("removed"),
            30,
            "nothing is taken back",
        )
        time.sleep(chance.uniform(0, 0.06))
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
        assert nursery.ended()
        take_over(live, superuser, undo)
    nursery()
    assert nursery.ended()
    done = runs.fresh(live, undo)
    assert (done.status, done.counts) == ("ready", {"rows": ROWS, "removed": ROWS})
    with live.scope("platform"):
        assert Member.objects.count() == 0


def test_a_late_worker_changes_nothing(live, nursery, superuser):
    """A worker that is stopped in the middle, and goes on when somebody else has the job, writes not one row more."""
    job = runs.run(live, runs.ask(live, "operator", CONTENT.encode()))
    with live.scope("operator"):
        services.confirm_import(job.job_no, actor=live.user("operator"))
    connection.close()
    child = nursery()
    wait_for(lambda: written(live, job) > 3, 30, "the worker does not come forward")
    os.kill(child, signal.SIGSTOP)
    time.sleep(1)  # a statement that was under way ends
    superuser.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE state = 'idle in transaction' AND pid <> pg_backend_pid()"
    )  # what the server itself does after 15 seconds
    take_over(live, superuser, job)
    assert runs.run(live, job).status == "ready"
    os.kill(child, signal.SIGCONT)
    assert nursery.ended()
    check_written(live, job)
