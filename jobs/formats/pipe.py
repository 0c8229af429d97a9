"""Steps in order: at once, or in a thread of their own while the next rows are read.

A thread pays where its work leaves Python alone for long. Reading a million rows takes and leaves Python a million
times, and a thread that wants it back every fraction of a millisecond costs both more than it gains: measured, CSV,
JSON and sheets are a fifth faster without.
"""

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from django.utils import translation

WAITING = 128
"""Steps that may wait; then the reader does. Enough to go on reading while a row group of Parquet is packed."""


class AtOnce:
    """Runs what it is given when it is given."""

    def do(self, step: Callable[..., Any], *given: Any) -> None:
        """Run a step."""
        step(*given)

    def drain(self) -> None:
        """Nothing waits."""

    def close(self) -> None:
        """Nothing waits."""


class Pipe:
    """Runs what it is given, one after another, in the language that is active now. Whatever a step raises comes out of
    the next call here."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(
            max_workers=1,
            thread_name_prefix="pipe",
            initializer=translation.activate,  # a new thread speaks the installation's language
            initargs=(translation.get_language(),),
        )
        self._waiting: deque[Future[Any]] = deque()

    def do(self, step: Callable[..., Any], *given: Any) -> None:
        """Queue a step; blocks while too many wait."""
        while self._waiting and (len(self._waiting) >= WAITING or self._waiting[0].done()):
            self._waiting.popleft().result()
        self._waiting.append(self._thread.submit(step, *given))

    def drain(self) -> None:
        """Return when all steps are done."""
        while self._waiting:
            self._waiting.popleft().result()

    def close(self) -> None:
        """Drop the steps that have not begun, and wait for the running one."""
        self._thread.shutdown(wait=True, cancel_futures=True)
