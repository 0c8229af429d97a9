"""Beat's tasks of imports."""

import logging

from celery import shared_task

from jobs.imports import forgetting

log = logging.getLogger(__name__)


@shared_task(name="jobs.forget_imports", ignore_result=True, time_limit=1200)
def forget_imports() -> None:
    """Every 5 minutes: files whose time is over, and what imports of them kept."""
    log.debug("files of imports forgotten: %d", forgetting.forget_due())
