"""The rows of a sheet, out of its XML, one after another."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

from jobs.imports.reading.cells import Cell, ErrorCell, Moment, number_cell
from jobs.imports.reading.faults import Fault
from jobs.imports.reading.limits import Limits
from jobs.imports.reading.numberformats import DIGITS, Shows, moment_cell
from jobs.imports.reading.sharedtexts import SharedTexts, unescaped
from jobs.imports.reading.table import Raw
from jobs.imports.reading.xml import Attributes, feed, local, new_parser

MOST_ROWS = 1 << 20
MOST_COLUMNS = 1 << 14
"""What a sheet can have at all (ECMA-376, Excel)."""
_ISO = re.compile(r"\d{4}-\d\d-\d\d(?:T\d\d:\d\d:\d\d(?:\.\d{1,6})?)?Z?\Z|\d\d:\d\d:\d\d(?:\.\d{1,6})?\Z")
_UNFIT = re.compile("[\0\ud800-\udfff]")
_TRUTHS = {"1": True, "true": True, "0": False, "false": False}


@dataclass(frozen=True, slots=True)
class Book:
    """What the cells of all sheets refer to."""

    texts: SharedTexts
    styles: list[Shows]
    from_1904: bool
    limits: Limits


def sheet_rows(part: IO[bytes], book: Book) -> Iterator[Raw]:
    """The rows that the sheet holds, empty ones mostly left out. Raises Fault where it is damaged."""
    reader = _Reader(book)
    with part:
        for _block in feed(reader.parser, part, book.limits.xml_token):
            if reader.done:
                yield from reader.done
                reader.done.clear()


class _Reader:
    """The handlers of the parser. They run some 60 times for a row: what they need is at hand."""

    def __init__(self, book: Book) -> None:
        self.done: list[Raw] = []
        self.parser = new_parser(self._start, self._end, self._text)
        self._book = book
        self._cell_limit, self._row_limit = book.limits.cell, book.limits.row
        self._tags: dict[str, str] = {}
        self._letters: dict[str, int] = {}
        self._number = 0
        self._in_row = self._collecting = self._formula = self._in_formula = False
        self._hints = 0
        self._cells: list[Cell] = []
        self._pieces: list[str] = []
        self._formula_text = ""
        self._at = 0
        self._cell_size = self._row_size = 0
        self._type = self._style = ""

    def _start(self, name: str, attributes: Attributes) -> None:
        tag = self._tags.get(name) or self._tag(name)
        if tag == "c":
            reference = attributes.get("r")
            if reference is not None:
                self._at = self._position(reference.rstrip("0123456789"))
            self._type, self._style = attributes.get("t", "n"), attributes.get("s", "")
            self._formula, self._formula_text = False, ""
            self._cell_size = 0
            self._pieces.clear()
        elif tag in ("v", "t"):
            self._collecting = self._in_row and not self._hints
        elif tag == "row":
            self._begin_row(attributes.get("r"))
        elif tag == "f":
            self._formula = self._in_formula = True
        elif tag == "rPh":
            self._hints += 1

    def _end(self, name: str) -> None:
        tag = self._tags.get(name) or self._tag(name)
        if tag == "c":
            if self._pieces or self._formula:
                self._put(self._value("".join(self._pieces)))
            self._at += 1
        elif tag in ("v", "t"):
            self._collecting = False
        elif tag == "row":
            self.done.append(Raw(self._number, 0, self._cells))
            self._in_row = False
        elif tag == "f":
            self._in_formula = False
        elif tag == "rPh":
            self._hints -= 1

    def _text(self, text: str) -> None:
        if self._collecting:
            self._cell_size += len(text)
            self._row_size += len(text)
            if self._cell_size > self._cell_limit:
                raise Fault("CELL_TOO_LONG", line=self._number, column=self._at + 1, limit=self._cell_limit)
            if self._row_size > self._row_limit:
                raise Fault("ROW_TOO_LONG", line=self._number, limit=self._row_limit)
            self._pieces.append(text)
        elif self._in_formula and len(self._formula_text) < 200:
            self._formula_text += text[:200]

    def _tag(self, name: str) -> str:
        """The local name, kept for the next time; a hostile sheet may have endless names."""
        tag = local(name)
        if len(self._tags) < 1000:
            self._tags[name] = tag
        return tag

    def _begin_row(self, reference: str | None) -> None:
        number = self._number + 1 if reference is None else _whole(reference)
        if not self._number < number <= MOST_ROWS:
            raise Fault("DAMAGED")
        self._number, self._at, self._row_size = number, 0, 0
        self._in_row = True
        self._cells = []

    def _position(self, letters: str) -> int:
        at = self._letters.get(letters)
        if at is None:
            at = 0
            for letter in letters:
                if not "A" <= letter <= "Z" or len(letters) > 3:
                    raise Fault("DAMAGED")
                at = at * 26 + ord(letter) - 64
            if not 0 < at <= MOST_COLUMNS:
                raise Fault("DAMAGED")
            at = self._letters[letters] = at - 1
        return at

    def _put(self, value: Cell) -> None:
        if value is None or not self._in_row:
            return
        at, cells = self._at, self._cells
        if at == len(cells):
            cells.append(value)
        elif at > len(cells):
            cells.extend([None] * (min(at, MOST_COLUMNS) - len(cells)))
            cells.append(value)
        else:
            cells[at] = value
        if len(cells) > self._book.limits.columns:
            raise Fault("TOO_MANY_COLUMNS", line=self._number, found=at + 1, limit=self._book.limits.columns)

    def _value(self, text: str) -> Cell:
        kind = self._type
        if kind == "s":
            return _fit(self._shared(text))
        if kind in ("inlineStr", "str"):
            return _fit(unescaped(text))
        text = text.strip()
        if not text:
            return ErrorCell("NO_CACHED_VALUE", f"={self._formula_text}"[:200]) if self._formula else None
        return self._number_or_date(text) if kind == "n" else _other(kind, text)

    def _number_or_date(self, text: str) -> Cell:
        shown = self._shown()
        if shown is Shows.NUMBER:
            return number_cell(text, digits=DIGITS)
        return moment_cell(text, shown, from_1904=self._book.from_1904)

    def _shared(self, text: str) -> str:
        try:
            texts = self._book.texts
            shared = texts[_whole(text)]
        except IndexError:
            raise Fault("DAMAGED") from None
        # Thousands of cells may share one long text: what counts is what the row then holds.
        self._row_size += len(shared)
        if self._row_size > self._row_limit:
            raise Fault("ROW_TOO_LONG", line=self._number, limit=self._row_limit)
        return shared

    def _shown(self) -> Shows:
        if not self._style:
            return Shows.NUMBER
        index = _whole(self._style)
        return self._book.styles[index] if index < len(self._book.styles) else Shows.NUMBER


def _whole(text: str) -> int:
    text = text.strip()
    if not (text.isascii() and text.isdigit() and len(text) <= 10):
        raise Fault("DAMAGED")
    return int(text)


def _fit(text: str) -> Cell:
    return ErrorCell("BAD_TEXT", _UNFIT.sub("\ufffd", text)[:200]) if _UNFIT.search(text) else text or None


def _other(kind: str, text: str) -> Cell:
    if kind == "d":
        return _iso(text)
    if kind == "b" and text.lower() in _TRUTHS:
        return _TRUTHS[text.lower()]
    return ErrorCell("CELL_ERROR", text[:200])


def _iso(text: str) -> Cell:
    """A date as ISO 8601 (``t="d"``), which no program of today writes by default."""
    if not _ISO.match(text):
        return ErrorCell("BAD_DATE", text[:200])
    moment = Moment(text.removesuffix("Z"), text)
    try:
        return Moment(moment.value.isoformat(), text)
    except ValueError:
        return ErrorCell("BAD_DATE", text[:200])
