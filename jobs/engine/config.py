"""The engine's clock: every period in one place, shrunk by ENGINE_TIME_SCALE for fault tests."""

from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings


@dataclass(frozen=True)
class EngineClock:
    """Periods in seconds."""

    lease: float
    """A worker that has not renewed for so long is dead."""
    renew: float
    give_up: float
    """A worker that could not renew for so long stops writing by itself: shorter than the lease."""
    cancel_poll: float
    progress: float
    """At most one progress write per job in this time."""
    sweep: float
    poll: float
    time_limit: float
    stop_grace: float


def clock() -> EngineClock:
    """The periods as the settings have them now."""
    scale = settings.ENGINE_TIME_SCALE
    return EngineClock(
        lease=60 / scale,
        renew=10 / scale,
        give_up=45 / scale,
        cancel_poll=2 / min(scale, 4),
        progress=0.5,
        sweep=15 / scale,
        poll=5 / scale,
        time_limit=settings.ENGINE_TIME_LIMIT_SECONDS,
        stop_grace=settings.ENGINE_STOP_GRACE_SECONDS,
    )


SLOTS_PER_OWNER = 3
"""Jobs of one user that run at the same time (SPEC E9); the database's CHECK says the same."""
MAX_ATTEMPTS = 4
"""One run and three automatic retries (SPEC E7)."""
MAX_CRASHES = 3
"""A job that took so many workers down is poison."""
MAX_WAITS = 60
"""Attempts of a job that found another queue full (JobError.waits); at most a minute apart, so for about an hour."""
BACKOFF_LIMIT = timedelta(minutes=60)
RETRY_PAUSE = timedelta(minutes=5)
"""One manual retry per chain in this time (SPEC E6)."""
