"""The overview as JSON."""

from typing import Any

from django.utils.translation import gettext as _

from jobs.datasets import CUSTOM, title_of
from jobs.exports.estimating import accuracy
from jobs.exports.usage.figures import Downloads, Overview, Sum, Volume
from jobs.pages import ui_events


def present(found: Overview) -> dict[str, Any]:
    """Times and days are those of the period's zone."""
    period = found.period
    return {
        "from": period.first.isoformat(),
        "to": period.last.isoformat(),
        "time_zone": period.zone.key,
        "as_of": found.as_of.astimezone(period.zone).isoformat(timespec="seconds"),
        "total": _sum(found.total),
        "before": _sum(found.before),
        "days": [
            {"day": day.day.isoformat(), **_volume(day.volume), **_downloads(day.downloads)} for day in found.days
        ],
        "types": [
            {"type": use.type, "title": type_title(use.type), **_volume(use.volume), **_downloads(use.downloads)}
            for use in found.types
        ],
        "people": [
            {"user": use.code, "name": use.name, "exports": use.exports, **_downloads(use.downloads)}
            for use in found.people
        ],
        "events": [
            {"name": use.name, "title": ui_events.title_of(use.name), "total": use.total, "days": use.days}
            for use in found.events
        ],
        "accuracy": {"days": accuracy.DAYS, "items": [vars(item) for item in found.accuracy]},
    }


def type_title(key: str) -> str:
    """What people read for a type of export."""
    if not key:
        return _("No longer known")
    return _("Custom") if key == CUSTOM else title_of(key)


def _sum(whole: Sum) -> dict[str, Any]:
    return {**_volume(whole.volume), **_downloads(whole.downloads)}


def _volume(volume: Volume) -> dict[str, Any]:
    return {
        "started": volume.started,
        "ready": volume.ready,
        "failed": volume.failed,
        "canceled": volume.canceled,
        "unfinished": volume.unfinished,
        "failure_rate": volume.failure_rate,
        "bytes": volume.bytes,
        "median_seconds": volume.median_seconds,
        "p95_seconds": volume.p95_seconds,
    }


def _downloads(downloads: Downloads) -> dict[str, Any]:
    return {"downloads": downloads.count, "downloaded_bytes": downloads.bytes}
