"""A Parquet file from CSV lines: blocks of them are parsed as they come, and each segment becomes one row group.

pyarrow is imported when the first file is begun: it costs 60 MB, which no process should pay that writes none.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

from jobs.datasets.query import BoundColumn
from jobs.formats.base import About
from jobs.formats.deflate import Segment, Stream
from jobs.formats.sink import Sink

BLOCK_BYTES = 4 << 20
"""Lines are parsed in blocks of about this size; smaller ones cost time, larger ones memory."""

ROUNDED = "rounded_numbers"
"""Key of the file's metadata that says in which columns how many numbers had more digits than a double holds."""


class ParquetRows:
    """
    Writes a Parquet file of typed columns into a sink that can only be appended to.

    Headings are titles, or keys for machines (``raw``). Equal rows in equal segments give equal bytes, however the
    lines came in blocks. After an error, or without ``finish``, what the sink holds is no Parquet file.

    Attributes:
        rows: number in the row groups written so far
    """

    def __init__(
        self, sink: Sink, columns: Sequence[BoundColumn], *, raw: bool, zone: ZoneInfo, facts: Mapping[str, str]
    ) -> None:
        from jobs.formats.parquet_arrow import TypedColumns, open_writer

        self.rows = 0
        self._typed = TypedColumns(columns, raw=raw, zone=zone, facts=facts)
        self._lines: list[bytes] = []
        self._size = 0
        self._tables: list[Any] = []
        self._outlet = _Outlet(sink)
        with self._outlet.opened():
            self._writer = open_writer(self._outlet, self._typed)

    @property
    def rounded(self) -> Mapping[str, int]:
        """Key of a NUMBER column → how many of its values so far had more digits than a double holds."""
        return self._typed.rounded

    def add(self, block: bytes) -> None:
        """Whole lines, ended by LF, as COPY (FORMAT csv) writes them. Raises UnfitValue, if not later, when parsed."""
        self._lines.append(block)
        self._size += len(block)
        if self._size >= BLOCK_BYTES:
            self._parse()

    def end_segment(self) -> None:
        """Write the rows since the last call as one row group; none, when there are none.

        Raises UnfitValue, and what the sink raises.
        """
        self._parse()
        if not self._tables:
            return
        group = self._typed.join(self._tables)
        self._tables = []
        with self._outlet.opened():
            self._writer.write_table(group, row_group_size=group.num_rows)
        self.rows += group.num_rows

    def finish(self, facts: Mapping[str, str] = MappingProxyType({})) -> None:
        """Write what is left as the last row group, and the foot with more ``facts``. The sink stays open."""
        self.end_segment()
        said = dict(facts)
        if self.rounded:
            said[ROUNDED] = json.dumps(self.rounded, sort_keys=True)
        if said:
            self._writer.add_key_value_metadata(said)
        with self._outlet.opened():
            self._writer.close()

    def _parse(self) -> None:
        if self._lines:
            block = b"".join(self._lines)
            self._lines = []
            self._size = 0
            self._tables.append(self._typed.parse(block))


class ParquetFile:
    """A file whose row groups are the segments (an OpenFile). What is known about it stands in its metadata."""

    def __init__(
        self, stream: Stream, columns: Sequence[BoundColumn], *, raw: bool, zone: ZoneInfo, about: About | None
    ) -> None:
        self._stream = stream
        self._about = about
        self._rows = ParquetRows(stream, columns, raw=raw, zone=zone, facts={})
        stream.end_segment()

    @property
    def size(self) -> int:
        """Bytes that have left."""
        return self._stream.stored

    @property
    def rounded_numbers(self) -> int:
        """Numbers that a double does not hold exactly."""
        return sum(self._rows.rounded.values())

    def block(self, data: bytes) -> None:
        """Lines of the current segment."""
        self._rows.add(data)

    def end_segment(self, rows: int) -> None:
        """Write the row group. Raises UnfitValue; ValueError when there were other than ``rows`` lines."""
        before = self._rows.rows
        self._rows.end_segment()
        if self._rows.rows - before != rows:
            raise ValueError(f"{rows} rows were expected, {self._rows.rows - before} were read")
        self._stream.end_segment()

    def append(self, segment: Segment, blocks: Iterable[bytes]) -> None:
        """Lines from elsewhere; their blocks may end in the middle of a line."""
        self.block(b"".join(blocks))
        self.end_segment(segment.rows)

    def finish(self, cut_cells: int) -> None:
        """Write the foot."""
        self._rows.finish(dict(self._about.lines(self._rows.rows, cut_cells)) if self._about else {})
        self._stream.end_segment()
        self._stream.finish()


class _Outlet:
    """The file that pyarrow sees.

    It lets bytes through only while opened: a writer that is given up after an error would else still write a foot
    when its memory is freed, into a sink that may be closed by then.
    """

    closed = False

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._position = 0
        self._open = False

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Let bytes through."""
        self._open = True
        try:
            yield
        finally:
            self._open = False

    def write(self, block: bytes) -> int:
        """Append a block."""
        if self._open:
            self._sink.write(block)
        self._position += len(block)
        return len(block)

    def tell(self) -> int:
        """Bytes so far."""
        return self._position

    def flush(self) -> None:
        """Nothing waits here."""

    def close(self) -> None:
        """The sink belongs to the caller."""
