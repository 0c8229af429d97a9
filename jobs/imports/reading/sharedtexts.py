"""The texts that the cells of a workbook share: a few in memory, the others in a file without a name."""

import os
import re
import tempfile
from array import array
from collections.abc import Callable, Iterator
from typing import IO

from jobs.imports.reading.faults import Fault
from jobs.imports.reading.limits import MIB, Limits
from jobs.imports.reading.xml import Attributes, feed, local, new_parser

IN_MEMORY = 8 * MIB
"""Characters kept at hand …"""
IN_MEMORY_COUNT = 100_000
"""… and texts."""
WINDOW = 1 << 15
"""Bytes read at once: writers number texts by first use, so the next one mostly lies behind the last."""
_ESCAPE = re.compile(r"_x([0-9A-Fa-f]{4})_")


class SharedTexts:
    """Texts by index, in bounded memory. They are read as far as they are asked for: writers number them by first use,
    so that the first rows of a million need only the first few."""

    def __init__(self, part: IO[bytes] | None, limits: Limits) -> None:
        self._near: list[str] = []
        self._near_size = 0
        self._ends = array("I", [0])
        self._spool: IO[bytes] | None = None
        self._window, self._window_at = b"", 0
        self._limits = limits
        self._blocks: Iterator[None] = iter(()) if part is None else self._load(part)
        next(self._blocks, None)  # what a hostile part begins with is seen though no cell may ask for a text

    def __len__(self) -> int:
        """Those that have been read so far."""
        return len(self._near) + len(self._ends) - 1

    def __getitem__(self, index: int) -> str:
        """Raises IndexError, and Fault where reading on fails."""
        while index >= len(self) and index >= 0:
            if next(self._blocks, self) is self:
                break
        if 0 <= index < len(self._near):
            return self._near[index]
        far = index - len(self._near)
        if far < 0 or far >= len(self._ends) - 1 or self._spool is None:
            raise IndexError(index)
        start, end = self._ends[far], self._ends[far + 1]
        if not self._window_at <= start <= end <= self._window_at + len(self._window):
            self._window = os.pread(self._spool.fileno(), max(WINDOW, end - start), start)
            self._window_at = start
        return self._window[start - self._window_at : end - self._window_at].decode("utf-8", "surrogatepass")

    def close(self) -> None:
        """Give the file back."""
        self._blocks = iter(())
        if self._spool is not None:
            self._spool.close()

    def _load(self, part: IO[bytes]) -> Iterator[None]:
        gather = TextGatherer(self._limits.cell, self._add)
        with part:
            for _block in feed(gather.parser, part, self._limits.xml_token):
                if self._spool is not None:
                    self._spool.flush()
                yield

    def _add(self, text: str) -> None:
        if len(self) >= self._limits.shared_count:
            raise Fault("TOO_MUCH_TEXT", limit=self._limits.shared_count)
        if self._spool is None:
            self._near_size += len(text)
            if self._near_size <= IN_MEMORY and len(self._near) < IN_MEMORY_COUNT:
                self._near.append(text)
                return
            self._spool = tempfile.TemporaryFile()  # noqa: SIM115 - closed by close()
        packed = text.encode("utf-8", "surrogatepass")
        end = self._ends[-1] + len(packed)
        if end > self._limits.shared_text:
            raise Fault("TOO_MUCH_TEXT", limit=self._limits.shared_text)
        self._spool.write(packed)
        self._ends.append(end)


class TextGatherer:
    """Puts the runs of each ``<si>`` together, without its phonetic hints (``<rPh>``)."""

    def __init__(self, longest: int, take: Callable[[str], None]) -> None:
        self.parser = new_parser(self._start, self._end, self._text)
        self._longest, self._take = longest, take
        self._pieces: list[str] = []
        self._size = 0
        self._inside = self._collecting = False
        self._hints = 0

    def _start(self, name: str, _attributes: Attributes) -> None:
        tag = local(name)
        if tag == "t":
            self._collecting = self._inside and not self._hints
        elif tag == "si":
            self._inside = True
            self._pieces.clear()
            self._size = 0
        elif tag == "rPh":
            self._hints += 1

    def _end(self, name: str) -> None:
        tag = local(name)
        if tag == "t":
            self._collecting = False
        elif tag == "si":
            self._inside = False
            self._take(unescaped("".join(self._pieces)))
        elif tag == "rPh":
            self._hints -= 1

    def _text(self, text: str) -> None:
        if self._collecting:
            self._size += len(text)
            if self._size > self._longest:
                raise Fault("TEXT_TOO_LONG", limit=self._longest)
            self._pieces.append(text)


def unescaped(text: str) -> str:
    """Characters that XML cannot hold stand as ``_x000D_`` (ECMA-376 §22.9.2.19)."""
    return _ESCAPE.sub(lambda found: chr(int(found[1], 16)), text) if "_x" in text else text
