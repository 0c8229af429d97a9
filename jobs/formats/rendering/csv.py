"""Cells and lines of a CSV file: the twins of ``CsvFormat.cell`` and of COPY (FORMAT csv)."""

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from jobs.datasets.base import Kind
from jobs.datasets.query import BoundColumn
from jobs.formats.base import FormatOptions
from jobs.formats.rendering import values
from jobs.formats.rendering.clocks import Days, day, moment, wall
from jobs.formats.rendering.numbers import number_text

Cell = Callable[[Any], str | None]

BLANKS = r"\t\n\v\f\r \u00a0\u1680\u2000-\u2006\u2008-\u200a\u2028\u2029\u205f\u3000\ufeff"
"""One by one: what \\s finds depends on who looks, and in PostgreSQL on the collation of the column."""
FORMULA = re.compile(rf"'*[{BLANKS}]*[=+\-@\t\r\uff1d\uff0b\uff0d\uff20]")
"""The same pattern in Python and in PostgreSQL. A text that has such a quote of its own gets another: so imports know
which one to take away."""
SUSPICIOUS = frozenset(re.findall(rf"['{BLANKS}=+\-@\uff1d\uff0b\uff0d\uff20]", "".join(map(chr, range(0x10000)))))
"""What such a text can begin with: looked at before the pattern is."""

_SPECIAL = re.compile('[",\r\n]')
_UTC = ZoneInfo("UTC")


def renderer(column: BoundColumn, options: FormatOptions, zone: ZoneInfo) -> Cell:
    """What a field of ``column`` says before it is quoted; None is NULL. A masked value is given as masked text."""
    cell: Cell
    match values.kind_of(column):
        case Kind.CHOICE if column.labels and not options.raw:
            cell = _Table({None: None}, column.labels).__getitem__
        case Kind.TEXT | Kind.ID | Kind.CHOICE:
            cell = _text if options.raw else _neutral
        case Kind.BOOLEAN:
            yes, no = ("true", "false") if options.raw else (_("Yes"), _("No"))
            cell = values.Truth(yes=yes, no=no, null=None).__getitem__
        case Kind.DATE:
            cell = _exact_date if options.raw else _date
        case Kind.DATETIME:
            cell = moment_in_utc if options.raw else _moment_in(zone)
        case _:
            cell = number
    return cell


def line(fields: Sequence[str | None]) -> bytes:
    """A row without its end: quoted where COPY quotes. Empty text is quoted, for an empty field is NULL."""
    if len(fields) == 1 and fields[0] == "\\.":
        return b'"\\."'  # on a line of its own it once ended the data
    # Mostly only empty texts are quoted: then one look at all fields together will do.
    whole = ",".join([field or ("" if field is None else '""') for field in fields])
    plain = whole.count(",") == len(fields) - 1 and whole.count('"') == 2 * fields.count("")
    if plain and "\n" not in whole and "\r" not in whole:
        return whole.encode()
    return ",".join(map(_quoted, fields)).encode()


class _Table(dict[Any, str | None]):
    """Code → label; a code without label is shown as it is."""

    def __init__(self, known: dict[Any, str | None], labels: Iterable[tuple[str, str]]) -> None:
        super().__init__(known)
        for code, label in labels:
            self.setdefault(code, neutral(label))

    def __missing__(self, value: Any) -> str | None:
        code = values.text(value)
        return self[code] if code in self else neutral(code)


def _quoted(field: str | None) -> str:
    if field is None:
        return ""
    if field and not _SPECIAL.search(field):
        return field
    return '"' + field.replace('"', '""') + '"'


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return values.text(value)


def neutral(text: str) -> str:
    """Text with a leading quote where a spreadsheet could run it."""
    return "'" + text if text[:1] in SUSPICIOUS and FORMULA.match(text) else text


def _neutral(value: Any) -> str | None:
    if value is None:
        return None
    return neutral(value if isinstance(value, str) else values.text(value))


def number(value: Any) -> str | None:
    """A number; masked, it is text."""
    if type(value) is Decimal:
        written = str(value)
        if written[-3:-2] == "." and written != "-0.00":  # two plain decimals
            return written
    elif value is None:
        return None
    elif isinstance(value, str):
        return value  # masked
    return number_text(value)


def _exact_date(value: Any) -> str | None:
    if value is None:
        return None
    return str(value if type(value) is date else day(value, _UTC))


def _date(value: Any) -> str | None:
    shown = _exact_date(value)
    return "'" + shown if shown == "-infinity" else shown


def moment_in_utc(value: Any) -> str | None:
    """A moment for machines."""
    if type(value) is datetime and value.tzinfo is UTC:
        return value.isoformat("T", "microseconds")[:26] + "Z"
    if value is None:
        return None
    found = wall(moment(value), _UTC)
    return str(value) if found is None else f"{found.text('T', 'microseconds')}Z{found.era}"


def _moment_in(zone: ZoneInfo) -> Cell:
    offsets: Days[timedelta] = Days(zone, lambda offset: offset)

    def cell(value: Any) -> str | None:
        if type(value) is datetime and value.tzinfo is UTC:
            offset = offsets[value.toordinal()]
            if offset is not None:
                return (value + offset).isoformat(" ", "seconds")[:19]
        if value is None:
            return None
        found = wall(moment(value), zone)
        return neutral(str(value)) if found is None else found.text() + found.era

    return cell
