"""Lines of a COPY become rows of a sheet, a block at a time and column by column.

Looking at each cell would cost Python more than all of PostgreSQL's work. So a block of some hundred rows is cut into
fields by one split, each column is looked at as a whole, and where nothing in it needs care one join puts the same two
constants round all of its values. Only a column that holds something special in this block is made cell by cell.
"""

import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from django.utils.translation import gettext as _

from jobs.datasets.base import Kind
from jobs.datasets.query import BoundColumn
from jobs.formats import xlsx_parts as parts
from jobs.formats.base import FormatOptions, Joined
from jobs.formats.rendering.values import kind_of
from jobs.formats.xlsx_text import END, MOST_UNITS, begin, is_cut, text_cell

DIALECT = r"FORMAT csv, DELIMITER E'\x01', QUOTE E'\x02', ESCAPE E'\x02', NULL E'\x03'"
"""COPY's CSV with characters that a sheet cannot hold anyway: hardly a value ever needs quotes."""
DELIMITER, QUOTE, NULL = b"\x01", b"\x02", b"\x03"

EMPTY = b"<c/>"
_END = END.encode()
_QUOTED = re.compile("[\x01\x02\r\n]|\\A\x03\\Z")


class Cells(NamedTuple):
    """Values of a column in one block: finished cells, or (``bare``) what stands between the column's two constants."""

    values: list[bytes]
    bare: bool


class SheetRows:
    """Joins lines of ``columns`` to the XML of their rows."""

    def __init__(self, columns: Sequence[BoundColumn], options: FormatOptions) -> None:
        self._makers = [_maker(column, options) for column in columns]
        self._layout = lru_cache(maxsize=64)(self._new_layout)

    def __call__(self, lines: Sequence[bytes]) -> Joined:
        """The rows, and how many of their texts have lost their end."""
        width = len(self._makers)
        whole = DELIMITER.join(lines).translate(None, _CONTROLS)
        if _NONCHARACTER in whole:
            whole = _NONCHARACTERS.sub(b"", whole)
        fields = whole.split(DELIMITER)
        if len(fields) != width * len(lines):  # a delimiter within a value
            fields = fields_of(whole)
        made = [maker.cells(fields[number::width]) for number, maker in enumerate(self._makers)]
        pieces, slots = self._layout(tuple(cells.bare for cells in made))
        rows = pieces * len(lines)
        for slot, cells in zip(slots, made, strict=True):
            rows[slot :: len(pieces)] = cells.values
        return Joined(b"".join(rows), sum(maker.take_cut() for maker in self._makers))

    def _new_layout(self, bare: tuple[bool, ...]) -> tuple[list[bytes], list[int]]:
        """The pieces of a row with gaps for its values, and where the gaps are."""
        pieces, slots, constant = [], [], b"<row>"
        for maker, between_constants in zip(self._makers, bare, strict=True):
            constant += maker.begin if between_constants else b""
            if constant:
                pieces.append(constant)
            slots.append(len(pieces))
            pieces.append(b"")
            constant = _END if between_constants else b""
        return [*pieces, constant + b"</row>"], slots


class _Maker:
    """Makes the cells of one column.

    Attributes:
        begin: what stands before a value that needs no care; _END stands behind it
    """

    begin = b""

    def cells(self, fields: list[bytes]) -> Cells:
        """Of these fields, as COPY writes them."""
        raise NotImplementedError

    def take_cut(self) -> int:
        """Texts that have lost their end since the last call."""
        return 0

    def _whole_cells(self, fields: list[bytes]) -> Cells:
        """Of fields none of which needs care, but for NULL and empty text."""
        cell, known = self.begin + b"%b" + _END, _KNOWN.get
        return Cells([known(field) or cell % field for field in fields], bare=False)


class _Table(_Maker, dict[bytes, bytes]):
    """Cells that are known beforehand; any other value is a text."""

    def __init__(self, known: dict[bytes, bytes], texts: "_Texts") -> None:
        super().__init__(known)
        self._texts = texts

    def cells(self, fields: list[bytes]) -> Cells:
        return Cells(list(map(self.__getitem__, fields)), bare=False)

    def take_cut(self) -> int:
        return self._texts.take_cut()

    def __missing__(self, field: bytes) -> bytes:
        return self._texts.cell(field)


