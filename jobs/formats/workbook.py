"""A workbook on its way into a stream: sheets of rows, then the parts that list them."""

from collections.abc import Iterable, Sequence

from django.conf import settings

from jobs.datasets.query import BoundColumn
from jobs.formats import xlsx_parts as parts
from jobs.formats.base import About
from jobs.formats.deflate import Segment, Stream
from jobs.formats.ziparchive import LIMIT, ZipArchive

SHEET_ROWS = 1_048_576
SHEET_BYTES = LIMIT - (512 << 20)
"""A sheet is closed when its XML comes near what zip can say; the rest is room for one segment."""


class Workbook:
    """An OpenFile. A sheet ends at a segment's border: where the next full segment might not fit any more."""

    rounded_numbers = 0

    def __init__(
        self,
        stream: Stream,
        columns: Sequence[BoundColumn],
        titles: Sequence[str],
        about: About | None,
        *,
        sheet_rows: int = SHEET_ROWS,
        sheet_bytes: int = SHEET_BYTES,
    ) -> None:
        self._stream = stream
        self._zip = ZipArchive(stream)
        self._columns, self._titles, self._about = columns, titles, about
        self._sheet_rows, self._sheet_bytes = sheet_rows, sheet_bytes
        self._segment_rows = min(settings.EXPORT_SEGMENT_ROWS, sheet_rows - 1)
        self._sheets: list[parts.Sheet] = []
        self._rows = 0
        self._written = 0
        self._inside = False
        self._sheet = self._begin_sheet()

    @property
    def size(self) -> int:
        """Bytes that have left."""
        return self._stream.stored

    def block(self, data: bytes) -> None:
        """Rows of the current segment."""
        if not self._inside:
            self._make_room()
            self._inside = True
        self._sheet.write(data)
        self._written += len(data)

    def end_segment(self, rows: int) -> None:
        """Close the segment."""
        self._sheet.end_segment()
        self._rows += rows
        self._inside = False

    def append(self, segment: Segment, blocks: Iterable[bytes]) -> None:
        """A deflated segment from elsewhere."""
        self._make_room()
        self._sheet.append(segment, blocks)
        self._written += segment.size
        self._rows += segment.rows

    def finish(self, cut_cells: int) -> None:
        """Write what lists the sheets: only now their number is known."""
        self._end_sheet()
        count, about = len(self._sheets), ""
        if self._about is not None:
            about = self._about.title
            count += 1
            rows = sum(sheet.rows - 1 for sheet in self._sheets)
            self._zip.add(f"xl/worksheets/sheet{count}.xml", parts.about_sheet(self._about.lines(rows, cut_cells)))
        for name, content in (
            ("xl/styles.xml", parts.STYLES),
            ("xl/workbook.xml", parts.workbook(self._sheets, len(self._columns), about)),
            ("xl/_rels/workbook.xml.rels", parts.workbook_relations(count)),
            ("_rels/.rels", parts.ROOT_RELATIONS),
            ("[Content_Types].xml", parts.content_types(count)),
        ):
            self._zip.add(name, content)
        self._zip.finish()
        self._stream.finish()

    def _make_room(self) -> None:
        full = self._rows + self._segment_rows > self._sheet_rows or self._written >= self._sheet_bytes
        if full and self._rows > 1:
            self._end_sheet()
            self._sheet = self._begin_sheet()

    def _begin_sheet(self) -> Stream:
        sheet = self._zip.begin(f"xl/worksheets/sheet{len(self._sheets) + 1}.xml")
        head = parts.sheet_head(self._columns, self._titles, first=not self._sheets and self._about is None)
        sheet.write(head)
        sheet.end_segment()
        self._rows, self._written = 1, len(head)
        return sheet

    def _end_sheet(self) -> None:
        self._sheet.write(parts.sheet_foot(len(self._columns), self._rows))
        self._zip.end()
        self._sheets.append(parts.Sheet(len(self._sheets) + 1, self._rows))
