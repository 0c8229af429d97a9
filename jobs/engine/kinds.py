"""Kinds of jobs: what the engine runs. A kind brings its model and its body; the engine brings everything else."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from django.conf import settings

from accounts.audit import Operation
from jobs.engine.config import clock
from jobs.engine.states import Status

if TYPE_CHECKING:
    from jobs.engine.context import RunContext
    from jobs.models.job import Job


class Result(Protocol):
    """What a body hands over when it is done."""

    @property
    def rows(self) -> int:
        """Rows the result holds."""

    @property
    def status(self) -> Status:
        """READY; or REVIEW, where somebody must look at it before the job goes on (lifecycle.resume)."""

    def fields(self) -> dict[str, Any]:
        """Columns of the kind's model to set in the publishing transaction (file facts, expires_at …)."""

    def save_beside(self, job: Any) -> None:
        """Write what belongs to the result in other tables; in the publishing transaction, after the row."""

    def discard(self) -> None:
        """Remove what was stored: publishing was refused for good."""


class JobKind:
    """
    One kind of job. Subclasses are registered once, at start-up.

    Attributes:
        key: short name, stored on attempts and log lines
        letter: first letter of job numbers; tells the kinds apart, so no two share one
        queue: Celery queue of its bells, so that no kind starves another
        model: the concrete Job model
        status_change: audit operation of a change of status
        time_limit: how long one attempt may take; None = the engine's setting
        internal: its jobs are parts of another job, which tells about them: no events, no audit entries of their own
    """

    key: ClassVar[str]
    letter: ClassVar[str]
    queue: ClassVar[str]
    model: ClassVar[type[Job]]
    status_change: ClassVar[Operation]
    time_limit: ClassVar[timedelta | None] = None
    internal: ClassVar[bool] = False

    @property
    def limit_seconds(self) -> float:
        """How long one attempt may take, in seconds."""
        return self.time_limit.total_seconds() if self.time_limit else clock().time_limit

    def run(self, job: Any, context: RunContext) -> Result:
        """Do the work. Runs in a worker, outside any transaction; may be run again after a crash.

        Raises JobError for expected failures. Call ``context.advance`` often: it raises Aborted when the job was
        canceled, lost or ran out of time.
        """
        raise NotImplementedError

    def before_delete_or_expire(self, job: Any) -> None:
        """Called in the transaction in which a ready job expires."""

    def event_data(self, job: Any) -> dict[str, Any]:
        """Facts of a job that its events carry."""
        return {
            "job_id": job.job_no,
            "kind": self.key,
            "status": job.status,
            "stage": job.stage,
            "progress": job.progress,
            "rows_done": job.rows_done,
            "rows_expected": job.rows_expected,
        }

    def notice_data(self, job: Any) -> dict[str, Any]:
        """Facts of an ended job for the words of its notification: nothing personal, no values of filters."""
        return {"rows": job.rows_done, "error_code": job.error_code}


_kinds: dict[str, JobKind] = {}


def register(cls: type[JobKind]) -> type[JobKind]:
    """Class decorator: make a kind known to the engine. Raises ValueError when its key or letter is taken."""
    if cls.key in _kinds:
        raise ValueError(f"job kind {cls.key!r} is registered twice")
    if taken := next((kind.key for kind in _kinds.values() if kind.letter == cls.letter), ""):
        raise ValueError(f"job kind {cls.key!r}: the letter {cls.letter!r} belongs to {taken!r}")
    if cls.time_limit is not None and cls.time_limit.total_seconds() > settings.ENGINE_TIME_LIMIT_SECONDS:
        raise ValueError(f"job kind {cls.key!r} may not run longer than ENGINE_TIME_LIMIT_SECONDS: workers are killed")
    _kinds[cls.key] = cls()
    return cls


def get(key: str) -> JobKind:
    """The kind called ``key``. Raises KeyError."""
    return _kinds[key]


def all_kinds() -> list[JobKind]:
    """Every registered kind."""
    return list(_kinds.values())


def kind_of(job: Any) -> JobKind:
    """The kind that ``job`` belongs to."""
    return next(kind for kind in _kinds.values() if isinstance(job, kind.model))


def queues() -> list[str]:
    """Names of the Celery queues a worker listens to by default."""
    return sorted({kind.queue for kind in _kinds.values()} | {settings.CELERY_TASK_DEFAULT_QUEUE})
