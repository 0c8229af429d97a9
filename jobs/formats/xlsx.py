"""XLSX by COPY: PostgreSQL writes lines, ``xlsx_rows`` makes XML of them block by block, a thread deflates and zips."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from exportcenter.common.errors import InvalidParameters
from jobs.datasets.query import BoundColumn
from jobs.formats.base import About, Joined
from jobs.formats.csv_lines import CsvLines
from jobs.formats.deflate import Stream
from jobs.formats.rendering import xlsx as rendering
from jobs.formats.rendering.values import kind_of
from jobs.formats.workbook import SHEET_BYTES, SHEET_ROWS, Workbook
from jobs.formats.xlsx_rows import DIALECT, SheetRows, line
from jobs.formats.xlsx_transport import transport
from jobs.formats.ziparchive import LIMIT


class XlsxFormat(CsvLines):
    """Real numbers and dates, ids as text, labels as people read them; as many sheets as the rows need.

    Attributes:
        sheet_rows: most rows of a sheet, heading included
        sheet_bytes: most XML of a sheet
    """

    key = "xlsx"
    extension = "xlsx"
    content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    takes = frozenset({"raw", "bom", "compression", "about"})
    dialect = DIALECT
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
        """One cell as COPY writes it best."""
        return transport(kind_of(column), reference, self.zone, raw=self.options.raw)

    def render(self, column: BoundColumn) -> Callable[[Any], str | None]:
        """One cell as text."""
        return rendering.renderer(column, self.options, self.zone)

    def liner(self, columns: Sequence[BoundColumn]) -> Callable[[Sequence[Any]], bytes]:
        """Cells as a line."""
        return line

    def joiner(self, columns: Sequence[BoundColumn]) -> Callable[[Sequence[Any]], Joined]:
        """Lines as rows of a sheet."""
        return SheetRows(columns, self.options)

    def open(self, columns: Sequence[BoundColumn], stream: Stream, about: About | None = None) -> Workbook:
        """A workbook with as many sheets as the rows need."""
        titles = [column.key if self.options.raw else column.title for column in columns]
        return Workbook(stream, columns, titles, about, sheet_rows=self.sheet_rows, sheet_bytes=self.sheet_bytes)
