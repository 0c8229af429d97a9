"""One result as one file, as several part files, or as one zip: the same layer over every format (SPEC E14).

Where the format says so, packing, hashing and writing happen in a thread of their own; whatever that thread raises
comes out of one of the next calls here.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from django.conf import settings

from jobs.datasets.query import BoundColumn
from jobs.formats.base import About, Format, OpenFile
from jobs.formats.deflate import GzipStream, PlainStream, Segment, Stream
from jobs.formats.pipe import AtOnce, Pipe
from jobs.formats.sink import SpoolFile
from jobs.formats.ziparchive import LIMIT, ZipArchive

ENTRY_BYTES = LIMIT - (512 << 20)
"""An entry of a zip is closed before every program would need zip64 to read it."""
PACKED_AT_MOST = 4
"""Packed rows take at most so many times what they took before; nearly always it is far less than once."""


@dataclass(frozen=True)
class Part:
    """A finished file, or entry of a zip.

    Attributes:
        number: from 1
        rows: without headings
        size: bytes of the file; of the unpacked entry
        sha256: of the file; empty for an entry
        crc32: of the unpacked entry, as in the zip's own directory; 0 for a file
        cut_cells: texts that lost their end
        rounded_numbers: numbers that lost digits
        name: of an entry; files get theirs when it is known how many there are
    """

    number: int
    rows: int
    size: int
    sha256: str = ""
    crc32: int = 0
    cut_cells: int = 0
    rounded_numbers: int = 0
    name: str = ""


class Archive:
    """A target for segments that decides where files end.

    A result up to EXPORT_SPLIT_BYTES is one file; a larger one becomes parts of EXPORT_PART_BYTES. Whether it is larger
    is told from its first segment and ``rows_expected``; a result that grows beyond it against all expectation goes on
    in parts from there. A part ends where the next segment, taken to be as large as the largest so far, would exceed
    its size. Every part is a whole file of its format.

    Parameters:
        new_spool: opens a private file
        entry_name: name of a zip's entry from its number; 0 for the first, which is named before anybody knows whether
            others follow
        landed: takes each finished part with its file, which it may move; not called for entries of a zip
        about: what a file says about itself, from its number
    """

    def __init__(
        self,
        writer: Format,
        columns: Sequence[BoundColumn],
        *,
        rows_expected: int,
        new_spool: Callable[[], SpoolFile],
        entry_name: Callable[[int], str],
        landed: Callable[[Part, SpoolFile], None],
        about: Callable[[int], About] | None = None,
    ) -> None:
        self.parts: list[Part] = []
        self.rows = 0
        self._writer, self._columns = writer, columns
        self._expected = rows_expected
        self._new_spool, self._entry_name, self._landed, self._about = new_spool, entry_name, landed, about
        self._splitting = False
        self._pipe = Pipe() if writer.threaded else AtOnce()
        self._spool: SpoolFile | None = None
        self._zip: ZipArchive | None = None
        self._file: OpenFile | None = None
        self._rows = self._cut = self._plain = self._size = self._last_plain = 0
        self._largest = self._largest_plain = 0

    @property
    def is_zip(self) -> bool:
        """Whether all parts are entries of one file."""
        return self._writer.options.compression == "zip"

    @property
    def cut_cells(self) -> int:
        """Texts that lost their end, in all finished parts."""
        return sum(part.cut_cells for part in self.parts)

    @property
    def rounded_numbers(self) -> int:
        """Numbers that lost digits, in all finished parts."""
        return sum(part.rounded_numbers for part in self.parts)

    def close(self) -> None:
        """Give up: nothing that is not finished remains. Harmless after ``finish``."""
        self._pipe.close()
        if self._spool is not None:
            self._spool.discard()
            self._spool = None

    # --- a Target: segments that are written here -------------------------------------------------------
    def block(self, data: bytes) -> None:
        """Some whole rows of the current segment."""
        file = self._open()
        self._plain += len(data)
        self._pipe.do(file.block, data)

    def end_segment(self, rows: int, cut_cells: int) -> None:
        """The segment is whole."""
        self._pipe.do(self._open().end_segment, rows)
        self._after(rows, cut_cells)

    # --- segments that were written elsewhere -----------------------------------------------------------
    def append(self, segment: Segment, blocks: Iterable[bytes]) -> None:
        """Take over a segment."""
        self._open().append(segment, blocks)
        self._plain += segment.taken
        self._after(segment.rows, segment.cut_cells)

    # --- the end ----------------------------------------------------------------------------------------
    def finish(self, manifest: Callable[[Sequence[Part]], bytes]) -> SpoolFile | None:
        """Close everything. Returns the zip, or None when the parts have landed one by one.

        A zip of several entries holds the ``manifest``, too.
        """
        if self._file is not None or not self.parts:
            self._open()
            self._close_part()
        if self._zip is None:
            self.close()
            return None
        if len(self.parts) > 1:
            self._pipe.do(self._zip.add, "manifest.json", manifest(self.parts))
        self._pipe.do(self._zip.finish)
        self._pipe.drain()
        spool = self._spool
        assert spool is not None
        spool.close()
        self._spool = None  # the caller's from here on; until now close() removes it
        self.close()
        return spool

    # --- inside -----------------------------------------------------------------------------------------
    def _open(self) -> OpenFile:
        """The file that is being written; a new one when the last has ended."""
        if self._file is None:
            number = len(self.parts) + 1
            if self._spool is None:
                self._spool = self._new_spool()
            about = self._about(number) if self._about and self._writer.options.about else None
            self._file = self._writer.open(self._columns, self._new_stream(self._spool, number), about)
            self._rows = self._cut = self._plain = self._size = self._last_plain = 0
        return self._file

    def _new_stream(self, spool: SpoolFile, number: int) -> Stream:
        if self.is_zip:
            self._zip = self._zip or ZipArchive(spool, large=True)
            name = self._entry_name(number if number > 1 else 0)
            return self._zip.begin(name, packed=self._writer.packed)
        if self._writer.options.compression == "gzip":
            return GzipStream(spool.write)
        return PlainStream(spool.write)

    def _after(self, rows: int, cut_cells: int) -> None:
        """A segment has ended: does the next one still belong into this file?"""
        assert self._file is not None
        self._rows += rows
        self._cut += cut_cells
        self.rows += rows
        self._pipe.do(self._measure, self._file)
        self._largest_plain = max(self._largest_plain, self._plain - self._last_plain)
        self._last_plain = self._plain
        first = not self.parts and self._rows == rows
        far = PACKED_AT_MOST * (self._plain + self._largest_plain) <= self._most()
        if self._writer.threaded and far and not first:
            return  # whoever packs may lag behind
        self._pipe.drain()
        if first:
            self._splitting = self._size / rows * self._expected > settings.EXPORT_SPLIT_BYTES
        full = self._size + self._largest > self._most()
        if self.is_zip and not self._writer.packed:
            full = full or self._plain + self._largest_plain > ENTRY_BYTES
        if full and self.rows < self._expected:
            self._close_part()

    def _most(self) -> int:
        """Bytes of the current file."""
        most: int = settings.EXPORT_PART_BYTES if self._splitting or self.parts else settings.EXPORT_SPLIT_BYTES
        return min(most, self._writer.most_bytes or most)

    def _measure(self, file: OpenFile) -> None:
        """Note the size of what is packed so far: the last segment, too, when its turn has come."""
        self._largest = max(self._largest, file.size - self._size)
        self._size = file.size

    def _close_part(self) -> None:
        assert self._file is not None
        self._pipe.do(self._file.finish, self._cut)
        if self._zip is not None:
            self._pipe.do(self._zip.end)
        self._pipe.drain()
        rounded, self._file = self._file.rounded_numbers, None
        number = len(self.parts) + 1
        if self._zip is not None:
            entry = self._zip.last
            part = Part(number, self._rows, entry.size, crc32=entry.crc, name=entry.name)
            self.parts.append(replace(part, cut_cells=self._cut, rounded_numbers=rounded))
            return
        spool = self._spool
        assert spool is not None
        spool.close()
        part = Part(number, self._rows, spool.size, spool.sha256, cut_cells=self._cut, rounded_numbers=rounded)
        self.parts.append(part)
        self._landed(part, spool)
        self._spool = None  # until it has landed, close() removes it
