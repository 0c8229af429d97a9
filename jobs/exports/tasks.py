"""Beat's tasks of exports."""

from celery import shared_task

from jobs.exports import storage


@shared_task(name="jobs.remove_files", ignore_result=True, time_limit=270)
def remove_files() -> None:
    """Delete the objects of expired exports."""
    storage.remove_due()


@shared_task(name="jobs.sweep_orphans", ignore_result=True, time_limit=1200)
def sweep_orphans() -> None:
    """Delete what killed workers left behind."""
    storage.sweep_orphans()
