"""When a message that did not arrive is sent again. Every period is divided by WEBHOOK_TIME_SCALE."""

import random
from datetime import timedelta

from django.conf import settings

PAUSES = tuple(
    timedelta(seconds=seconds)
    for seconds in (5, 5 * 60, 30 * 60, 2 * 3600, 5 * 3600, 10 * 3600, 14 * 3600, 20 * 3600, 24 * 3600)
)
"""After the first failure, the second …; about 75 hours together. The failure after the last pause is final."""
MOST_ATTEMPTS = len(PAUSES) + 1
JITTER = 0.1
LONGEST_WISH = timedelta(hours=24)
"""A receiver that asks for more time with Retry-After gets no more than this."""
LONGEST_HOLD = timedelta(minutes=5)
"""After a failure the webhook's other messages wait, too, but never longer: a receiver that is back is noticed soon,
one that hangs costs little."""
PATIENCE = timedelta(days=5)
"""A webhook at which nothing has arrived for so long is switched off."""
LEASE = timedelta(seconds=60)
"""Longer than one request takes. A sender that died is given up after it."""


def scaled(period: timedelta) -> timedelta:
    """``period`` as the settings have it."""
    scale: float = settings.WEBHOOK_TIME_SCALE
    return period / scale


def lease() -> timedelta:
    """How long a sender may be on its way; never less than a request may take."""
    return max(scaled(LEASE), timedelta(seconds=15))


def pause_after(attempts: int, wish: timedelta | None = None) -> timedelta | None:
    """How long to wait after the failure of attempt number ``attempts``; None: that was the last.

    ``wish``: what the receiver asked for with Retry-After; the longer of both counts.
    """
    if attempts > len(PAUSES):
        return None
    own = scaled(PAUSES[attempts - 1]) * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311 - spreads load only
    return own if wish is None else max(own, min(wish, LONGEST_WISH))


def hold_after(pause: timedelta, wish: timedelta | None = None) -> timedelta:
    """How long the webhook's other messages wait."""
    return max(min(pause, scaled(LONGEST_HOLD)), min(wish or timedelta(), LONGEST_WISH))
