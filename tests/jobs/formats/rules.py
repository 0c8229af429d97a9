"""What a second program must read, said once more and apart from the product: kind by kind, from what is stored.

``held`` is PostgreSQL's own text of a value. None is NULL.
"""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from jobs.datasets.base import Kind
from tests.jobs.formats.hostile import Hostile

SHANGHAI = ZoneInfo("Asia/Shanghai")
EPOCH = datetime(1970, 1, 1)
CYCLE_DAYS = 146_097
MOST_UNITS = 32_767
LEADING = " \t\r\n\v\f\u00a0\u3000\ufeff\u2003"
NUMBERS = (Kind.INTEGER, Kind.MONEY, Kind.NUMBER)
NOT_FINITE = ("NaN", "Infinity", "-Infinity", "infinity", "-infinity")

FAR_IN_SHANGHAI = {
    "9999-12-31 20:00:00+00": "10000-01-01 04:00:00",
    "10000-01-01 00:00:00+00": "10000-01-01 08:00:00",
    "12026-03-01 15:59:59.999999+00": "12026-03-01 23:59:59",
    "0044-03-15 12:00:00+00 BC": "0044-03-15 20:05:43 BC",
    "0001-12-31 15:00:00.5+00 BC": "0001-12-31 23:05:43 BC",
    "294276-12-31 00:00:00+00": "294276-12-31 08:00:00",
}
"""Wall clocks beyond Python's calendar, written down by hand. Before 1901 Shanghai went by the sun: +08:05:43."""


class Text(NamedTuple):
    """A cell of a sheet that holds text, whatever it looks like."""

    text: str


# --- dates beyond Python's calendar -----------------------------------------------------------------------
def days(held: str) -> int:
    """Days since 1970-01-01; the calendar repeats itself every 400 years."""
    written = held.removesuffix(" BC")
    year, month, day = written.split("-")
    astronomical = int(year) if written == held else 1 - int(year)
    cycles = (astronomical - 2000) // 400
    inner = date(astronomical - 400 * cycles, int(month), int(day))
    return inner.toordinal() - EPOCH.toordinal() + cycles * CYCLE_DAYS


def microseconds(held: str) -> int:
    """Microseconds since the epoch of a moment in UTC."""
    era = " BC" if held.endswith(" BC") else ""
    day, time = held.removesuffix(" BC").removesuffix("+00").split(" ")
    hour, minute, second = time.split(":")
    seconds = days(day + era) * 86400 + int(hour) * 3600 + int(minute) * 60
    return seconds * 10**6 + int(Decimal(second) * 10**6)


def moment(held: str) -> datetime:
    """A moment that Python knows, in UTC."""
    return datetime.fromisoformat(held)


def is_far(held: str) -> bool:
    """Whether Python does not know it, or not on every clock."""
    return held in FAR_IN_SHANGHAI


def clock(held: str, zone: ZoneInfo) -> str:
    """What the clock on the wall showed, to the second, as text."""
    if held in NOT_FINITE:
        return held
    if is_far(held):
        assert zone == SHANGHAI
        return FAR_IN_SHANGHAI[held]
    return moment(held).astimezone(zone).replace(tzinfo=None).isoformat(" ", "seconds")[:19]


def machine_clock(held: str) -> str:
    """The moment in UTC with its microseconds, as text."""
    if held in NOT_FINITE:
        return held
    era = " BC" if held.endswith(" BC") else ""
    day, time = held.removesuffix(" BC").removesuffix("+00").split(" ")
    whole, _point, fraction = time.partition(".")
    return f"{day}T{whole}.{fraction:0<6}Z{era}"


# --- text -------------------------------------------------------------------------------------------------
def looks_like_formula(text: str) -> bool:
    """What some spreadsheet runs when it finds it in a text file."""
    return text.lstrip(LEADING)[:1] in set("=+-@＝＋－＠") or text[:1] in ("\t", "\r")


def guarded(text: str) -> str:
    """With the quote that stops spreadsheets. A text that has such quotes of its own gets one more."""
    return "'" + text if looks_like_formula(text.lstrip("'")) else text


def legal(text: str) -> str:
    """Without what XML cannot hold."""
    return "".join(c for c in text if c in "\t\n\r" or (c >= " " and c not in "\ufffe\uffff"))


def cell_text(held: str, *, raw: bool) -> str:
    """A text in a sheet: lines end with LF, and it ends where Excel's limit is."""
    text = legal(held) if raw else legal(held).replace("\r\n", "\n")
    units = text.encode("utf-16-le")[: 2 * MOST_UNITS]
    return units.decode("utf-16-le", "ignore")


def is_cut(held: str, *, raw: bool) -> bool:
    """Whether the sheet's text lost its end."""
    text = legal(held) if raw else legal(held).replace("\r\n", "\n")
    return len(text.encode("utf-16-le")) > 2 * MOST_UNITS


