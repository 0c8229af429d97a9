"""Segments written apart, one after another into one spool file, to become part of a result later (SPEC J8)."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jobs.formats.base import Format
from jobs.formats.deflate import DeflateStream, PlainStream, Segment
from jobs.formats.sink import SpoolFile

BLOCK = 1 << 20


class SegmentsApart:
    """A target that keeps segments as they are; ``segments`` lists them in order once ``finish`` has returned."""

    def __init__(self, writer: Format, spool: SpoolFile) -> None:
        self.segments: list[Segment] = []
        self._writer, self._spool = writer, spool
        self._stream: DeflateStream | PlainStream | None = None
        self._size = 0
        self._taken = 0

    @property
    def path(self) -> Path:
        """The spool file."""
        return self._spool.path

    def block(self, data: bytes) -> None:
        """Some whole rows of the current segment."""
        self._taken += len(data)
        self._put(data)

    def end_segment(self, rows: int, cut_cells: int) -> None:
        """The segment is whole."""
        self._end(rows, self._taken, cut_cells)
        self._taken = 0

    def finish(self) -> None:
        """Seal the spool file."""
        self._spool.close()

    def close(self) -> None:
        """Give up."""
        self._spool.discard()

    def _put(self, data: bytes) -> None:
        if self._stream is None:
            stream = DeflateStream if self._writer.segments_packed else PlainStream
            self._stream = stream(self._spool.write)
            self._size = 0
        self._size += len(data)
        self._stream.write(data)

    def _end(self, rows: int, taken: int, cut_cells: int) -> None:
        stream, self._stream = self._stream, None
        assert stream is not None
        stream.end_segment()
        crc = stream.crc if isinstance(stream, DeflateStream) else 0
        self.segments.append(Segment(rows, self._size, taken, stream.stored, crc, cut_cells))


def blocks_of(segment: Segment, source: Any) -> Iterator[bytes]:
    """The bytes of the next segment in ``source``. Raises OSError when they end early."""
    left = segment.stored
    while left:
        block = source.read(min(BLOCK, left))
        if not block:
            raise OSError(f"a segment ended {left} bytes early")
        left -= len(block)
        yield block
