"""Beat's task of webhooks."""

import logging

from celery import shared_task

from jobs.webhooks import retention

log = logging.getLogger(__name__)


@shared_task(name="jobs.prune_webhooks", ignore_result=True, time_limit=1200)
def prune_webhooks() -> None:
    """Every hour: forget messages that are too old."""
    log.debug("messages of webhooks deleted: %d", retention.prune())
