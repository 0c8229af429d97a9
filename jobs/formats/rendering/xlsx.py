"""Values on their way into a sheet: the twins of ``xlsx_transport``. Lines are those of ``xlsx_rows``."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from jobs.datasets.base import Kind
from jobs.datasets.query import BoundColumn
from jobs.formats.base import FormatOptions
from jobs.formats.rendering import values
from jobs.formats.rendering.clocks import Days, day, moment, wall
from jobs.formats.rendering.csv import moment_in_utc, number
from jobs.formats.xlsx_transport import EPOCH_DAYS, LATE_EPOCH_DAYS, SURE_FROM

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY_ZERO = date(1899, 12, 30).toordinal()
_FIRST_DAY = date(1900, 3, 1)
_UTC = ZoneInfo("UTC")


def renderer(column: BoundColumn, options: FormatOptions, zone: ZoneInfo) -> Callable[[Any], str | None]:
    """What a field of ``column`` says before it is quoted; None is NULL. A masked value is given as masked text."""
    match values.kind_of(column):
        case Kind.BOOLEAN:
            return values.Truth(yes="t", no="f", null=None).__getitem__
        case Kind.INTEGER | Kind.MONEY | Kind.NUMBER:
            return number
        case Kind.DATE:
            return _iso_date if options.raw else _date
        case Kind.DATETIME:
            return moment_in_utc if options.raw else _moment_in(zone)
        case _:
            return values.text_or_null


def _date(value: Any) -> str | None:
    if value is None:
        return None
    if type(value) is not date:
        value = day(value, _UTC)
    if isinstance(value, date) and value >= _FIRST_DAY:
        return str(value.toordinal() - _DAY_ZERO)
    return str(value)


def _iso_date(value: Any) -> str | None:
    return None if value is None else str(day(value, _UTC))


def _moment_in(zone: ZoneInfo) -> Callable[[Any], str | None]:
    """The wall clock's whole seconds as days since 1899-12-30; in the order in which PostgreSQL computes them, for
    the last digit of a fraction depends on it."""
    epochs: Days[datetime] = Days(zone, lambda offset: _EPOCH - offset, since=SURE_FROM.date())

    def field(value: Any) -> str | None:
        if type(value) is datetime and value.tzinfo is UTC:
            epoch = epochs[value.toordinal()]
            if epoch is not None:
                passed = value - epoch
                return repr((passed.days * 86400 + passed.seconds) / 86400 + EPOCH_DAYS).removesuffix(".0")
        return None if value is None else _far_moment(value, zone)

    return field


def _far_moment(value: Any, zone: ZoneInfo) -> str:
    shown = wall(moment(value), zone)
    if shown is None:
        return str(value)
    today = shown.day()
    if not isinstance(today, date) or today < _FIRST_DAY:
        return shown.text() + shown.era
    local = shown.local
    seconds = (today.toordinal() - _EPOCH.toordinal()) * 86400 + local.hour * 3600 + local.minute * 60 + local.second
    late = isinstance(value, datetime) and value < SURE_FROM
    return repr(seconds / 86400 + (LATE_EPOCH_DAYS if late else EPOCH_DAYS)).removesuffix(".0")
