"""What every change of status leaves behind: an event and an audit entry, in the same transaction; for the owner of a
job that has ended, a notification, too."""

from accounts import audit
from accounts.models import User
from jobs import events, notices
from jobs.engine.kinds import JobKind
from jobs.engine.states import Status
from jobs.models.job import Job

TOLD = frozenset({Status.READY, Status.FAILED, Status.CANCELED, Status.REVIEW})
"""Ends that the owner hears of, and a question. An expiry was known beforehand."""


def note_change(kind: JobKind, job: Job, *, before: str, actor: User | None = None) -> None:
    """Record that ``job`` went from ``before`` (empty = it is new) to its present status. Call it last."""
    if kind.internal:
        return
    if job.status in TOLD and not _canceled_by_owner(job):
        # Before the event: it locks the owner's row, and rows of people come before the head.
        notices.tell(
            user_id=job.owner_id,
            kind=f"{kind.key}.{job.status}",
            subject=job.job_no,
            data=kind.notice_data(job),
        )
    events.publish(
        "job.status",
        job.job_no,
        kind.event_data(job) | {"from": before or None},
        owner_id=job.owner_id,
        sensitivity=getattr(job, "sensitivity", ""),
    )
    audit.record(
        kind.status_change,
        actor=actor,
        resource=f"{kind.key}:{job.job_no}",
        details={
            "job_id": job.job_no,
            "from": before or None,
            "to": job.status,
            "attempt": job.attempt,
            "error": job.error_code or None,
        },
        policy_tag=job.policy_tag,
        result="failure" if job.status == "failed" else "success",
    )


def _canceled_by_owner(job: Job) -> bool:
    return job.status == Status.CANCELED and job.cancel_requested_by == job.owner.username
