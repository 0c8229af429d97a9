"""Lines out of blocks of text, whatever ends them, none longer than allowed."""

import io
from collections.abc import Iterable, Iterator

from jobs.imports.reading.faults import Fault


class Lines:
    """Iterates over lines with their ends: ``\\n``, ``\\r\\n`` or ``\\r``, also mixed.

    Attributes:
        line: number of the line handed out last, from 1
    """

    def __init__(self, blocks: Iterable[str], longest: int) -> None:
        self.line = 0
        self._blocks, self._longest = blocks, longest

    def __iter__(self) -> Iterator[str]:
        rest: list[str] = []
        kept = 0
        for block in self._blocks:
            # A \r at the end may be half of \r\n: it waits for the next block. So does a line without end, in pieces:
            # joining them at every block would take quadratic time.
            if "\n" not in block and "\r" not in block and not (rest and rest[-1].endswith("\r")):
                rest.append(block)
                kept += len(block)
                self._check(kept)
                continue
            lines = io.StringIO("".join([*rest, block]), newline="").readlines()
            rest = [lines.pop()] if lines and not lines[-1].endswith("\n") else []
            kept = len(rest[0]) if rest else 0
            for line in lines:
                self._check(len(line))
                self.line += 1
                yield line
            self._check(kept)
        if kept:
            self.line += 1
            yield "".join(rest)

    def _check(self, length: int) -> None:
        if length > self._longest:
            raise Fault("LINE_TOO_LONG", line=self.line + 1, limit=self._longest)
