"""XML as a stream of callbacks: no DTD, hence no entities; no part is ever held as a whole (SPEC B7)."""

import io
from collections.abc import Callable, Iterator
from typing import IO
from xml.parsers import expat

from jobs.imports.reading.faults import Fault
from jobs.imports.reading.package import BROKEN

BLOCK = 1 << 16
DEEPEST = 64
_MAIN = ("http://schemas.openxmlformats.org/spreadsheetml/2006/main", "http://purl.oclc.org/ooxml/spreadsheetml/main")
_RELATIONS = (
    "http://schemas.openxmlformats.org/officeDocument/2006/relationships",
    "http://purl.oclc.org/ooxml/officeDocument/relationships",
)

Attributes = dict[str, str]


def local(name: str) -> str:
    """``c`` for an element of a sheet, whichever prefix and edition; ``r:id`` for an attribute of relations; the whole
    name, address and all, for what belongs to others."""
    space, _sep, rest = name.rpartition(" ")
    if not space or space in _MAIN:
        return rest
    return f"r:{rest}" if space in _RELATIONS else name


def new_parser(
    start: Callable[[str, Attributes], object], end: Callable[[str], object], text: Callable[[str], object]
) -> expat.XMLParserType:
    """A parser with these handlers. Names come as ``address name``; see ``local``."""
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = text
    parser.StartDoctypeDeclHandler = _refuse_dtd
    return parser


def feed(parser: expat.XMLParserType, part: IO[bytes], longest: int) -> Iterator[None]:
    """Parse a part; yields after each block, so that what the handlers have gathered can be taken away.

    Raises Fault DAMAGED when it is no XML, breaks off, or holds a tag or comment of more than ``longest`` bytes, which
    the parser would keep whole.
    """
    fed = 0
    while True:
        try:
            data = part.read(BLOCK)
        except BROKEN as error:
            raise Fault("DAMAGED") from error
        try:
            parser.Parse(data, not data)
        except expat.ExpatError as error:
            raise Fault("DAMAGED") from error
        fed += len(data)
        if fed - parser.CurrentByteIndex > longest:
            raise Fault("DAMAGED")
        yield
        if not data:
            return


def elements(data: bytes) -> Iterator[tuple[str, Attributes, int]]:
    """(local name, attributes by local name, depth) of every element of a small part, in order; text is left out."""
    found: list[tuple[str, Attributes, int]] = []
    depth = 0

    def start(name: str, attributes: Attributes) -> None:
        nonlocal depth
        depth += 1
        if depth > DEEPEST:
            raise Fault("DAMAGED")
        found.append((_last(name), {local(key): value for key, value in attributes.items()}, depth))

    def end(_name: str) -> None:
        nonlocal depth
        depth -= 1

    parser = new_parser(start, end, lambda _text: None)
    for _block in feed(parser, io.BytesIO(data), len(data) + 1):
        yield from found
        found.clear()


def _last(name: str) -> str:
    return name.rpartition(" ")[2]


def _refuse_dtd(*_declaration: object) -> None:
    raise Fault("DTD")
