"""Beat's task of the pages."""

import logging

from celery import shared_task

from jobs.pages import retention

log = logging.getLogger(__name__)


@shared_task(name="jobs.prune_pages", ignore_result=True, time_limit=1200)
def prune_pages() -> None:
    """Every hour: notifications and page events that are too old."""
    log.debug("rows of pages deleted: %d", retention.prune())