class _Values(_Maker):
    """Values without markup: numbers and times that a spreadsheet can hold, and others as text.

    Parameters:
        begin: of a cell that holds the value
        sure: whether fields, given with a delimiter before, between and behind, can all be held, but for NULL
        fits: whether one field can
    """

    def __init__(self, begin: bytes, sure: Callable[[list[bytes], bytes], bool], fits: Callable[[str], bool]) -> None:
        self.begin, self._sure, self._fits = begin, sure, fits

    def cells(self, fields: list[bytes]) -> Cells:
        whole = _whole(fields)
        if not self._sure(fields, whole):
            return Cells(list(map(self._cell, fields)), bare=False)
        return self._whole_cells(fields) if NULL in whole else Cells(fields, bare=True)

    def _cell(self, field: bytes) -> bytes:
        if field == NULL:
            return EMPTY
        return (self.begin if self._fits(field.decode()) else _PLAIN) + field + _END


class _Texts(_Maker):
    """Text of any content, length and origin."""

    begin = begin(parts.TEXT).encode()

    def __init__(self, *, exact: bool) -> None:
        self._exact = exact
        self._cut = 0

    def cells(self, fields: list[bytes]) -> Cells:
        whole = _whole(fields)
        plain = fields
        if QUOTE in whole:
            whole = self._unquoted(whole)
            plain = whole[1:-1].split(DELIMITER)
        if len(plain) != len(fields) or b"\r" in whole or _needs_care(plain, whole):
            return Cells(list(map(self.cell, fields)), bare=False)
        if b"&" in whole or b"<" in whole or b">" in whole:
            whole = whole.replace(b"&", b"&amp;").replace(b"<", b"&lt;").replace(b">", b"&gt;")
            plain = whole[1:-1].split(DELIMITER)
        if NULL in whole or not all(plain):
            return self._whole_cells(plain)
        return Cells(plain, bare=True)

    def _unquoted(self, whole: bytes) -> bytes:
        """Quotes stand mostly round an end of line. Round something else they become a CR, and so a reason for care."""
        whole = whole.replace(QUOTE + QUOTE, b"\r").replace(QUOTE + NULL, b"\r").replace(QUOTE, b"")
        return whole if self._exact else whole.replace(b"\r\n", b"\n")

    def take_cut(self) -> int:
        cut, self._cut = self._cut, 0
        return cut

    def cell(self, field: bytes) -> bytes:
        """A whole cell."""
        if field == NULL:
            return EMPTY
        if field[:1] == QUOTE:
            field = field[1:-1].replace(QUOTE + QUOTE, QUOTE)
        made = text_cell(field.decode(), parts.TEXT, exact=self._exact)
        self._cut += is_cut(made)
        return made.encode()


def line(fields: Sequence[str | None]) -> bytes:
    """A row without its end, as COPY writes it in DIALECT; None is NULL."""
    whole = "\x01".join(["\x03" if field is None else field for field in fields])
    sure = whole.count("\x01") == len(fields) - 1 and whole.count("\x03") == fields.count(None)
    if sure and "\x02" not in whole and "\n" not in whole and "\r" not in whole:
        return whole.encode()
    return "\x01".join(map(_quoted, fields)).encode()


def fields_of(lines: bytes) -> list[bytes]:
    """Cut lines of DIALECT, joined by DELIMITER, into their fields, where delimiters may stand within quotes."""
    fields: list[bytes] = []
    inside = False
    for piece in lines.split(DELIMITER):
        if inside:
            fields[-1] += DELIMITER + piece
        else:
            fields.append(piece)
        inside = fields[-1][:1] == QUOTE and fields[-1].count(QUOTE) % 2 == 1
    return fields


_PLAIN = _Texts.begin
_KNOWN = {NULL: EMPTY, b"": text_cell("", parts.TEXT).encode()}
_WIDE_BLANKS = (
    (b"\xc2", re.compile(b"\xc2[\x85\xa0]")),
    (b"\xe1", re.compile(b"\xe1\x9a\x80")),
    (b"\xe2", re.compile(b"\xe2(?:\x80[\x80-\x8a\xa8\xa9\xaf]|\x81\x9f)")),
    (b"\xe3", re.compile(b"\xe3\x80\x80")),
)
"""Blanks beyond ASCII, behind the byte that they begin with."""
_CONTROLS = bytes(code for code in range(4, 32) if code not in b"\t\n\r")
"""Dropped from whole lines, since no sheet can hold them; the first three have a meaning in DIALECT."""
_NONCHARACTER, _NONCHARACTERS = b"\xef\xbf", re.compile(b"\xef\xbf[\xbe\xbf]")
"""U+FFFE and U+FFFF, and how those and some others begin."""
_TRUE, _FALSE = b'<c t="b"><v>1</v></c>', b'<c t="b"><v>0</v></c>'

