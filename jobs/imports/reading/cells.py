"""What a row holds: plain values where there are some, and the text as it stood in the file for everything else."""

import re
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, NamedTuple

LARGEST_EXPONENT = 400
"""Beyond this no program means a number; ``1e999999999`` would fill the memory when it is made whole."""
SHORT = 15
"""Digits that every program keeps."""
_NUMBER = re.compile(r"[+-]?(?:[0-9]{1,400}(?:\.[0-9]{0,400})?|\.[0-9]{1,400})(?:[eE]([+-]?[0-9]{1,6}))?\Z")


class Problem(NamedTuple):
    """What is wrong with one cell or one row. ``texts.sentence`` says it in the reader's language."""

    code: str
    params: dict[str, Any] = {}


class Number(NamedTuple):
    """A number of a workbook or of JSON.

    Attributes:
        text: as it stands in the file (``1.5E3``)
        too_long: a workbook keeps 15 digits only, and this whole number has more: its last digits may be invented
    """

    text: str
    too_long: bool = False

    @property
    def value(self) -> int | Decimal:
        """The number: int where it is whole, however it is written."""
        exact = Decimal(self.text)
        return int(exact) if exact == exact.to_integral_value() else exact


class Moment(NamedTuple):
    """A date, a time of day or both, of a workbook.

    Attributes:
        iso: ``2025-01-03``, ``2025-01-03T10:20:00`` or ``10:20:00``; without zone
        text: as it stands in the file (a serial number)
    """

    iso: str
    text: str

    @property
    def value(self) -> date | datetime | time:
        """The same as a value of Python."""
        if "T" in self.iso:
            return datetime.fromisoformat(self.iso)
        return time.fromisoformat(self.iso) if ":" in self.iso else date.fromisoformat(self.iso)


class ErrorCell(NamedTuple):
    """A cell without a usable value: ``#N/A``, a formula that was never computed, a list in JSON.

    Attributes:
        code: of a Problem: CELL_ERROR, NO_CACHED_VALUE, NESTED, BAD_TEXT, BAD_NUMBER, BAD_DATE
        text: what stands in the file, at most 200 characters
    """

    code: str
    text: str

    @property
    def problem(self) -> Problem:
        """The same as a problem."""
        return Problem(self.code, {"text": self.text})


Cell = str | Number | Moment | bool | ErrorCell | None
"""A cell. Empty text is None in every kind of file; in CSV everything else is text. Text is never trimmed."""


class Column(NamedTuple):
    """A column of the header.

    Attributes:
        position: from 0; the index in ``Row.cells``
        label: the trimmed text of the header's cell; "" where it is empty
    """

    position: int
    label: str

    @property
    def letter(self) -> str:
        """How a spreadsheet calls the column: A, …, Z, AA."""
        return column_letter(self.position)


class Row(NamedTuple):
    """One row below the header. Wholly empty rows are counted, but never handed out.

    Attributes:
        number: as a person sees it: the spreadsheet's row number (a CSV file opened in one, too: the header is mostly
            1, and a cell of three lines is one row); the object's number from 1 in JSON
        line: where the row begins in a text editor, from 1; 0 in a workbook
        cells: one for each column of the header, and more only where ``problems`` has TOO_MANY_CELLS
        problems: TOO_FEW_CELLS, TOO_MANY_CELLS, UNKNOWN_KEYS
    """

    number: int
    line: int
    cells: list[Cell]
    problems: tuple[Problem, ...] = ()


def shown(cell: Cell) -> str:
    """The cell as a person sees it, for messages and error files."""
    if cell is None:
        return ""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    return cell.iso.replace("T", " ") if isinstance(cell, Moment) else cell.text


def number_cell(text: str, *, digits: int | None = None) -> Number | ErrorCell:
    """A number as ``text`` says it; ``digits`` are as many as its program keeps."""
    if len(text) <= SHORT and text.isascii() and text.isdigit():  # most numbers, in a quarter of the time
        return Number(text)
    match = _NUMBER.match(text)
    if match is None or abs(int(match[1] or 0)) > LARGEST_EXPONENT:
        return ErrorCell("BAD_NUMBER", text[:200])
    if digits is None or (len(text) <= digits and match[1] is None):
        return Number(text)
    exact = Decimal(text)
    return Number(text, exact == exact.to_integral_value() and abs(exact) >= 10**digits)


def column_letter(position: int) -> str:
    """0 → A, 25 → Z, 26 → AA."""
    letters = ""
    position += 1
    while position:
        position, rest = divmod(position - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
