"""What a file is, by its content: names and types that browsers send are claims."""

from typing import BinaryIO

from jobs.imports.reading.faults import Fault

HEAD = 4096
"""Bytes looked at."""
_BOMS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
_SPACE = b" \t\r\n"
_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG", "PNG"),
    (b"GIF8", "GIF"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"%PDF", "PDF"),
    (b"{\\rtf", "RTF"),
    (b"PAR1", "Parquet"),
    (b"SQLite format 3\0", "SQLite"),
    (b"\x7fELF", "ELF"),
)
_PACKED: tuple[tuple[bytes, str], ...] = (
    (b"\x1f\x8b", "gzip"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\0", "xz"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"Rar!\x1a\x07", "rar"),
)
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def kind_of(source: BinaryIO) -> str:
    """``zip``, ``json``, ``ndjson`` or ``text``; a zip may still turn out to be no workbook, a text to be no table.

    Raises Fault for everything that cannot be a table, with a code for what it is.
    """
    source.seek(0)
    head = source.read(HEAD)
    if not head:
        raise Fault("EMPTY_FILE")
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return "zip"
    if head.startswith(_OLE):
        raise Fault(_ole(source, head))
    for magic, name in _PACKED:
        if head.startswith(magic):
            raise Fault("PACKED", found=name)
    for magic, name in _MAGIC:
        if head.startswith(magic):
            raise Fault("NOT_A_TABLE", found=name)
    return _kind_of_text(head)


def _kind_of_text(head: bytes) -> str:
    start = _ascii(head).lstrip(_SPACE)
    lower = start[:1024].lower()
    if lower.startswith((b"<!doctype html", b"<html", b"<head", b"<body", b"<table", b"<meta")):
        raise Fault("NOT_A_TABLE", found="HTML")
    if lower.startswith((b"<?xml", b"<!doctype", b"<!--")):
        raise Fault("NOT_A_TABLE", found="HTML" if b"<html" in lower else "XML")
    if start[:1] == b"[" and start[1:].lstrip(_SPACE)[:1] in (b"{", b"[", b"]", b'"'):
        return "json"
    if start[:1] == b"{" and start[1:].lstrip(_SPACE)[:1] in (b'"', b"}"):
        return "ndjson"
    return "text"


def _ascii(head: bytes) -> bytes:
    """The head without byte order mark and, were it UTF-16, without every second byte: enough to see ASCII."""
    for bom in _BOMS:
        if head.startswith(bom):
            head = head[len(bom) :]
            return head if bom == _BOMS[0] else head.replace(b"\0", b"")
    return head.replace(b"\0", b"") if b"\0" in head[:2] else head


def _ole(source: BinaryIO, head: bytes) -> str:
    """What stands in a compound file ([MS-CFB]): an encrypted workbook, an old one, or something else."""
    size = 1 << int.from_bytes(head[30:32], "little") if len(head) >= 76 else 0
    if size not in (512, 4096):
        return "DAMAGED"
    source.seek((int.from_bytes(head[48:52], "little") + 1) * size)
    directory = source.read(4096)
    if "EncryptedPackage".encode("utf-16-le") in directory:
        return "ENCRYPTED"
    old = any(name.encode("utf-16-le") in directory for name in ("Workbook", "Book"))
    return "OLD_WORKBOOK" if old else "NOT_A_WORKBOOK"
