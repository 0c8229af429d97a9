"""A zip archive written from front to back into a sink, without seeking.

LibreOffice refuses local headers with a zip64 extra field, and sizes are not known before an entry ends. So: local
headers of version 2.0 with zero sizes, a data descriptor after each entry, and every entry below 4 GiB. Only the
directory of a large archive speaks of offsets beyond that, and only where it must.
"""

import struct
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from isal import isal_zlib

from jobs.formats.deflate import DeflateStream, Segment, Stream
from jobs.formats.sink import Sink

LIMIT = 0xFFFFFFFF
"""Largest size and offset that 32 bits hold."""
MOST_ENTRIES = 0xFFFF

VERSION, VERSION_64 = 20, 45
FLAGS = 0x0808
"""Bit 3: sizes follow the data. Bit 11: names are UTF-8."""
STORED, DEFLATED = 0, 8
DATE = 0x0021
"""1980-01-01: equal contents give equal files."""

LOCAL = struct.Struct("<4s5H3I2H")
DESCRIPTOR = struct.Struct("<4s3I")
CENTRAL = struct.Struct("<4s6H3I5H2I")
OFFSET_64 = struct.Struct("<2HQ")
END_64 = struct.Struct("<4sQ2H2I4Q")
LOCATOR_64 = struct.Struct("<4sIQI")
END = struct.Struct("<4s4H2IH")


class TooLarge(Exception):
    """An entry, or an archive that must stay small, would need zip64."""


class StoredStream:
    """An entry's bytes as they are, for contents that are packed already; size and CRC-32 are kept."""

    packs = False

    def __init__(self, put: Callable[[Any], object]) -> None:
        self._put = put
        self.stored = 0
        self.crc = 0

    @property
    def size(self) -> int:
        """The same as ``stored``."""
        return self.stored

    def write(self, block: Any) -> None:
        """Pass on."""
        self.crc = isal_zlib.crc32(block, self.crc)
        self.stored += len(block)
        self._put(bytes(block))

    def end_segment(self) -> None:
        """Nothing to do."""

    def append(self, segment: Segment, blocks: Iterable[bytes]) -> None:
        """Pass on."""
        for block in blocks:
            self.write(block)

    def finish(self) -> None:
        """Nothing to do."""


class Entry(NamedTuple):
    """An entry that has ended: its size and CRC-32 are those of the unpacked contents."""

    name: str
    size: int
    crc: int


@dataclass
class _Entry:
    name: bytes
    offset: int
    stream: DeflateStream | StoredStream

    @property
    def method(self) -> int:
        return DEFLATED if self.stream.packs else STORED

    @property
    def facts(self) -> tuple[int, int, int]:
        return self.stream.crc, self.stream.stored, self.stream.size


class ZipArchive:
    """Entries one after another: ``begin``, write to what it returns, ``end``; at last ``finish``.

    Raises TooLarge for an entry of 4 GiB and, unless the archive is ``large``, near 4 GiB of archive.
    """

    def __init__(self, sink: Sink, *, large: bool = False, limit: int = LIMIT) -> None:
        self._sink = sink
        self._large = large
        self._limit = limit
        self._offset = 0
        self._entries: list[_Entry] = []

    def begin(self, name: str, *, packed: bool = False) -> Stream:
        """Start an entry; ``packed``: its contents are, so they are only stored. The one before must have ended."""
        stream = StoredStream(self._put) if packed else DeflateStream(self._put)
        entry = _Entry(name.encode(), self._offset, stream)
        self._entries.append(entry)
        head = LOCAL.pack(b"PK\x03\x04", VERSION, FLAGS, entry.method, 0, DATE, 0, 0, 0, len(entry.name), 0)
        self._put(head + entry.name)
        return stream

    def end(self) -> None:
        """End the current entry."""
        entry = self._entries[-1]
        entry.stream.finish()
        if max(entry.facts[1:]) > self._limit:
            raise TooLarge(entry.name.decode())
        self._put(DESCRIPTOR.pack(b"PK\x07\x08", *entry.facts))

    @property
    def last(self) -> Entry:
        """The entry that ended last."""
        entry = self._entries[-1]
        return Entry(entry.name.decode(), entry.stream.size, entry.stream.crc)

    def add(self, name: str, content: bytes) -> None:
        """A whole entry."""
        self.begin(name).write(content)
        self.end()

    def finish(self) -> None:
        """Write the directory. The archive is whole after this."""
        start = self._offset
        for entry in self._entries:
            far = entry.offset > self._limit
            extra = OFFSET_64.pack(1, 8, entry.offset) if far else b""
            version = VERSION_64 if far else VERSION
            offset = LIMIT if far else entry.offset
            facts = (*entry.facts, len(entry.name), len(extra), 0, 0, 0, 0, offset)
            self._put(
                CENTRAL.pack(b"PK\x01\x02", version, version, FLAGS, entry.method, 0, DATE, *facts) + entry.name + extra
            )
        count, size = len(self._entries), self._offset - start
        if start > self._limit or count > MOST_ENTRIES:
            end = self._offset
            self._put(END_64.pack(b"PK\x06\x06", 44, VERSION_64, VERSION_64, 0, 0, count, count, size, start))
            self._put(LOCATOR_64.pack(b"PK\x06\x07", 0, end, 1))
            count, start = min(count, MOST_ENTRIES), LIMIT
        self._put(END.pack(b"PK\x05\x06", 0, 0, count, count, size, start, 0))

    def _put(self, block: bytes) -> None:
        self._offset += len(block)
        if self._offset > self._limit and not self._large:
            raise TooLarge("archive")
        self._sink.write(block)
