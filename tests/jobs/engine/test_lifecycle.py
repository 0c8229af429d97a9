"""How attempts end: each way once, by the fence's holder only."""

import threading
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from accounts.models import AuditEntry
from exportcenter.common.errors import StateConflict
from jobs.engine import kinds, lifecycle, queue, runner, sweeps
from jobs.engine.context import RunContext
from jobs.engine.errors import JobCrashed, JobTimeout, StorageTrouble
from jobs.engine.heartbeat import Heartbeat
from jobs.models import Attempt, Event, JobLog
from tests.echo.kind import Said
from tests.echo.models import EchoJob


@pytest.fixture
def kind():
    return kinds.get("echo")


@pytest.fixture
def held(world, echo, kind):
    """A claim on a job of finance."""
    echo(world, "finance")
    return queue.claim(kind, worker="test:1")


def age(world, job, **moments):
    with world.scope("finance"):
        EchoJob.objects.filter(pk=job.pk).update(**{name: timezone.now() + delta for name, delta in moments.items()})


def outcomes(world, job):
    with world.scope("finance"):
        return list(Attempt.objects.filter(job_id=job.pk).order_by("number").values_list("outcome", flat=True))


def test_publishing_sets_the_result_and_tells_the_world(world, held, reload):
    assert lifecycle.publish(held, Said(7))
    job = reload(world, held.job)
    assert (job.status, job.progress, job.said, job.slot) == ("ready", 100, "counted to 7", None)
    assert outcomes(world, job) == ["ready"]
    with world.scope("finance"):
        events = list(Event.objects.filter(subject=job.job_no).order_by("seq"))
        changes = [event for event in events if event.type == "job.status"]
        assert [event.data["status"] for event in changes] == ["queued", "processing", "ready"]
        assert [event.seq for event in events] == list(range(events[0].seq, events[0].seq + 4))
        assert {event.type for event in events} == {"job.status", "notification"}
        changes = AuditEntry.objects.filter(resource=f"echo:{job.job_no}").order_by("seq")
        assert [(entry.details["from"], entry.details["to"]) for entry in changes] == [
            (None, "queued"),
            ("queued", "processing"),
            ("processing", "ready"),
        ]


def test_an_older_fence_changes_nothing(world, held, kind, reload):
    age(world, held.job, lease_until=-timedelta(seconds=1))
    assert sweeps.sweep()["recovered"] == 1
    age(world, held.job, available_at=-timedelta(seconds=1))
    newer = queue.claim(kind, worker="test:2")
    assert newer.fence > held.fence
    assert not lifecycle.publish(held, Said(1))
    lifecycle.fail(held, StorageTrouble())
    lifecycle.cancel(held)
    lifecycle.release(held)
    assert reload(world, held.job).status == "processing"
    assert lifecycle.publish(newer, Said(2))
    assert reload(world, held.job).said == "counted to 2"
    assert outcomes(world, held.job) == ["lost", "ready"]


def test_a_transient_failure_waits_longer_each_time_and_ends_after_three_retries(world, held, kind, reload):
    claim = held
    for attempt, (least, most) in enumerate([(1, 3), (2, 6), (4, 12)], start=1):
        lifecycle.fail(claim, StorageTrouble())
        job = reload(world, held.job)
        assert (job.status, job.attempt, job.error) == ("queued", attempt, None)
        wait = (job.available_at - timezone.now()).total_seconds()
        assert least - 0.5 <= wait <= most
        assert queue.claim(kind, worker="early") is None
        age(world, job, available_at=-timedelta(seconds=1))
        claim = queue.claim(kind, worker="test:1")
    lifecycle.fail(claim, StorageTrouble())
    job = reload(world, held.job)
    assert (job.status, job.attempt, job.error["code"]) == ("failed", 4, "STORAGE_UNAVAILABLE")
    assert job.error["advice"]
    assert outcomes(world, job) == ["retry", "retry", "retry", "failed"]


def test_a_permanent_failure_fails_at_once_and_keeps_the_stack(world, held, reload):
    lifecycle.fail(held, JobCrashed(), stack="Traceback …")
    job = reload(world, held.job)
    assert (job.status, job.error["code"], job.error_stack) == ("failed", "INTERNAL_ERROR", "Traceback …")


