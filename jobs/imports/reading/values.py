"""From cells to values of a column, as people write them (SPEC B2): each function returns a value or a Problem.

An empty cell is None, whatever the column. Nothing is guessed: what can be read in two ways is refused with advice.
"""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal

from jobs.imports.reading.cells import SHORT, Cell, ErrorCell, Moment, Number, Problem, number_cell, shown
from jobs.imports.reading.numberformats import moment_of

_WIDTHS = {0x3000: 0x20, **{code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}}
"""Full-width forms of ASCII, and the ideographic space."""
_INVISIBLE = "\ufeff\u200b\u200e\u200f"
_MONEY = "¥￥$€£"
_PLAIN = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)\Z", re.ASCII)
_GROUPED = re.compile(r"[+-]?\d{1,3}(?:,\d{3})+(?:\.\d*)?\Z", re.ASCII)
_SCIENTIFIC = re.compile(r"[+-]?\d+(?:\.\d*)?[eE][+-]?\d+\Z", re.ASCII)
_SHORTENED = re.compile(r"[+-]?\d(?:\.\d+)?[eE]\+\d{2,3}\Z", re.ASCII)
"""As spreadsheets write what is too long for them: 1.23E+17. 1E5 may be a code."""
_DAY = (
    r"(?P<year>\d{4})(?:(?P<sep>[-/.])(?P<month>\d{1,2})(?P=sep)(?P<day>\d{1,2})"
    r"|年(?P<m2>\d{1,2})月(?P<d2>\d{1,2})[日号]?)"
)
_COMPACT = re.compile(r"(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})\Z", re.ASCII)
_DATE = re.compile(rf"{_DAY}\Z", re.ASCII)
_DATE_TIME = re.compile(
    rf"{_DAY}(?:[T ]\s*|(?<=[日号]))(?P<hour>\d{{1,2}}):(?P<minute>\d\d)"
    r"(?::(?P<second>\d\d)(?P<fraction>\.\d{1,6})?)?"
    r"\s*(?P<zone>Z|[+-]\d\d:?\d\d)?\Z",
    re.ASCII,
)
_SEVERAL_WAYS = re.compile(r"\d{1,2}([-/.])\d{1,2}\1(?:\d{2}|\d{4})\b|\d{1,2}年\d{1,2}月\d{1,2}", re.ASCII)
_YES = frozenset(["是", "对", "真", "有", "启用", "开", "yes", "y", "true", "t", "on", "1", "√", "✓", "✔"])
_NO = frozenset(["否", "错", "假", "无", "停用", "关", "no", "n", "false", "f", "off", "0", "×", "✗", "✘"])
WRITTEN_PLACES = 4
"""Decimal places of money and rates: a fraction that binary arithmetic left behind has more."""
BINARY = 17
"""Digits that a binary fraction is written with at most."""
LONGEST_NUMBER = 100
"""Characters of a number that somebody wrote."""


def to_ascii(text: str) -> str:
    """Full-width digits, letters and signs as ASCII, trimmed, without marks that nobody sees."""
    return text.translate(_WIDTHS).strip().strip(_INVISIBLE).strip()


def text(cell: Cell) -> str | Problem | None:
    """Trimmed text. Numbers of a workbook become their digits, unless some were lost."""
    if isinstance(cell, str):
        return cell.strip().strip(_INVISIBLE).strip() or None
    if cell is None or isinstance(cell, Number):
        return None if cell is None else _digits(cell)
    return cell.problem if isinstance(cell, ErrorCell) else shown(cell)


def identifier(cell: Cell) -> str | Problem | None:
    """An order number, phone number, …: leading zeros kept, full-width forms made ASCII. Refused: numbers that a
    spreadsheet shortened (1.23E+17) or of which it kept 15 digits only; dates and truth values."""
    if isinstance(cell, Moment | bool):
        return Problem("NOT_TEXT_CELL", {"text": shown(cell)})
    found = text(cell)
    if not isinstance(found, str):
        return found
    found = to_ascii(found)
    return _problem("SCIENTIFIC", found) if _SHORTENED.match(found) else found or None


def decimal(cell: Cell) -> Decimal | Problem | None:
    """A number: 1234.5, 1,234.50, ￥1,234.50, 1234.50元, 12% (0.12), (1,234) as in accounts, full-width digits.

    A binary fraction of a program is rounded to the 15 digits that a person sees (0.30000000000000004 → 0.3).
    """
    if cell is None:
        return None
    if isinstance(cell, ErrorCell):
        return cell.problem
    if isinstance(cell, Number):
        return _problem("LOST_DIGITS", cell.text) if cell.too_long else _seen(cell)
    if not isinstance(cell, str):
        return _problem("NOT_A_NUMBER", shown(cell))
    return _written(cell)


def integer(cell: Cell) -> int | Problem | None:
    """A whole number, written in the same ways; 3.00 is one, 3.5 is none. 1.2E+17 in a text is refused."""
    if isinstance(cell, str) and _SCIENTIFIC.match(to_ascii(cell)):
        return _problem("SCIENTIFIC", to_ascii(cell))
    found = decimal(cell)
    if not isinstance(found, Decimal):
        return found
    return int(found) if found == found.to_integral_value() else _problem("NOT_WHOLE", shown(cell))


def day(cell: Cell, *, serials: int | None = None) -> date | Problem | None:
    """A date: 2025-1-3, 2025/01/03, 2025.1.3, 2025年1月3日, 20250103, or a date of a workbook.

    ``serials``: 1900 or 1904 where bare numbers of a workbook's date column are serial numbers (45000); None elsewhere.
    Refused: 3-1-25 and 03/01/2025, which are several days; a time other than midnight.
    """
    found = moment(cell, serials=serials)
    if not isinstance(found, datetime):
        return found
    if found.time() != time(0):
        return _problem("HAS_TIME", shown(cell))
    return found.date()


