"""Every change of status but the claim: this module and ``queue`` are the only writers of ``status``.

Each function is one transaction (or part of the caller's), guarded by the fence where a worker speaks, and leaves
an event and an audit entry. Lock order: job → head of the tenant's chains.
"""

import random
from datetime import timedelta
from typing import Any

from django.db.models import F
from django.db.models.functions import Now

from accounts.models import User
from accounts.tenancy import tenant_scope
from exportcenter.common.errors import StateConflict
from jobs.engine import doorbell
from jobs.engine.config import BACKOFF_LIMIT, MAX_CRASHES, MAX_WAITS
from jobs.engine.errors import JobError, JobTimeout, PoisonJob, WorkerLost
from jobs.engine.kinds import JobKind, Result
from jobs.engine.queue import Claim, join_queue
from jobs.engine.record import note_change
from jobs.engine.states import CANCELABLE, Outcome, Stage, Status
from jobs.models.attempt import Attempt, JobLog, Level

LEVELS = {
    Outcome.FAILED: Level.ERROR,
    Outcome.TIMEOUT: Level.ERROR,
    Outcome.LOST: Level.WARNING,
    Outcome.RETRY: Level.WARNING,
}
LONGEST_WAIT = 5
"""As an exponent of two: about half a minute between looks at a queue elsewhere."""
LET_GO: dict[str, Any] = {"slot": None, "lease_until": None, "deadline_at": None}
"""Every statement that leaves ``processing`` clears these; a CHECK demands it."""
DONE: dict[str, Any] = {"stage": Stage.DONE, "finished_at": Now()}
WAITING: dict[str, Any] = {"stage": Stage.REVIEW}


def publish(claim: Claim, result: Result) -> bool:
    """processing → ready (or → review), if the claim still holds and nobody asked to cancel. The commit is the
    publication.

    False: refused for good; the caller discards its files. An OperationalError during commit leaves the outcome
    unknown: ask ``published``.
    """
    fields = result.fields()
    with tenant_scope(claim.tenant_id):
        changed = (
            _mine(claim)
            .filter(cancel_requested_at__isnull=True, deadline_at__gt=Now())
            .update(
                status=result.status,
                rows_done=result.rows,
                rows_expected=result.rows,
                **(WAITING if result.status == Status.REVIEW else DONE),
                **LET_GO,
                **fields,
            )
        )
        if changed:
            result.save_beside(claim.job)
            _close(claim, Outcome(result.status))
        return bool(changed)


def come_forward(claim: Claim, **fields: Any) -> bool:
    """Keep ``fields`` with the row, in the caller's transaction: part of the work is done for good, so that crashes
    before it no longer count. False: somebody else has the job by now, and the transaction must not be committed.

    The row stays locked until the transaction ends, and the heartbeat waits for it: keep that short.
    """
    return bool(_mine(claim).update(crash_count=0, **fields))


def published(claim: Claim) -> bool:
    """Whether this claim's result is there: the truth after a commit whose answer got lost."""
    there = (Status.READY, Status.REVIEW)
    with tenant_scope(claim.tenant_id):
        return bool(claim.kind.model.objects.filter(pk=claim.job.pk, fence=claim.fence, status__in=there).exists())


def resume(kind: JobKind, job: Any, *, actor: User, **fields: Any) -> None:
    """review → queued: somebody has looked and says go on. ``fields`` are kept with the row. Tries begin anew.

    ``job`` must be locked by the caller. Raises StateConflict (409) when it does not wait for that.
    """
    if job.status != Status.REVIEW:
        raise StateConflict(details={"status": job.status})
    values = {"status": Status.QUEUED, "stage": Stage.QUEUED, "attempt": 0, "crash_count": 0, "available_at": Now()}
    kind.model.objects.filter(pk=job.pk).update(**values, **fields)
    job.refresh_from_db()
    join_queue(kind, job.owner_id)
    note_change(kind, job, before=Status.REVIEW, actor=actor)
    doorbell.ring_on_commit(kind)


def fail(claim: Claim, error: JobError, *, stack: str = "") -> None:
    """The attempt failed: back to the queue when the error is transient and tries are left, else → failed.

    An error that ``waits`` uses up none of the tries.
    """
    with tenant_scope(claim.tenant_id):
        job = _mine(claim).select_for_update().first()
        if job is None:
            return  # somebody else owns the job now: nothing of ours counts
        outcome = Outcome.TIMEOUT if isinstance(error, JobTimeout) else Outcome.FAILED
        if job.cancel_requested_at is not None:
            _leave(claim, job, Status.CANCELED, Outcome.CANCELED)
        elif error.waits and (visits := Attempt.objects.filter(job_id=job.pk).count()) < MAX_WAITS:
            pause = _backoff(min(visits, LONGEST_WAIT))
            _leave(
                claim,
                job,
                Status.QUEUED,
                Outcome.RETRY,
                error=error,
                attempt=F("attempt") - 1,
                available_at=Now() + pause,
            )
        elif error.transient and not error.waits and job.attempt < job.max_attempts:
            _leave(claim, job, Status.QUEUED, Outcome.RETRY, error=error, available_at=Now() + _backoff(job.attempt))
        else:
            _leave(claim, job, Status.FAILED, outcome, error=error, stack=stack)


