"""Files of strangers, read in a process of their own with limits on memory, time and disk (SPEC B7).

    with open_guarded(path, "orders.xlsx", cancelled=job.is_stopping) as reading:
        reading.table.header
        for chunk in reading.chunks(): …       # lists of Row, about a thousand each

The parent holds one chunk; the child waits in the pipe until it is wanted. Whatever becomes of the child, the parent
gets an UnreadableFile that says why.
"""

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

from jobs.imports.reading import wire
from jobs.imports.reading.cells import Column, Row
from jobs.imports.reading.errors import ReadingStopped, UnreadableFile
from jobs.imports.reading.faults import Fault
from jobs.imports.reading.limits import LIMITS, Limits
from jobs.imports.reading.table import Choices, Sheet

ROOT = Path(__file__).resolve().parents[3]
_BOOT = "import sys; sys.path.insert(0, sys.argv[1]); from jobs.imports.reading.child import main; main()"
GLANCE_SECONDS = 0.2
"""How often a waiting parent asks whether to go on."""
LAST_WORDS = 2_000
"""Bytes of the child's complaints that are kept."""


@dataclass(frozen=True, slots=True)
class Guard:
    """What the child may use."""

    memory: int = 512 << 20
    """Bytes of address space."""
    cpu_seconds: int = 1_800
    wait_seconds: float = 1_800
    """Wall-clock time that the parent waits for the child, all in all; its own work between chunks does not count."""
    chunk_seconds: float = 120
    """The same for one chunk. The first may be long: the texts of a workbook are loaded before it."""
    spool: int = 3 << 30
    """Bytes of the file that holds a workbook's texts."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What the child says about the file; see Table."""

    kind: str
    encoding: str
    encoding_by: str
    delimiter: str
    sheets: tuple[Sheet, ...]
    sheet: str
    header: tuple[Column, ...]
    header_row: int


