"""Rows of a file that was read, written again in its own format: what reading gives, comes back the same.

Cells come from strangers. None becomes a formula; one that is an error stays one, so that it is not taken for its text
when the file is sent again.
"""

import csv
import io
import json
import re
from collections.abc import Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, BinaryIO, NamedTuple, Protocol

from django.conf import settings

from jobs.datasets import Kind
from jobs.datasets.query import BoundColumn
from jobs.formats.deflate import PlainStream
from jobs.formats.json import JsonFormat
from jobs.formats.rendering.csv import neutral
from jobs.formats.workbook import SHEET_ROWS, Workbook
from jobs.formats.xlsx import XlsxFormat
from jobs.formats.xlsx_parts import DATE, DATETIME, TEXT
from jobs.formats.xlsx_text import text_cell
from jobs.imports.reading import Cell, ErrorCell, Moment, Number, shown
from jobs.imports.reading.dialect import DELIMITERS

NUMERIC = frozenset((Kind.INTEGER, Kind.MONEY, Kind.NUMBER))
SEGMENT_ROWS = 1_000
_PLAIN_NUMBER = re.compile(r"[+-]?[0-9][0-9,.]*%?\Z")
_MARKS = {"utf-16-le": "\ufeff", "utf-16-be": "\ufeff", "gb18030": ""}
"""Encoding → what a text in it begins with. Others are not surely recognised again: UTF-8 takes their place."""
_ERRORS = frozenset(["#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A", "#GETTING_DATA"])
_FIRST_SAFE_DAY = date(1900, 3, 1)
"""Spreadsheets count a 29th of February 1900, which never was."""
_BEFORE, _SINCE = date(1899, 12, 31).toordinal(), date(1899, 12, 30).toordinal()


class Heading(NamedTuple):
    """A column: its heading, and what kind of values it holds."""

    text: str
    kind: Kind


class Writer(Protocol):
    """Writes rows into the file that it was given."""

    extension: str
    content_type: str

    def row(self, cells: Sequence[Cell], words: str, *, beyond: Sequence[Cell] = ()) -> None:
        """A row of cells, then words of ours. ``beyond``: cells for which there is no column."""

    def end(self) -> None:
        """The file is whole."""


def writer_for(facts: dict[str, Any], sink: BinaryIO, headings: Sequence[Heading]) -> Writer:
    """A writer of the kind of file that ``facts`` (ImportJob.facts) tell of; the last heading is that of the words."""
    match facts["kind"]:
        case "xlsx":
            return _Sheet(sink, headings)
        case "json" | "ndjson" as kind:
            return _Objects(sink, headings, array=kind == "json")
        case _:
            return _Delimited(sink, headings, facts)


class _Delimited:
    """CSV with the delimiter and encoding of the original. A cell that would run as a formula is guarded as in exports;
    reading takes the guard away."""

    def __init__(self, sink: BinaryIO, headings: Sequence[Heading], facts: dict[str, Any]) -> None:
        encoding = facts["encoding"] if facts["encoding"] in _MARKS else "utf-8"
        self.extension = facts["kind"]
        kind = "tab-separated-values" if facts["kind"] == "tsv" else "csv"
        self.content_type = f"text/{kind}; charset={encoding.removesuffix('-le').removesuffix('-be')}"
        self._numeric = [heading.kind in NUMERIC for heading in headings]
        self._text = io.TextIOWrapper(sink, encoding=encoding, newline="", write_through=False)
        self._text.write(_MARKS.get(encoding, "\ufeff"))
        delimiter = facts["delimiter"]
        if delimiter not in DELIMITERS:
            self._text.write(f"sep={delimiter}\r\n")
        self._rows = csv.writer(self._text, delimiter=delimiter, lineterminator="\r\n")
        self._rows.writerow([neutral(heading.text) for heading in headings])

    def row(self, cells: Sequence[Cell], words: str, *, beyond: Sequence[Cell] = ()) -> None:
        row = [self._safe(shown(cell), numeric) for cell, numeric in zip(cells, self._numeric, strict=False)]
        self._rows.writerow([*row, neutral(words), *(neutral(shown(cell)) for cell in beyond)])

    def end(self) -> None:
        self._text.detach().flush()

    def _safe(self, text: str, numeric: bool) -> str:
        """What is guarded already stays as it is."""
        return text if text.startswith("'") or (numeric and _PLAIN_NUMBER.match(text)) else neutral(text)


