"""Cells of a Parquet file on their way into it: the twins of ``parquet.transport``. Lines are those of CSV."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from jobs.datasets.base import Kind
from jobs.datasets.query import BoundColumn
from jobs.formats.base import FormatOptions
from jobs.formats.rendering import values
from jobs.formats.rendering.clocks import CYCLE, INFINITE, day, moment, wall
from jobs.formats.rendering.csv import line, number
from jobs.formats.rendering.values import Beyond, kind_of

__all__ = ["line", "renderer"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_DAY = _EPOCH.toordinal()
_MICROSECOND = timedelta(microseconds=1)
_CYCLE_DAYS = date(1 + CYCLE, 1, 1).toordinal() - 1
_CYCLE_MICROSECONDS = timedelta(days=_CYCLE_DAYS) // _MICROSECOND
_UTC = ZoneInfo("UTC")


def renderer(column: BoundColumn, options: FormatOptions, zone: ZoneInfo) -> Callable[[Any], str | None]:
    """What a field of ``column`` says before it is quoted; None is NULL. A masked value is given as masked text.

    It is the same for people and machines, in every zone: the file's types make the difference.
    """
    match kind_of(column):
        case Kind.BOOLEAN:
            return values.Truth(yes="t", no="f", null=None).__getitem__
        case Kind.INTEGER | Kind.MONEY | Kind.NUMBER:
            return number
        case Kind.DATE:
            return _days
        case Kind.DATETIME:
            return _microseconds
        case _:
            return values.text_or_null


def _days(value: Any) -> str | None:
    if value is None:
        return None
    found = value if type(value) is date else day(value, _UTC)
    if isinstance(found, date):
        return str(found.toordinal() - _FIRST_DAY)
    far = wall(found, _UTC)
    return str(found) if far is None else str(far.local.toordinal() + far.cycles * _CYCLE_DAYS - _FIRST_DAY)


def _microseconds(value: Any) -> str | None:
    if value is None:
        return None
    found = moment(value)
    if isinstance(found, datetime):
        return str((found - _EPOCH) // _MICROSECOND)
    return _far(found)


def _far(value: Beyond) -> str:
    if value in INFINITE:
        return value.replace("i", "I", 1)  # the number, not the time
    far = wall(value, _UTC)
    assert far is not None
    return str((far.local - _EPOCH) // _MICROSECOND + far.cycles * _CYCLE_MICROSECONDS)