_MOST_WHOLE, _MOST_MONEY = 10**15 - 1, Decimal("9999999999999.99")
"""Numbers of more than 15 digits lose digits in a spreadsheet."""


def _maker(column: BoundColumn, options: FormatOptions) -> _Maker:
    kind, texts = kind_of(column), _Texts(exact=options.raw)
    if kind in _NUMBERS:
        style, length, fits = _NUMBERS[kind]
        return _Values(number_begin(style), _short_numbers(length), fits)
    if kind in _TIMES:
        if options.raw:
            return _Values(_PLAIN, lambda fields, whole: True, lambda written: True)
        return _Values(number_begin(_TIMES[kind]), _no_texts, _is_serial)
    known = {NULL: EMPTY}
    if kind is Kind.BOOLEAN:
        words = (text_cell(word).encode() for word in (_("Yes"), _("No")))
        known |= zip((b"t", b"f"), (_TRUE, _FALSE) if options.raw else words, strict=True)
    elif kind is Kind.CHOICE and not options.raw:
        for code, label in column.labels:
            known.setdefault(line([code]), text_cell(label).encode())
    return _Table(known, texts) if len(known) > 1 else texts


def number_begin(style: int) -> bytes:
    """A cell up to its number."""
    return (f'<c s="{style}"><v>' if style else "<c><v>").encode()


def _whole(fields: list[bytes]) -> bytes:
    return DELIMITER + DELIMITER.join(fields) + DELIMITER


def _needs_care(fields: list[bytes], whole: bytes) -> bool:
    """Whether one of these texts might be too long, hold what no sheet can, look like an escape of Excel's, or begin or
    end with a blank. Each step looks for one byte, which costs next to nothing, before it looks closer."""
    return (
        (len(whole) > MOST_UNITS and max(map(len, fields)) > MOST_UNITS)
        or (NULL in whole and whole.count(NULL) > fields.count(NULL))
        or (b"_" in whole and b"_x" in whole)
        or ((b" " in whole or b"\t" in whole or b"\n" in whole) and list(map(bytes.strip, fields)) != fields)
        or any(lead in whole and blank.search(whole) and _has_wide_edge(whole) for lead, blank in _WIDE_BLANKS)
    )


def _has_wide_edge(whole: bytes) -> bool:
    fields = whole.decode().split("\x01")
    return any(field[:1].isspace() or field[-1:].isspace() for field in fields)


def _short_numbers(length: int) -> Callable[[list[bytes], bytes], bool]:
    def sure(fields: list[bytes], whole: bytes) -> bool:
        """Neither exponents nor NaN nor infinities, and so short that all digits count."""
        return not (max(map(len, fields)) > length or b"e" in whole or b"N" in whole or b"I" in whole)

    return sure


def _fits_integer(written: str) -> bool:
    return written != "NaN" and abs(Decimal(written)) <= _MOST_WHOLE


def _fits_money(written: str) -> bool:
    return written != "NaN" and abs(Decimal(written)) <= _MOST_MONEY


def _fits_number(written: str) -> bool:
    """16 characters within the border hold a sign or a point, so at most 15 digits."""
    return _fits_integer(written) and (len(written) <= 16 or _digits(written) <= 15)


def _digits(written: str) -> int:
    """Digits that count."""
    mantissa = written.partition("e")[0].rstrip("0")
    return len(mantissa.replace("-", "").replace(".", "").lstrip("0"))


def _no_texts(fields: list[bytes], whole: bytes) -> bool:
    return b"-" not in whole and b"i" not in whole


def _is_serial(written: str) -> bool:
    """Neither 1899-12-31 nor infinity."""
    return "-" not in written and not written.startswith("i")


_NUMBERS = {
    Kind.INTEGER: (parts.INTEGER, 15, _fits_integer),
    Kind.MONEY: (parts.MONEY, 13, _fits_money),
    Kind.NUMBER: (parts.GENERAL, 15, _fits_number),
}
"""Style, length up to which any number fits, and whether a longer one does."""
_TIMES = {Kind.DATE: parts.DATE, Kind.DATETIME: parts.DATETIME}


def _quoted(field: str | None) -> str:
    if field is None:
        return "\x03"
    if _QUOTED.search(field):
        return "\x02" + field.replace("\x02", "\x02\x02") + "\x02"
    return field