class _Sheet:
    """A workbook: numbers with all their digits, dates as dates, any text as text."""

    extension = XlsxFormat.extension
    content_type = XlsxFormat.content_type

    def __init__(self, sink: BinaryIO, headings: Sequence[Heading]) -> None:
        columns = [BoundColumn(str(at), heading.text, heading.kind) for at, heading in enumerate(headings)]
        # What came as one sheet goes as one: a new one would begin where another segment might not fit.
        most = SHEET_ROWS + settings.EXPORT_SEGMENT_ROWS
        titles = [heading.text for heading in headings]
        self._book = Workbook(PlainStream(sink.write), columns, titles, None, sheet_rows=most)
        self._rows = 0

    def row(self, cells: Sequence[Cell], words: str, *, beyond: Sequence[Cell] = ()) -> None:
        made = "".join([*map(_xml, cells), text_cell(words), *map(_xml, beyond)])
        self._book.block(f"<row>{made}</row>".encode())
        self._rows += 1
        if self._rows == SEGMENT_ROWS:
            self._end_segment()

    def end(self) -> None:
        self._end_segment()
        self._book.finish(0)

    def _end_segment(self) -> None:
        if self._rows:
            self._book.end_segment(self._rows)
            self._rows = 0


def _xml(cell: Cell) -> str:
    if cell is None:
        return "<c/>"
    if isinstance(cell, bool):
        return f'<c t="b"><v>{cell:d}</v></c>'
    if isinstance(cell, Number):
        return f"<c><v>{cell.text}</v></c>"
    if isinstance(cell, Moment):
        return _moment(cell)
    if isinstance(cell, ErrorCell):
        return f'<c t="e"><v>{cell.text if cell.text in _ERRORS else "#VALUE!"}</v></c>'
    return text_cell(cell, TEXT)


def _moment(cell: Moment) -> str:
    value = cell.value
    if isinstance(value, time):
        return text_cell(cell.iso, TEXT)
    day = value.date() if isinstance(value, datetime) else value
    days = Decimal(day.toordinal() - (_SINCE if day >= _FIRST_SAFE_DAY else _BEFORE))
    if not isinstance(value, datetime):
        return f'<c s="{DATE}"><v>{days}</v></c>'
    seconds = Decimal(value.hour * 3600 + value.minute * 60 + value.second) + Decimal(value.microsecond).scaleb(-6)
    return f'<c s="{DATETIME}"><v>{days + (seconds / 86_400).quantize(Decimal("1e-11"))}</v></c>'


class _Objects:
    """JSON: an array of objects, or an object per line. Numbers keep all their digits."""

    def __init__(self, sink: BinaryIO, headings: Sequence[Heading], *, array: bool) -> None:
        self.extension = "json" if array else "ndjson"
        self.content_type = JsonFormat.content_type if array else "application/x-ndjson"
        self._sink, self._array = sink, array
        self._keys = [json.dumps(heading.text, ensure_ascii=False) for heading in headings]
        self._rows = 0

    def row(self, cells: Sequence[Cell], words: str, *, beyond: Sequence[Cell] = ()) -> None:
        values = [*map(_json, cells), _json(words)]
        made = ", ".join(f"{key}: {value}" for key, value in zip(self._keys, values, strict=True))
        before = ("[\n" if not self._rows else ",\n") if self._array else ""
        self._sink.write(f"{before}{{{made}}}{'' if self._array else chr(10)}".encode())
        self._rows += 1

    def end(self) -> None:
        if self._array:
            self._sink.write(b"\n]\n" if self._rows else b"[]\n")


def _json(cell: Cell) -> str:
    if isinstance(cell, Number):
        return cell.text
    if isinstance(cell, ErrorCell):
        return _nested(cell.text)
    if cell is None or isinstance(cell, bool | str):
        return json.dumps(cell, ensure_ascii=False)
    return json.dumps(shown(cell), ensure_ascii=False)


def _nested(text: str) -> str:
    """A list or an object, as it was; another unusable value as a list of it, which is no more usable than before."""
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    return json.dumps(found if isinstance(found, list | dict) else [text], ensure_ascii=False)
