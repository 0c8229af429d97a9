"""XLSX by COPY: PostgreSQL builds each row as XML, Python frames, deflates and zips it."""

import re
import struct
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

from django.utils.translation import gettext as _

from exportcenter.common.errors import InvalidParameters
from jobs.datasets.base import Kind
from jobs.datasets.query import BoundColumn, Plan, Statement
from jobs.formats import xlsx_cells as cells
from jobs.formats import xlsx_parts as parts
from jobs.formats.base import About, Format
from jobs.formats.deflate import Stream
from jobs.formats.rendering import xlsx as rendering
from jobs.formats.rendering.values import kind_of
from jobs.formats.workbook import SHEET_BYTES, SHEET_ROWS, Workbook
from jobs.formats.ziparchive import LIMIT

SIGNATURE = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TRAILER = b"\xff\xff"
FRAME = struct.Struct("!hi")

NUMBERS = {
    Kind.INTEGER: (cells.whole_number, parts.INTEGER),
    Kind.MONEY: (cells.money, parts.MONEY),
    Kind.NUMBER: (cells.number, parts.GENERAL),
}
TRUE, FALSE = '<c t="b"><v>1</v></c>', '<c t="b"><v>0</v></c>'

_ILLEGAL_BYTES = bytes({*range(32)} - {9, 10, 13})
_NONCHARACTERS = re.compile(rb"\xef\xbf[\xbe\xbf]")
"""U+FFFE and U+FFFF."""


class XlsxFormat(Format):
    """Real numbers and dates, ids as text, labels as people read them; as many sheets as the rows need.

    Attributes:
        sheet_rows: most rows of a sheet, heading included
        sheet_bytes: most XML of a sheet
    """

    key = "xlsx"
    extension = "xlsx"
    content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    takes = frozenset({"raw", "bom", "compression", "about"})
    packed = True
    most_bytes = LIMIT - (512 << 20)
    sheet_rows = SHEET_ROWS
    sheet_bytes = SHEET_BYTES

    @classmethod
    def check(cls, given: Mapping[str, Any]) -> None:
        """Refuse what only other files can have, and say why."""
        super().check(given)
        if given.get("bom"):
            raise InvalidParameters(
                details={
                    "options.bom": [
                        _("An xlsx file has no byte order mark. Allowed: %(allowed)s.") % {"allowed": "false"}
                    ]
                }
            )

    @property
    def segments_packed(self) -> bool:
        """Always: they become parts of a sheet."""
        return True

    def cell(self, column: BoundColumn, reference: str) -> str:
        """One cell as XML, built by SQL."""
        raw = self.options.raw
        kind = kind_of(column)
        if kind in NUMBERS:
            written, style = NUMBERS[kind]
            return written(reference, style)
        match kind:
            case Kind.CHOICE:
                return cells.choice(reference, () if raw else column.labels, exact=raw)
            case Kind.BOOLEAN:
                return cells.boolean(reference, *((TRUE, FALSE) if raw else map(parts.text_cell, (_("Yes"), _("No")))))
            case Kind.DATE:
                return cells.iso_date(reference) if raw else cells.date(reference)
            case Kind.DATETIME:
                return cells.iso_datetime(reference) if raw else cells.datetime(reference, self.zone.key)
            case _:
                return cells.text(f"{reference}::text", exact=raw)

    def render(self, column: BoundColumn) -> Callable[[Any], str | None]:
        """One cell as XML."""
        return rendering.renderer(column, self.options, self.zone)

    def copy(self, plan: Plan) -> Statement:
        """A binary COPY: its text form would escape backslashes and newlines."""
        query, params = self._query(plan)
        return Statement(f"COPY ({query}) TO STDOUT (FORMAT binary)", params)

    def unframe(self, messages: Iterable[Any]) -> Iterator[Any]:
        """The rows' XML. Raises ValueError for a row that would be missing from the file."""
        return framed(messages)

    def liner(self, columns: Sequence[BoundColumn]) -> Callable[[Sequence[Any]], bytes]:
        """Cells as a row."""
        return rendering.line

    def clean(self, block: bytes) -> bytes:
        """Drop what XML cannot hold. Rows are whole here, so in UTF-8 these bytes are these characters.

        Looking for 29 bytes one by one is memchr at its best: a third of what one translate costs.
        """
        if any(byte in block for byte in _ILLEGAL_BYTES):
            block = block.translate(None, _ILLEGAL_BYTES)
        return _NONCHARACTERS.sub(b"", block)

    def cut_in(self, rows: Sequence[Any], block: bytes) -> int:
        """Cut texts are marked; only a long row can hold one."""
        if max(map(len, rows)) <= parts.MOST_UNITS:
            return 0
        return block.count(cells.CUT.encode())

    def open(self, columns: Sequence[BoundColumn], stream: Stream, about: About | None = None) -> Workbook:
        """A workbook with as many sheets as the rows need."""
        titles = [column.key if self.options.raw else column.title for column in columns]
        return Workbook(stream, columns, titles, about, sheet_rows=self.sheet_rows, sheet_bytes=self.sheet_bytes)

    def _query(self, plan: Plan) -> tuple[str, tuple[Any, ...]]:
        """One text column: the row. Masks are computed below a fence, since a cell looks at its value several times."""
        values = plan.statement(_Values())
        names = [f"v{number}" for number in range(len(plan.columns))]
        row = joined(
            ["'<row>'"]
            + [
                self.cell(column, f"q.{name}").replace("%", "%%")
                for column, name in zip(plan.columns, names, strict=True)
            ]
            + ["'</row>'"]
        )
        fence = " OFFSET 0" if any(column.masked for column in plan.columns) else ""
        # Cells are built from declarations, the inner statement by the ORM; what people send is in params.
        return f"SELECT {row} FROM ({values.sql}{fence}) q({', '.join(names)})", values.params  # noqa: S608


class _Values:
    """Asks the compiler for the bare values."""

    def cell(self, column: BoundColumn, reference: str) -> str:
        return reference


def joined(pieces: Sequence[str]) -> str:
    """SQL: the pieces as one text. Halves are joined, not each piece to all before it: that would copy long rows
    once per column."""
    if len(pieces) == 1:
        return pieces[0]
    middle = len(pieces) // 2
    return f"({joined(pieces[:middle])} || {joined(pieces[middle:])})"


def framed(messages: Iterable[Any]) -> Iterator[memoryview]:
    """The rows in a binary COPY of one column.

    The server sends a message per row, the first one behind the file's header. A row that is NULL, or is not what
    its frame says, raises ValueError: it would be missing from the file without a word.
    """
    source = iter(messages)
    first = memoryview(next(source))
    head = len(SIGNATURE)
    if bytes(first[:head]) != SIGNATURE:
        raise ValueError("no binary COPY")
    size = FRAME.size
    for message in chain([first[head:]], map(memoryview, source)):
        if len(message) < size:
            if bytes(message) == TRAILER:
                continue
            raise ValueError("a broken row")
        fields, length = FRAME.unpack_from(message)
        if fields != 1 or length != len(message) - size:
            raise ValueError("a row without content, or of several parts")
        yield message[size:]