def test_release_gives_the_attempt_back(world, held, kind, reload):
    lifecycle.release(held)
    job = reload(world, held.job)
    assert (job.status, job.attempt, job.crash_count) == ("queued", 0, 0)
    assert outcomes(world, job) == ["released"]
    assert queue.claim(kind, worker="test:2").job.attempt == 1


def test_a_lost_worker_costs_a_crash_and_three_crashes_are_poison(world, held, kind, reload):
    for crash in (1, 2):
        age(world, held.job, lease_until=-timedelta(seconds=1))
        assert sweeps.sweep()["recovered"] == 1
        job = reload(world, held.job)
        assert (job.status, job.crash_count) == ("queued", crash)
        age(world, job, available_at=-timedelta(seconds=1))
        assert queue.claim(kind, worker="test:1") is not None
    age(world, held.job, lease_until=-timedelta(seconds=1))
    sweeps.sweep()
    job = reload(world, held.job)
    assert (job.status, job.error["code"]) == ("failed", "POISON")


def test_the_sweep_fails_a_job_past_its_deadline(world, held, reload):
    age(world, held.job, deadline_at=-timedelta(seconds=1))
    assert not lifecycle.publish(held, Said(1))
    sweeps.sweep()
    job = reload(world, held.job)
    assert (job.status, job.error["code"]) == ("failed", "EXPORT_TIMEOUT")
    assert outcomes(world, job) == ["timeout"]


def test_a_live_lease_is_left_alone(world, held, reload):
    assert sweeps.sweep()["recovered"] == 0
    assert reload(world, held.job).status == "processing"


def test_the_sweep_ends_a_lost_job_that_should_be_canceled(world, held, kind, reload):
    with world.scope("finance"):
        lifecycle.request_cancel(kind, EchoJob.objects.get(pk=held.job.pk), actor=world.user("finance"))
    assert not lifecycle.publish(held, Said(1))
    age(world, held.job, lease_until=-timedelta(seconds=1))
    sweeps.sweep()
    assert reload(world, held.job).status == "canceled"


@pytest.mark.parametrize("end", ["ready", "failed"])
def test_a_finished_job_cannot_be_canceled(world, held, kind, reload, end):
    if end == "ready":
        lifecycle.publish(held, Said(1))
    else:
        lifecycle.fail(held, JobTimeout())
    with world.scope("finance"), pytest.raises(StateConflict):
        lifecycle.request_cancel(kind, EchoJob.objects.get(pk=held.job.pk), actor=world.user("finance"))
    assert reload(world, held.job).status == end


def test_expiry_follows_the_clock(world, held, reload):
    lifecycle.publish(held, Said(1))
    age(world, held.job, expires_at=timedelta(hours=1))
    assert sweeps.expire() == 0
    age(world, held.job, expires_at=-timedelta(seconds=1))
    assert sweeps.expire() == 1
    assert reload(world, held.job).status == "expired"
    assert sweeps.expire() == 0


def test_the_sweep_gives_a_forgotten_owner_a_turn(live, echo, kind, superuser):
    echo(live, "finance")
    superuser.execute("DELETE FROM jobs_turn")
    assert queue.claim(kind, worker="test:1") is None
    assert sweeps.sweep()["turns"] == 1
    assert queue.claim(kind, worker="test:1") is not None


def test_many_sweepers_recover_each_job_once(live, echo, kind, superuser):
    for name in ("finance", "risk", "operator", "admin"):
        for _number in range(3):
            echo(live, name)
    while queue.claim(kind, worker="dead:1"):
        pass
    superuser.execute("UPDATE echo_echojob SET lease_until = now() - interval '1 s'")
    counts = []

    def run():
        try:
            counts.append(sweeps.sweep()["recovered"])
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sum(counts) == 12
    assert superuser.execute("SELECT DISTINCT crash_count, status FROM echo_echojob").fetchall() == [(1, "queued")]


