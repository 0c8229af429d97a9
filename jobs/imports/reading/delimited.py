"""CSV as RFC 4180 has it, and as people have it: any line end, ragged rows, ``sep=``, stray quotes."""

import contextlib
import csv
import re
from collections.abc import Iterator
from typing import BinaryIO

from jobs.imports.reading.cells import Cell
from jobs.imports.reading.dialect import SAMPLE, find_delimiter, sep_line
from jobs.imports.reading.encodings import Encoding, find_encoding, text_blocks
from jobs.imports.reading.faults import Fault
from jobs.imports.reading.limits import Limits
from jobs.imports.reading.lines import Lines
from jobs.imports.reading.table import Choices, GridTable, Raw


class DelimitedTable(GridTable):
    """A CSV file. Every cell is text, or None."""

    def __init__(self, source: BinaryIO, choices: Choices, limits: Limits) -> None:
        super().__init__(choices, limits)
        self._source = source
        self._encoding = find_encoding(source, choices.encoding)
        self.encoding, self.encoding_by = self._encoding.name, self._encoding.by
        head = _head(source, self._encoding)
        self._sep = sep_line(re.split("[\r\n]", head, maxsplit=1)[0])
        self.delimiter = choices.delimiter or ("\t" if choices.kind == "tsv" else self._sep or find_delimiter(head))
        self.kind = "tsv" if self.delimiter == "\t" else "csv"
        self._find_header()

    def close(self) -> None:
        self._source.close()

    def _raw(self) -> Iterator[Raw]:
        # The module's limit is one for the whole process and raises without a line: ours is checked below.
        csv.field_size_limit(max(csv.field_size_limit(), self._limits.row + 1))
        lines = Lines(text_blocks(self._source, self._encoding), self._limits.row)
        record = _Record(lines, self.delimiter, self._limits)
        if self._sep:
            record.skip_line()
        for number, found in enumerate(csv.reader(record, delimiter=self.delimiter), start=1):
            if record.size > self._limits.cell:
                self._check_cells(found, record.first)
            if len(found) > self._limits.columns:
                raise Fault("TOO_MANY_COLUMNS", line=record.first, found=len(found), limit=self._limits.columns)
            cells: list[Cell] = [text or None for text in found] if "" in found else found  # type: ignore[assignment]
            yield Raw(number, record.first, cells)
            record.end()

    def _check_cells(self, cells: list[str], line: int) -> None:
        for at, text in enumerate(cells, start=1):
            if len(text) > self._limits.cell:
                raise Fault("CELL_TOO_LONG", line=line, column=at, limit=self._limits.cell)


class _Record:
    """Hands lines to the parser and knows which of them belong to the row in the making.

    Attributes:
        first: the line in which the row begins
        size: characters of the row so far
    """

    def __init__(self, lines: Lines, delimiter: str, limits: Limits) -> None:
        self.first, self.size = 1, 0
        self._numbers, self._lines = lines, iter(lines)
        self._delimiter, self._limits = delimiter, limits
        self._taken: list[str] = []

    def __iter__(self) -> "_Record":
        return self

    def __next__(self) -> str:
        line = next(self._lines, None)
        if line is None:
            if self._taken:  # the parser asks on within a row only while a quote is open
                raise self._unclosed()
            raise StopIteration
        self._taken.append(line)
        self.size += len(line)
        if len(self._taken) == 1:
            self.first = self._numbers.line
        elif self.size > self._limits.row:
            raise self._unclosed()
        return line

    def end(self) -> None:
        """The row is whole."""
        self._taken.clear()
        self.size = 0

    def skip_line(self) -> None:
        """Leave a line out."""
        next(self._lines, None)

    def _unclosed(self) -> Fault:
        text = "".join(self._taken)
        return Fault("UNCLOSED_QUOTE", line=self.first + _open_quote(text, self._delimiter))


def _open_quote(text: str, delimiter: str) -> int:
    """How many lines of ``text`` end before the quote that is not closed."""
    opened, at, inside, start = 0, 0, False, True
    while at < len(text):
        character = text[at]
        if inside:
            if character == '"':
                if text[at + 1 : at + 2] == '"':
                    at += 1
                else:
                    inside = False
        elif character == '"' and start:
            inside, opened = True, at
        start = not inside and character == delimiter
        at += 1
    before = text[:opened]
    return before.count("\n") + before.count("\r") - before.count("\r\n")


def _head(source: BinaryIO, encoding: Encoding) -> str:
    """The first characters, to the end of a line. What is wrong in them is told when the rows are read."""
    taken: list[str] = []
    size = 0
    with contextlib.suppress(Fault):
        for block in text_blocks(source, encoding):
            taken.append(block)
            size += len(block)
            if size > SAMPLE:
                break
    text = "".join(taken)[:SAMPLE]
    return text if size <= SAMPLE else text[: text.rfind("\n") + 1] or text
