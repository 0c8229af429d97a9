"""How rows travel from the limited process: frames of JSON. Nothing that arrives is ever run (no pickle).

A frame is four bytes with the length, highest first, and so much JSON: one of {"table": facts},
{"rows": [[number, line, cells, problems], …]}, {"fault": [code, params]}, {"end": {…}}. A cell that JSON has no word
for is a list that begins with what it is.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from jobs.imports.reading.cells import Cell, ErrorCell, Moment, Number, Problem, Row

ROWS = 1_000
"""Rows of a frame at most …"""
SIZE = 1 << 20
"""… and about so many characters, unless one row alone has more."""
LARGEST = 64 << 20
"""Bytes of a frame; a row of 4 MiB characters is far below, escaped too."""
HEAD = 4

PLAIN = frozenset((str, bool, type(None)))
"""Cells that JSON has a word for."""
_MARKS: dict[type, str] = {Number: "n", Moment: "m", ErrorCell: "e"}
_KINDS: dict[str, Callable[..., Cell]] = {"n": Number, "m": Moment, "e": ErrorCell}


def frame(content: dict[str, Any]) -> bytes:
    """A frame as bytes."""
    packed = json.dumps(content, separators=(",", ":")).encode()
    return len(packed).to_bytes(HEAD, "big") + packed


def opened(payload: bytes) -> tuple[str, Any]:
    """(word, content) of a frame without its length. Raises ValueError when it is none."""
    try:
        found = json.loads(payload)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(found, dict) or len(found) != 1:
        raise ValueError("not a frame")
    return next(iter(found.items()))


def chunks(rows: Iterable[Row]) -> Iterator[list[Any]]:
    """Rows packed into the contents of frames. What was gathered before a Fault is handed out first."""
    taken: list[Any] = []
    size = 0
    try:
        for row in rows:
            cells = row.cells
            taken.append([row.number, row.line, packed_cells(cells), row.problems])
            size += 16 + sum([len(cell) for cell in cells if type(cell) is str])
            if len(taken) >= ROWS or size >= SIZE:
                yield taken
                taken, size = [], 0
    except Exception:
        if taken:
            yield taken
        raise
    if taken:
        yield taken


def rows_of(content: Any) -> list[Row]:
    """The rows of a frame. Raises ValueError, TypeError or KeyError when they are none."""
    return [
        Row(int(number), int(line), cells_of(cells), tuple(Problem(*each) for each in problems))
        for number, line, cells, problems in content
    ]


def packed_cells(cells: Iterable[Cell]) -> list[Any]:
    """The cells of a row as JSON."""
    return [cell if type(cell) in PLAIN else _packed(cell) for cell in cells]


def cells_of(packed: Iterable[Any]) -> list[Cell]:
    """The same, back. Raises TypeError or KeyError when they are none."""
    return [_cell(cell) for cell in packed]


def _packed(cell: Cell) -> Any:
    return [_MARKS[type(cell)], *cell]  # type: ignore[misc]


def _cell(packed: Any) -> Cell:
    if type(packed) is not list:
        return packed  # type: ignore[no-any-return]
    return _KINDS[packed[0]](*packed[1:])