def test_cancel_and_publish_meet_on_one_row_and_exactly_one_wins(live, echo, kind, reload):
    won = {"ready": 0, "canceled": 0}
    for _number in range(40):
        job = echo(live, "finance")
        held = queue.claim(kind, worker="test:1")
        gate = threading.Barrier(2)

        def cancel(job=job, gate=gate):
            try:
                gate.wait(10)
                with live.scope("finance"), transaction.atomic():
                    row = EchoJob.objects.select_for_update().get(pk=job.pk)
                    lifecycle.request_cancel(kind, row, actor=live.user("finance"))
            except StateConflict:
                pass
            finally:
                connection.close()

        thread = threading.Thread(target=cancel)
        thread.start()
        gate.wait(10)
        published = lifecycle.publish(held, Said(1))
        thread.join(30)
        if not published:
            lifecycle.cancel(held)
        status = reload(live, job).status
        assert published == (status == "ready")
        won[status] += 1
    assert sum(won.values()) == 40


# --- the runner, in this process, with its real heartbeat ------------------------------------------------
def run_one(kind):
    assert runner.run_one_due(kind)


@pytest.mark.parametrize(
    ("trouble", "status", "code"),
    [
        ("", "ready", None),
        ("permanent", "failed", "WRONG_ECHO"),
        ("bug", "failed", "INTERNAL_ERROR"),
        ("transient", "queued", None),
    ],
)
def test_a_body_ends_as_it_should(live, echo, kind, reload, trouble, status, code):
    job = echo(live, "finance", steps=3, trouble=trouble)
    run_one(kind)
    ended = reload(live, job)
    assert (ended.status, (ended.error or {}).get("code")) == (status, code)
    assert ("ZeroDivisionError" in ended.error_stack) == (trouble == "bug")
    with live.scope("finance"):
        lines = [line.message for line in JobLog.objects.filter(job_id=job.pk)]
    assert lines[0].startswith("Attempt 1 on ")


def test_progress_never_falls_within_an_attempt(live, echo, kind, reload):
    job = echo(live, "finance")
    context = RunContext(queue.claim(kind, worker="test:1"), seconds=60)
    context.rows_expected = 100
    heartbeat = Heartbeat(context)
    seen = []
    for rows in (40, 70, 10, 71):
        context.rows_done = rows
        heartbeat._finish()
        seen.append(reload(live, job).rows_done)
    heartbeat._close()
    assert seen == [40, 70, 70, 71]
    with live.scope("finance"):
        assert not Event.objects.filter(type="job.progress").exists()


def test_the_time_limit_ends_a_body_that_waits_in_the_database(live, echo, kind, reload, settings):
    settings.ENGINE_TIME_LIMIT_SECONDS = 1
    job = echo(live, "finance", trouble="query")
    started = timezone.now()
    run_one(kind)
    assert timezone.now() - started < timedelta(seconds=6)
    assert reload(live, job).error["code"] == "EXPORT_TIMEOUT"


def test_a_cancel_interrupts_a_query_within_five_seconds(live, echo, kind, reload):
    job = echo(live, "finance", trouble="query")
    thread = threading.Thread(target=lambda: (run_one(kind), connection.close()))
    thread.start()
    while reload(live, job).status != "processing":
        connection.close()
    asked = timezone.now()
    with live.scope("finance"):
        row = EchoJob.objects.select_for_update().get(pk=job.pk)
        lifecycle.request_cancel(kind, row, actor=live.user("finance"))
    thread.join(20)
    ended = reload(live, job)
    assert ended.status == "canceled"
    assert ended.finished_at - asked < timedelta(seconds=5)


def test_a_body_that_ignores_every_wish_still_publishes_nothing_after_a_cancel(live, echo, kind, reload):
    job = echo(live, "finance", trouble="stubborn", steps=3, pause=0.3)
    thread = threading.Thread(target=lambda: (run_one(kind), connection.close()))
    thread.start()
    while reload(live, job).status != "processing":
        connection.close()
    with live.scope("finance"):
        row = EchoJob.objects.select_for_update().get(pk=job.pk)
        lifecycle.request_cancel(kind, row, actor=live.user("finance"))
    thread.join(20)
    ended = reload(live, job)
    assert (ended.status, ended.said) == ("canceled", "")