def label(column: Hostile, held: str, *, raw: bool) -> str:
    """A code as people read it."""
    return held if raw or column.mask else dict(column.labels).get(held, held)


# --- formats ----------------------------------------------------------------------------------------------
def in_csv(column: Hostile, held: str | None, *, raw: bool, zone: ZoneInfo) -> str | None:
    """The field; None is an empty field without quotes."""
    if held is None:
        return None
    match column.kind:
        case Kind.BOOLEAN:
            return {"true": "true", "false": "false"}[held] if raw else {"true": "是", "false": "否"}[held]
        case Kind.DATETIME:
            return machine_clock(held) if raw else guarded(clock(held, zone))
        case Kind.DATE:
            return held if raw else guarded(held)
        case kind if kind in NUMBERS and not column.mask:
            return held
        case _:
            text = label(column, held, raw=raw)
            return text if raw else guarded(text)


def in_sheet(column: Hostile, held: str | None, *, raw: bool, zone: ZoneInfo) -> Any:
    """Text, Decimal, bool, datetime or None."""
    if held is None:
        return None
    kind = Kind.TEXT if column.mask else column.kind
    match kind:
        case Kind.BOOLEAN:
            return held == "true" if raw else Text("是" if held == "true" else "否")
        case Kind.DATE:
            serial = held not in NOT_FINITE and days("1900-03-01") <= days(held) <= days("9999-12-31")
            return EPOCH + timedelta(days=days(held)) if serial and not raw else Text(held)
        case Kind.DATETIME:
            shown = machine_clock(held) if raw else clock(held, zone)
            serial = not raw and len(shown) == 19 and shown >= "1900-03-01"
            return datetime.fromisoformat(shown) if serial else Text(shown)
        case kind if kind in NUMBERS:
            return Decimal(held) if _fits_a_sheet(kind, held) else Text(held)
        case _:
            return Text(cell_text(label(column, held, raw=raw), raw=raw))


def _fits_a_sheet(kind: Kind, held: str) -> bool:
    """A spreadsheet keeps 15 digits. Beyond, and for what is no number, the digits stay as text."""
    number = Decimal(held)
    if not number.is_finite():
        return False
    if kind is Kind.MONEY:
        return abs(number) <= Decimal("9999999999999.99")
    if kind is Kind.INTEGER:
        return abs(number) < 10**15
    return abs(number) < 10**15 and len(number.normalize().as_tuple().digits) <= 15


def in_json(column: Hostile, held: str | None, *, raw: bool, zone: ZoneInfo) -> Any:
    """What json.loads gives when numbers are read as Decimal."""
    if held is None:
        return None
    kind = Kind.TEXT if column.mask else column.kind
    match kind:
        case Kind.BOOLEAN:
            return held == "true"
        case Kind.DATE:
            return held
        case Kind.DATETIME:
            return machine_clock(held) if raw else _with_offset(held, zone)
        case kind if kind in NUMBERS:
            return held if held in NOT_FINITE else Decimal(held)
        case _:
            return label(column, held, raw=raw)


def _with_offset(held: str, zone: ZoneInfo) -> str:
    if held in NOT_FINITE:
        return held
    seconds = str(Decimal(held.removesuffix(" BC").removesuffix("+00").rsplit(":", 1)[1]) % 1)
    fraction = "" if seconds == "0" else seconds[1:].rstrip("0")
    if is_far(held):
        shown = FAR_IN_SHANGHAI[held]
        offset, era = ("+08:05:43", " BC") if shown.endswith(" BC") else ("+08:00", "")
        return shown.removesuffix(" BC").replace(" ", "T") + fraction + offset + era
    local = moment(held).astimezone(zone)
    return f"{clock(held, zone).replace(' ', 'T')}{fraction}{local.isoformat('T', 'microseconds')[26:]}"


def in_parquet(column: Hostile, held: str | None, *, raw: bool, zone: ZoneInfo) -> Any:
    """The stored value: days and microseconds as whole numbers."""
    if held is None:
        return None
    kind = Kind.TEXT if column.mask else column.kind
    match kind:
        case Kind.BOOLEAN:
            return held == "true"
        case Kind.INTEGER:
            return int(held)
        case Kind.MONEY:
            return Decimal(held)
        case Kind.NUMBER:
            return float(held)
        case Kind.DATE:
            return days(held)
        case Kind.DATETIME:
            return microseconds(held)
        case _:
            return label(column, held, raw=raw)


def digits_are_lost(held: str | None) -> bool:
    """Whether a double shows another number than was stored."""
    if held is None or not Decimal(held).is_finite():
        return False
    number = Decimal(held)
    count = len(number.normalize().as_tuple().digits)
    return Decimal(f"{float(held):.{max(1, count)}g}") != number


RULES = {"csv": in_csv, "xlsx": in_sheet, "json": in_json, "parquet": in_parquet}
