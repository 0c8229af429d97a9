"""What Celery delivers: bells and the beat's sweeps. Nothing else; no retry, no eta, no result."""

import logging

from celery import shared_task

from jobs.engine import kinds, runner, sweeps

log = logging.getLogger(__name__)


@shared_task(name="jobs.bell", ignore_result=True)
def bell(kind: str) -> None:
    """Look for one due job of this kind and run it."""
    runner.run_one_due(kinds.get(kind))


@shared_task(name="jobs.sweep", ignore_result=True, time_limit=120)
def sweep() -> None:
    """Every 15 s: abandoned jobs, missing turns, bells for due jobs."""
    log.debug("sweep: %s", sweeps.sweep())


@shared_task(name="jobs.expire", ignore_result=True, time_limit=270)
def expire() -> None:
    """Every 5 min: ready jobs whose time is over."""
    log.debug("expired: %s", sweeps.expire())
