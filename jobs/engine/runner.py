"""Run one due job from claim to end. Safe to call any number of times, from any number of processes."""

import logging
import os
import socket
import time
import traceback

import psycopg
from django.db import DatabaseError, InterfaceError, OperationalError, connection
from django.utils import timezone, translation

from accounts.tenancy import tenant_scope
from jobs.engine import doorbell, lifecycle, queue, stopping
from jobs.engine.context import Reason, RunContext
from jobs.engine.errors import Aborted, DatabaseTrouble, JobCrashed, JobError, JobTimeout
from jobs.engine.heartbeat import Heartbeat
from jobs.engine.kinds import JobKind, Result
from jobs.models.attempt import Level

log = logging.getLogger(__name__)

SAY_AGAIN_SECONDS = (0.2, 1, 3, 10)
"""Pauses between tries to write down how an attempt ended while the database is away."""


def worker_name() -> str:
    """host:pid of this process."""
    return f"{socket.gethostname()}:{os.getpid()}"


def run_one_due(kind: JobKind, *, ring: bool = True) -> bool:
    """Claim the next job of this kind, if any, and bring it to an end. False when nothing was due.

    Afterwards the bell is rung, because a slot of the owner has become free; ``ring=False`` for a loop that looks
    again by itself.
    """
    if stopping.requested():
        return False
    claim = queue.claim(kind, worker=worker_name())
    if claim is None:
        return False
    try:
        run(claim)
    finally:
        connection.close()
        if ring and not stopping.requested():
            doorbell.ring(kind)
    return True


def run(claim: queue.Claim) -> None:
    """Run a claimed job's body under a heartbeat and write down how it ended."""
    kind = claim.kind
    context = RunContext(claim, seconds=kind.limit_seconds)
    log.info("job %s attempt %s fence %s begins", claim.job.job_no, claim.job.attempt, claim.fence)
    result: Result | None = None
    failure: JobError | None = None
    stack = ""
    with Heartbeat(context):
        try:
            with tenant_scope(claim.tenant_id):
                owner = type(claim.job.owner).objects.select_related("tenant").get(pk=claim.job.owner_id)
            with translation.override(owner.language), timezone.override(owner.zone):
                result = kind.run(claim.job, context)
                context.check()
        except Aborted:
            pass  # context.reason says why
        except JobError as error:
            failure = error
        except (OperationalError, InterfaceError, psycopg.OperationalError, psycopg.InterfaceError) as error:
            # psycopg's own: Django does not translate what is raised while rows of a COPY are read.
            failure = DatabaseTrouble()
            context.look_at_clock()
            context.log(f"Database: {type(error).__name__}", Level.ERROR)
        except Exception as error:
            failure, stack = JobCrashed(), _storable(traceback.format_exc())
            log.exception("job %s crashed", claim.job.job_no)
            context.log(f"Unexpected {type(error).__name__}", Level.ERROR)
        if context.reason is None and failure is None:
            context.log(f"Publishing {result.rows if result else 0} rows")
        elif failure is not None and context.reason is None:
            context.log(f"{failure.code}: {failure.message}", Level.ERROR)
        else:
            context.log(f"Stopped: {context.reason}", Level.WARNING)
    _end(claim, context, result, failure, stack)


def _end(claim: queue.Claim, context: RunContext, result: Result | None, failure: JobError | None, stack: str) -> None:
    """Write the end down; when the database is away, say it again for a while. After that the sweep decides."""
    for pause in (*SAY_AGAIN_SECONDS, None):
        try:
            _end_once(claim, context, result, failure, stack)
        except (OperationalError, InterfaceError) as error:
            log.warning("job %s: its end could not be written: %s", claim.job.job_no, error)
            connection.close()
            if pause is None:
                return
            time.sleep(pause)
        except Exception:
            log.exception("job %s: its end could not be written", claim.job.job_no)
            connection.close()
            lifecycle.fail(claim, JobCrashed(), stack=_storable(traceback.format_exc()))
            return
        else:
            return


def _storable(text: str) -> str:
    """What PostgreSQL takes as text: no NUL, no half surrogate pairs."""
    return text.replace("\0", "").encode("utf-8", "replace").decode("utf-8")


def _end_once(
    claim: queue.Claim, context: RunContext, result: Result | None, failure: JobError | None, stack: str
) -> None:
    if context.reason is not None and result is not None:
        result.discard()
        result = None
    match context.reason:
        case Reason.LOST:
            log.warning("job %s fence %s was lost; nothing is published", claim.job.job_no, claim.fence)
        case Reason.CANCELED:
            lifecycle.cancel(claim)
        case Reason.RELEASED:
            lifecycle.release(claim)
        case Reason.TIMEOUT:
            lifecycle.fail(claim, JobTimeout())
        case _ if failure is not None:
            lifecycle.fail(claim, failure, stack=stack)
        case _:
            assert result is not None
            _publish(claim, result)


def _publish(claim: queue.Claim, result: Result) -> None:
    """Publish; after a lost answer look what became of it, and never delete a file that may be published."""
    try:
        done = lifecycle.publish(claim, result)
    except DatabaseError as error:
        connection.close()
        if lifecycle.published(claim):
            return
        if not isinstance(error, OperationalError):  # that is said again, with the same result
            result.discard()
        raise
    if done or lifecycle.published(claim):
        return
    result.discard()
    lifecycle.cancel(claim) if _cancel_was_asked(claim) else lifecycle.fail(claim, JobTimeout())


def _cancel_was_asked(claim: queue.Claim) -> bool:
    with tenant_scope(claim.tenant_id):
        return bool(
            claim.kind.model.objects.filter(
                pk=claim.job.pk, fence=claim.fence, cancel_requested_at__isnull=False
            ).exists()
        )