class GuardedReading:
    """One reading by a child. Read once; ``close`` (or leaving the context) kills what still runs.

    Attributes:
        table: what the file is
        memory: bytes that the child had in memory at most; 0 until it has ended by itself
    """

    def __init__(self, process: "subprocess.Popen[bytes]", words: IO[bytes], guard: Guard, name: str) -> None:
        self.memory = 0
        self._process, self._words, self._guard, self._name = process, words, guard, name
        self._waited = 0.0
        self._ended = False
        self._cancelled: Callable[[], bool] = lambda: False

    table: Facts

    def start(self, cancelled: Callable[[], bool]) -> None:
        """Wait for what the file is."""
        self._cancelled = cancelled
        word, content = self._next()
        if word != "table" or not isinstance(content, dict):
            raise self._unreadable("CRASHED", {"found": "protocol"})
        try:
            sheets = tuple(Sheet(*sheet) for sheet in content.pop("sheets"))
            header = tuple(Column(*column) for column in content.pop("header"))
            self.table = Facts(sheets=sheets, header=header, **content)
        except (TypeError, KeyError):
            raise self._unreadable("CRASHED", {"found": "protocol"}) from None

    def chunks(self) -> Iterator[list[Row]]:
        """The rows, about a thousand at a time. Raises UnreadableFile after the last good row, ReadingStopped when
        ``cancelled`` says so."""
        while not self._ended:
            word, content = self._next()
            try:
                if word == "rows":
                    yield wire.rows_of(content)
                    continue
                self.memory, self._ended = int(content["memory"]), word == "end"
            except (TypeError, KeyError, ValueError):
                raise self._unreadable("CRASHED", {"found": "protocol"}) from None

    def rows(self) -> Iterator[Row]:
        """The same, one at a time."""
        for chunk in self.chunks():
            yield from chunk

    def close(self) -> None:
        """Kill the child, if it still runs. Harmless twice, and from another thread."""
        with contextlib.suppress(ProcessLookupError):
            if self._process.poll() is None:
                os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._words.close()

    def __enter__(self) -> "GuardedReading":
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def _next(self) -> tuple[str, Any]:
        until = time.monotonic() + min(self._guard.chunk_seconds, self._guard.wait_seconds - self._waited)
        begun = time.monotonic()
        try:
            length = int.from_bytes(self._bytes(wire.HEAD, until), "big")
            if length > wire.LARGEST:
                raise self._unreadable("CRASHED", {"found": "protocol"})
            word, content = wire.opened(self._bytes(length, until))
        except ValueError:
            raise self._unreadable("CRASHED", {"found": "protocol"}) from None
        finally:
            self._waited += time.monotonic() - begun
        if word == "fault":
            raise self._refused(content)
        return word, content

    def _refused(self, content: Any) -> UnreadableFile:
        try:
            code, params, self.memory = content
            return self._unreadable(code, dict(params))
        except (TypeError, ValueError, KeyError):
            return self._unreadable("CRASHED", {"found": "protocol"})

    def _bytes(self, wanted: int, until: float) -> bytes:
        """So many bytes of the child. Raises UnreadableFile when it ends or takes too long."""
        assert self._process.stdout is not None
        source = self._process.stdout.fileno()
        taken: list[bytes] = []
        while wanted:
            if self._cancelled():
                self.close()
                raise ReadingStopped
            left = until - time.monotonic()
            if left <= 0:
                raise self._unreadable("TOO_SLOW", {})
            if not select.select([source], [], [], min(left, GLANCE_SECONDS))[0]:
                continue
            data = os.read(source, min(wanted, 1 << 20))
            if not data:
                raise self._died()
            taken.append(data)
            wanted -= len(data)
        return b"".join(taken)

    def _died(self) -> UnreadableFile:
        """The child closed the pipe without an end: what killed it?"""
        try:
            status = self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            status = 0
        self._words.seek(0)
        words = self._words.read(LAST_WORDS).decode("utf-8", "replace").strip()
        if status in (-signal.SIGXCPU, -signal.SIGKILL) and not words:
            # SIGKILL: past the hard CPU limit, or the kernel had no memory left; both mean that the file is too much
            return self._unreadable("TOO_SLOW" if status == -signal.SIGXCPU else "KILLED", {})
        if "MemoryError" in words:
            return self._unreadable("TOO_MUCH_MEMORY", {})
        return self._unreadable("CRASHED", {"found": str(status)}, words)

    def _unreadable(self, code: str, params: dict[str, Any], words: str = "") -> UnreadableFile:
        self.close()
        error = UnreadableFile.of(Fault(code, **({"name": self._name} | params)), words)
        error.memory = self.memory
        return error


def open_guarded(
    path: Path | str,
    name: str,
    *,
    choices: Choices | None = None,
    limits: Limits = LIMITS,
    guard: Guard | None = None,
    cancelled: Callable[[], bool] = lambda: False,
    with_rows: bool = True,
) -> GuardedReading:
    """Open a file of a stranger; close what is returned. ``name`` is what the person calls it, for messages.

    ``with_rows=False`` stops after the header. ``cancelled`` is asked a few times per second while waiting.
    Raises UnreadableFile, and ReadingStopped when cancelled; OSError when the file is not there.
    """
    guard = guard or Guard()
    order = {
        "choices": asdict(choices or Choices()),
        "limits": asdict(limits),
        "rows": with_rows,
        "memory": guard.memory,
        "cpu_seconds": guard.cpu_seconds,
        "spool": guard.spool,
    }
    words = tempfile.TemporaryFile()  # noqa: SIM115 - the reading closes it
    try:
        with Path(path).open("rb") as source:
            process = subprocess.Popen(
                [sys.executable, "-I", "-c", _BOOT, str(ROOT), json.dumps(order)],
                stdin=source,
                stdout=subprocess.PIPE,
                stderr=words,
                cwd="/",
                env={"LC_ALL": "C.UTF-8", "TMPDIR": tempfile.gettempdir()},  # no secret, no database
                start_new_session=True,
            )
    except BaseException:
        words.close()
        raise
    reading = GuardedReading(process, words, guard, name[:200])
    try:
        reading.start(cancelled)
    except BaseException:
        reading.close()
        raise
    return reading
