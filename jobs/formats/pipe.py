"""Steps in a thread of their own, in order: packing and hashing while the next rows are read."""

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from django.utils import translation

WAITING = 16
"""Steps that may wait; then the reader does. Enough to go on reading while a row group of Parquet is packed."""


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
        while len(self._waiting) >= WAITING:
            self._waiting.popleft().result()
        self._waiting.append(self._thread.submit(step, *given))

    def drain(self) -> None:
        """Return when all steps are done."""
        while self._waiting:
            self._waiting.popleft().result()

    def close(self) -> None:
        """Drop the steps that have not begun, and wait for the running one."""
        self._thread.shutdown(wait=True, cancel_futures=True)
