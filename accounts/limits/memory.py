"""Counts in the memory of this process: exact within it, gone with it, and without a query (rules: rates.py)."""

import threading
import time

from accounts.limits.rates import PERIOD_SECONDS, Rate, Standing

MOST_KEYS = 50_000
"""Buckets kept at a time, some 10 MB. A flood from more addresses than that pushes the longest unused ones out."""


class Counts:
    """Buckets by limit and key. Safe from any thread."""

    def __init__(self, most_keys: int = MOST_KEYS) -> None:
        self._lock = threading.Lock()
        self._full_at: dict[tuple[str, str], float] = {}
        """When each bucket is full again, by time.monotonic(); the last used stand last."""
        self._most_keys = most_keys

    def take(self, rate: Rate, key: str) -> Standing | None:
        """Use one up; None where there is no limit."""
        most = rate.most
        if not most:
            return None
        with self._lock:
            now = time.monotonic()
            before = max(self._full_at.pop((rate.name, key), now), now)
            after = before + PERIOD_SECONDS / most
            # A hair of tolerance: most intervals add up to a period, but floats do not know that.
            allowed = after - now <= PERIOD_SECONDS + 1e-6
            full_at = after if allowed else before
            self._full_at[rate.name, key] = full_at
            if len(self._full_at) > self._most_keys:
                self._make_room(now)
        return Standing(rate, most, allowed, full_at - now)

    def forget(self) -> None:
        """Start anew, as a new process does."""
        with self._lock:
            self._full_at.clear()

    def __len__(self) -> int:
        return len(self._full_at)

    def _make_room(self, now: float) -> None:
        """Drop what is full again anyway, and of the rest the longest unused, down to three quarters."""
        self._full_at = {key: full_at for key, full_at in self._full_at.items() if full_at > now}
        surplus = len(self._full_at) - self._most_keys * 3 // 4
        if surplus > 0:
            self._full_at = dict(list(self._full_at.items())[surplus:])


COUNTS = Counts()
