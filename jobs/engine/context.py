"""What a running body sees of the engine: say how far you are, hear when to stop."""

import threading
import time
from collections import deque
from typing import Any

from jobs.engine.errors import Aborted
from jobs.engine.queue import Claim
from jobs.engine.states import Stage
from jobs.models.attempt import Level


class Reason:
    """Why a body must stop."""

    CANCELED = "canceled"
    LOST = "lost"
    TIMEOUT = "timeout"
    RELEASED = "released"


class RunContext:
    """Shared between the body (main thread) and its heartbeat (own thread, own connection).

    Progress and log lines go out over the heartbeat's connection: visible while the body's transaction is open,
    and safe from its rollback.
    """

    def __init__(self, claim: Claim, *, seconds: float) -> None:
        self.claim = claim
        self.ends_at = time.monotonic() + seconds
        self.rows_done = 0
        self.rows_expected: int | None = None
        self.stage = Stage.PREPARING
        self.lines: deque[tuple[float, str, str]] = deque()
        self._reason: str | None = None
        self._follows: RunContext | None = None
        self._lock = threading.Lock()
        self._connection: Any = None

    # --- for the body -----------------------------------------------------------------------------------
    def advance(self, rows: int) -> None:
        """So many rows are written. Raises Aborted when the body must stop."""
        self.rows_done = rows
        self.check()

    def enter(self, stage: Stage) -> None:
        """The next stage begins (SPEC E5). Raises Aborted when the body must stop."""
        self.stage = stage
        self.check()

    def log(self, message: str, level: str = Level.INFO) -> None:
        """Append a line to the job's log. Never put secrets or personal data in it."""
        self.lines.append((time.time(), level, message))

    def follow(self, other: "RunContext") -> None:
        """Stop, and go back to the queue, when ``other`` must stop: this body runs inside that one."""
        self._follows = other

    def check(self) -> None:
        """Raise Aborted when the job was canceled, lost, released, or is over its time."""
        self.look_at_clock()
        if self._follows is not None and self._follows.reason is not None and self._reason is None:
            self._reason = Reason.RELEASED
        if self._reason is not None:
            raise Aborted(self._reason)

    def look_at_clock(self) -> None:
        """Give up when the time is over: statement_timeout may have told the body before anybody else noticed."""
        if self._reason is None and time.monotonic() > self.ends_at:
            self._reason = Reason.TIMEOUT

    @property
    def seconds_left(self) -> float:
        """Time until the limit, never below 0.1 s: for statement_timeout."""
        return max(0.1, self.ends_at - time.monotonic())

    def watch(self, connection: Any) -> None:
        """Tell the heartbeat which psycopg connection to interrupt when the body must stop. None: none."""
        with self._lock:
            self._connection = connection

    # --- for the heartbeat ------------------------------------------------------------------------------
    @property
    def reason(self) -> str | None:
        """Why the body must stop, or None."""
        return self._reason

    def abort(self, reason: str) -> None:
        """Make the body stop: the first reason counts; a query that is running is canceled."""
        with self._lock:
            if self._reason is None:
                self._reason = reason
            if self._connection is not None:
                self._connection.cancel_safe(timeout=5)
