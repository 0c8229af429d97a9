"""The wish to stop, shared by a worker's main process and its children.

A signal handler only sets a flag: one byte of shared memory, without a lock. (multiprocessing.Event takes a lock
even to look; a child killed while looking would leave it locked for everybody.) Children inherit it across fork;
their heartbeats see it and, after a grace period in which the job may finish, release the job (SPEC J6).
"""

import ctypes
import time
from multiprocessing.sharedctypes import RawValue

from jobs.engine.config import clock

_requested = RawValue(ctypes.c_bool, False)
_seen_at: float | None = None


def request() -> None:
    """Ask this worker, and every child it forked, to stop. Safe in a signal handler."""
    _requested.value = True


def requested() -> bool:
    """Whether somebody asked this worker to stop: no new job is claimed."""
    return bool(_requested.value)


def must_release() -> bool:
    """Whether the grace period is over: a running job goes back to the queue now."""
    global _seen_at  # noqa: PLW0603 - one flag per process
    if not _requested.value:
        return False
    if _seen_at is None:
        _seen_at = time.monotonic()
    return time.monotonic() - _seen_at >= clock().stop_grace
