"""A format's file by itself: no parts, no compression, no thread."""

from collections.abc import Callable

from jobs.datasets.query import Plan
from jobs.formats.base import About, Format
from jobs.formats.deflate import PlainStream
from jobs.formats.rows import rows_of
from jobs.formats.sink import Sink
from jobs.formats.writing import Written, write_rows


class OneFile:
    """A target that puts all into one file. The file is whole after ``finish``."""

    def __init__(self, writer: Format, plan: Plan, sink: Sink, about: About | None = None) -> None:
        self._writer = writer
        self._file = writer.open(plan.columns, PlainStream(sink.write), about)
        self._cut = 0

    def block(self, data: bytes) -> None:
        """Pass on."""
        self._file.block(data)

    def end_segment(self, rows: int, cut_cells: int) -> None:
        """Pass on."""
        self._file.end_segment(rows)
        self._cut += cut_cells

    def finish(self) -> None:
        """Write the file's foot."""
        self._file.finish(self._cut)


def write_file(
    plan: Plan, writer: Format, sink: Sink, advance: Callable[[int], None] = lambda rows: None, *, every: bool = False
) -> Written:
    """One file of all rows, without the archive's layers; ``every``: all cells are made in Python."""
    target = OneFile(writer, plan, sink)
    with rows_of(plan, writer, every=every) as rows:
        written = write_rows(rows, writer, plan.columns, target, advance)
    target.finish()
    return written