def moment(cell: Cell, *, serials: int | None = None) -> datetime | Problem | None:
    """A date with or without time of day (then midnight): 2025-1-3 9:05, 2025-01-03T09:05:00.5+08:00. Aware where the
    text names its zone, else naive: local time of the person."""
    if cell is None:
        return None
    if isinstance(cell, ErrorCell):
        return cell.problem
    if isinstance(cell, Moment):
        return _of_workbook(cell)
    if isinstance(cell, Number):
        return _serial(cell, serials)
    return _problem("NOT_A_DATE", shown(cell)) if isinstance(cell, bool) else _moment_written(cell)


def yes_no(cell: Cell) -> bool | Problem | None:
    """是, 否, yes, no, true, false, 1, 0, √, ×, 启用, 停用 …; a truth value of a workbook or of JSON."""
    if cell is None or isinstance(cell, bool):
        return cell
    if isinstance(cell, ErrorCell):
        return cell.problem
    word = to_ascii(shown(cell)).lower()
    if not word:
        return None
    return word in _YES if word in _YES or word in _NO else _problem("NOT_YES_NO", shown(cell))


CONVERTERS: dict[str, Callable[[Cell], object]] = {
    "text": text,
    "identifier": identifier,
    "decimal": decimal,
    "integer": integer,
    "day": day,
    "moment": moment,
    "yes_no": yes_no,
}
"""Every conversion by name."""


def _problem(code: str, text: str) -> Problem:
    return Problem(code, {"text": text[:200]})


def _digits(number: Number) -> str | Problem:
    if number.too_long:
        return _problem("LOST_DIGITS", number.text)
    return format(_seen(number), "f")


def _seen(number: Number) -> Decimal:
    """The number; what a binary fraction has too much (0.30000000000000004) is rounded away, to the 15 digits that a
    spreadsheet shows. Numbers of JSON that are longer than such a fraction, and all with four decimal places or fewer,
    were written by somebody: they are exact."""
    exact = Decimal(number.text)
    if exact == exact.to_integral_value():
        return Decimal(int(exact))
    _sign, digits, exponent = exact.as_tuple()
    if len(digits) <= SHORT or int(exponent) >= -WRITTEN_PLACES or len(digits) > BINARY:
        return exact
    return Decimal(f"{exact:.{SHORT}g}").normalize()


def _written(raw: str) -> Decimal | Problem | None:
    word = to_ascii(raw).replace("\u2212", "-")
    if not word:
        return None
    negative = word.startswith("(") and word.endswith(")")
    body = word[1:-1].strip() if negative else word
    percent = body.endswith("%")
    body = _without_currency(body.removesuffix("%").strip())
    if negative and body.startswith(("+", "-")):
        return _problem("NOT_A_NUMBER", raw)
    if len(body) > LONGEST_NUMBER:
        return _problem("NOT_A_NUMBER", raw)
    if _GROUPED.match(body):
        body = body.replace(",", "")
    elif not _PLAIN.match(body) and not (_SCIENTIFIC.match(body) and isinstance(number_cell(body), Number)):
        return _problem("NOT_A_NUMBER", raw)
    found = Decimal(body)
    found = -found if negative else found
    return found.scaleb(-2) if percent else found


def _without_currency(body: str) -> str:
    sign, rest = (body[0], body[1:].strip()) if body[:1] in ("+", "-") else ("", body)
    if rest[:1] and rest[0] in _MONEY:
        rest = rest[1:].strip()
        if rest[:1] in ("+", "-") and not sign:
            sign, rest = rest[0], rest[1:]
    elif rest[-1:] and (rest[-1] in _MONEY or rest[-1] == "元"):
        rest = rest[:-1].strip()
    return sign + rest


def _of_workbook(cell: Moment) -> datetime | Problem:
    value = cell.value
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime.combine(value, time())
    return _problem("NOT_A_DATE", shown(cell))


def _serial(number: Number, serials: int | None) -> datetime | Problem:
    if serials is None:
        written = _moment_written(number.text)
        return written or _problem("NOT_A_DATE", number.text)
    found = moment_of(float(number.text), from_1904=serials == 1904)
    return _problem("BAD_DATE", number.text) if found is None else found


def _moment_written(raw: str) -> datetime | Problem | None:
    word = to_ascii(raw)
    if not word:
        return None
    match = _DATE.match(word) or _DATE_TIME.match(word) or _COMPACT.match(word)
    if match is None:
        return _problem("AMBIGUOUS_DATE" if _SEVERAL_WAYS.match(word) else "NOT_A_DATE", raw)
    part = match.groupdict()
    try:
        return datetime(
            int(part["year"]),
            int(part["month"] or part.get("m2") or 0),
            int(part["day"] or part.get("d2") or 0),
            int(part.get("hour") or 0),
            int(part.get("minute") or 0),
            int(part.get("second") or 0),
            int((part.get("fraction") or ".0")[1:].ljust(6, "0")),
            _zone(part.get("zone")),
        )
    except ValueError:
        return _problem("NO_SUCH_DATE", raw)


def _zone(text: str | None) -> timezone | None:
    if text is None:
        return None
    if text == "Z":
        return UTC
    minutes = int(text[1:3]) * 60 + int(text[-2:])
    return timezone(timedelta(minutes=-minutes if text[0] == "-" else minutes))
