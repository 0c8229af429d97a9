"""JSON: one array of objects, or an object per line (ndjson). Decoded object by object."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

from jobs.imports.reading.cells import Cell, Column, ErrorCell, Number, Problem, Row, number_cell
from jobs.imports.reading.encodings import find_encoding, text_blocks
from jobs.imports.reading.faults import Fault
from jobs.imports.reading.limits import Limits
from jobs.imports.reading.table import Choices, Table

HEADER_OBJECTS = 1_000
"""Objects whose keys make the header, in the order of their first appearance …"""
HEADER_CHARACTERS = 1 << 20
"""… as far as they are found in so much text."""
LONGEST_TOKEN = 16
"""So close to the end of the text known so far, an error may only mean that a word or an escape goes on."""
_SPACES = re.compile(r"[ \t\r\n]*")
_ENDS = re.compile(r"\r\n|\r|\n")
_UNFIT = re.compile("[\0\ud800-\udfff]")
"""What a database does not take: NUL, halves of characters."""


class _Refused(ValueError):
    def __init__(self, code: str, **params: Any) -> None:
        super().__init__(code)
        self.code, self.params = code, params


class ObjectsTable(Table):
    """Objects as rows. A key that an object lacks is None; a list or an object in a cell is an ErrorCell NESTED."""

    def __init__(self, source: BinaryIO, kind: str, choices: Choices, limits: Limits) -> None:
        self._source, self._limits = source, limits
        self._encoding = find_encoding(source, choices.encoding)
        self.kind, self.encoding, self.encoding_by = kind, self._encoding.name, self._encoding.by
        keys: dict[str, None] = {}
        for number, _line, found in self._objects(HEADER_CHARACTERS):
            keys.update(dict.fromkeys(found))
            if len(keys) > limits.columns:
                raise Fault("TOO_MANY_COLUMNS", line=_line, found=len(keys), limit=limits.columns)
            if number >= HEADER_OBJECTS:
                break
        if not keys:  # the first object alone may be larger than what was looked at
            keys.update(dict.fromkeys(next(self._objects(), (0, 0, {}))[2]))
        if not keys:
            raise Fault("NO_ROWS")
        self._keys = list(keys)
        self.header = tuple(Column(at, " ".join(_fit(key).split())) for at, key in enumerate(keys))

    def close(self) -> None:
        self._source.close()

    def rows(self) -> Iterator[Row]:
        known = dict.fromkeys(self._keys)
        for number, line, found in self._objects():
            if number > self._limits.rows:
                raise Fault("TOO_MANY_ROWS", limit=self._limits.rows)
            strange = found.keys() - known.keys()
            problems: tuple[Problem, ...] = ()
            if strange:
                names = ", ".join(sorted(_fit(key)[:60] for key in strange)[:5])
                problems = (Problem("UNKNOWN_KEYS", {"keys": names}),)
            cells = [self._cell(found.get(key), line, at) for at, key in enumerate(self._keys, start=1)]
            if strange or any(cell is not None for cell in cells):
                yield Row(number, line, cells, problems)

    def _cell(self, value: Any, line: int, column: int) -> Cell:
        if isinstance(value, str):
            if len(value) > self._limits.cell:
                raise Fault("CELL_TOO_LONG", line=line, column=column, limit=self._limits.cell)
            return ErrorCell("BAD_TEXT", _fit(value)[:200]) if _UNFIT.search(value) else value or None
        if isinstance(value, dict | list):
            return ErrorCell("NESTED", _fit(json.dumps(_plain(value), ensure_ascii=False))[:200])
        return value  # type: ignore[no-any-return]

    def _objects(self, only: int | None = None) -> Iterator[tuple[int, int, dict[str, Any]]]:
        """(number, line, object); with ``only``, what is found in so many first characters."""
        window = _Window(text_blocks(self._source, self._encoding), self._limits.row, only)
        return _of_lines(window) if self.kind == "ndjson" else _of_array(window)


class _Window:
    """A moving part of the text, with the number of the line in which it begins."""

    def __init__(self, blocks: Iterator[str], longest: int, only: int | None) -> None:
        self.text, self.at, self.line = "", 0, 1
        self.ended = self.cut = False
        self._blocks, self._longest, self._only = blocks, longest, only
        self._taken = 0

    def more(self) -> bool:
        """Read on; False at the end. Raises Fault when one object is too large."""
        if self.ended:
            return False
        if len(self.text) - self.at > self._longest:
            raise Fault("ROW_TOO_LONG", line=self.line, limit=self._longest)
        self._drop()
        wanted = max(len(self.text), 1)  # at least doubled, so that trying again stays linear
        pieces = [self.text]
        while wanted > 0:
            block = "" if self._only is not None and self._taken > self._only else next(self._blocks, "")
            if not block:
                self.ended = True
                self.cut = self._only is not None and self._taken > self._only
                break
            self._taken += len(block)
            wanted -= len(block)
            pieces.append(block)
        self.text = "".join(pieces)
        return True

    def skip_spaces(self) -> str:
        """The next character that is none, "" at the end."""
        while True:
            found = _SPACES.match(self.text, self.at)
            self.move(found.end() if found else self.at)
            if self.at < len(self.text):
                return self.text[self.at]
            if not self.more():
                return ""

    def move(self, to: int) -> None:
        """Go on at ``to``, counting lines."""
        if to != self.at:
            self.line += self.text.count("\n", self.at, to)
            self.at = to

    def value(self) -> Any:
        """Decode the value that begins here. Raises Fault with the line; EOFError where a part was cut off."""
        while True:
            try:
                found, end = _DECODER.raw_decode(self.text, self.at)
            except json.JSONDecodeError as error:
                if error.msg.startswith("Unterminated") or error.pos >= len(self.text) - LONGEST_TOKEN:
                    if self.more():
                        continue
                    if self.cut:
                        raise EOFError from None
                if error.msg.startswith("Unterminated") or error.pos >= len(self.text):
                    raise Fault("TRUNCATED_JSON", line=self.line) from None
                raise Fault("BAD_JSON", line=self.line + self.text.count("\n", self.at, error.pos)) from None
            except _Refused as refused:
                raise Fault(refused.code, line=self.line, **refused.params) from None
            except RecursionError:
                raise Fault("TOO_DEEP", line=self.line) from None
            if end - self.at > self._longest:
                raise Fault("ROW_TOO_LONG", line=self.line, limit=self._longest)
            if end == len(self.text) and self.more():
                continue  # a number may go on
            self.move(end)
            return found

    def _drop(self) -> None:
        self.text, self.at = self.text[self.at :], 0


def _of_array(window: _Window) -> Iterator[tuple[int, int, dict[str, Any]]]:
    if window.skip_spaces() != "[":
        raise Fault("NOT_OBJECTS", line=window.line)
    window.move(window.at + 1)
    number = 0
    following = window.skip_spaces()
    while following != "]" or number:
        if following == "" and window.cut:
            return
        if following == "":
            raise Fault("TRUNCATED_JSON", line=window.line)
        number, line = number + 1, window.line
        try:
            found = window.value()
        except EOFError:
            return
        yield number, line, _object(found, line)
        following = window.skip_spaces()
        if following == "]":
            break
        if following == "" and window.cut:
            return
        if following == "":
            raise Fault("TRUNCATED_JSON", line=window.line)
        if following != ",":
            raise Fault("BAD_JSON", line=window.line)
        window.move(window.at + 1)
        following = window.skip_spaces()
    window.move(window.at + 1)
    if window.skip_spaces():
        raise Fault("BAD_JSON", line=window.line)


def _of_lines(window: _Window) -> Iterator[tuple[int, int, dict[str, Any]]]:
    number = 0
    while window.skip_spaces():
        number, line = number + 1, window.line
        try:
            found = window.value()
        except EOFError:
            return
        if window.line != line:  # one object over many lines is a document, not a list of rows
            raise Fault("NOT_OBJECTS", line=line)
        yield number, line, _object(found, line)


def _object(found: Any, line: int) -> dict[str, Any]:
    if not isinstance(found, dict):
        raise Fault("NOT_OBJECTS", line=line)
    return found


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _value in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise _Refused("DUPLICATE_KEY", key=_fit(twice)[:60])
    return found


def _constant(name: str) -> Any:
    raise _Refused("NOT_A_JSON_NUMBER", found=name)


_number: Callable[[str], Cell] = number_cell
_DECODER = json.JSONDecoder(object_pairs_hook=_pairs, parse_constant=_constant, parse_float=_number, parse_int=_number)


def _plain(value: Any, depth: int = 4) -> Any:
    """A nested value for a person to recognise: its outer levels."""
    if isinstance(value, Number | ErrorCell):
        return value.text
    if isinstance(value, dict):
        return {key: _plain(each, depth - 1) for key, each in list(value.items())[:20]} if depth else "…"
    if isinstance(value, list):
        return [_plain(each, depth - 1) for each in value[:20]] if depth else "…"
    return value


def _fit(text: str) -> str:
    return _UNFIT.sub("\ufffd", text)
