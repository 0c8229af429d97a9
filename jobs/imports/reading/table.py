"""The contract of every reader: what it says about the file, and its rows."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from jobs.imports.reading.cells import Cell, Column, Problem, Row, shown
from jobs.imports.reading.faults import Fault
from jobs.imports.reading.limits import LIMITS, Limits

KINDS = ("csv", "tsv", "xlsx", "json", "ndjson")


class Sheet(NamedTuple):
    """A sheet of a workbook, in the order of its tabs."""

    name: str
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Choices:
    """What a person has set by hand; None: find it out.

    Attributes:
        kind: one of KINDS
        encoding: a codec's name, for text
        delimiter: one character, for CSV
        sheet: a name, for a workbook
        header_row: the ``number`` of the header's row; 0: the file has none, and its columns are called A, B, …
    """

    kind: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    sheet: str | None = None
    header_row: int | None = None

    def __post_init__(self) -> None:
        if self.kind is not None and self.kind not in KINDS:
            raise Fault("UNKNOWN_CHOICE", field="kind", value=str(self.kind)[:60], allowed=", ".join(KINDS))
        if self.delimiter is not None and (len(self.delimiter) != 1 or self.delimiter in '"\r\n\0'):
            raise Fault("UNKNOWN_CHOICE", field="delimiter", value=self.delimiter[:60], allowed=", ; TAB |")
        if self.header_row is not None and not 0 <= self.header_row <= 1_000:
            raise Fault("UNKNOWN_CHOICE", field="header_row", value=str(self.header_row)[:60], allowed="0–1000")


class Table(ABC):
    """An opened file. Close it, or use it as a context.

    Attributes:
        kind: one of KINDS, as found by content
        encoding: of text; "" for a workbook
        encoding_by: how it was found: ``bom``, ``utf-8``, ``gb18030``, ``guess`` (show it, and let it be changed) or
            ``chosen``; "" for a workbook
        delimiter: of CSV; "" otherwise
        sheets: of a workbook; empty otherwise
        sheet: the name of the one that is read; "" otherwise
        header: the columns
        header_row: the header's row number; 0 where there is none
    """

    kind: str = ""
    encoding: str = ""
    encoding_by: str = ""
    delimiter: str = ""
    sheets: tuple[Sheet, ...] = ()
    sheet: str = ""
    header: tuple[Column, ...] = ()
    header_row: int = 0

    @abstractmethod
    def rows(self) -> Iterator[Row]:
        """The rows below the header, from the top, in flat memory. May be asked for again: the file is read again.

        Raises Fault where reading ends."""

    @abstractmethod
    def close(self) -> None:
        """Give the file back. Harmless twice."""

    def facts(self) -> dict[str, Any]:
        """Everything but the rows, as plain values (for JSON)."""
        return {
            "kind": self.kind,
            "encoding": self.encoding,
            "encoding_by": self.encoding_by,
            "delimiter": self.delimiter,
            "sheets": [list(sheet) for sheet in self.sheets],
            "sheet": self.sheet,
            "header": [list(column) for column in self.header],
            "header_row": self.header_row,
        }

    def __enter__(self) -> "Table":
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()


class Raw(NamedTuple):
    """A row as a file has it, the header's too."""

    number: int
    line: int
    cells: list[Cell]


class GridTable(Table):
    """A table of rows and columns whose header is one of its rows: CSV and workbooks."""

    short_rows_told = True
    """Whether a row with fewer cells than the header is worth a word; a workbook never writes empty cells."""

    def __init__(self, choices: Choices, limits: Limits = LIMITS) -> None:
        self._choices, self._limits = choices, limits

    @abstractmethod
    def _raw(self) -> Iterator[Raw]:
        """All rows, empty ones included or left out, numbered."""

    def _find_header(self) -> None:
        """Set the header from the first row that is not empty, or from the one that was chosen."""
        wanted = self._choices.header_row
        for raw in self._raw():
            if wanted and raw.number > wanted:
                break
            if _is_empty(raw.cells) or (wanted and raw.number < wanted):
                continue
            columns = _columns(raw.cells)
            if wanted == 0:
                columns = tuple(Column(at, Column(at, "").letter) for at in range(len(raw.cells)))
            self.header, self.header_row = columns, 0 if wanted == 0 else raw.number
            return
        if wanted:
            raise Fault("NO_HEADER", row=wanted)
        raise Fault("NO_ROWS")

    def rows(self) -> Iterator[Row]:
        width, last = len(self.header), self.header_row
        most = self._limits.rows
        short_told = self.short_rows_told
        for number, line, cells in self._raw():
            if number <= last or _is_empty(cells):
                continue
            if number > most:
                raise Fault("TOO_MANY_ROWS", limit=most)
            found = len(cells)
            if found == width:
                yield Row(number, line, cells)
            elif found < width:
                cells.extend([None] * (width - found))
                told = (Problem("TOO_FEW_CELLS", {"expected": width, "found": found}),) if short_told else ()
                yield Row(number, line, cells, told)
            else:
                while len(cells) > width and cells[-1] is None:
                    cells.pop()
                many = len(cells) > width
                told = (Problem("TOO_MANY_CELLS", {"expected": width, "found": len(cells)}),) if many else ()
                yield Row(number, line, cells, told)


def _columns(cells: list[Cell]) -> tuple[Column, ...]:
    labels = [" ".join(shown(cell).split()) for cell in cells]
    while labels and not labels[-1]:
        labels.pop()
    return tuple(Column(at, label) for at, label in enumerate(labels))


def _is_empty(cells: list[Cell]) -> bool:
    """Whether nothing but white space stands in the row."""
    return not any(cell is not None and (not isinstance(cell, str) or cell.strip()) for cell in cells)