def cancel(claim: Claim) -> None:
    """The worker stopped because somebody asked for it: → canceled."""
    with tenant_scope(claim.tenant_id):
        job = _mine(claim).select_for_update().first()
        if job is not None:
            _leave(claim, job, Status.CANCELED, Outcome.CANCELED)


def release(claim: Claim) -> None:
    """The worker is stopping: the job goes back to the head of its owner's queue, and the attempt does not count."""
    with tenant_scope(claim.tenant_id):
        job = _mine(claim).select_for_update().first()
        if job is None:
            return
        if job.cancel_requested_at is not None:
            _leave(claim, job, Status.CANCELED, Outcome.CANCELED)
        else:
            _leave(claim, job, Status.QUEUED, Outcome.RELEASED, attempt=F("attempt") - 1)


def request_cancel(kind: JobKind, job: Any, *, actor: User | None) -> None:
    """Somebody wants the job to stop: one that waits is canceled at once; a running one is told (SPEC E8). ``actor`` is
    None when its time is over.

    ``job`` must be locked by the caller. Raises StateConflict (409) when it has already ended.
    """
    if job.status not in CANCELABLE:
        raise StateConflict(details={"status": job.status})
    before = job.status
    job.cancel_requested_at, job.cancel_requested_by = Now(), actor.username if actor else ""
    changed = ["cancel_requested_at", "cancel_requested_by"]
    if before != Status.PROCESSING:
        job.status, job.finished_at, job.stage = Status.CANCELED, Now(), Stage.DONE
        changed += ["status", "finished_at", "stage"]
    job.save(update_fields=changed)
    job.refresh_from_db()
    if job.status != before:
        note_change(kind, job, before=before, actor=actor)


def expire(kind: JobKind, job: Any) -> None:
    """ready → expired. ``job`` must be locked by the caller. The kind arranges the file's deletion (SPEC E10)."""
    kind.before_delete_or_expire(job)
    job.status = Status.EXPIRED
    job.save(update_fields=["status"])
    note_change(kind, job, before=Status.READY)


def recover(kind: JobKind, job: Any) -> None:
    """Take a job away from a worker that is gone or too late. ``job`` must be locked and past lease or deadline."""
    claim = Claim(kind=kind, job=job, fence=job.fence, worker=job.lease_owner)
    lost: JobError = WorkerLost()
    if job.cancel_requested_at is not None:
        _leave(claim, job, Status.CANCELED, Outcome.CANCELED)
    elif job.deadline_at is not None and _is_past(kind, job):
        _leave(claim, job, Status.FAILED, Outcome.TIMEOUT, error=JobTimeout())
    elif job.crash_count + 1 >= MAX_CRASHES:
        _leave(claim, job, Status.FAILED, Outcome.LOST, error=PoisonJob(), crash_count=job.crash_count + 1)
    else:
        _leave(
            claim,
            job,
            Status.QUEUED,
            Outcome.LOST,
            error=lost,
            crash_count=job.crash_count + 1,
            available_at=Now() + _backoff(job.crash_count),
        )


def _is_past(kind: JobKind, job: Any) -> bool:
    return bool(kind.model.objects.filter(pk=job.pk, deadline_at__lte=Now()).exists())


def _mine(claim: Claim) -> Any:
    """The job's row, as long as the claim holds."""
    return claim.kind.model.objects.filter(pk=claim.job.pk, fence=claim.fence, status=Status.PROCESSING)


def _leave(
    claim: Claim,
    job: Any,
    status: Status,
    outcome: Outcome,
    *,
    error: JobError | None = None,
    stack: str = "",
    **also: Any,
) -> None:
    """Leave ``processing`` for ``status``; the row is locked."""
    values: dict[str, Any] = {"status": status, **LET_GO, **also}
    if status == Status.QUEUED:
        values |= {"stage": Stage.QUEUED}
        join_queue(claim.kind, job.owner_id)
    else:
        values |= {"finished_at": Now()}
    if status == Status.FAILED and error is not None:
        values |= {
            "error_code": error.code,
            "error_message": error.message,
            "error_advice": error.advice,
            "error_stack": stack,
        }
    claim.kind.model.objects.filter(pk=job.pk, fence=claim.fence).update(**values)
    _close(claim, outcome, error)
    doorbell.ring_on_commit(claim.kind)


def _close(claim: Claim, outcome: Outcome, error: JobError | None = None) -> None:
    """End the attempt's row, say so in the log, and tell the world."""
    Attempt.objects.filter(fence=claim.fence).update(
        outcome=outcome,
        ended_at=Now(),
        error_code=error.code if error else "",
        error_message=error.message if error else "",
    )
    JobLog.objects.create(
        kind=claim.kind.key,
        job_id=claim.job.pk,
        at=Now(),
        level=LEVELS.get(outcome, Level.INFO),
        message=f"Attempt {claim.job.attempt} ended: {outcome}" + (f" ({error.code})" if error else ""),
    )
    job = claim.kind.model.objects.get(pk=claim.job.pk)
    note_change(claim.kind, job, before=Status.PROCESSING)


def _backoff(attempt: int) -> timedelta:
    """min(60 min, 2^attempt s) with jitter, so that many failures do not come back at one moment (SPEC E7)."""
    seconds = min(BACKOFF_LIMIT.total_seconds(), 2.0**attempt)
    return timedelta(seconds=seconds * random.uniform(0.5, 1.5))  # noqa: S311 - jitter
