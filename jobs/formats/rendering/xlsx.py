"""Cells and rows of a sheet: the twins of ``XlsxFormat.cell`` and ``xlsx_cells``.

As there, controls that XML cannot hold may be left in a text; the writer drops them from the finished block.
"""

import re
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from jobs.datasets.base import Kind
from jobs.datasets.query import BoundColumn
from jobs.formats import xlsx_parts as parts
from jobs.formats.base import FormatOptions
from jobs.formats.rendering import values
from jobs.formats.rendering.clocks import Days, day, moment, wall
from jobs.formats.rendering.csv import moment_in_utc
from jobs.formats.rendering.numbers import number_text
from jobs.formats.xlsx_cells import CUT, EPOCH_DAYS, LATE_EPOCH_DAYS
from jobs.formats.xlsx_parts import MOST_UNITS

Cell = Callable[[Any], str]

EMPTY = "<c/>"
TRUE, FALSE = '<c t="b"><v>1</v></c>', '<c t="b"><v>0</v></c>'

_TEXT_BEGIN = '<is><t xml:space="preserve">'
_WHOLE = f'<c s="{parts.TEXT}" t="inlineStr">{_TEXT_BEGIN}'
_CUT = CUT + _TEXT_BEGIN
_END = "</t></is></c>"

_SURE_LENGTH = MOST_UNITS // 4
"""Characters that never take more than MOST_UNITS bytes of UTF-8."""
_SPECIAL = re.compile("[&<>_\r]")
_ESCAPED = re.compile(parts.LOOKS_ESCAPED)
_ILLEGAL = str.maketrans("", "", parts.ILLEGAL.replace("\0", ""))

_MOST_WHOLE = 10**15 - 1
_MOST_MONEY = Decimal("9999999999999.99")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY_ZERO = date(1899, 12, 30).toordinal()
_FIRST_DAY = date(1900, 3, 1)
_SURE_DAY = datetime(2000, 1, 1, tzinfo=UTC)
_UTC = ZoneInfo("UTC")


def renderer(column: BoundColumn, options: FormatOptions, zone: ZoneInfo) -> Cell:
    """The XML of a cell of ``column``; never empty. A masked value is given as masked text."""
    raw = options.raw
    cell: Cell
    match values.kind_of(column):
        case Kind.INTEGER:
            cell = _integer(parts.INTEGER)
        case Kind.MONEY:
            cell = _money(parts.MONEY)
        case Kind.NUMBER:
            cell = _number(parts.GENERAL)
        case Kind.CHOICE if column.labels and not raw:
            cell = _Table(column.labels).__getitem__
        case Kind.BOOLEAN:
            yes, no = (TRUE, FALSE) if raw else (parts.text_cell(_("Yes")), parts.text_cell(_("No")))
            cell = values.Truth(yes=yes, no=no, null=EMPTY).__getitem__
        case Kind.DATE:
            cell = _iso_date if raw else _date
        case Kind.DATETIME:
            cell = _iso_moment if raw else _moment_in(zone)
        case _:
            cell = exact_text if raw else shown_text
    return cell


def line(cells: Sequence[str]) -> bytes:
    """A row."""
    return f"<row>{''.join(cells)}</row>".encode()


def shown_text(value: Any) -> str:
    """Text for people: CR LF becomes LF."""
    if value is None:
        return EMPTY
    if type(value) is not str:
        value = values.text(value)
    if len(value) <= _SURE_LENGTH and not _SPECIAL.search(value):
        return f"{_WHOLE}{value}{_END}"
    return _careful(value, exact=False)


def exact_text(value: Any) -> str:
    """Text for machines: CR LF stays."""
    if value is None:
        return EMPTY
    if type(value) is not str:
        value = values.text(value)
    if len(value) <= _SURE_LENGTH and not _SPECIAL.search(value):
        return f"{_WHOLE}{value}{_END}"
    return _careful(value, exact=True)


def _careful(value: str, *, exact: bool) -> str:
    """Text that may be long or hold what must be escaped."""
    long = len(value) > _SURE_LENGTH and len(value.encode()) > MOST_UNITS
    if not long and "_" not in value and "\r" not in value:
        return f"{_WHOLE}{_escaped(value)}{_END}"
    legal = value.translate(_ILLEGAL)
    if not exact:
        legal = legal.replace("\r\n", "\n")
    if long:
        units = legal.encode("utf-16-le")
        if len(units) > 2 * MOST_UNITS:
            # A pair that the border cuts apart goes whole.
            return f"{_CUT}{_safe(units[: 2 * MOST_UNITS].decode('utf-16-le', 'ignore'))}{_END}"
    return f"{_WHOLE}{_safe(legal)}{_END}"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _safe(text: str) -> str:
    return _escaped(_ESCAPED.sub("_x005F_", text).replace("\r", "_x000D_"))


