"""A row of the list: everything it says, for the person who reads it (SPEC U4, notes on what a row says)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import F
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts import policy
from accounts.models import User
from exportcenter.common.errors import InvalidParameters
from jobs.datasets.words import in_words
from jobs.engine.config import SLOTS_PER_OWNER
from jobs.engine.states import Status
from jobs.exports import planning, words
from jobs.exports.steps import CANCEL, RETRY, STEPS, Step
from jobs.models import ExportJob

MOST_WAITING = 2_000
"""A longer queue is long, whatever somebody's exact place in it."""

SURE_FROM = 0.05
"""Share of the rows from which on the pace says how long the rest takes."""
SIGNS: dict[str, str] = {
    Status.QUEUED: "schedule",
    Status.PROCESSING: "progress_activity",
    Status.READY: "check_circle",
    Status.FAILED: "error",
    Status.CANCELED: "block",
    Status.EXPIRED: "hourglass_disabled",
}
"""Names in the theme's icon font."""
AGAIN: dict[str, Any] = {
    Status.CANCELED: lambda: _("Export again"),
    Status.EXPIRED: lambda: _("Generate again"),
}
"""What a retry is called where nothing has failed."""


@dataclass(frozen=True)
class Doing:
    """One thing that can be done to the export, or why it cannot.

    Attributes:
        key: a step's key, or "download"
        address: of a plain link; empty for what the API does
        reason: why not, when not allowed
    """

    key: str
    title: str
    icon: str
    allowed: bool
    reason: str = ""
    address: str = ""
    danger: bool = False


@dataclass(frozen=True)
class Row:
    """An export as one person sees it in the list; ``job`` is for identifiers and flags only."""

    job: ExportJob
    mine: bool
    address: str
    sign: str
    status: str
    note: str
    progress: int | None
    progress_words: str
    type: str
    file: str
    size: str
    creator: str
    created: str
    created_exact: str
    finished: str
    finished_exact: str
    source: str
    params: str
    primary: Doing
    doings: list[Doing]

    @property
    def tone(self) -> str:
        """Of the status; colours stand in the style sheet."""
        return str(self.job.status)

    @property
    def moves(self) -> bool:
        """Whether it can still change by itself."""
        return self.job.status in (Status.QUEUED, Status.PROCESSING)


def rows_for(jobs: Iterable[ExportJob], viewer: User) -> list[Row]:
    """Rows of these exports, which ``viewer`` may see. At most one query, when one of them waits."""
    found = list(jobs)
    places = _places() if any(job.status == Status.QUEUED for job in found) else {}
    now = timezone.now()
    return [_row(job, viewer, places, now) for job in found]


def has_file(job: ExportJob) -> bool:
    """Whether a file can be had now; the row's own time counts, as at the download itself."""
    return job.status == Status.READY and job.expires_at is not None and job.expires_at > timezone.now()


def doings_of(job: ExportJob, viewer: User) -> list[Doing]:
    """Everything that can be done to the export, the primary thing first; what cannot says why."""
    download = _download(job, viewer)
    steps = {key: _step(step, job, viewer) for key, step in STEPS.items()}
    first = {
        Status.QUEUED: CANCEL.key,
        Status.PROCESSING: CANCEL.key,
        Status.READY: "download",
    }.get(Status(job.status), RETRY.key)
    every = {"download": download, **steps}
    return [every.pop(first), *every.values()]


def _row(job: ExportJob, viewer: User, places: dict[UUID, tuple[int, int]], now: datetime) -> Row:
    doings = doings_of(job, viewer)
    return Row(
        job=job,
        mine=job.owner_id == viewer.pk,
        address=reverse("exports-page-detail", args=[job.job_no]),
        sign=SIGNS[job.status],
        status=_status(job),
        note=_note(job, places, now),
        progress=_progress(job),
        progress_words=progress_words(job),
        type=job.type_title,
        file=job.file_name,
        size=words.size(job.file_size) or "",
        creator=job.owner.display_name,
        created=words.when(job.created_at, now) or "",
        created_exact=job.created_at.astimezone(viewer.zone).isoformat(timespec="seconds"),
        finished=words.when(job.finished_at, now) or "",
        finished_exact=(
            job.finished_at.astimezone(viewer.zone).isoformat(timespec="seconds") if job.finished_at else ""
        ),
        source=job.source,
        params=params_words(job, viewer),
        primary=doings[0],
        doings=doings,
    )


def params_words(job: ExportJob, viewer: User) -> str:
    """The conditions in one line, without what a mask would hide."""
    try:
        return in_words(planning.dataset_of(job), planning.shown_params(job, viewer))
    except InvalidParameters:  # the dataset is gone
        return ""


