"""An export as JSON: the fields of S0 §7, in that order."""

from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from accounts import policy
from accounts.models import User
from accounts.signin.person import local_iso
from jobs.engine.states import Status
from jobs.exports import links, planning
from jobs.exports.estimating import Preview, accuracy
from jobs.exports.preview import Shown
from jobs.models import ExportJob, JobLog

TAIL_LINES = 100


def present(job: ExportJob, *, viewer: User, request: HttpRequest | None) -> dict[str, Any]:
    """One item of a list. ``download_url`` is there only for somebody who may download, and asks in a ``request``:
    what is sent away carries no link that opens something."""
    return {
        "job_id": job.job_no,
        "type": job.type,
        "status": job.status,
        "progress": job.progress,
        "file_name": job.file_name or None,
        "file_type": job.file_type,
        "file_size": job.file_size,
        "download_url": download_url(job, viewer, request),
        "expires_at": local_iso(job.expires_at, viewer),
        "params": planning.shown_params(job, viewer),
        "created_by": job.owner.code,
        "created_at": local_iso(job.created_at, viewer),
        "finished_at": local_iso(job.finished_at, viewer),
        "source": job.source,
        "retry_of": job.retry_of or None,
        "error": _error(job, viewer),
    }


def present_detail(job: ExportJob, *, viewer: User, request: HttpRequest | None) -> dict[str, Any]:
    """The item, what the file is, its parts, the last lines of its log, and what was expected of it."""
    item = present(job, viewer=viewer, request=request)
    return item | {
        "logs_tail": tail(job, viewer),
        "sha256": job.file_sha256 or None,
        "rows": job.row_count,
        "facts": planning.shown_facts(job, viewer),
        "parts": [
            {name: part[name] for name in ("number", "name", "rows", "size", "sha256")}
            | {"download_url": item["download_url"] and f"{item['download_url']}&part={part['number']}"}
            for part in job.parts
            if part["number"]
        ],
        "estimate": _estimate(job),
    }


def present_preview(seen: Preview) -> dict[str, Any]:
    """The answer to the question what an export would be."""
    made, figures = seen.estimate, seen.estimate.figures
    return {
        "rows": figures and figures.rows,
        "rows_range": figures and [figures.rows_low, figures.rows_high],
        "bytes": figures and figures.bytes,
        "seconds": figures and figures.seconds,
        "wait_seconds": seen.wait_seconds,
        "exact": made.exact,
        "basis": made.basis,
        "limits": [{"code": limit.code, "message": limit.message} for limit in seen.limits],
        "note": " ".join(made.notes),
    }


def present_lines(lines: Sequence[JobLog], viewer: User) -> list[dict[str, Any]]:
    """Lines of a log for programs."""
    return [
        {"seq": line.pk, "time": local_iso(line.at, viewer), "level": line.level, "message": line.message}
        for line in lines
    ]


def present_first_rows(shown: Shown) -> dict[str, Any]:
    """The preview of a file."""
    return {
        "columns": [{"title": title, "type": kind} for title, kind in shown.columns],
        "rows": shown.rows,
        "more": shown.more,
        "masked": shown.masked,
    }


def tail(job: ExportJob, viewer: User) -> str:
    """The last 100 lines of the log, oldest first, in the viewer's wall clock (SPEC E16)."""
    newest = list(JobLog.objects.filter(job_id=job.pk).order_by("-id")[:TAIL_LINES])
    return "\n".join(log_line(line, viewer) for line in reversed(newest))


def log_line(line: JobLog, viewer: User) -> str:
    """One line: time, level, message."""
    return f"{line.at.astimezone(viewer.zone):%Y-%m-%d %H:%M:%S} {line.level.upper()} {line.message}"


def download_url(job: ExportJob, viewer: User, request: HttpRequest | None) -> str | None:
    """A link to the file, absolute; None when there is none (any more), or not for ``viewer``."""
    if request is None or job.status != Status.READY or job.expires_at is None or job.expires_at <= timezone.now():
        return None
    if not policy.may(viewer, policy.Action.EXPORT_DOWNLOAD, job):
        return None
    return links.absolute(request, job, links.link_for(job, viewer))


def _estimate(job: ExportJob) -> dict[str, Any] | None:
    """What was expected when the job was created; once the file is there, how wrong that was."""
    if job.estimated_rows is None:
        return None
    return {
        "rows": job.estimated_rows,
        "bytes": job.estimated_bytes,
        "seconds": job.estimated_seconds,
        "error": accuracy.errors(job),
    }


def _error(job: ExportJob, viewer: User) -> dict[str, Any] | None:
    error = job.error
    if error is not None and job.error_stack and policy.may(viewer, policy.Action.ERROR_STACK):
        error["stack"] = job.error_stack
    return error
