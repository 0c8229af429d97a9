"""The limits that a request meets, in words: what cuts, hides, splits or refuses."""

from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings
from django.template.defaultfilters import filesizeformat
from django.utils.formats import localize
from django.utils.translation import gettext as _

from accounts.models import Tenant
from jobs import formats
from jobs.engine import kinds
from jobs.engine.states import Status
from jobs.exports.estimating.forecast import Figures, Wish
from jobs.models import ExportJob


@dataclass(frozen=True)
class Limit:
    """A stable name for programs and a sentence for people."""

    code: str
    message: str


def limits_of(wish: Wish, made: Figures | None) -> list[Limit]:
    """Every limit that has something to say about this request, whose size may be unknown."""
    return [limit for find in LIMITS if (limit := find(wish, made)) is not None]


def _regions(wish: Wish, made: Figures | None) -> Limit | None:
    regions = wish.plan.regions
    if regions is None:
        return None
    if not regions:
        return Limit("regions", _("No region is assigned to you, so the file will hold no rows."))
    return Limit("regions", _("Only rows of your regions: %(regions)s.") % {"regions": ", ".join(regions)})


def _masks(wish: Wish, made: Figures | None) -> Limit | None:
    masked = [column.title for column in wish.plan.columns if column.masked]
    if not masked:
        return None
    return Limit("masked_columns", _("Partly hidden from your role: %(columns)s.") % {"columns": ", ".join(masked)})


def _sheets(wish: Wish, made: Figures | None) -> Limit | None:
    most: int | None = getattr(formats.get(wish.file_type), "sheet_rows", None)  # with the heading
    if made is None or most is None or made.rows_high < most:
        return None
    sheets = max(1, -(-made.rows // (most - 1)))
    return Limit(
        "sheet_rows",
        _("A sheet holds %(most)s rows; the rest goes on further sheets, about %(sheets)d in all.")
        % {"most": localize(most), "sheets": sheets},
    )


def _parts(wish: Wish, made: Figures | None) -> Limit | None:
    if made is None or wish.options.compression == "zip":  # a zip is one file, however long
        return None
    own: int | None = formats.get(wish.file_type).most_bytes
    most = settings.EXPORT_SPLIT_BYTES if own is None else min(own, settings.EXPORT_SPLIT_BYTES)
    if made.bytes <= most:
        return None
    part = settings.EXPORT_PART_BYTES
    return Limit(
        "part_bytes",
        _("The result is split into about %(parts)d files of at most %(size)s each, with a manifest.")
        % {"parts": max(2, -(-made.bytes // part)), "size": filesizeformat(part)},
    )


def _time(wish: Wish, made: Figures | None) -> Limit | None:
    most = kinds.get("export").limit_seconds
    if made is None or made.seconds <= most:
        return None
    return Limit(
        "time_limit",
        _("An export may run for %(minutes)s minutes; this one would probably be stopped. Choose fewer rows.")
        % {"minutes": f"{most / 60:g}"},
    )


def _queue(wish: Wish, made: Figures | None) -> Limit | None:
    waiting = ExportJob.objects.filter(status=Status.QUEUED)
    company, person = Tenant.objects.mine().max_queued_exports, settings.QUEUED_PER_USER
    free = min(company - waiting[:company].count(), person - waiting.filter(owner=wish.viewer)[:person].count())
    if free <= 0:
        return Limit("queue", _("The queue is full: a new export is refused until some have finished."))
    return Limit("queue", _("Exports that you can still put into the queue: %(count)d.") % {"count": free})


LIMITS: list[Callable[[Wish, Figures | None], Limit | None]] = [_regions, _masks, _sheets, _parts, _time, _queue]
"""A new limit is a function here."""
