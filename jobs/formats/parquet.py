"""Parquet by COPY: PostgreSQL writes lines, ``parquet_arrow`` reads them into types, each segment is a row group.

Rows travel as CSV lines, because pyarrow reads COPY's CSV faster than Python can look at single values. What a reader
of the file sees is decided there; here stands how a value gets there without losing anything: days and
microseconds as whole numbers, which know no year 9999; codes instead of labels, which the file's dictionary holds once.
"""

from collections.abc import Callable, Sequence
from typing import Any

from jobs.datasets.base import Kind
from jobs.datasets.query import BoundColumn
from jobs.formats.base import About
from jobs.formats.csv_lines import CsvLines
from jobs.formats.deflate import Stream
from jobs.formats.parquet_file import ParquetFile
from jobs.formats.rendering import parquet as rendering
from jobs.formats.rendering.values import kind_of


def transport(column: BoundColumn, reference: str, *, raw: bool) -> str:
    """SQL expression whose CSV text, as COPY writes it, is the cell; the same for people and for machines (``raw``).

    An infinite day or moment, which has no number, comes as PostgreSQL's word for it, which the file refuses.
    """
    match kind_of(column):
        case Kind.CHOICE:
            return f"{reference}::text"
        case Kind.DATE:
            day = f"{reference}::date"
            return f"CASE WHEN isfinite({day}) THEN ({day} - DATE '1970-01-01')::text ELSE {day}::text END"
        case Kind.DATETIME:
            # extract() counts in numeric: each microsecond is exact, up to the most that 64 bits can hold. Within these
            # years a float of seconds, at a fifth of the price, is less than half a microsecond off.
            return (
                f"CASE WHEN {reference} BETWEEN '1950-01-01 00:00Z' AND '2037-12-31 00:00Z' "
                f"THEN (date_part('epoch', {reference}) * 1000000)::bigint::text "
                f"ELSE round(extract(epoch FROM {reference}) * 1000000)::text END"
            )
        case _:
            return reference


class ParquetFormat(CsvLines):
    """Typed columns for machines that analyse; compressed by itself."""

    key = "parquet"
    extension = "parquet"
    content_type = "application/vnd.apache.parquet"
    takes = CsvLines.takes | {"about"}
    row_end = b"\n"
    threaded = True  # Arrow works long without Python; where it does not, two threads only wait for each other
    packed = True
    segment_bytes = 32 << 20  # a row group is in memory as a whole, and again as it is packed

    @property
    def segments_packed(self) -> bool:
        """Never: lines are read once more when they become a row group."""
        return False

    def cell(self, column: BoundColumn, reference: str) -> str:
        """One cell as COPY writes it best."""
        return transport(column, reference, raw=self.options.raw)

    def render(self, column: BoundColumn) -> Callable[[Any], str | None]:
        """One cell as text."""
        return rendering.renderer(column, self.options, self.zone)

    def open(self, columns: Sequence[BoundColumn], stream: Stream, about: About | None = None) -> ParquetFile:
        """A file whose row groups are the segments. Imports pyarrow."""
        return ParquetFile(stream, columns, raw=self.options.raw, zone=self.zone, about=about)
