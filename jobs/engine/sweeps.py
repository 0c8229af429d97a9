"""Sweeps: find what was lost, ring for what is due, expire what is over. Any number of copies may run.

Each row is one short transaction of its own, taken with SKIP LOCKED: two sweepers share the work, and a failure
stops one row, not the rest.
"""

import logging
from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from accounts import tenancy
from jobs.engine import doorbell, lifecycle, queue
from jobs.engine.kinds import JobKind, all_kinds
from jobs.models.queue import Turn

log = logging.getLogger(__name__)

BATCH = 500
ABANDONED = "status = 'processing' AND (lease_until < now() OR deadline_at < now())"
OVER = "status = 'ready' AND expires_at <= now()"


def sweep(*, ring: bool = True) -> dict[str, int]:
    """Recover abandoned jobs, repair missing turns and ring for due ones. Returns what was done, by name."""
    done = {"recovered": 0, "rung": 0, "turns": 0}
    for kind in all_kinds():
        done["recovered"] += _each(kind, ABANDONED, lifecycle.recover)
        done["turns"] += _repair_turns(kind)
        if ring:
            done["rung"] += ring_for_due(kind)
    return done


def expire() -> int:
    """Turn ready jobs whose time is over into expired ones. Returns how many."""
    return sum(_each(kind, OVER, lifecycle.expire) for kind in all_kinds())


def ring_for_due(kind: JobKind) -> int:
    """Ring once for each owner (at most 20) who has a job that could start now."""
    waiting = queue.due(kind)
    if waiting:
        doorbell.ring(kind, times=waiting)
    return waiting


def _each(kind: JobKind, condition: str, act: Callable[[JobKind, Any], None]) -> int:
    """Do ``act`` to each job that meets ``condition``. A job that fails is passed over until the next sweep."""
    failed: list[UUID] = []
    for count in range(BATCH):
        try:
            job_id = _one(kind, condition, act, failed)
        except _RowFailed as error:
            log.exception("job %s could not be swept", error.job_id)
            failed.append(error.job_id)
            connection.close()
            continue
        if job_id is None:
            return count - len(failed)
    return BATCH - len(failed)


class _RowFailed(Exception):
    """Sweeping one job failed."""

    def __init__(self, job_id: UUID) -> None:
        super().__init__(str(job_id))
        self.job_id = job_id


def _one(kind: JobKind, condition: str, act: Callable[[JobKind, Any], None], failed: list[UUID]) -> UUID | None:
    """Do ``act`` to one job, locked and in its tenant's scope. None when there is none left."""
    table = kind.model._meta.db_table
    with transaction.atomic():
        with tenancy.role_scope(tenancy.ENGINE_ROLE), connection.cursor() as cursor:
            cursor.execute(
                f"SELECT id, tenant_id FROM {table} WHERE {condition} AND id <> ALL(%s::uuid[]) "  # noqa: S608
                "LIMIT 1 FOR UPDATE SKIP LOCKED",
                [failed],
            )
            row: tuple[UUID, UUID] | None = cursor.fetchone()
        if row is None:
            return None
        job_id, tenant_id = row
        try:
            with tenancy.tenant_scope(tenant_id):
                job = kind.model.objects.get(pk=job_id)
                act(kind, job)
                log.info("swept %s: now %s", job.job_no, job.status)
        except Exception as error:  # whatever it is, it is this row's and must not stop the others
            raise _RowFailed(job_id) from error
    return job_id


def _repair_turns(kind: JobKind) -> int:
    """Give owners of waiting jobs a turn when theirs is missing: without one they would wait for ever."""
    table = kind.model._meta.db_table
    with transaction.atomic(), tenancy.role_scope(tenancy.ENGINE_ROLE), connection.cursor() as cursor:
        cursor.execute(
            f"""
            INSERT INTO {Turn._meta.db_table} (id, kind, tenant_id, owner_id)
            SELECT gen_random_uuid(), %s, j.tenant_id, j.owner_id
            FROM (SELECT DISTINCT tenant_id, owner_id FROM {table} WHERE status = 'queued') j
            WHERE NOT EXISTS (SELECT 1 FROM {Turn._meta.db_table} t WHERE t.kind = %s
                              AND t.tenant_id = j.tenant_id AND t.owner_id = j.owner_id)
            ON CONFLICT DO NOTHING
            """,  # noqa: S608 - the tables' names are ours
            [kind.key, kind.key],
        )
        return int(cursor.rowcount)
