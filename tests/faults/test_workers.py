"""Real worker processes, really killed. Lease 3 s, sweep 0.75 s (time scale 20)."""

import hashlib
import os
import shutil
import signal
import threading
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from jobs import storage
from jobs.engine import kinds, runner
from jobs.exports import services
from jobs.models import Attempt, ExportJob, JobLog
from tests.echo.models import EchoJob
from tests.processes import kill_family, wait_for

pytestmark = pytest.mark.processes

LEASE_AND_SWEEP = (60 + 15) / 20
BACKOFF_AND_START = 4
"""At most 1.5 s of backoff after the first crash, a poll, and a loaded machine."""


def export_slow(live, name="admin", **more):
    with live.scope(name):
        job = services.request_export(dataset="slow", file_type="csv", params={}, actor=live.user(name), **more)
    connection.close()
    return job


def stored_files() -> list[Path]:
    return [path for path in (settings.VAR_DIR / "files").rglob("*") if path.is_file()]


def attempts(live, job):
    with live.scope("platform"):
        return list(Attempt.objects.filter(job_id=job.pk).order_by("number").values_list("outcome", flat=True))


def is_writing(live, reload, job):
    def look():
        row = reload(live, job)
        return row.status == "processing" and row.rows_expected is not None

    return look


def check_file(job, rows: int) -> None:
    """The one stored file is the row's, to the byte."""
    assert [str(path) for path in stored_files()] == [storage.store().path(job.file_key)]
    content = Path(storage.store().path(job.file_key)).read_bytes()
    assert len(content) == job.file_size
    assert hashlib.sha256(content).hexdigest() == job.file_sha256
    assert content.count(b"\r\n") - 1 == rows == job.row_count


def test_kill_9_in_the_middle_ends_ready_on_another_worker(live, processes, members, reload):
    members(live, 700)
    workers = [processes.worker(), processes.worker()]
    job = export_slow(live)
    wait_for(is_writing(live, reload, job), 20, "the job did not start")
    child = int(reload(live, job).lease_owner.split(":")[1])
    victim = next(worker for worker in workers if worker.pid == os.getpgid(child))
    kill_family(victim)
    killed = timezone.now()
    wait_for(lambda: reload(live, job).status == "ready", 40, processes.logs())
    ready = reload(live, job)
    assert (ready.started_at - killed).total_seconds() <= LEASE_AND_SWEEP + BACKOFF_AND_START
    assert ready.lease_owner != f"{ready.lease_owner.split(':')[0]}:{child}"
    assert attempts(live, job) == ["lost", "ready"]
    assert ready.crash_count == 1
    check_file(ready, 700)
    with live.scope("platform"):
        lines = [line.message for line in JobLog.objects.filter(job_id=job.pk) if line.message.startswith("Attempt")]
    assert [line.split(" on ")[0] for line in lines] == [
        "Attempt 1",
        "Attempt 1 ended: lost (WORKER_LOST)",
        "Attempt 2",
        "Attempt 2 ended: ready",
    ]


def test_sigterm_lets_a_short_job_finish(live, processes, members, reload):
    members(live, 400)
    worker = processes.worker()
    job = export_slow(live)
    wait_for(is_writing(live, reload, job), 20, "the job did not start")
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(30) == 0
    check_file(reload(live, job), 400)
    assert attempts(live, job) == ["ready"]


def test_sigterm_releases_a_long_job_and_the_next_worker_finishes_it(live, processes, members, reload):
    members(live, 1500)
    worker = processes.worker(ENGINE_STOP_GRACE_SECONDS="1")
    job = export_slow(live)
    wait_for(is_writing(live, reload, job), 20, "the job did not start")
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(30) == 0
    released = reload(live, job)
    assert (released.status, released.attempt, released.crash_count) == ("queued", 0, 0)
    assert stored_files() == []
    processes.worker()
    wait_for(lambda: reload(live, job).status == "ready", 40, processes.logs())
    assert attempts(live, job) == ["released", "ready"]
    check_file(reload(live, job), 1500)


def test_cancel_in_the_middle_stops_within_five_seconds_and_leaves_no_file(live, processes, members, reload):
    members(live, 5000)
    processes.worker(ENGINE_TIME_SCALE="1")  # the product's own clock
    job = export_slow(live)
    wait_for(is_writing(live, reload, job), 20, "the job did not start")
    asked = timezone.now()
    with live.scope("admin"):
        services.cancel_export(job.job_no, actor=live.user("admin"))
    wait_for(lambda: reload(live, job).status == "canceled", 10, processes.logs())
    ended = reload(live, job)
    assert (ended.finished_at - asked).total_seconds() <= 5
    assert (ended.file_key, ended.file_size) == (None, None)
    assert stored_files() == []
    wait_for(lambda: not list(settings.SPOOL_DIR.glob(f"{job.pk}*")), 5, "the spool file is still there")
    assert attempts(live, job) == ["canceled"]


def test_never_more_than_three_jobs_of_one_user_run(live, processes, echo, reload):
    processes.worker(concurrency=5)
    jobs = [echo(live, "finance", steps=6, pause=0.1) for _number in range(8)]
    other = echo(live, "risk", steps=1)
    most = 0

    def all_ready():
        nonlocal most
        with live.scope("platform"):
            running = EchoJob.objects.filter(owner_id=jobs[0].owner_id, status="processing").count()
            left = EchoJob.objects.exclude(status="ready").count()
        most = max(most, running)
        return left == 0

    wait_for(all_ready, 60, processes.logs())
    assert most == 3
    assert reload(live, other).finished_at < max(reload(live, job).finished_at for job in jobs)


