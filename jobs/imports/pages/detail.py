"""Everything that the page of one import says."""

from typing import Any

from django.contrib import admin
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from accounts import policy
from accounts.models import User
from jobs.datasets.words import Pair
from jobs.engine.states import Status
from jobs.exports import words
from jobs.exports.presenting import TAIL_LINES
from jobs.imports import services
from jobs.imports.counting import Counts
from jobs.imports.pages import looking, result
from jobs.imports.pages.deeds import CONFIRM
from jobs.imports.pages.rows import doing, doings_of, shown
from jobs.imports.presenting import dataset_or_none
from jobs.models import Attempt, ImportJob, JobLog


def context_of(job: ImportJob, viewer: User) -> dict[str, Any]:
    """What the partials of the page need; ``job`` comes with owner and file."""
    return live_context(job, viewer) | log_context(job)


def live_context(job: ImportJob, viewer: User) -> dict[str, Any]:
    """What of it changes while the import moves."""
    counts = Counts.of(job.counts)
    faulty, more_faulty = result.faulty_rows(job, viewer, after=0) if counts.faulty else ([], False)
    kept, more_kept = result.kept_rows(job, viewer, after=0) if job.undoes_id and counts.kept else ([], False)
    written = bool(counts.created or counts.updated)
    return {
        "row": shown(job, viewer),
        "job": job,
        "counts": counts,
        "doings": doings_of(job, viewer),
        "confirm": doing(CONFIRM, job, viewer) if job.status == Status.REVIEW else None,
        "consequence": result.consequence(job) if job.status == Status.REVIEW else "",
        "figures": result.figures(job) if counts.rows else [],
        "groups": result.groups(job, viewer),
        "faulty": faulty,
        "more_faulty": more_faulty,
        "faulty_address": (
            reverse("imports-faulty-rows", args=[job.job_no]) if counts.faulty and not job.file.is_over else ""
        ),
        "faulty_reason": policy.may(viewer, policy.Action.IMPORT_CONTENT, job).reason,
        "kept": kept,
        "more_kept": more_kept,
        "undo_of": job.undoes,
        "undone_by": services.undo_of(job) if written else None,
        "time_left": _time_left(job) if written and not job.undoes_id else "",
        "list_address": list_address(job) if written or job.undoes_id else "",
        "error": _error(job, viewer),
        "facts": _facts(job),
        "mapping": _mapping(job),
        "attempts": [words.attempt_cells(one) for one in Attempt.objects.filter(job_id=job.pk).order_by("id")],
        "chain": _chain(job, viewer),
        "again_address": _again(job),
    }


def log_context(job: ImportJob) -> dict[str, Any]:
    """The end of the log."""
    tail = list(JobLog.objects.filter(job_id=job.pk).order_by("-id")[: TAIL_LINES + 1])
    return {
        "log_lines": tail[:TAIL_LINES][::-1],
        "log_is_cut": len(tail) > TAIL_LINES,
        "last_line": tail[0].pk if tail else 0,
    }


def list_address(job: ImportJob) -> str:
    """The page of the dataset's rows in the admin; empty when there is none."""
    dataset = dataset_or_none(job.dataset)
    if dataset is None or not admin.site.is_registered(dataset.model):
        return ""
    try:
        return reverse(f"admin:{dataset.model._meta.app_label}_{dataset.model._meta.model_name}_changelist")
    except NoReverseMatch:
        return ""


def _time_left(job: ImportJob) -> str:
    """How long it can still be taken back."""
    if job.status == Status.EXPIRED or job.file.is_over:
        return ""
    left = (job.file.expires_at - timezone.now()).total_seconds()
    return words.left(left) if left > 0 else ""


def _error(job: ImportJob, viewer: User) -> dict[str, str] | None:
    if not job.error_code:
        return None
    may_see = policy.may(viewer, policy.Action.ERROR_STACK)
    return {
        "code": job.error_code,
        "message": job.error_message,
        "advice": job.error_advice,
        "stack": job.error_stack if may_see else "",
    }


def _facts(job: ImportJob) -> list[Pair]:
    """The file and how it is read, then the times."""
    facts = job.facts
    delimiter = {"\t": _("tab"), ",": _("comma ,"), ";": _("semicolon ;"), "|": _("bar |")}
    pairs: list[tuple[Any, Any]] = [
        (_("File"), f"{job.file.name} · {words.size(job.file.size)}"),
        (_("Kind"), looking.KINDS.get(facts.get("kind", ""), "")),
        (_("Encoding"), str(facts.get("encoding") or "").upper()),
        (_("Delimiter"), delimiter.get(facts.get("delimiter", ""), facts.get("delimiter", ""))),
        (_("Sheet"), facts.get("sheet", "")),
        (_("Faulty rows"), "" if job.undoes_id else job.get_on_error_display()),
        (_("Created"), words.moment(job.created_at)),
        (
            capfirst(_("confirmed")),
            f"{words.moment(job.confirmed_at)} · {job.confirmed_by}" if job.confirmed_at else "",
        ),
        (capfirst(_("ended")), words.moment(job.finished_at)),
        (_("Duration"), words.duration(job.started_at, job.finished_at)),
        (_("File kept until"), words.moment(job.file.removed_at or job.file.expires_at)),
        (_("Source page"), job.source),
        ("SHA-256", job.file.sha256),
    ]
    return [(label, text) for label, text in pairs if text]


def _mapping(job: ImportJob) -> list[Pair]:
    """Heading of the file → column of the dataset; what is left out says so."""
    dataset = dataset_or_none(job.dataset)
    titles = {column.key: str(column.title) for column in dataset.columns} if dataset else {}
    header = job.facts.get("header", [])
    return [
        (label or f"#{position + 1}", titles.get(key, key) if (key := job.mapping.get(str(position))) else "")
        for position, label in enumerate(header)
    ]


def _chain(job: ImportJob, viewer: User) -> list[Any]:
    """The chain of retries, oldest first; empty when nobody has retried."""
    family = ImportJob.objects.visible_to(viewer).filter(root_id=job.root_id).select_related("owner", "file")
    found = list(family.order_by("retry_no")[:50])
    return [shown(one, viewer) for one in found] if len(found) > 1 else []


def _again(job: ImportJob) -> str:
    """A new import of the same data in the same way: where a corrected file is sent."""
    if job.undoes_id:
        return ""
    return f"{reverse('imports-page-new')}?dataset={job.dataset}&mode={job.mode}"
