"""Beat's task of events."""

import logging

from celery import shared_task

from jobs.events import retention

log = logging.getLogger(__name__)


@shared_task(name="jobs.prune_events", ignore_result=True, time_limit=1200)
def prune_events() -> None:
    """Every hour: forget old events."""
    log.debug("events forgotten: %s", retention.prune())
