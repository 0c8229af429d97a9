"""The overview in words: key figures with what has changed, and the main message of every chart."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.utils.formats import localize
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from jobs.exports import words
from jobs.exports.pages.usage_tables import NOTHING, percent
from jobs.exports.usage.figures import Day, Overview
from jobs.exports.usage.presenting import type_title
from jobs.pages import ui_events


@dataclass(frozen=True)
class Figure:
    """One number at the top of the page."""

    label: str
    value: str
    change: str
    """Against the time before, in words."""


def figures(found: Overview) -> list[Figure]:
    """The six that say most."""
    now, before = found.total, found.before
    made, made_before = now.volume, before.volume
    return [
        Figure(_("Exports started"), _number(made.started), _count_change(made.started, made_before.started)),
        Figure(_("Ready"), _number(made.ready), _count_change(made.ready, made_before.ready)),
        Figure(
            _("Failure rate"),
            percent(made.failure_rate) or NOTHING,
            _rate_change(made.failure_rate, made_before.failure_rate),
        ),
        Figure(
            _("Median duration"),
            words.seconds(made.median_seconds) or NOTHING,
            _duration_change(made.median_seconds, made_before.median_seconds),
        ),
        Figure(
            pgettext("usage", "Written"), words.size(made.bytes) or NOTHING, _size_change(made.bytes, made_before.bytes)
        ),
        Figure(
            pgettext("usage", "Downloads"),
            _number(now.downloads.count),
            _count_change(now.downloads.count, before.downloads.count),
        ),
    ]


def messages(found: Overview) -> dict[str, str]:
    """Key of a table → what its chart says above all."""
    return {key: message(found) for key, message in _MESSAGES.items()}


# --- changes --------------------------------------------------------------------------------------------
def _count_change(now: int, before: int) -> str:
    return _change(now, before, lambda amount: _number(int(amount)))


def _size_change(now: int, before: int) -> str:
    return _change(now, before, lambda amount: words.size(int(amount)) or "")


def _change(now: int, before: int, say: Callable[[int], str]) -> str:
    if now == before:
        return _("as before")
    if not before:
        return _("none before")
    named = {"amount": say(abs(now - before)), "percent": percent(abs(now - before) / before)}
    return _("%(amount)s more (%(percent)s)") % named if now > before else _("%(amount)s less (%(percent)s)") % named


def _rate_change(now: float | None, before: float | None) -> str:
    if now is None or before is None:
        return _nothing_to_compare(now)
    points = round(100 * (now - before), 1)
    if not points:
        return _("as before")
    named = {"points": localize(abs(points))}
    return _("%(points)s points higher") % named if points > 0 else _("%(points)s points lower") % named


def _duration_change(now: float | None, before: float | None) -> str:
    if now is None or before is None:
        return _nothing_to_compare(now)
    difference = round(now - before, 1)
    if not difference:
        return _("as before")
    named = {"time": words.seconds(abs(difference))}
    return _("%(time)s slower") % named if difference > 0 else _("%(time)s faster") % named


def _nothing_to_compare(now: float | None) -> str:
    return _("nothing to measure") if now is None else _("none before")


# --- main messages --------------------------------------------------------------------------------------
def _outcomes(found: Overview) -> str:
    total = found.total.volume
    if not total.started:
        return _no_exports()
    day = _peak(found, lambda one: one.volume.started)
    named = {"count": _number(total.started), "day": day.day.isoformat(), "most": _number(day.volume.started)}
    return _("%(count)s exports; the busiest day was %(day)s with %(most)s.") % named


def _failures(found: Overview) -> str:
    total = found.total.volume
    if total.failure_rate is None:
        return _no_exports()
    if not total.failed:
        return _("No export failed.")
    day = _peak(found, lambda one: one.volume.failure_rate or 0)
    named = {
        "failed": _number(total.failed),
        "ended": _number(total.ready + total.failed),
        "rate": percent(total.failure_rate),
        "day": day.day.isoformat(),
        "worst": percent(day.volume.failure_rate),
    }
    return _("%(failed)s of %(ended)s failed (%(rate)s); the worst day was %(day)s with %(worst)s.") % named


def _durations(found: Overview) -> str:
    total = found.total.volume
    if total.median_seconds is None:
        return _no_files()
    named = {"median": words.seconds(total.median_seconds), "p95": words.seconds(total.p95_seconds)}
    return _("Half took at most %(median)s, 95 of 100 at most %(p95)s.") % named


def _bytes(found: Overview) -> str:
    total = found.total.volume
    if not total.ready:
        return _no_files()
    day = _peak(found, lambda one: one.volume.bytes)
    named = {"size": words.size(total.bytes), "day": day.day.isoformat(), "most": words.size(day.volume.bytes)}
    return _("%(size)s in all; most on %(day)s with %(most)s.") % named


def _types(found: Overview) -> str:
    total = found.total.volume.started
    if not total or not found.types:
        return _no_exports()
    first = found.types[0]
    named = {
        "type": type_title(first.type),
        "count": _number(first.volume.started),
        "percent": percent(first.volume.started / total),
    }
    return _("Most asked for: %(type)s with %(count)s exports (%(percent)s).") % named


def _downloads(found: Overview) -> str:
    total = found.total.downloads
    if not total.count:
        return _("No downloads in these days.")
    day = _peak(found, lambda one: one.downloads.count)
    named = {
        "count": _number(total.count),
        "size": words.size(total.bytes),
        "day": day.day.isoformat(),
        "most": _number(day.downloads.count),
    }
    return _("%(count)s downloads, %(size)s; most on %(day)s with %(most)s.") % named


def _people(found: Overview) -> str:
    if not found.people:
        return _no_exports()
    first = found.people[0]
    named = {
        "name": first.name or first.code or NOTHING,
        "exports": _number(first.exports),
        "downloads": _number(first.downloads.count),
    }
    return _("The busiest: %(name)s with %(exports)s exports and %(downloads)s downloads.") % named


def _events(found: Overview) -> str:
    if not found.events:
        return _("Nothing was recorded in these days.")
    first = found.events[0]
    named = {
        "count": _number(sum(use.total for use in found.events)),
        "event": ui_events.title_of(first.name),
        "most": _number(first.total),
    }
    return _("%(count)s events; most often: %(event)s (%(most)s).") % named


def _estimates(found: Overview) -> str:
    if not found.accuracy:
        return _("No export with an estimate has ended lately.")
    return _("How far estimates were from what came out, by dataset.")


_MESSAGES: dict[str, Callable[[Overview], str]] = {
    "outcomes": _outcomes,
    "failures": _failures,
    "durations": _durations,
    "bytes": _bytes,
    "types": _types,
    "downloads": _downloads,
    "people": _people,
    "events": _events,
    "estimates": _estimates,
}


def _peak(found: Overview, measure: Callable[[Day], Any]) -> Day:
    """The first of the highest days."""
    days: Iterable[Day] = found.days
    return max(days, key=measure)


def _number(count: int) -> str:
    return words.number(count) or "0"


def _no_exports() -> str:
    return _("No exports in these days.")


def _no_files() -> str:
    return _("No file was made in these days.")
