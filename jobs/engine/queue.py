"""The queue is the table: enqueue, and the fenced, fair claim (SPEC J1, J2, J5, E9)."""

import random
import time
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import IntegrityError, OperationalError, connection, transaction
from django.db.models.functions import Now

from accounts import tenancy
from exportcenter.common.database import is_lock_timeout
from jobs.engine import doorbell
from jobs.engine.config import SLOTS_PER_OWNER, clock
from jobs.engine.kinds import JobKind
from jobs.engine.record import note_change
from jobs.engine.states import Status
from jobs.models.attempt import Attempt, JobLog
from jobs.models.job import Job
from jobs.models.queue import Turn


@dataclass(frozen=True)
class Claim:
    """The right to work on a job, until somebody gets a higher fence."""

    kind: JobKind
    job: Job
    fence: int
    worker: str

    @property
    def tenant_id(self) -> UUID:
        """Whose job it is."""
        assert self.job.tenant_id is not None
        return self.job.tenant_id


# One probe per owner with waiting jobs: the head of the owner's queue, by index, and a free slot. Sorting all due
# rows instead took fifty times as long with 50,000 rows. MATERIALIZED keeps the planner from running the locking
# part more than once. Owners least recently served come first, so that one user's thousand jobs never starve
# another's one, even with a single worker.
CLAIM = """
WITH heads AS MATERIALIZED (
    SELECT h.id, s.slot, h.priority, t.served_at, h.available_at
    FROM jobs_turn t
    CROSS JOIN LATERAL (
        SELECT g FROM generate_series(1, %(slots)s) g
        WHERE NOT EXISTS (SELECT 1 FROM {table} r WHERE r.tenant_id = t.tenant_id AND r.owner_id = t.owner_id
                          AND r.status = 'processing' AND r.slot = g)
        ORDER BY g LIMIT 1) s(slot)
    CROSS JOIN LATERAL (
        SELECT j.id, j.priority, j.available_at FROM {table} j
        WHERE j.tenant_id = t.tenant_id AND j.owner_id = t.owner_id AND j.status = 'queued'
          AND j.available_at <= now() AND j.cancel_requested_at IS NULL
        ORDER BY j.priority DESC, j.available_at, j.id LIMIT 1) h
    WHERE t.kind = %(kind)s AND t.tenant_id <> ALL (%(skip)s::uuid[])
    ORDER BY h.priority DESC, t.served_at NULLS FIRST, h.available_at, h.id LIMIT 20),
chosen AS MATERIALIZED (
    SELECT j.id, j.tenant_id, j.owner_id, h.slot
    FROM heads h JOIN {table} j USING (id) WHERE j.status = 'queued' AND j.cancel_requested_at IS NULL
    ORDER BY h.priority DESC, h.served_at NULLS FIRST, h.available_at, j.id
    LIMIT 1 FOR UPDATE OF j SKIP LOCKED),
turn AS (
    UPDATE jobs_turn t SET served_at = clock_timestamp() FROM chosen c
    WHERE t.kind = %(kind)s AND t.tenant_id = c.tenant_id AND t.owner_id = c.owner_id)
UPDATE {table} j SET status = 'processing', stage = 'preparing', slot = c.slot, fence = nextval('jobs_fence_seq'),
    attempt = attempt + 1, lease_owner = %(worker)s, lease_until = now() + %(lease)s * interval '1 second',
    started_at = now(), deadline_at = now() + %(limit)s * interval '1 second', rows_done = 0, rows_expected = NULL
FROM chosen c WHERE j.id = c.id AND j.status = 'queued'
RETURNING j.id, j.tenant_id, j.fence
"""
CLAIM_TRIES = 5


def enqueue(kind: JobKind, job: Job) -> None:
    """Insert a new job of the current tenant and ring the bell on commit. Raises IntegrityError on a double."""
    job.save(force_insert=True)
    join_queue(kind, job.owner_id)
    note_change(kind, job, before="")
    doorbell.ring_on_commit(kind)


