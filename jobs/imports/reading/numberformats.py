"""Which number formats of a workbook show a serial number as a date, and which date it is (ECMA-376 §18.8.30)."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from enum import IntEnum

from jobs.imports.reading.cells import Cell, ErrorCell, Moment, Number, number_cell
from jobs.imports.reading.faults import Fault
from jobs.imports.reading.xml import elements

DIGITS = 15
"""Digits that a spreadsheet keeps."""
MOST_STYLES = 70_000
LAST_SERIAL = 2_958_466
"""10000-01-01, counted from 1900."""
_DAYS_1904 = 1462
"""Days between the two epochs."""
_MILLISECONDS = 86_400_000


class Shows(IntEnum):
    """What a format makes of a number."""

    NUMBER = 0
    DATE = 1
    DATE_TIME = 2
    TIME = 3


_BUILT_IN = {
    **dict.fromkeys((14, 15, 16, 17, 27, 28, 29, 30, 31, 36, 50, 51, 52, 53, 54, 57, 58), Shows.DATE),
    **dict.fromkeys((18, 19, 20, 21, 32, 33, 34, 35, 45, 47, 55, 56), Shows.TIME),
    22: Shows.DATE_TIME,
}
"""Formats without a code of their own; from 27 on those of Chinese and Japanese Excel. 46 ([h]:mm:ss) is a duration."""
_LITERAL = re.compile(r'"[^"]*"?|\\.|[_*].')
_ELAPSED = re.compile(r"\[(?:h+|m+|s+)\]", re.IGNORECASE)
_BRACKETS = re.compile(r"\[[^\]]*\]")
_DAY_HALVES = re.compile(r"AM/PM|A/P|上午/下午", re.IGNORECASE)


def shows(code: str) -> Shows:
    """What a format's code shows. A duration ([h]:mm) stays a number: days."""
    first = _LITERAL.sub("", code.split(";", maxsplit=1)[0])
    if _ELAPSED.search(first):
        return Shows.NUMBER
    first = _DAY_HALVES.sub("h", _BRACKETS.sub("", first)).lower()
    if "general" in first or "@" in first:
        return Shows.NUMBER
    has_time = "h" in first or "s" in first
    has_date = "y" in first or "d" in first or ("m" in first and not has_time)
    if has_date:
        return Shows.DATE_TIME if has_time else Shows.DATE
    return Shows.TIME if has_time else Shows.NUMBER


def read_styles(data: bytes) -> list[Shows]:
    """What each cell style (``s`` of a cell) shows."""
    own: dict[str, Shows] = {}
    formats: list[str] = []
    section = ""
    for name, attributes, depth in elements(data):
        if depth == 2:
            section = name
        elif depth == 3 and section == "numFmts" and name == "numFmt":
            own[attributes.get("numFmtId", "")] = shows(attributes.get("formatCode", "")[:1000])
        elif depth == 3 and section == "cellXfs" and name == "xf":
            formats.append(attributes.get("numFmtId", "0"))
        if len(formats) > MOST_STYLES or len(own) > MOST_STYLES:
            raise Fault("DAMAGED")
    return list(_resolved(own, formats))


def _resolved(own: dict[str, Shows], formats: list[str]) -> Iterator[Shows]:
    built_in = {str(number): shown for number, shown in _BUILT_IN.items()}
    for number in formats:
        yield own.get(number, built_in.get(number, Shows.NUMBER))


def moment_cell(text: str, shown: Shows, *, from_1904: bool) -> Cell:
    """The date that a serial number stands for; ErrorCell BAD_DATE where there is none (1900-02-29, negative).

    Rounded to milliseconds, as the serial's precision ends there. A time of day stays one only below 1.
    """
    number = number_cell(text)
    if not isinstance(number, Number):
        return number
    moment = moment_of(float(text), from_1904=from_1904)
    if moment is None:
        return ErrorCell("BAD_DATE", text[:200])
    if shown is Shows.TIME and 0 <= float(text) < 1:
        return Moment(moment.time().isoformat(), text)
    if shown is Shows.DATE and moment.time() == datetime.min.time():
        return Moment(moment.date().isoformat(), text)
    return Moment(moment.isoformat(), text)


def moment_of(serial: float, *, from_1904: bool) -> datetime | None:
    """The moment of a serial number; None where there is none."""
    days = serial + _DAYS_1904 if from_1904 else serial
    if serial < 0 or not days < LAST_SERIAL or (60 <= days < 61 and not from_1904):
        return None
    begin = datetime(1899, 12, 30) if days >= 61 else datetime(1899, 12, 31)
    whole = begin + timedelta(milliseconds=round(days * _MILLISECONDS))
    return whole if whole.year < 10_000 else None
