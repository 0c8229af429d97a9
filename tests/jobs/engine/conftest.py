"""Helpers of the engine's tests: jobs of the tiny kind, and workers."""

import uuid

import pytest

from exportcenter.common import clock
from jobs.engine import kinds, queue
from jobs.engine.numbers import next_job_no
from jobs.records.models import Member
from tests.echo.models import EchoJob
from tests.processes import Processes


@pytest.fixture
def echo():
    """echo(world, "finance", steps=3) → a queued job of the second kind (committed when the test is live)."""

    def _echo(world, name: str, **fields) -> EchoJob:
        with world.scope(name):
            now = clock.now()
            job = EchoJob(
                id=uuid.uuid4(),
                owner=world.user(name),
                job_no=next_job_no("X", now),
                created_at=now,
                **{"available_at": now, **fields},
            )
            job.root_id = job.id
            queue.enqueue(kinds.get("echo"), job)
        return job

    return _echo


@pytest.fixture
def reload():
    """reload(world, job) → the job as the database has it now."""

    def _reload(world, job):
        with world.scope(world_slug(world, job)):
            return type(job).objects.select_related("owner").get(pk=job.pk)

    return _reload


def world_slug(world, job) -> str:
    return next(slug for slug, tenant_id in world.tenants.items() if tenant_id == job.tenant_id)


@pytest.fixture
def processes(live, tmp_path):
    """Starts real workers; none survives the test."""
    started = Processes(tmp_path)
    yield started
    started.close()


@pytest.fixture
def members():
    """members(world, 2000): rows for the slow dataset."""

    def _members(world, count: int) -> None:
        with world.scope("platform"):
            now = clock.now()
            Member.objects.bulk_create(
                [
                    Member(member_no=f"M{number:08d}", name="张三", region="华东", created_at=now)
                    for number in range(count)
                ],
                batch_size=2000,
            )

    return _members
