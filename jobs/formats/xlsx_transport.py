"""How values travel from PostgreSQL into a sheet: as SQL. What becomes of them there is said in ``xlsx_rows``."""

from datetime import UTC
from datetime import datetime as Moment
from zoneinfo import ZoneInfo

from jobs.datasets.base import Kind
from jobs.formats.csv import quote, utc
from jobs.formats.rendering.clocks import steady_offset

EPOCH_DAYS, LATE_EPOCH_DAYS = 25569, 25569.00000000001
"""Days from 1899-12-30 to 1970-01-01."""
SURE_FROM, SURE_UNTIL = Moment(2000, 1, 1, tzinfo=UTC), Moment(2200, 1, 1, tzinfo=UTC)
"""Within these borders a float of seconds holds every microsecond."""


def transport(kind: Kind, reference: str, zone: ZoneInfo, *, raw: bool) -> str:
    """SQL expression whose text, as COPY writes it, says all that the cell needs. NULL stays NULL.

    Times for people (not ``raw``) are numbers, where a sheet has one for them.
    """
    match kind:
        case Kind.INTEGER | Kind.MONEY | Kind.NUMBER | Kind.BOOLEAN:
            return reference
        case Kind.DATE:
            return f"{reference}::date::text" if raw else _date(f"{reference}::date")
        case Kind.DATETIME:
            return f"({utc(reference)})" if raw else _datetime(reference, zone)
        case _:
            return f"{reference}::text"


def _date(x: str) -> str:
    """Days since 1899-12-30. Excel knows a 1900-02-29, so days before March are one off: they are text."""
    days = f"({x} - DATE '1899-12-30')::text"
    return f"CASE WHEN {x} BETWEEN '1900-03-01' AND '9999-12-31' THEN {days} ELSE {x}::text END"


def _datetime(x: str, zone: ZoneInfo) -> str:
    """The wall clock of ``zone``, down to the second: as days since 1899-12-30.

    Two roads: nearly all times lie within the borders of the first, and many a zone never changes its clocks; the
    second looks closer. LibreOffice shows one of twenty times between 1942 and 1997 a second early, so those are a
    microsecond late.
    """
    local = f"({x} AT TIME ZONE {quote(zone.key)})"
    second = f"date_trunc('second', {local})"
    epoch = f"CASE WHEN {x} < '{SURE_FROM:%Y-%m-%d %H:%MZ}' THEN {LATE_EPOCH_DAYS} ELSE {EPOCH_DAYS} END"
    offset = steady_offset(zone, SURE_FROM, SURE_UNTIL)
    seconds = _seconds(local) if offset is None else f"({_seconds(x)} + {offset.total_seconds():.0f})"
    return (
        f"CASE WHEN {x} BETWEEN '{SURE_FROM:%Y-%m-%d %H:%MZ}' AND '{SURE_UNTIL:%Y-%m-%d %H:%MZ}' "
        f"THEN ({seconds} / 86400 + {EPOCH_DAYS})::text "
        f"WHEN {second} BETWEEN '1900-03-01' AND '9999-12-31 23:59:59' "
        f"THEN ({_seconds(second)} / 86400 + {epoch})::text ELSE {second}::text END"
    )


def _seconds(moment: str) -> str:
    return f"floor(date_part('epoch', {moment}))"
