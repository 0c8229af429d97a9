"""Where the rows of an export are read: in Export Center's own database, or in another one (SPEC E21)."""

import logging
import re
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from typing import Any

import psycopg
from django.conf import settings
from django.db import Error, connection, connections, transaction

from accounts.tenancy import tenant_scope
from exportcenter.common import clock
from exportcenter.common.database import try_lock_by_name
from jobs.datasets import Dataset
from jobs.engine.context import RunContext
from jobs.engine.errors import JobError, SourceBusy, SourceRefused, SourceTimeout, SourceUnavailable
from jobs.models import ExportJob
from jobs.models.attempt import Level

log = logging.getLogger(__name__)

QUERY_CANCELED = "57014"
STATES: dict[type[JobError], tuple[str, ...]] = {
    SourceBusy: ("53300",),
    # Not let in; no privilege, no such table, column or function; a statement that would write; no such schema.
    SourceRefused: ("28", "42", "25006", "3D000", "3F000"),
    # Connection lost; old row versions gone on a standby, deadlock; ended while idle; out of memory or disk; somebody
    # else's lock; shut down, starting up or ended by an admin; a disk that fails.
    SourceUnavailable: ("08", "40001", "40P01", "25P03", "53", "55P03", "57", "58"),
}
"""Beginnings of SQLSTATE codes; the first that fits counts."""
# libpq has no code for a connection that was not made, only the server's words. Those of a server that speaks another
# language count as a source that is away: tried again, and then failed as such.
NOT_CONNECTED: dict[type[JobError], re.Pattern[str]] = {
    SourceBusy: re.compile("too many (connections|clients)|remaining connection slots"),
    SourceRefused: re.compile(
        "authentication failed|no password supplied|no pg_hba.conf entry|not permitted to log in|permission denied"
        '|(role|database|user) ".*" does not exist|does not support SSL|certificate'
    ),
}


def tenant_of(job: ExportJob, dataset: Dataset) -> AbstractContextManager[None]:
    """The job's tenant in our own database, for as long as rows are read.

    One snapshot when they are read here. When they are elsewhere, this transaction only holds the slot and must not
    keep old row versions alive meanwhile, so it is READ COMMITTED.
    """
    return tenant_scope(job.tenant_id, snapshot=not dataset.is_external)


@contextmanager
def reading(dataset: Dataset, context: RunContext) -> Iterator[datetime]:
    """Read the dataset's rows in one read-only snapshot, of this time: over the connection that its plan names.

    Call it inside ``tenant_of``. Statements are bounded by the time that is left, and the heartbeat can interrupt
    them. Raises Aborted when the body must stop, and for another database a JobError that says what is wrong with it.
    """
    with connection.cursor() as cursor:
        _bound(cursor, context.seconds_left, context.seconds_left)
        if not dataset.is_external:
            with _watched(connection, context):
                yield clock.now()
            return
        _take_slot(dataset.database)
    with _elsewhere(dataset.database, context) as moment:
        yield moment


@contextmanager
def _elsewhere(alias: str, context: RunContext) -> Iterator[datetime]:
    source = connections[alias]
    seconds = min(context.seconds_left, settings.EXTERNAL_STATEMENT_TIMEOUT_SECONDS)
    try:
        with _explained(alias, context, seconds):
            source.ensure_connection()
        # By our clock, like every other time of the job; the snapshot comes with the first query.
        moment = clock.this_moment()
        with _explained(alias, context, seconds), transaction.atomic(using=alias), source.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            _bound(cursor, seconds, context.seconds_left)
            with _watched(source, context):
                yield moment
    finally:
        source.close()


@contextmanager
def _explained(alias: str, context: RunContext, seconds: float) -> Iterator[None]:
    """Turn what the source answers into a JobError; ``seconds`` is what its statements were given."""
    begun = time.monotonic()
    try:
        yield
    except (Error, psycopg.Error) as error:  # psycopg's own: Django does not translate what is raised inside a COPY
        context.check()  # what we have interrupted ourselves is not the source's fault
        cause = error if isinstance(error, psycopg.Error) else error.__cause__ or error
        state = getattr(cause, "sqlstate", None) or ""
        explanation = _explanation(cause, state, is_late=time.monotonic() - begun >= seconds)
        if explanation is None:
            raise
        # Names of hosts and tables are for admins; libpq never repeats a password.
        log.warning("source %s: %s %s: %s", alias, type(cause).__name__, state, " ".join(str(cause).split()))
        context.log(f"Source {alias}: {type(cause).__name__} {state}".rstrip(), Level.ERROR)
        raise explanation from error


def _explanation(cause: BaseException, state: str, *, is_late: bool) -> JobError | None:
    """None for what is neither the source's state nor its rights, but a mistake in a dataset."""
    if state == QUERY_CANCELED and is_late:
        return SourceTimeout()
    if state:
        return next((kind() for kind, states in STATES.items() if state.startswith(states)), None)
    if not isinstance(cause, psycopg.OperationalError | psycopg.InterfaceError):
        return None
    return next((kind() for kind, words in NOT_CONNECTED.items() if words.search(str(cause))), SourceUnavailable())


@contextmanager
def _watched(wrapper: Any, context: RunContext) -> Iterator[None]:
    context.watch(wrapper.connection)
    try:
        context.check()  # whoever asked to stop before nobody was watched
        yield
    finally:
        context.watch(None)


def _bound(cursor: Any, statement: float, idle: float) -> None:
    """Give this transaction's statements and pauses so many seconds."""
    for name, seconds in {"statement_timeout": statement, "idle_in_transaction_session_timeout": idle}.items():
        cursor.execute("SELECT set_config(%s, %s, true)", [name, str(int(seconds * 1000))])


def _take_slot(alias: str) -> None:
    """Hold one of the alias's slots until our own transaction ends, however it ends. Raises SourceBusy."""
    for number in range(settings.EXTERNAL_CONNECTIONS):
        if try_lock_by_name(f"exportcenter source {alias} {number}"):
            return
    raise SourceBusy()
