"""Beat's tasks of exports."""

import logging

from celery import shared_task

from jobs import idempotency, storage

log = logging.getLogger(__name__)


@shared_task(name="jobs.remove_files", ignore_result=True, time_limit=270)
def remove_files() -> None:
    """Delete the objects of expired exports."""
    storage.remove_due()


@shared_task(name="jobs.sweep_orphans", ignore_result=True, time_limit=1200)
def sweep_orphans() -> None:
    """Delete what killed workers left behind."""
    storage.sweep_orphans()


@shared_task(name="jobs.prune_answers", ignore_result=True, time_limit=1200)
def prune_answers() -> None:
    """Every hour: answers that are too old to be given again."""
    log.debug("kept answers deleted: %d", idempotency.prune())
