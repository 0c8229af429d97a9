"""What every change of status leaves behind: an event and an audit entry, in the same transaction."""

from accounts import audit
from accounts.models import User
from jobs import events
from jobs.engine.kinds import JobKind
from jobs.models.job import Job


def note_change(kind: JobKind, job: Job, *, before: str, actor: User | None = None) -> None:
    """Record that ``job`` went from ``before`` (empty = it is new) to its present status. Call it last."""
    if kind.internal:
        return
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
