"""What the drawer and the page of one export say beside its row."""

import json
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts import policy
from accounts.audit import Operation
from accounts.models import AuditEntry, User
from jobs.datasets.words import Pair
from jobs.engine.states import Status
from jobs.exports import planning, words
from jobs.exports.estimating import accuracy
from jobs.exports.facts import Facts
from jobs.exports.pages.rows import Row, has_file, params_words, rows_for
from jobs.exports.presenting import TAIL_LINES
from jobs.models import Attempt, DownloadHandle, ExportJob, JobLog
from jobs.pages.preferences import EXPORTS, get_preference

MOST_DOWNLOADS = 50
MOST_OF_CHAIN = 50


@dataclass(frozen=True)
class Download:
    """Somebody who has had the file, or was refused."""

    who: str
    when: str
    where: str
    size: str
    refused: bool


@dataclass(frozen=True)
class Part:
    """A file of a result in several; ``address`` is empty for who may not have it."""

    number: int
    name: str
    size: str
    rows: str
    sha256: str
    address: str


@dataclass(frozen=True)
class Relative:
    """A member of the chain of retries."""

    job_no: str
    address: str
    status: str
    sign: str
    tone: str
    created: str
    is_this: bool


def context_of(job: ExportJob, viewer: User, request: HttpRequest) -> dict[str, Any]:
    """Everything the partials of the detail need."""
    (row,) = rows_for([job], viewer)
    facts = planning.shown_facts(job, viewer)
    tail = list(JobLog.objects.filter(job_id=job.pk).order_by("-id")[: TAIL_LINES + 1])
    return {
        "row": row,
        "job": job,
        "facts": Facts.read(facts).lines() if facts else _expected(job, viewer),
        "has_facts": bool(facts),
        "parts": parts_of(job, viewer, reverse("exports-page-download", args=[job.job_no])),
        "log_lines": tail[:TAIL_LINES][::-1],
        "log_is_cut": len(tail) > TAIL_LINES,
        "last_line": tail[0].pk if tail else 0,
        "log_address": _log_address(job, viewer),
        "error": _error(job, viewer),
        "attempts": [words.attempt_cells(one) for one in Attempt.objects.filter(job_id=job.pk).order_by("id")],
        "chain": _chain(job, viewer),
        "downloads": _downloads(job),
        "links": list(DownloadHandle.objects.filter(job=job).select_related("user").order_by("-created_at")[:20]),
        "params_json": json.dumps(planning.shown_params(job, viewer), ensure_ascii=False, indent=2, sort_keys=True),
        "has_file": has_file(job),
        "preview_reason": _preview_reason(job, viewer),
        "times": _times(job),
        "folded": get_preference(page=EXPORTS, user_id=viewer.pk)["folded"],
    }


def _expected(job: ExportJob, viewer: User) -> list[Pair]:
    """Before there is a file: what was asked for, and what is expected of it."""
    pairs = [
        (_("Type"), job.type_title),
        (_("Conditions"), params_words(job, viewer) or _("none")),
        (_("File type"), job.get_file_type_display()),
        (_("Columns"), _("Default columns") if job.columns is None else ", ".join(job.columns)),
    ]
    if job.estimated_rows is not None:
        pairs += [
            (_("Rows expected"), words.number(job.estimated_rows) or ""),
            (_("Size expected"), words.size(job.estimated_bytes) or "—"),
            (_("Duration expected"), words.seconds(job.estimated_seconds) or "—"),
        ]
    return pairs


def _times(job: ExportJob) -> list[Pair]:
    pairs = [(_("Created"), words.moment(job.created_at) or "")]
    if job.started_at:
        pairs.append((_("Started"), words.moment(job.started_at) or ""))
    if job.finished_at:
        pairs.append((_("Finished"), words.moment(job.finished_at) or ""))
    if took := words.duration(job.started_at, job.finished_at):
        errors = accuracy.errors(job) or {}
        pairs.append((_("Took"), f"{took} {words.deviation(errors.get('seconds'))}".strip()))
    if job.expires_at:
        pairs.append((_("Expires"), words.moment(job.expires_at) or ""))
    if job.cancel_requested_at:
        pairs.append((_("Cancel requested"), f"{words.moment(job.cancel_requested_at)} · {job.cancel_requested_by}"))
    return pairs


def _error(job: ExportJob, viewer: User) -> dict[str, str] | None:
    if not job.error_code:
        return None
    stack = job.error_stack if policy.may(viewer, policy.Action.ERROR_STACK) else ""
    return {
        "code": job.error_code,
        "message": job.error_message,
        "advice": job.error_advice,
        "stack": stack,
        "quote": job.request_id,
    }


def parts_of(job: ExportJob, viewer: User, page: str) -> list[Part]:
    """The files of a result in several; ``page``: where a download begins."""
    allowed = has_file(job) and bool(policy.may(viewer, policy.Action.EXPORT_DOWNLOAD, job))
    return [
        Part(
            number=part["number"],
            name=part["name"],
            size=words.size(part["size"]) or "",
            rows=words.number(part["rows"]) or "",
            sha256=part["sha256"],
            address=f"{page}?part={part['number']}" if allowed else "",
        )
        for part in job.parts
        if part["number"]
    ]


def _log_address(job: ExportJob, viewer: User) -> str:
    allowed = policy.may(viewer, policy.Action.LOG_DOWNLOAD, job)
    return reverse("exports-log", args=[job.job_no]) if allowed else ""


def _chain(job: ExportJob, viewer: User) -> list[Relative]:
    """The chain of retries, oldest first; empty when nobody has retried."""
    family = ExportJob.objects.visible_to(viewer).filter(root_id=job.root_id).select_related("owner")
    found = list(family.order_by("retry_no")[:MOST_OF_CHAIN])
    if len(found) < 2:
        return []
    return [_relative(row, job) for row in rows_for(found, viewer)]


def _relative(row: Row, this: ExportJob) -> Relative:
    return Relative(
        job_no=row.job.job_no,
        address=row.address,
        status=row.status,
        sign=row.sign,
        tone=row.tone,
        created=row.created,
        is_this=row.job.pk == this.pk,
    )


def _downloads(job: ExportJob) -> list[Download]:
    """From the audit trail, newest first."""
    entries = AuditEntry.objects.filter(
        operation=Operation.EXPORT_FILE_DOWNLOAD, resource=f"export:{job.job_no}"
    ).order_by("-seq")[:MOST_DOWNLOADS]
    return [
        Download(
            who=entry.username,
            when=words.moment(entry.timestamp) or "",
            where=entry.ip_address,
            size=words.size(entry.details.get("bytes")) or "",
            refused=entry.result != "success",
        )
        for entry in entries
    ]


def _preview_reason(job: ExportJob, viewer: User) -> str:
    """Why there is no preview; empty when there is one to be asked for."""
    decision = policy.may(viewer, policy.Action.EXPORT_PREVIEW, job)
    if not decision:
        return decision.reason
    if job.status == Status.READY:
        return ""
    if job.status == Status.EXPIRED:
        return _("The file has expired, and its preview with it.")
    return _("There is no file yet.") if row_moves(job) else _("It ended without a file.")


def row_moves(job: ExportJob) -> bool:
    """Whether the export can still change by itself."""
    return job.status in (Status.QUEUED, Status.PROCESSING)
