"""Deflated streams made of segments that can be packed apart, in any process, and put together later.

A segment is packed on its own: no byte of it refers to the one before. What a packer gives out depends on how its
input was cut into calls, so input is cut here, into equal blocks: equal segments are equal bytes, whoever packed them.
"""

import struct
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from isal import isal_zlib

LEVEL = 1
"""isal level 1 costs no wall time: it overlaps with the database's work."""
BLOCK = 256 << 10
RAW_WBITS = -15
LAST_BLOCK = b"\x03\x00"
"""An empty block that says: this was the last one (RFC 1951)."""
GZIP_HEAD = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x04\xff"
"""No name, no time (equal contents give equal files), fastest packing, unknown system (RFC 1952)."""
GZIP_FOOT = struct.Struct("<2I")

POLYNOMIAL = 0xEDB88320


@dataclass(frozen=True)
class Segment:
    """Facts of some consecutive rows that were written as one unit.

    Attributes:
        rows: how many
        size: bytes before packing
        taken: bytes before what the format cannot hold was dropped
        stored: bytes as they were written
        crc: CRC-32 of the bytes before packing; 0 where nothing is packed
        cut_cells: texts that lost their end
    """

    rows: int
    size: int
    taken: int
    stored: int
    crc: int = 0
    cut_cells: int = 0


class Stream(Protocol):
    """Takes the bytes of one file, segment by segment."""

    packs: bool
    """Whether ``append`` expects deflated bytes."""

    @property
    def stored(self) -> int:
        """Bytes that were passed on so far."""

    def write(self, block: Any) -> None:
        """Append to the current segment; the first call opens one."""

    def end_segment(self) -> None:
        """Close the current segment, if one is open."""

    def append(self, segment: Segment, blocks: Iterable[bytes]) -> None:
        """Append a segment that was written elsewhere. No segment may be open."""

    def finish(self) -> None:
        """Nothing follows."""


class PlainStream:
    """Bytes as they are."""

    packs = False

    def __init__(self, put: Callable[[Any], object]) -> None:
        self._put = put
        self.stored = 0

    def write(self, block: Any) -> None:
        """Pass on."""
        self._put(block)
        self.stored += len(block)

    def end_segment(self) -> None:
        """Nothing to do."""

    def append(self, segment: Segment, blocks: Iterable[bytes]) -> None:
        """Pass on."""
        for block in blocks:
            self.write(block)

    def finish(self) -> None:
        """Nothing to do."""


class DeflateStream:
    """Raw deflate (RFC 1951), with size and CRC-32 of what went in."""

    packs = True

    def __init__(self, put: Callable[[Any], object]) -> None:
        self._put = put
        self.stored = 0
        self.size = 0
        self.crc = 0
        self._waiting = bytearray()
        self._packer: Any = None

    def write(self, block: Any) -> None:
        """Pack, in blocks of equal size."""
        if self._packer is None:
            self._packer = isal_zlib.compressobj(LEVEL, isal_zlib.DEFLATED, RAW_WBITS)
        self._waiting += block
        if len(self._waiting) >= BLOCK:
            full = len(self._waiting) // BLOCK * BLOCK
            with memoryview(self._waiting) as view:
                for start in range(0, full, BLOCK):
                    self._pack(view[start : start + BLOCK])
            del self._waiting[:full]

    def end_segment(self) -> None:
        """Close the current segment at a byte's border, so that another can follow."""
        if self._packer is None:
            return
        if self._waiting:
            self._pack(self._waiting)
            self._waiting = bytearray()
        self._give(self._packer.flush(isal_zlib.Z_SYNC_FLUSH))
        self._packer = None

    def append(self, segment: Segment, blocks: Iterable[bytes]) -> None:
        """Take over a segment that another stream has packed."""
        if self._packer is not None:
            raise ValueError("a segment is still open")
        for block in blocks:
            self._give(block)
        self.crc = crc_of_both(self.crc, segment.crc, segment.size)
        self.size += segment.size

    def finish(self) -> None:
        """End the stream."""
        self.end_segment()
        self._give(LAST_BLOCK)

    def _pack(self, block: Any) -> None:
        self.crc = isal_zlib.crc32(block, self.crc)
        self.size += len(block)
        self._give(self._packer.compress(block))

    def _give(self, packed: bytes) -> None:
        if packed:
            self.stored += len(packed)
            self._put(packed)


class GzipStream:
    """One gzip member (RFC 1952) round a deflate stream."""

    packs = True

    def __init__(self, put: Callable[[Any], object]) -> None:
        self._put = put
        self._deflate = DeflateStream(put)
        put(GZIP_HEAD)

    @property
    def stored(self) -> int:
        """Bytes that were passed on so far."""
        return len(GZIP_HEAD) + self._deflate.stored

    def write(self, block: Any) -> None:
        """Pack."""
        self._deflate.write(block)

    def end_segment(self) -> None:
        """Close the current segment."""
        self._deflate.end_segment()

    def append(self, segment: Segment, blocks: Iterable[bytes]) -> None:
        """Take over a packed segment."""
        self._deflate.append(segment, blocks)

    def finish(self) -> None:
        """End the stream with the checks of RFC 1952."""
        self._deflate.finish()
        self._put(GZIP_FOOT.pack(self._deflate.crc, self._deflate.size & 0xFFFFFFFF))


def crc_of_both(first: int, second: int, size: int) -> int:
    """CRC-32 of A + B from those of A and B; ``size`` is B's in bytes.

    A CRC is a remainder of polynomials over GF(2). Appending ``size`` zero bytes to A multiplies it by x^(8·size),
    taken to that power by squaring.
    """
    power, factor, exponent = 0x80000000, 0x40000000, size * 8  # 1 and x, bits reflected
    while exponent:
        if exponent & 1:
            power = _times(power, factor)
        factor = _times(factor, factor)
        exponent >>= 1
    return _times(first, power) ^ second


def _times(a: int, b: int) -> int:
    """a·b modulo the CRC's polynomial; bit 31 is x^0."""
    product = 0
    for bit in range(31, -1, -1):
        if a >> bit & 1:
            product ^= b
        b = (b >> 1) ^ (POLYNOMIAL if b & 1 else 0)
    return product
