"""Who is served next, and how many at once."""

import threading
from collections import Counter
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from jobs.engine import kinds, lifecycle, queue
from jobs.engine.states import Status
from jobs.models import Attempt
from jobs.models.job import Lane
from tests.echo.kind import Said
from tests.echo.models import EchoJob


@pytest.fixture
def kind():
    return kinds.get("echo")


def claim(kind):
    return queue.claim(kind, worker="test:1")


def test_a_claim_has_fence_slot_lease_and_attempt(world, echo, kind):
    job = echo(world, "finance")
    held = claim(kind)
    assert held.job.pk == job.pk
    assert (held.job.status, held.job.slot, held.job.attempt, held.job.fence) == (Status.PROCESSING, 1, 1, held.fence)
    with world.scope("finance"):
        attempt = Attempt.objects.get(job_id=job.pk)
        assert (attempt.number, attempt.fence, attempt.outcome) == (1, held.fence, "running")


def test_nothing_due_is_no_claim(world, echo, kind):
    assert claim(kind) is None
    job = echo(world, "finance")
    with world.scope("finance"):
        EchoJob.objects.filter(pk=job.pk).update(available_at="2999-01-01T00:00:00Z")
    assert claim(kind) is None


def test_at_most_three_jobs_of_one_owner_run(world, echo, kind):
    for _number in range(5):
        echo(world, "finance")
    held = [claim(kind) for _number in range(5)]
    assert [one and one.job.slot for one in held] == [1, 2, 3, None, None]
    assert lifecycle.publish(held[1], Said(1))
    assert claim(kind).job.slot == 2


def test_a_thousand_jobs_of_one_owner_do_not_starve_another(world, echo, kind):
    for _number in range(30):
        echo(world, "finance")
    late = echo(world, "risk")
    foreign = echo(world, "globex_admin")
    served = []
    for _number in range(4):  # one worker: the next claim comes after the last job has ended
        held = claim(kind)
        served.append(held.job.pk)
        assert lifecycle.publish(held, Said(1))
    assert {late.pk, foreign.pk} <= set(served[:3])


def test_oldest_first_within_an_owner_and_the_fast_lane_before_all(world, echo, kind):
    now = timezone.now()
    second = echo(world, "finance", available_at=now - timedelta(seconds=2))
    first = echo(world, "finance", available_at=now - timedelta(seconds=3))
    fast = echo(world, "finance", available_at=now - timedelta(seconds=1), priority=Lane.FAST)
    assert [claim(kind).job.pk for _number in range(3)] == [fast.pk, first.pk, second.pk]


def test_a_job_that_shall_be_canceled_is_not_claimed(world, echo, kind):
    job = echo(world, "finance")
    with world.scope("finance"):
        lifecycle.request_cancel(kind, EchoJob.objects.get(pk=job.pk), actor=world.user("finance"))
        assert EchoJob.objects.get(pk=job.pk).status == Status.CANCELED
    assert claim(kind) is None


def test_sixteen_claimers_never_exceed_the_limit_and_never_share_a_job(live, echo, kind):
    owners = ["finance", "risk", "operator", "acme_admin", "globex_admin"]
    for name in owners:
        for _number in range(8):
            echo(live, name)
    held, lock = [], threading.Lock()

    def take():
        try:
            while (one := claim(kind)) is not None:
                with lock:
                    held.append(one)
        finally:
            connection.close()

    threads = [threading.Thread(target=take) for _number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len({one.job.pk for one in held}) == len(held) == 15
    assert set(Counter(one.job.owner_id for one in held).values()) == {3}
    assert len({one.fence for one in held}) == 15
