"""Rows into blocks, blocks into segments: the same cuts whoever writes, so that the same rows give the same bytes."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Protocol

from django.conf import settings

from jobs.datasets.query import BoundColumn
from jobs.formats.base import Format

FIRST_ROWS, MOST_ROWS = 32, 250
"""Rows of a block: small enough for honest progress, a prompt stop and the processor's own memory, large enough not to
cost anything."""
BLOCK_BYTES = 512 << 10


@dataclass(frozen=True)
class Written:
    """What was written: rows without headings, and texts that were longer than the format allows."""

    rows: int
    cut_cells: int = 0


class Target(Protocol):
    """Takes rows in blocks and segments."""

    def block(self, data: bytes) -> None:
        """Some whole rows, joined."""

    def end_segment(self, rows: int, cut_cells: int) -> None:
        """The rows since the last call are a segment."""


def write_rows(
    rows: Iterator[Any],
    writer: Format,
    columns: Sequence[BoundColumn],
    target: Target,
    advance: Callable[[int], None],
) -> Written:
    """Read ``rows`` to their end. ``advance(rows so far)`` is called for every block and may raise to stop it all.

    A segment ends at each multiple of EXPORT_SEGMENT_ROWS, counted from the first of these rows.
    """
    total = all_cut = 0
    join = writer.joiner(columns)
    block: list[Any] = []
    while True:
        left = settings.EXPORT_SEGMENT_ROWS
        in_segment = size = cut = 0
        count = FIRST_ROWS
        while left:
            block = list(islice(rows, min(count, left)))
            if not block:
                break
            number = len(block)
            joined = join(block)
            data = writer.between + joined.data if in_segment and writer.between else joined.data
            cut += joined.cut_cells
            target.block(data)
            total += number
            in_segment += number
            left -= number
            size += len(data)
            advance(total)
            count = max(1, min(MOST_ROWS, number * BLOCK_BYTES // max(1, len(data))))
            if size >= writer.segment_bytes and left:
                target.end_segment(in_segment, cut)
                all_cut += cut
                in_segment = size = cut = 0
        if in_segment:
            target.end_segment(in_segment, cut)
            all_cut += cut
        if not block:
            advance(total)
            return Written(total, all_cut)
