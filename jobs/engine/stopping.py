"""The wish to stop, shared by a worker's main process and its children.

A signal handler only sets a flag. Children inherit it across fork; their heartbeats see it and, after a grace
period in which the job may finish, release the job (SPEC J6).
"""

import multiprocessing
import time

from jobs.engine.config import clock

_requested = multiprocessing.get_context("fork").Event()
_seen_at: float | None = None


def request() -> None:
    """Ask this worker, and every child it forked, to stop. Safe in a signal handler."""
    _requested.set()


def requested() -> bool:
    """Whether somebody asked this worker to stop: no new job is claimed."""
    return _requested.is_set()


def must_release() -> bool:
    """Whether the grace period is over: a running job goes back to the queue now."""
    global _seen_at  # noqa: PLW0603 - one flag per process
    if not _requested.is_set():
        return False
    if _seen_at is None:
        _seen_at = time.monotonic()
    return time.monotonic() - _seen_at >= clock().stop_grace
