"""XLSX by COPY: PostgreSQL builds each row as XML, Python frames, deflates and zips it."""

import re
import struct
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import chain
from typing import Any

from django.utils.translation import gettext as _

from exportcenter.common.errors import InvalidParameters
from jobs.datasets.base import Kind
from jobs.datasets.query import BoundColumn, Plan
from jobs.formats import xlsx_cells as cells
from jobs.formats import xlsx_parts as parts
from jobs.formats.base import Format, Written
from jobs.formats.sink import Sink
from jobs.formats.ziparchive import LIMIT, TooLarge, ZipArchive

BLOCK = 256 << 10
WAITING = 8
"""Blocks that may wait for the deflating thread."""

MOST_ROWS = 1_048_576
MOST_BYTES = LIMIT - (256 << 20)
"""A sheet is closed when its XML comes near what zip can say; the rest is room for one block of very long rows."""

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
        most_rows: rows of a sheet, heading included
        most_bytes: XML of a sheet
    """

    key = "xlsx"
    extension = "xlsx"
    content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    takes = frozenset({"raw", "bom", "compression"})
    most_rows = MOST_ROWS
    most_bytes = MOST_BYTES

    @classmethod
    def check(cls, given: Mapping[str, Any]) -> None:
        """Refuse what only other files can have, and say why."""
        super().check(given)
        problems = {}
        if given.get("compression", "none") != "none":
            problems["options.compression"] = [
                _("An xlsx file is compressed already. Allowed: %(allowed)s.") % {"allowed": "none"}
            ]
        if given.get("bom"):
            problems["options.bom"] = [
                _("An xlsx file has no byte order mark. Allowed: %(allowed)s.") % {"allowed": "false"}
            ]
        if problems:
            raise InvalidParameters(details=problems)

    def cell(self, column: BoundColumn, reference: str) -> str:
        """One cell as XML, built by SQL."""
        raw = self.options.raw
        if column.kind in NUMBERS:
            written, style = NUMBERS[column.kind]
            return written(reference, style)
        match column.kind:
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

    def write(self, plan: Plan, cursor: Any, sink: Sink, advance: Callable[[int], None]) -> Written:
        """COPY the rows as XML into ``sink``. Raises InvalidParameters when the file would need more than 4 GiB."""
        query, params = self._query(plan)
        titles = [column.key if self.options.raw else column.title for column in plan.columns]
        rows = cut = 0
        most_rows, full = self.most_rows, False
        try:
            with _Book(sink, plan.columns, titles) as book:
                with cursor.copy(f"COPY ({query}) TO STDOUT (FORMAT binary)", params) as copy:
                    in_sheet = book.begin()
                    for row in framed(copy):
                        if full or in_sheet >= most_rows:
                            book.end(in_sheet)
                            in_sheet, full = book.begin(), False
                        in_sheet += 1
                        rows += 1
                        if len(row) > cells.MOST_UNITS:
                            cut += bytes(row).count(cells.CUT.encode())
                        if book.append(row):
                            full = book.bytes >= self.most_bytes
                            advance(rows)
                book.end(in_sheet)
                book.finish()
        except TooLarge as error:
            raise InvalidParameters(
                details={
                    "file_type": [_("An xlsx file cannot be larger than 4 GiB. Choose fewer rows or columns, or csv.")]
                }
            ) from error
        advance(rows)
        return Written(rows, cut_cells=cut)

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


class _Book:
    """Sheets on their way into the archive. A thread of its own cleans, deflates, hashes and writes: isal and the
    hash let the other thread go on reading. Whatever it raises comes out of the next call here."""

    def __init__(self, sink: Sink, columns: Sequence[BoundColumn], titles: Sequence[str]) -> None:
        self.bytes = 0
        """XML of the open sheet so far."""
        self._zip = ZipArchive(sink)
        self._columns, self._titles = columns, titles
        self._sheets: list[parts.Sheet] = []
        self._block = bytearray()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="xlsx")
        self._waiting: deque[Future[None]] = deque()

    def __enter__(self) -> "_Book":
        return self

    def __exit__(self, *exception: object) -> None:
        self._thread.shutdown(wait=True, cancel_futures=True)

    def begin(self) -> int:
        """Open the next sheet. Returns the rows it has: the heading."""
        self._do(self._zip.begin, f"xl/worksheets/sheet{len(self._sheets) + 1}.xml")
        self._block += parts.sheet_head(self._columns, self._titles, first=not self._sheets)
        self.bytes = 0
        return 1

    def append(self, row: memoryview) -> bool:
        """Add a row to the open sheet. True when a block went on its way."""
        self._block += row
        if len(self._block) < BLOCK:
            return False
        self._flush()
        return True

    def end(self, rows: int) -> None:
        """Close the open sheet, which has ``rows`` with the heading."""
        self._block += parts.sheet_foot(len(self._columns), rows)
        self._flush()
        self._do(self._zip.end)
        self._sheets.append(parts.Sheet(len(self._sheets) + 1, rows))

    def finish(self) -> None:
        """Write what lists the sheets: only now their number is known."""
        for name, content in (
            ("xl/styles.xml", parts.STYLES),
            ("xl/workbook.xml", parts.workbook(self._sheets, len(self._columns))),
            ("xl/_rels/workbook.xml.rels", parts.workbook_relations(self._sheets)),
            ("_rels/.rels", parts.ROOT_RELATIONS),
            ("[Content_Types].xml", parts.content_types(self._sheets)),
        ):
            self._do(self._zip.add, name, content)
        self._do(self._zip.finish)
        while self._waiting:
            self._waiting.popleft().result()

    def _flush(self) -> None:
        block, self._block = self._block, bytearray()
        self.bytes += len(block)
        self._do(self._clean, block)

    def _clean(self, block: bytearray) -> None:
        """Drop what XML cannot hold. Rows are whole here, so in UTF-8 these bytes are these characters.

        Looking for 29 bytes one by one is memchr at its best: a third of what one translate costs.
        """
        if any(byte in block for byte in _ILLEGAL_BYTES):
            block = block.translate(None, _ILLEGAL_BYTES)
        self._zip.write(_NONCHARACTERS.sub(b"", block))

    def _do(self, step: Callable[..., None], *given: Any) -> None:
        while len(self._waiting) >= WAITING:
            self._waiting.popleft().result()
        self._waiting.append(self._thread.submit(step, *given))