def join_queue(kind: JobKind, owner_id: UUID) -> None:
    """Make sure that the owner has a turn; without one the claim never looks at the owner's jobs."""
    Turn.objects.bulk_create([Turn(kind=kind.key, owner_id=owner_id)], ignore_conflicts=True)


def claim(kind: JobKind, *, worker: str) -> Claim | None:
    """Take the fairest due job of this kind, or None when nothing may run now.

    One short transaction on the database's clock. Two claimers that choose the same owner's slot meet at the
    unique index; the loser tries again.
    """
    busy: list[UUID] = []
    for number in range(CLAIM_TRIES):
        try:
            return _claim_once(kind, worker, busy)
        except _TenantBusy as error:
            busy.append(error.tenant_id)  # somebody holds that company's head; the others need not wait for it
        except IntegrityError:
            time.sleep(random.uniform(0.005, 0.05) * (number + 1))  # noqa: S311 - jitter
    return None


class _TenantBusy(Exception):
    """The chosen job's company is locked by somebody who does not let go."""

    def __init__(self, tenant_id: UUID) -> None:
        super().__init__(str(tenant_id))
        self.tenant_id = tenant_id


def due(kind: JobKind) -> int:
    """How many owners (at most 20) have a job that could start now and a free slot for it: so many bells to ring."""
    table = kind.model._meta.db_table
    with transaction.atomic(), tenancy.role_scope(tenancy.ENGINE_ROLE), connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT count(*) FROM (
                SELECT 1 FROM jobs_turn t WHERE t.kind = %s AND EXISTS (
                    SELECT 1 FROM {table} j WHERE j.tenant_id = t.tenant_id AND j.owner_id = t.owner_id
                    AND j.status = 'queued' AND j.available_at <= now() AND j.cancel_requested_at IS NULL)
                AND %s > (
                    SELECT count(*) FROM {table} r WHERE r.tenant_id = t.tenant_id AND r.owner_id = t.owner_id
                    AND r.status = 'processing')
                LIMIT 20) owners
            """,  # noqa: S608 - the table's name is ours
            [kind.key, SLOTS_PER_OWNER],
        )
        count: int = cursor.fetchone()[0]
        return count


def _claim_once(kind: JobKind, worker: str, skip: list[UUID]) -> Claim | None:
    values: dict[str, Any] = {
        "kind": kind.key,
        "worker": worker,
        "slots": SLOTS_PER_OWNER,
        "lease": clock().lease,
        "limit": kind.limit_seconds,
        "skip": skip,
    }
    with transaction.atomic():
        with tenancy.role_scope(tenancy.ENGINE_ROLE), connection.cursor() as cursor:
            cursor.execute(CLAIM.format(table=kind.model._meta.db_table), values)
            row = cursor.fetchone()
        if row is None:
            return None
        job_id, tenant_id, fence = row
        try:
            job = _begin_attempt(kind, job_id, tenant_id, fence, worker)
        except OperationalError as error:
            if is_lock_timeout(error):
                raise _TenantBusy(tenant_id) from error
            raise
    return Claim(kind=kind, job=job, fence=fence, worker=worker)


def _begin_attempt(kind: JobKind, job_id: UUID, tenant_id: UUID, fence: int, worker: str) -> Job:
    """Write the attempt down, in the claim's transaction and the job's tenant."""
    with tenancy.tenant_scope(tenant_id):
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('lock_timeout', '1s', true)")
        job: Job = kind.model.objects.select_related("owner").get(pk=job_id)
        Attempt.objects.create(
            kind=kind.key, job_id=job.pk, number=job.attempt, fence=fence, worker=worker, started_at=job.started_at
        )
        # In this transaction, so that the log names the attempt however soon the worker dies.
        JobLog.objects.create(
            kind=kind.key, job_id=job.pk, at=Now(), message=f"Attempt {job.attempt} on {worker}, fence {fence}"
        )
        note_change(kind, job, before=Status.QUEUED)
        return job
