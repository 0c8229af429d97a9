"""How jobs are said in the admin: never by colour alone, numbers with units, times to the second."""

import json
from datetime import datetime
from typing import Any

from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.formats import date_format, localize
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from jobs.engine.states import Outcome, Status
from jobs.models import Attempt
from jobs.models.attempt import Level

ICONS: dict[str, str] = {
    Status.QUEUED: "◷",
    Status.PROCESSING: "◔",
    Status.READY: "✓",
    Status.FAILED: "✕",
    Status.CANCELED: "⊘",
    Status.EXPIRED: "◌",
    Status.REVIEW: "◎",
}
TONES: dict[str, str] = {
    Status.QUEUED: "default",
    Status.CANCELED: "default",
    Status.PROCESSING: "info",
    Status.READY: "success",
    Status.FAILED: "danger",
    Status.EXPIRED: "warning",
    Status.REVIEW: "warning",
}
"""Names are the admin theme's. Every value needs one: the theme prints the bare code of a value without."""
OUTCOME_TONES: dict[str, str] = {
    Outcome.RUNNING: "info",
    Outcome.READY: "success",
    Outcome.REVIEW: "success",
    Outcome.FAILED: "danger",
    Outcome.TIMEOUT: "danger",
    Outcome.RETRY: "warning",
    Outcome.LOST: "warning",
    Outcome.CANCELED: "default",
    Outcome.RELEASED: "default",
}
UNITS = ("B", "KB", "MB", "GB", "TB")
LEVEL_TONES: dict[str, str] = {Level.INFO: "default", Level.WARNING: "warning", Level.ERROR: "danger"}


def status_words(job: Any) -> str:
    """Sign and word of the status; a running job that was told to stop says so."""
    stopping = job.status == Status.PROCESSING and job.cancel_requested_at is not None
    return f"{ICONS[job.status]} {_('Canceling') if stopping else job.get_status_display()}"


def badge(text: str, tone: str) -> SafeString:
    """``text`` as a coloured label, for pages of one row; lists have the theme's own."""
    return render_to_string("unfold/helpers/label.html", {"text": text, "type": tone})


def moment(time: datetime | None) -> str | None:
    """To the second, in the reader's time zone."""
    return date_format(localtime(time), "Y-m-d H:i:s") if time else None


def stamp(time: datetime | None) -> SafeString | None:
    """The same for a narrow column: it breaks between day and time only."""
    if time is None:
        return None
    day, clock = date_format(localtime(time), "Y-m-d"), date_format(localtime(time), "H:i:s")
    return format_html('<span class="job-keep">{}</span> <span class="job-keep">{}</span>', day, clock)


def size(count: int | None) -> str | None:
    """Bytes in a unit that people read: 12.4 MB."""
    if count is None:
        return None
    power = 0
    amount = float(count)
    while amount >= 1000 and power < len(UNITS) - 1:
        amount /= 1024
        power += 1
    return f"{localize(round(amount, 1) if power else count)} {UNITS[power]}"


def duration(start: datetime | None, end: datetime | None) -> str | None:
    """38 s, 4 min 12 s, 1 h 5 min."""
    return None if start is None or end is None else seconds((end - start).total_seconds())


def seconds(count: float | None) -> str | None:
    """The same of a number."""
    if count is None:
        return None
    exact = max(0.0, count)
    if exact < 10:
        return _("%(seconds)s s") % {"seconds": localize(round(exact, 1))}
    whole = round(exact)
    if whole < 60:
        return _("%(seconds)s s") % {"seconds": whole}
    if whole < 3600:
        return _("%(minutes)d min %(seconds)d s") % {"minutes": whole // 60, "seconds": whole % 60}
    return _("%(hours)d h %(minutes)d min") % {"hours": whole // 3600, "minutes": whole % 3600 // 60}


def deviation(percent: float | None) -> str:
    """(+3.5 %): how far an estimate was above or below what came out; nothing while that is unknown."""
    return "" if percent is None else f"({'+' if percent > 0 else ''}{localize(percent)} %)"


def number(count: int | None) -> str | None:
    """With thousands separators."""
    return None if count is None else str(localize(count))


def attempt_cells(attempt: Attempt) -> tuple[Attempt, SafeString, str | None]:
    """An attempt, its outcome as a label, and how long it took."""
    outcome = badge(attempt.get_outcome_display(), OUTCOME_TONES[attempt.outcome])
    return attempt, outcome, duration(attempt.started_at, attempt.ended_at)


def as_json(value: Any) -> SafeString:
    """Indented, with Chinese readable."""
    return preformatted(json.dumps(value, ensure_ascii=False, indent=2, sort_keys=True))


def preformatted(text: str) -> SafeString:
    """Monospaced, wrapped where it is too long."""
    return format_html('<pre class="job-pre">{}</pre>', text)


def mono(text: str) -> SafeString:
    """An identifier, to be read letter by letter."""
    return format_html('<span class="job-mono">{}</span>', text)


def job_link(model: Any, key: Any, job_no: str) -> SafeString:
    """The number of a job as a link to its page."""
    address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_change", args=[key])
    return format_html('<a class="job-mono job-link" href="{}">{}</a>', address, job_no)


def when(time: datetime | None, now: datetime | None = None) -> str | None:
    """As people say it: today 14:03, yesterday 14:03, 10-04 14:03, 2025-10-04 14:03; exact times stand elsewhere."""
    if time is None:
        return None
    there, here = localtime(time), localtime(now)
    clock = date_format(there, "H:i")
    days = (here.date() - there.date()).days
    if days == 0:
        return _("today %(time)s") % {"time": clock}
    if days == 1:
        return _("yesterday %(time)s") % {"time": clock}
    return date_format(there, "m-d H:i" if there.year == here.year else "Y-m-d H:i")


def left(seconds_left: float) -> str:
    """How long something is still there: 23 h, 12 min, in words."""
    minutes = max(0, int(seconds_left)) // 60
    if minutes >= 48 * 60:
        return _("%(count)d days") % {"count": minutes // (24 * 60)}
    if minutes >= 60:
        return _("%(count)d hours") % {"count": minutes // 60}
    return _("%(count)d minutes") % {"count": minutes} if minutes else _("less than a minute")
