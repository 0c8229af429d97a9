"""The zip file around a workbook: judged by its table of contents before anything in it is unpacked (SPEC B7)."""

import struct
import zipfile
import zlib
from typing import IO, BinaryIO

from jobs.imports.reading.faults import Fault
from jobs.imports.reading.limits import Limits

_END = b"PK\x05\x06"
_END64, _LOCATOR64 = b"PK\x06\x06", b"PK\x06\x07"
_TAIL = 22 + 0xFFFF
"""Bytes in which the end record lies: itself and the longest comment."""
BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    struct.error,
    OSError,
    NotImplementedError,
    RuntimeError,
    ValueError,
)
"""What zipfile raises at what is no sound zip file."""


class Package:
    """The parts of a workbook, by name."""

    def __init__(self, source: BinaryIO, limits: Limits) -> None:
        self._limits = limits
        _judge_directory(source, limits)
        try:
            self._zip = zipfile.ZipFile(source)
        except BROKEN:
            raise Fault("DAMAGED") from None
        self._parts = {one.filename: one for one in self._zip.infolist()}
        self._judge()

    @property
    def names(self) -> set[str]:
        """The names of all parts."""
        return set(self._parts)

    def open(self, name: str) -> IO[bytes]:
        """A part as a stream. zipfile hands out no more bytes than the table of contents says, whatever is packed."""
        if name not in self._parts:
            raise Fault("DAMAGED")
        try:
            return self._zip.open(self._parts[name])
        except BROKEN:
            raise Fault("DAMAGED") from None

    def small(self, name: str) -> bytes:
        """A small part as a whole. Raises Fault when it is none."""
        if name in self._parts and self._parts[name].file_size > self._limits.small_part:
            raise Fault("ZIP_BOMB", part=name[:100])
        with self.open(name) as part:
            try:
                return part.read()
            except BROKEN:
                raise Fault("DAMAGED") from None

    def _judge(self) -> None:
        limits = self._limits
        if len(self._parts) != len(self._zip.infolist()):
            raise Fault("DAMAGED")  # two parts of one name: programs disagree on which counts
        for name, part in self._parts.items():
            if part.flag_bits & 1:
                raise Fault("ENCRYPTED")
            if part.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise Fault("DAMAGED")
            if part.file_size > max(limits.ratio_from, limits.ratio * part.compress_size):
                raise Fault("ZIP_BOMB", part=name[:100])
        if sum(part.file_size for part in self._parts.values()) > limits.unpacked:
            raise Fault("ZIP_BOMB", part="")


def _judge_directory(source: BinaryIO, limits: Limits) -> None:
    """zipfile loads the whole table of contents: see first how large it is."""
    size = source.seek(0, 2)
    start = max(0, size - _TAIL)
    source.seek(start)
    tail = source.read(_TAIL)
    at = tail.rfind(_END)
    if at < 0 or len(tail) - at < 22:
        raise Fault("TRUNCATED")
    entries, directory = struct.unpack("<HL", tail[at + 10 : at + 16])
    if entries == 0xFFFF or directory == 0xFFFFFFFF:
        entries, directory = _large(source, start + at - 20)
    if entries > limits.zip_entries or directory > limits.zip_directory:
        raise Fault("ZIP_BOMB", part="")


def _large(source: BinaryIO, locator: int) -> tuple[int, int]:
    """The same two figures of a zip64 file: entries, bytes of the table of contents."""
    source.seek(max(0, locator))
    found = source.read(20)
    if not found.startswith(_LOCATOR64) or len(found) < 20:
        raise Fault("DAMAGED")
    source.seek(struct.unpack("<Q", found[8:16])[0] & (2**62 - 1))
    record = source.read(56)
    if not record.startswith(_END64) or len(record) < 56:
        raise Fault("DAMAGED")
    entries, directory = struct.unpack("<QQ", record[32:48])
    return entries, directory
