"""A task as JSON: the fields of S2, in that order."""

from typing import Any

from django.http import HttpRequest

from accounts.models import User
from accounts.signin.person import local_iso
from jobs.batch.facade import BatchFacade
from jobs.batch.listing import STATUSES

_NAMES = {status: name for name, statuses in STATUSES.items() for status in statuses}


def present(facade: BatchFacade, job: Any, *, viewer: User, request: HttpRequest) -> dict[str, Any]:
    """One task. ``total_records`` is null as long as nobody knows it."""
    return {
        "id": job.job_no,
        "user_id": job.owner.code,
        "task_type": facade.kind,
        "status": _NAMES[job.status],
        "progress": job.progress,
        "total_records": job.rows_expected,
        "processed_records": job.rows_done,
        "result_url": facade.result_url(job, viewer=viewer, request=request),
        "error_message": job.error_message or None,
        "created_at": local_iso(job.created_at, viewer),
        "completed_at": local_iso(job.finished_at, viewer),
    }
