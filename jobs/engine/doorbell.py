"""The doorbell: tells a worker that something may be due. Losing a ring costs seconds, never a job."""

import logging

from django.db import transaction

from jobs.engine.kinds import JobKind

log = logging.getLogger(__name__)

BELL_SECONDS = 60
"""A bell that nobody has heard for so long is worthless; the keeper has rung again."""


def ring(kind: JobKind, times: int = 1) -> bool:
    """Ask workers to look for due jobs of this kind. False when the broker does not take it; nothing is lost."""
    from jobs.engine.tasks import bell

    try:
        for _number in range(times):
            bell.apply_async(args=[kind.key], queue=kind.queue, retry=False, expires=BELL_SECONDS)
    except Exception as error:  # noqa: BLE001 - every broker has its own errors; the poll and the sweep stand behind the bell
        log.warning("the bell of %s could not be rung (%s); the poll will find the job", kind.key, error)
        return False
    return True


def ring_on_commit(kind: JobKind) -> None:
    """Ring once the current transaction has committed."""
    transaction.on_commit(lambda: ring(kind))