def test_a_deleted_broker_folder_loses_nothing(live, processes, echo, reload):
    worker = processes.worker(concurrency=2)
    jobs = []
    for number in range(30):
        jobs.append(echo(live, ["finance", "risk", "operator"][number % 3], steps=1, pause=0.05))
        if number % 7 == 3:
            shutil.rmtree(settings.BROKER_DIR, ignore_errors=True)
    wait_for(lambda: all(reload(live, job).status == "ready" for job in jobs), 60, processes.logs())
    assert all(attempts(live, job) == ["ready"] for job in jobs)
    assert worker.poll() is None


def test_without_any_bell_the_keeper_finds_the_jobs(live, processes, echo, reload, monkeypatch):
    monkeypatch.setattr("jobs.engine.doorbell.ring", lambda kind, times=1: False)  # the broker refuses every bell
    job = echo(live, "finance", steps=1)
    processes.worker()
    wait_for(lambda: reload(live, job).status == "ready", 20, processes.logs())


def test_a_poison_job_stops_after_three_dead_workers(live, processes, echo, reload):
    processes.worker()
    job = echo(live, "finance", steps=1, trouble="die")
    wait_for(lambda: reload(live, job).status == "failed", 60, processes.logs())
    ended = reload(live, job)
    assert (ended.error["code"], ended.crash_count) == ("POISON", 3)
    assert attempts(live, job) == ["lost", "lost", "lost"]
    later = echo(live, "finance", steps=1)
    wait_for(lambda: reload(live, later).status == "ready", 20, processes.logs())


def test_a_worker_that_was_asleep_too_long_publishes_nothing(live, processes, members, reload):
    """A zombie: stopped in the middle, overtaken, then woken up. Only the second file counts."""
    members(live, 700)
    sleeper = processes.worker()
    job = export_slow(live)
    wait_for(is_writing(live, reload, job), 20, "the job did not start")
    os.killpg(sleeper.pid, signal.SIGSTOP)
    processes.worker()
    wait_for(lambda: reload(live, job).status == "ready", 40, processes.logs())
    before = reload(live, job)
    os.killpg(sleeper.pid, signal.SIGCONT)
    wait_for(lambda: not list(settings.SPOOL_DIR.glob(f"{job.pk}*")), 20, "the zombie's spool file is still there")
    wait_for(lambda: len(stored_files()) == 1, 20, "what the zombie stored before it was refused is still there")
    after = reload(live, job)
    assert (after.fence, after.file_key, after.version) == (before.fence, before.file_key, before.version)
    assert attempts(live, job) == ["lost", "ready"]
    check_file(after, 700)


def test_full_disk_is_tried_again_and_leaves_no_partial_file(live, members, reload, settings, tmp_path):
    members(live, 10)
    job = export_slow(live)
    blocked = tmp_path / "spool"
    blocked.write_text("a file where the folder should be")
    settings.SPOOL_DIR = blocked
    runner.run_one_due(kinds.get("export"))
    row = reload(live, job)
    assert (row.status, row.attempt) == ("queued", 1)
    assert attempts(live, job) == ["retry"]
    assert stored_files() == []
    settings.SPOOL_DIR = tmp_path / "good"
    with live.scope("platform"):
        ExportJob.objects.filter(pk=job.pk).update(available_at=timezone.now())
    runner.run_one_due(kinds.get("export"))
    check_file(reload(live, job), 10)


def test_two_beats_do_no_harm(live, processes, echo, reload):
    processes.worker()
    processes.beat()
    processes.beat()
    jobs = [echo(live, "finance", steps=1) for _number in range(3)]
    wait_for(lambda: all(reload(live, job).status == "ready" for job in jobs), 30, processes.logs())
    wait_for(lambda: processes.logs().count("Sending due task Sweep") >= 2, 30, processes.logs())
    assert all(attempts(live, job) == ["ready"] for job in jobs)


def test_killed_at_random_moments_every_job_still_ends_exactly_once(live, processes, members, reload):
    """A small soak: six exports, workers killed again and again."""
    members(live, 300)
    jobs = [export_slow(live, name) for name in ("admin", "risk", "finance", "admin", "risk", "finance")]
    stop = threading.Event()

    def murder():
        while not stop.is_set():
            worker = processes.worker(concurrency=2)
            if stop.wait(2.5):
                return
            kill_family(worker)

    thread = threading.Thread(target=murder)
    thread.start()
    try:
        stop.wait(8)
    finally:
        stop.set()
        thread.join(40)
    processes.worker(concurrency=2)
    ended = {"ready", "failed"}
    wait_for(lambda: all(reload(live, job).status in ended for job in jobs), 60, processes.logs())
    rows = [reload(live, job) for job in jobs]
    ready = [row for row in rows if row.status == "ready"]
    assert all(row.error["code"] == "POISON" for row in rows if row.status == "failed")
    assert all(attempts(live, row).count("ready") == 1 for row in ready)
    for row in ready:
        content = Path(storage.store().path(row.file_key)).read_bytes()
        assert hashlib.sha256(content).hexdigest() == row.file_sha256
