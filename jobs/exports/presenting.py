"""An export as JSON: the fields of S0 §7, in that order."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from accounts import policy
from accounts.models import User
from jobs.engine.states import Status
from jobs.exports import links
from jobs.models import ExportJob, JobLog

TAIL_LINES = 100


def present(job: ExportJob, *, viewer: User, request: HttpRequest) -> dict[str, Any]:
    """One item of a list. ``download_url`` is there only for somebody who may download."""
    return {
        "job_id": job.job_no,
        "type": job.type,
        "status": job.status,
        "progress": job.progress,
        "file_name": job.file_name or None,
        "file_type": job.file_type,
        "file_size": job.file_size,
        "download_url": _download_url(job, viewer, request),
        "expires_at": local_iso(job.expires_at, viewer),
        "params": job.params,
        "created_by": job.owner.code,
        "created_at": local_iso(job.created_at, viewer),
        "finished_at": local_iso(job.finished_at, viewer),
        "source": job.source,
        "retry_of": job.retry_of or None,
        "error": _error(job, viewer),
    }


def present_detail(job: ExportJob, *, viewer: User, request: HttpRequest) -> dict[str, Any]:
    """The item and the last lines of its log."""
    return present(job, viewer=viewer, request=request) | {"logs_tail": tail(job, viewer)}


def tail(job: ExportJob, viewer: User) -> str:
    """The last 100 lines of the log, oldest first, in the viewer's wall clock (SPEC E16)."""
    newest = list(JobLog.objects.filter(job_id=job.pk).order_by("-id")[:TAIL_LINES])
    return "\n".join(log_line(line, viewer) for line in reversed(newest))


def log_line(line: JobLog, viewer: User) -> str:
    """One line: time, level, message."""
    return f"{line.at.astimezone(viewer.zone):%Y-%m-%d %H:%M:%S} {line.level.upper()} {line.message}"


def local_iso(moment: datetime | None, viewer: User) -> str | None:
    """ISO 8601 with the viewer's offset."""
    return moment.astimezone(viewer.zone).isoformat(timespec="seconds") if moment else None


def _download_url(job: ExportJob, viewer: User, request: HttpRequest) -> str | None:
    if job.status != Status.READY or job.expires_at is None or job.expires_at <= timezone.now():
        return None
    if not policy.may(viewer, policy.Action.EXPORT_DOWNLOAD, job):
        return None
    return links.absolute(request, job, links.link_for(job, viewer))


def _error(job: ExportJob, viewer: User) -> dict[str, Any] | None:
    error = job.error
    if error is not None and job.error_stack and policy.may(viewer, policy.Action.ERROR_STACK):
        error["stack"] = job.error_stack
    return error
