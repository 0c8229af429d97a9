"""Cards above the list: what has happened today, beside the days before (SPEC U3)."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from datetime import time as clock_time
from typing import Any
from urllib.parse import urlencode

from django.db.models import Avg, Count, DurationField, ExpressionWrapper, F, Q, QuerySet
from django.db.models.functions import TruncDate
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import policy
from accounts.models import User
from jobs.engine.states import Status
from jobs.exports import words
from jobs.models import ExportJob

DAYS = 14
FRESH_SECONDS = 3.0
"""How long the figures of one kind of viewer are told again without asking."""
MOST_REMEMBERED = 256

WIDTH, HEIGHT = 64, 22
DONE = [Status.READY, Status.EXPIRED]

Figures = dict[str, float | None]


@dataclass(frozen=True)
class Card:
    """One figure, its last days, and the filter that a click sets.

    Attributes:
        delta: against yesterday, in words
        line: points of the sparkline, in a box of WIDTH × HEIGHT; empty when there is nothing to draw
        history: the same in words, for those who cannot see it
        query: the filter, as a query string
    """

    key: str
    title: str
    figure: str
    delta: str
    line: str
    history: str
    query: str


def cards(viewer: User) -> list[Card]:
    """The four cards, over what ``viewer`` may see, in the viewer's days."""
    today = timezone.now().astimezone(viewer.zone).date()
    days = [today - timedelta(days=back) for back in reversed(range(DAYS))]
    found = _remembered(viewer, days)
    finished = {"period": "today", "status": [status.value for status in DONE]}
    return [
        _card("started", _("Started today"), _history(found, days, "started"), {"period": "today"}),
        _card("done", _("Done"), _history(found, days, "done"), finished),
        _card("failed", _("Failed"), _history(found, days, "failed"), {"period": "today", "status": "failed"}),
        _card(
            "seconds", _("Average duration"), _history(found, days, "seconds"), finished | {"ordering": "-finished_at"}
        ),
    ]


def by_day(jobs: "QuerySet[ExportJob]", since: datetime, zone: Any) -> dict[date, Figures]:
    """Figures of each day of creation: one walk over the covering index of creation."""
    took = ExpressionWrapper(F("finished_at") - F("created_at"), output_field=DurationField())
    done = Q(status__in=DONE)
    rows = (
        jobs.filter(created_at__gte=since)
        .order_by()
        .values(day=TruncDate("created_at", tzinfo=zone))
        .annotate(
            started=Count("*"),
            done=Count("id", filter=done),
            failed=Count("id", filter=Q(status=Status.FAILED)),
            seconds=Avg(took, filter=done),
        )
    )
    return {
        row["day"]: {
            "started": row["started"],
            "done": row["done"],
            "failed": row["failed"],
            "seconds": row["seconds"].total_seconds() if row["seconds"] is not None else None,
        }
        for row in rows
    }


_memory: dict[tuple[Any, ...], tuple[float, dict[date, Figures]]] = {}


def _remembered(viewer: User, days: list[date]) -> dict[date, Figures]:
    """Everybody with the same rights sees the same figures: those are computed once in FRESH_SECONDS."""
    seen = policy.visibility(viewer)
    who = None if seen.everything else viewer.pk
    key = (viewer.tenant_id, who, seen.everything, seen.classes, viewer.time_zone, days[0])
    at, figures = _memory.get(key, (0.0, {}))
    if time.monotonic() - at > FRESH_SECONDS or not at:
        since = datetime.combine(days[0], clock_time(), tzinfo=viewer.zone)
        figures = by_day(ExportJob.objects.visible_to(viewer), since, viewer.zone)
        while len(_memory) >= MOST_REMEMBERED:
            _memory.pop(next(iter(_memory)), None)
        _memory[key] = (time.monotonic(), figures)
    return figures


def _history(found: dict[date, Figures], days: list[date], key: str) -> list[float | None]:
    return [found.get(day, {}).get(key, None if key == "seconds" else 0) for day in days]


def _card(key: str, title: str, history: list[float | None], query: dict[str, Any]) -> Card:
    say: Callable[[Any], str | None] = words.seconds if key == "seconds" else words.number
    today, yesterday = history[-1], history[-2]
    told = [say(value) or "—" for value in history]
    return Card(
        key=key,
        title=title,
        figure=told[-1],
        delta=_delta(today, yesterday, say),
        line=_line(history),
        history=_("Last %(days)d days: %(values)s") % {"days": len(history), "values": "; ".join(told)},
        query=f"?{urlencode(query, doseq=True)}",
    )


def _delta(today: float | None, yesterday: float | None, say: Callable[[Any], str | None]) -> str:
    if today is None or yesterday is None:
        return _("yesterday %(value)s") % {"value": say(yesterday) or "—"}
    if today == yesterday:
        return _("as many as yesterday") if isinstance(today, int) else _("as yesterday")
    more = today > yesterday
    value = say(abs(today - yesterday)) or ""
    return (_("%(value)s more than yesterday") if more else _("%(value)s less than yesterday")) % {"value": value}


def _line(history: list[float | None]) -> str:
    values = [value or 0.0 for value in history]
    top = max(values)
    if not top:
        return ""
    step = WIDTH / (len(values) - 1)
    return " ".join(
        f"{number * step:.1f},{HEIGHT - 2 - value / top * (HEIGHT - 4):.1f}" for number, value in enumerate(values)
    )
