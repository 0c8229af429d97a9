"""Text out of bytes: which encoding it is, and decoding that tells where it fails."""

import codecs
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from jobs.imports.reading.faults import Fault

SAMPLE = 1 << 18
"""Bytes from which the encoding is found: those around the first one that is not ASCII."""
BLOCK = 1 << 18
_BOMS: tuple[tuple[bytes, str], ...] = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_ALIASES = {"utf-16": "utf-16-le", "utf-8-sig": "utf-8", "gbk": "gb18030", "gb2312": "gb18030", "cp936": "gb18030"}
ENCODINGS = frozenset(
    name
    for names in (
        "utf-8 utf-16-le utf-16-be gb18030 big5 big5hkscs cp950 hz shift_jis cp932 euc_jp iso2022_jp euc_kr",
        "cp949 johab cp1250 cp1251 cp1252 cp1253 cp1254 cp1255 cp1256 cp1257 cp1258 cp874 cp437 cp850 cp852",
        "cp866 koi8-r koi8-u mac-roman mac-cyrillic iso8859-1 iso8859-2 iso8859-3 iso8859-4 iso8859-5",
        "iso8859-6 iso8859-7 iso8859-8 iso8859-9 iso8859-10 iso8859-11 iso8859-13 iso8859-14 iso8859-15",
        "iso8859-16 tis-620 ascii",
    )
    for name in names.split()
)
"""What can be chosen, by the names that Python gives them (aliases are known): encodings of whole texts only."""
_EXAMPLES = "utf-8, utf-16, gb18030, big5, shift_jis, euc-kr, windows-1252, iso-8859-1, …"


class Encoding(NamedTuple):
    """A codec's name, how it was found (see Table.encoding_by), and how many bytes of a mark to skip."""

    name: str
    by: str
    mark: int = 0


def find_encoding(source: BinaryIO, chosen: str | None) -> Encoding:
    """The encoding of a text: a mark, else strict UTF-8, else strict GB18030, else a guess; or what was chosen.

    Only a sample is tried. What lies beyond it is checked when it is read.
    """
    source.seek(0)
    head = source.read(4)
    mark, marked = next(((mark, name) for mark, name in _BOMS if head.startswith(mark)), (b"", ""))
    if chosen is not None:
        name = _codec(chosen)
        return Encoding(name, "chosen", len(mark) if marked == name else 0)
    if marked:
        return Encoding(marked, "bom", len(mark))
    sample = _telling(source)
    if wide := _utf16_without_mark(sample):
        return Encoding(wide, "guess")
    for name in ("utf-8", "gb18030"):
        if _fits(sample, name):
            return Encoding(name, name)
    from charset_normalizer import from_bytes  # few files need it, and every process loads this module

    best = from_bytes(sample[: 1 << 16]).best()
    guess = _known(best.encoding) if best is not None else None
    if guess is None:
        raise Fault("NOT_TEXT")
    return Encoding(guess, "guess")


def text_blocks(source: BinaryIO, encoding: Encoding) -> Iterator[str]:
    """The decoded text in blocks. Raises Fault BAD_BYTE or NUL_BYTE with the line, after everything before it."""
    source.seek(encoding.mark)
    decoder = codecs.getincrementaldecoder(encoding.name)("strict")
    line, before = 1, ""
    while True:
        data = source.read(BLOCK)
        try:
            text = decoder.decode(data, not data)
        except UnicodeDecodeError as error:
            whole = error.object[: error.start].decode(encoding.name, "ignore")
            yield whole
            bad = error.object[error.start : error.start + 1].hex().upper()
            at = line + _ends(before, whole)
            raise Fault("BAD_BYTE", line=at, byte=bad, encoding=encoding.name.upper()) from None
        if "\0" in text:
            whole = text[: text.index("\0")]
            yield whole
            raise Fault("NUL_BYTE", line=line + _ends(before, whole))
        if text:
            line += _ends(before, text)
            before = text[-1]
            yield text
        if not data:
            return


def _ends(before: str, text: str) -> int:
    """How many lines end in ``text``, whichever way; ``before`` is the character before it."""
    ends = text.count("\n") + text.count("\r") - text.count("\r\n")
    return ends - (before == "\r" and text[:1] == "\n")


def _codec(name: str) -> str:
    found = _known(name)
    if found is None:
        raise Fault("UNKNOWN_CHOICE", field="encoding", value=name[:60], allowed=_EXAMPLES)
    return found


def _known(name: str) -> str | None:
    """The name of an allowed codec, or None."""
    try:
        found = codecs.lookup(name.strip()).name
    except (LookupError, ValueError):
        return None
    found = _ALIASES.get(found, found)
    return found if found in ENCODINGS else None


def _telling(source: BinaryIO) -> bytes:
    """A sample that can tell encodings apart: it holds the first byte that is not ASCII, with what follows. A file of a
    gigabyte is gone through in under a second."""
    source.seek(0)
    block = source.read(SAMPLE)
    first = block
    while block and block.isascii():
        block = source.read(BLOCK)
    if not block or block is first:
        return first
    return block + source.read(SAMPLE)


def _fits(sample: bytes, name: str) -> bool:
    try:
        codecs.getincrementaldecoder(name)("strict").decode(sample, False)
    except UnicodeDecodeError:
        return False
    return True


def _utf16_without_mark(sample: bytes) -> str:
    """UTF-16 of mostly Western text has a NUL in every second byte."""
    half = len(sample) // 2
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    if half and odd > 0.4 * half and even < 0.05 * half:
        return "utf-16-le"
    return "utf-16-be" if half and even > 0.4 * half and odd < 0.05 * half else ""
