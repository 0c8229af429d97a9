"""What an import says of itself in a list and at the head of its page, for the person who reads it."""

from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from jobs.datasets import title_of
from jobs.engine.states import CANCELABLE, Stage, Status
from jobs.exports import words
from jobs.exports.pages.rows import SIGNS
from jobs.imports.counting import Counts
from jobs.imports.pages.deeds import CANCEL, RETRY, UNDO, Deed
from jobs.models import ImportJob

REVIEW_SIGN = "fact_check"


@dataclass(frozen=True)
class Doing:
    """One thing that can be done to the import, or why it cannot.

    Attributes:
        question, effect: what is asked before it is done
        address: GET asks, POST does; empty where it is not allowed
    """

    key: str
    title: str
    icon: str
    reason: str
    question: str
    effect: str
    address: str
    danger: bool

    @property
    def allowed(self) -> bool:
        """Whether it can be done."""
        return not self.reason


@dataclass(frozen=True)
class ImportRowShown:
    """An import as one person sees it; ``job`` is for identifiers and flags only."""

    job: ImportJob
    mine: bool
    address: str
    sign: str
    tone: str
    status: str
    note: str
    progress: int | None
    progress_words: str
    dataset: str
    what: str
    file: str
    creator: str
    created: str
    created_exact: str
    finished: str
    finished_exact: str

    @property
    def moves(self) -> bool:
        """Whether it can still change by itself."""
        return self.job.status in (Status.QUEUED, Status.PROCESSING)


def shown(job: ImportJob, viewer: User) -> ImportRowShown:
    """Everything that a row says. No query; ``job`` comes with owner and file."""
    now = timezone.now()
    over = job.status == Status.EXPIRED
    return ImportRowShown(
        job=job,
        mine=job.owner_id == viewer.pk,
        address=reverse("imports-page", args=[job.job_no]),
        sign=REVIEW_SIGN if job.status == Status.REVIEW else SIGNS[Status.READY if over else job.status],
        tone="ready" if over else str(job.status),
        status=_status(job),
        note=_note(job, now),
        progress=None if job.status == Status.PROCESSING and not job.rows_expected else job.progress,
        progress_words=progress_words(job),
        dataset=title_of(job.dataset),
        what=what_it_does(job),
        file=job.file.name,
        creator=job.owner.display_name,
        created=words.when(job.created_at, now) or "",
        created_exact=job.created_at.astimezone(viewer.zone).isoformat(timespec="seconds"),
        finished=words.when(job.finished_at, now) or "",
        finished_exact=job.finished_at.astimezone(viewer.zone).isoformat(timespec="seconds") if job.finished_at else "",
    )


def what_it_does(job: ImportJob) -> str:
    """The mode in words; an undo is one."""
    return _("Takes an import back") if job.undoes_id else str(job.get_mode_display())


def progress_words(job: ImportJob) -> str:
    """E.g. "64% · 640 / 1,000 rows"; rows alone when nobody knows of how many."""
    done = words.number(job.rows_done)
    if job.status == Status.PROCESSING and job.rows_expected:
        named = {"percent": job.progress, "done": done, "all": words.number(job.rows_expected)}
        return _("%(percent)d%% · %(done)s / %(all)s rows") % named
    rows = _("%(rows)s rows") % {"rows": done}
    if job.status == Status.PROCESSING:
        return rows if job.rows_done else ""
    return f"{job.progress}%" if not job.rows_done else rows


def doing(deed: Deed, job: ImportJob, viewer: User) -> Doing:
    """The deed as a button or link, or why there is none."""
    reason = deed.why_not(viewer, job)
    return Doing(
        key=deed.key,
        title=str(deed.title),
        icon=deed.icon,
        reason=reason,
        question=str(deed.question) % {"job": job.job_no},
        effect=deed.effect(job),
        address="" if reason else reverse("imports-page-step", args=[job.job_no, deed.key]),
        danger=deed.danger,
    )


def doings_of(job: ImportJob, viewer: User) -> list[Doing]:
    """What can be done on the page of the import in its state; what cannot although one would expect it says why."""
    found: list[Doing] = []
    if job.status in CANCELABLE and job.cancel_requested_at is None:
        found.append(doing(CANCEL, job, viewer))
    if job.status in (Status.FAILED, Status.CANCELED) and job.undoes_id is None:
        found.append(doing(RETRY, job, viewer))
    counts = Counts.of(job.counts)
    if job.undoes_id is None and job.status not in CANCELABLE and counts.created + counts.updated:
        found.append(doing(UNDO, job, viewer))
    return found


def _status(job: ImportJob) -> str:
    if job.status == Status.PROCESSING:
        return _("Canceling") if job.cancel_requested_at else str(job.get_stage_display())
    if job.status in (Status.READY, Status.EXPIRED):
        return str(Stage.DONE.label)
    return str(job.get_status_display())


def _note(job: ImportJob, now: datetime) -> str:
    """The line below the status."""
    counts = Counts.of(job.counts)
    note = ""
    match job.status:
        case Status.QUEUED:
            note = _("writing follows") if job.confirmed_at else ""
        case Status.REVIEW:
            named = {"valid": words.number(counts.valid), "faulty": words.number(counts.faulty)}
            note = _("%(valid)s can be written, %(faulty)s faulty") % named
        case Status.READY if job.undoes_id:
            note = _listed(counts, "removed", "restored", "kept")
        case Status.READY:
            note = _listed(counts, "created", "updated", "unchanged", "faulty")
        case Status.EXPIRED:
            note = _("can no longer be taken back")
        case Status.FAILED:
            note = job.error_message or job.error_code
        case Status.CANCELED if job.cancel_requested_by:
            note = _("by %(name)s") % {"name": job.cancel_requested_by}
    return note


def _listed(counts: Counts, *names: str) -> str:
    """What has become of the rows, without what has happened to none."""
    said = {
        "created": _("%(rows)s added"),
        "updated": _("%(rows)s changed"),
        "unchanged": _("%(rows)s unchanged"),
        "faulty": _("%(rows)s faulty"),
        "removed": _("%(rows)s removed"),
        "restored": _("%(rows)s restored"),
        "kept": _("%(rows)s kept"),
    }
    found = [said[name] % {"rows": words.number(number)} for name in names if (number := getattr(counts, name))]
    return _("; ").join(found)