class _Table(dict[Any, str]):
    """Code → cell of its label; a code without label is shown as it is."""

    def __init__(self, labels: Sequence[tuple[str, str]]) -> None:
        super().__init__({None: EMPTY})
        for code, label in labels:
            self.setdefault(code, parts.text_cell(label))

    def __missing__(self, value: Any) -> str:
        code = values.text(value)
        return self.get(code) or shown_text(code)


def _plain(text: str) -> str:
    """Text that needs no escapes."""
    return f"{_WHOLE}{text}{_END}"


def _begin(style: int) -> str:
    shown = f' s="{style}"' if style else ""
    return f"<c{shown}><v>"


def _within(value: Any, most: Decimal | int) -> bool:
    """As PostgreSQL compares: a float with the border as a float. NaN is nowhere within."""
    border = float(most) if isinstance(value, float) else most
    try:
        return bool(-border <= value <= border)
    except InvalidOperation:
        return False


def _integer(style: int) -> Cell:
    begin = _begin(style)

    def cell(value: Any) -> str:
        if type(value) is int and -_MOST_WHOLE <= value <= _MOST_WHOLE:
            return f"{begin}{value}</v></c>"
        if value is None:
            return EMPTY
        written = number_text(value)
        return f"{begin}{written}</v></c>" if _within(value, _MOST_WHOLE) else _plain(written)

    return cell


def _money(style: int) -> Cell:
    begin = _begin(style)

    def cell(value: Any) -> str:
        if type(value) is Decimal:
            written = str(value)
            # Two plain decimals and at most 13 digits before them.
            if written[-3:-2] == "." and len(written) <= 16 and written != "-0.00":
                return f"{begin}{written}</v></c>"
        if value is None:
            return EMPTY
        written = number_text(value)
        return f"{begin}{written}</v></c>" if _within(value, _MOST_MONEY) else _plain(written)

    return cell


def _number(style: int) -> Cell:
    begin = _begin(style)

    def cell(value: Any) -> str:
        if value is None:
            return EMPTY
        written = number_text(value)
        fits = _within(value, _MOST_WHOLE) and (len(written) <= 16 or _digits(written) <= 15)
        return f"{begin}{written}</v></c>" if fits else _plain(written)

    return cell


def _digits(written: str) -> int:
    """Digits that count."""
    mantissa = written.partition("e")[0].rstrip("0")
    return len(mantissa.replace("-", "").replace(".", "").lstrip("0"))


def _date(value: Any) -> str:
    if value is None:
        return EMPTY
    if type(value) is not date:
        value = day(value, _UTC)
    if isinstance(value, date) and value >= _FIRST_DAY:
        return f'<c s="{parts.DATE}"><v>{value.toordinal() - _DAY_ZERO}</v></c>'
    return _plain(str(value))


def _iso_date(value: Any) -> str:
    return EMPTY if value is None else _plain(str(day(value, _UTC)))


def _iso_moment(value: Any) -> str:
    shown = moment_in_utc(value)
    return EMPTY if shown is None else _plain(shown)


def _moment_in(zone: ZoneInfo) -> Cell:
    """The wall clock's whole seconds as days since 1899-12-30; in the order in which PostgreSQL computes them, for
    the last digit of a fraction depends on it."""
    epochs: Days[datetime] = Days(zone, lambda offset: _EPOCH - offset, since=_SURE_DAY.date())
    begin = _begin(parts.DATETIME)

    def cell(value: Any) -> str:
        if type(value) is datetime and value.tzinfo is UTC:
            epoch = epochs[value.toordinal()]
            if epoch is not None:
                passed = value - epoch
                serial = repr((passed.days * 86400 + passed.seconds) / 86400 + EPOCH_DAYS)
                return f"{begin}{serial[:-2] if serial[-2:] == '.0' else serial}</v></c>"
        return EMPTY if value is None else _far_moment(value, zone, begin)

    return cell


def _far_moment(value: Any, zone: ZoneInfo, begin: str) -> str:
    shown = wall(moment(value), zone)
    if shown is None:
        return _plain(str(value))
    today = shown.day()
    if not isinstance(today, date) or today < _FIRST_DAY:
        return _plain(shown.text() + shown.era)
    local = shown.local
    seconds = (today.toordinal() - _EPOCH.toordinal()) * 86400 + local.hour * 3600 + local.minute * 60 + local.second
    late = isinstance(value, datetime) and value < _SURE_DAY
    serial = repr(seconds / 86400 + (LATE_EPOCH_DAYS if late else EPOCH_DAYS)).removesuffix(".0")
    return f"{begin}{serial}</v></c>"
