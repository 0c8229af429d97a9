"""What the page's charts draw: plain data, which static/js/exports/usage.js gives a look.

A tone names a colour of static/css/exports-usage.css; a unit says how numbers are written.
"""

from collections.abc import Callable
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from jobs.exports.pages.usage_tables import NOTHING
from jobs.exports.usage.figures import Overview
from jobs.exports.usage.presenting import type_title
from jobs.pages import ui_events

MOST_BARS = 8
LINE_TONES = ("primary", "ready", "warning", "info", "canceled")
"""So many kinds of events have a line of their own; the table has all."""


def charts(found: Overview) -> dict[str, Any]:
    """Key of a table → its chart, for tables that have something to draw."""
    drawn = {key: chart(found) for key, chart in _CHARTS.items()}
    return {key: chart for key, chart in drawn.items() if any(any(one["values"]) for one in chart["series"])}


def speech() -> dict[str, Any]:
    """Words that the browser puts numbers into."""
    return {
        "seconds": _("%(seconds)s s"),
        "minutes": _("%(minutes)d min %(seconds)d s"),
        "full_minutes": _("%(minutes)d min"),
        "hours": _("%(hours)d h %(minutes)d min"),
        "nothing": NOTHING,
    }


def _series(name: Any, tone: str, values: list[Any], *, kind: str = "bar", stack: str = "") -> dict[str, Any]:
    return {"name": str(name), "tone": tone, "values": values, "kind": kind, "stack": stack}


def _by_day(found: Overview, unit: str, *series: dict[str, Any]) -> dict[str, Any]:
    return {"axis": "days", "labels": [day.day.isoformat() for day in found.days], "unit": unit, "series": series}


def _ranking(labels: list[str], unit: str, *series: dict[str, Any]) -> dict[str, Any]:
    return {"axis": "ranking", "labels": labels, "unit": unit, "series": series}


def _outcomes(found: Overview) -> dict[str, Any]:
    volumes = [day.volume for day in found.days]
    return _by_day(
        found,
        "count",
        _series(_("Ready"), "ready", [volume.ready for volume in volumes], stack="outcome"),
        _series(_("Failed"), "failed", [volume.failed for volume in volumes], stack="outcome"),
        _series(_("Canceled"), "canceled", [volume.canceled for volume in volumes], stack="outcome"),
        _series(_("Not ended yet"), "info", [volume.unfinished for volume in volumes], stack="outcome"),
    )


def _failures(found: Overview) -> dict[str, Any]:
    rates = [day.volume.failure_rate for day in found.days]
    shown = [None if rate is None else round(100 * rate, 2) for rate in rates]
    return _by_day(found, "percent", _series(_("Failure rate"), "failed", shown, kind="area"))


def _durations(found: Overview) -> dict[str, Any]:
    volumes = [day.volume for day in found.days]
    return _by_day(
        found,
        "seconds",
        _series(_("Median duration"), "primary", [volume.median_seconds for volume in volumes], kind="line"),
        _series(_("95 of 100 took at most"), "warning", [volume.p95_seconds for volume in volumes], kind="line"),
    )


def _bytes(found: Overview) -> dict[str, Any]:
    return _by_day(
        found, "bytes", _series(pgettext("usage", "Written"), "primary", [day.volume.bytes for day in found.days])
    )


def _downloads(found: Overview) -> dict[str, Any]:
    counts = [day.downloads.count for day in found.days]
    return _by_day(found, "count", _series(pgettext("usage", "Downloads"), "primary", counts))


def _types(found: Overview) -> dict[str, Any]:
    used = found.types[:MOST_BARS]
    return _ranking(
        [type_title(use.type) for use in used],
        "count",
        _series(_("Exports started"), "primary", [use.volume.started for use in used]),
        _series(pgettext("usage", "Downloads"), "info", [use.downloads.count for use in used]),
    )


def _people(found: Overview) -> dict[str, Any]:
    busy = found.people[:MOST_BARS]
    return _ranking(
        [use.name or use.code or NOTHING for use in busy],
        "count",
        _series(_("Exports started"), "primary", [use.exports for use in busy]),
        _series(pgettext("usage", "Downloads"), "info", [use.downloads.count for use in busy]),
    )


def _events(found: Overview) -> dict[str, Any]:
    shown = zip(found.events, LINE_TONES, strict=False)
    return _by_day(
        found,
        "count",
        *(_series(ui_events.title_of(use.name), tone, use.days, kind="line") for use, tone in shown),
    )


_CHARTS: dict[str, Callable[[Overview], dict[str, Any]]] = {
    "outcomes": _outcomes,
    "failures": _failures,
    "durations": _durations,
    "bytes": _bytes,
    "types": _types,
    "downloads": _downloads,
    "people": _people,
    "events": _events,
}