def progress_words(job: ExportJob) -> str:
    """E.g. "64% · 640,000 / 1,000,000 rows"; rows alone when nobody knows of how many."""
    if job.status != Status.PROCESSING:
        percent = f"{job.progress}%"
        rows = _("%(rows)s rows") % {"rows": words.number(job.rows_done)} if job.rows_done else ""
        return f"{percent} · {rows}" if rows else percent
    done = words.number(job.rows_done)
    if job.rows_expected:
        named = {"percent": job.progress, "done": done, "all": words.number(job.rows_expected)}
        return _("%(percent)d%% · %(done)s / %(all)s rows") % named
    return _("%(rows)s rows") % {"rows": done} if job.rows_done else ""


def _progress(job: ExportJob) -> int | None:
    """Percent of the bar; None when there is nothing to say."""
    if job.status == Status.PROCESSING and not job.rows_expected:
        return None
    return job.progress


def _status(job: ExportJob) -> str:
    if job.status == Status.PROCESSING:
        return _("Canceling") if job.cancel_requested_at else str(job.get_stage_display())
    return str(job.get_status_display())


def _note(job: ExportJob, places: dict[UUID, tuple[int, int]], now: datetime) -> str:
    """The line below the status."""
    note = ""
    match job.status:
        case Status.QUEUED:
            note = _waiting(job, places, now)
        case Status.PROCESSING:
            note = _remaining(job, now)
        case Status.READY if job.expires_at:
            remaining = (job.expires_at - now).total_seconds()
            note = _("%(time)s left") % {"time": words.left(remaining)} if remaining > 0 else _("expired")
        case Status.FAILED:
            note = job.error_message or job.error_code
        case Status.CANCELED if job.cancel_requested_by:
            note = _("by %(name)s") % {"name": job.cancel_requested_by}
        case Status.EXPIRED:
            note = words.when(job.expires_at, now) or ""
    return note


def _remaining(job: ExportJob, now: datetime) -> str:
    """How long a running export still takes at its pace so far; nothing while that is a guess."""
    if not job.started_at or not job.rows_expected or job.cancel_requested_at:
        return ""
    share = job.rows_done / job.rows_expected
    elapsed = (now - job.started_at).total_seconds()
    if not SURE_FROM <= share < 1 or elapsed < 1:
        return ""
    return _("about %(time)s left") % {"time": words.seconds(max(1, round(elapsed * (1 - share) / share)))}


def _waiting(job: ExportJob, places: dict[UUID, tuple[int, int]], now: datetime) -> str:
    if job.available_at > now:
        return _("next attempt in %(time)s") % {"time": words.seconds((job.available_at - now).total_seconds())}
    ahead, running = places.get(job.pk, (0, 0))
    if running >= SLOTS_PER_OWNER:
        return _("%(count)d of your exports are running; it starts by itself") % {"count": running}
    if not ahead:
        return _("next in line")
    return ngettext("%(count)d before it", "%(count)d before it", ahead) % {"count": ahead}


def _places() -> dict[UUID, tuple[int, int]]:
    """Waiting export → how many stand before it, and how many of its owner's run now."""
    open_jobs = (
        ExportJob.objects.filter(status__in=[Status.QUEUED, Status.PROCESSING])
        .order_by("-priority", F("available_at"), "id")
        .values_list("id", "owner_id", "status")[:MOST_WAITING]
    )
    running: dict[UUID, int] = {}
    queue: list[tuple[UUID, UUID]] = []
    for key, owner, status in open_jobs:
        if status == Status.PROCESSING:
            running[owner] = running.get(owner, 0) + 1
        else:
            queue.append((key, owner))
    return {key: (ahead, running.get(owner, 0)) for ahead, (key, owner) in enumerate(queue)}


def _download(job: ExportJob, viewer: User) -> Doing:
    decision = policy.may(viewer, policy.Action.EXPORT_DOWNLOAD, job)
    reason = decision.reason
    if decision and not has_file(job):
        gone = job.status in (Status.EXPIRED, Status.READY)
        reason = _("The file has expired. Generate it again.") if gone else _("There is no file yet.")
        if job.status in (Status.FAILED, Status.CANCELED):
            reason = _("It ended without a file.")
    return Doing(
        key="download",
        title=_("Download"),
        icon="download",
        allowed=not reason,
        reason=reason,
        address=reverse("exports-page-download", args=[job.job_no]) if not reason else "",
    )


def _step(step: Step, job: ExportJob, viewer: User) -> Doing:
    decision = step.decide(viewer, job)
    title = AGAIN[job.status]() if step is RETRY and job.status in AGAIN else str(step.title)
    return Doing(
        key=step.key,
        title=title,
        icon=step.icon,
        allowed=bool(decision),
        reason=decision.reason,
        danger=step is CANCEL,
    )
