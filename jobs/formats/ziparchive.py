"""A zip archive written from front to back into a sink, without seeking and without zip64.

LibreOffice refuses local headers with a zip64 extra field, and sizes are not known before an entry ends. So: local
headers of version 2.0 with zero sizes, a data descriptor after each entry, and everything below 4 GiB.
"""

import struct
from dataclasses import dataclass
from typing import Any

from isal import isal_zlib

from jobs.formats.sink import LEVEL, Sink

LIMIT = 0xFFFFFFFF
"""Largest size and offset that 32 bits hold."""

RAW_WBITS = -15
VERSION = 20
FLAGS = 0x0808
"""Bit 3: sizes follow the data. Bit 11: names are UTF-8."""
DEFLATED = 8
DATE = 0x0021
"""1980-01-01: equal contents give equal files."""

LOCAL = struct.Struct("<4s5H3I2H")
DESCRIPTOR = struct.Struct("<4s3I")
CENTRAL = struct.Struct("<4s6H3I5H2I")
END = struct.Struct("<4s4H2IH")


class TooLarge(Exception):
    """An entry or the archive would need zip64."""


@dataclass
class _Entry:
    name: bytes
    offset: int
    crc: int = 0
    packed: int = 0
    size: int = 0


class ZipArchive:
    """Entries one after another: ``begin``, ``write`` …, ``end``; at last ``finish``. Raises TooLarge near 4 GiB."""

    def __init__(self, sink: Sink, *, limit: int = LIMIT) -> None:
        self._sink = sink
        self._limit = limit
        self._offset = 0
        self._entries: list[_Entry] = []
        self._deflate: Any = None

    def begin(self, name: str) -> None:
        """Start an entry. The one before must have ended."""
        entry = _Entry(name.encode(), self._offset)
        self._entries.append(entry)
        self._deflate = isal_zlib.compressobj(LEVEL, isal_zlib.DEFLATED, RAW_WBITS)
        head = LOCAL.pack(b"PK\x03\x04", VERSION, FLAGS, DEFLATED, 0, DATE, 0, 0, 0, len(entry.name), 0)
        self._put(head + entry.name)

    def write(self, block: bytes | bytearray) -> None:
        """Append to the current entry."""
        entry = self._entries[-1]
        entry.crc = isal_zlib.crc32(block, entry.crc)
        entry.size += len(block)
        self._pack(self._deflate.compress(block))

    def end(self) -> None:
        """End the current entry."""
        entry = self._entries[-1]
        self._pack(self._deflate.flush())
        self._deflate = None
        if entry.size > self._limit:
            raise TooLarge(entry.name.decode())
        self._put(DESCRIPTOR.pack(b"PK\x07\x08", entry.crc, entry.packed, entry.size))

    def add(self, name: str, content: bytes) -> None:
        """A whole entry."""
        self.begin(name)
        self.write(content)
        self.end()

    def finish(self) -> None:
        """Write the directory. The archive is whole after this."""
        start = self._offset
        for entry in self._entries:
            facts = (entry.crc, entry.packed, entry.size, len(entry.name), 0, 0, 0, 0, 0, entry.offset)
            self._put(CENTRAL.pack(b"PK\x01\x02", VERSION, VERSION, FLAGS, DEFLATED, 0, DATE, *facts) + entry.name)
        count = len(self._entries)
        self._put(END.pack(b"PK\x05\x06", 0, 0, count, count, self._offset - start, start, 0))

    def _pack(self, packed: bytes) -> None:
        self._entries[-1].packed += len(packed)
        if packed:
            self._put(packed)

    def _put(self, block: bytes) -> None:
        self._offset += len(block)
        if self._offset > self._limit:
            raise TooLarge("archive")
        self._sink.write(block)
