"""Cells and lines of a JSON file: the twins of ``JsonFormat.cell`` and of row_to_json."""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from json.encoder import encode_basestring as string
from typing import Any
from zoneinfo import ZoneInfo

from jobs.datasets.base import Kind
from jobs.datasets.query import BoundColumn
from jobs.formats.base import FormatOptions
from jobs.formats.rendering import csv, values
from jobs.formats.rendering.clocks import Days, day, moment, wall
from jobs.formats.rendering.numbers import number_text

Cell = Callable[[Any], str]

NULL = "null"
_NOT_IN_JSON = frozenset(("NaN", "Infinity", "-Infinity"))
_UTC = ZoneInfo("UTC")


def renderer(column: BoundColumn, options: FormatOptions, zone: ZoneInfo) -> Cell:
    """JSON of a value of ``column``. A masked value is given as masked text."""
    cell: Cell
    match column.kind:
        case _ if column.masked:
            cell = _text
        case Kind.CHOICE if column.labels and not options.raw:
            cell = _Table(column.labels).__getitem__
        case Kind.TEXT | Kind.CHOICE | Kind.ID:
            cell = _text
        case Kind.BOOLEAN:
            cell = values.Truth(yes="true", no="false", null=NULL).__getitem__
        case Kind.DATE:
            cell = _date_in(_UTC if options.raw else zone)
        case Kind.DATETIME:
            cell = _moment_in_utc if options.raw else _moment_in(zone)
        case _:
            cell = _number
    return cell


def line(keys: Sequence[str]) -> Callable[[Sequence[str]], bytes]:
    """What makes an object of the cells of a row."""
    template = "{" + ",".join(string(key).replace("%", "%%") + ":%s" for key in keys) + "}"

    def made(cells: Sequence[str]) -> bytes:
        return (template % tuple(cells)).encode()

    return made


class _Table(dict[Any, str]):
    """Code → label as JSON; a code without label is shown as it is."""

    def __init__(self, labels: Sequence[tuple[str, str]]) -> None:
        super().__init__({None: NULL})
        for code, label in labels:
            self.setdefault(code, string(label))

    def __missing__(self, value: Any) -> str:
        code = values.text(value)
        return self.get(code) or string(code)


def _text(value: Any) -> str:
    if type(value) is str:
        return string(value)
    return NULL if value is None else string(values.text(value))


def _number(value: Any) -> str:
    if type(value) is int:
        return str(value)
    if value is None:
        return NULL
    written = number_text(value)
    return f'"{written}"' if written in _NOT_IN_JSON else written


def _date_in(zone: ZoneInfo) -> Cell:
    def cell(value: Any) -> str:
        if value is None:
            return NULL
        if type(value) is not date:
            value = day(value, zone)
        return f'"{value}"'

    return cell


def _moment_in_utc(value: Any) -> str:
    return NULL if value is None else f'"{csv.moment_in_utc(value)}"'


def _moment_in(zone: ZoneInfo) -> Cell:
    offsets: Days[tuple[timedelta, str]] = Days(zone, lambda offset: (offset, offset_text(offset)))

    def cell(value: Any) -> str:
        if type(value) is datetime and value.tzinfo is UTC:
            found = offsets[value.toordinal()]
            if found is not None:
                offset, shown = found
                local = (value + offset).isoformat()
                return f'"{local[:19] if len(local) == 25 else local[:26].rstrip("0")}{shown}"'
        return NULL if value is None else _far_moment(value, zone)

    return cell


def _far_moment(value: Any, zone: ZoneInfo) -> str:
    shown = wall(moment(value), zone)
    if shown is None:
        return f'"{value}"'
    written = shown.text("T", "microseconds").rstrip("0") if shown.local.microsecond else shown.text("T")
    offset = shown.local.utcoffset()
    assert offset is not None
    return f'"{written}{offset_text(offset)}{shown.era}"'


def offset_text(offset: timedelta) -> str:
    """+08:00, or with seconds where a clock once went by the sun."""
    seconds = int(offset.total_seconds())
    minutes, rest = divmod(abs(seconds), 60)
    shown = f"{'-' if seconds < 0 else '+'}{minutes // 60:02}:{minutes % 60:02}"
    return f"{shown}:{rest:02}" if rest else shown
