"""Beat's task of notifications, and the bell that makes it come sooner."""

import logging

from celery import shared_task

from jobs.notices import sending

log = logging.getLogger(__name__)

BELL_SECONDS = 60
"""A bell that nobody has heard for so long is worthless; the timetable has sent the task again."""


@shared_task(name="jobs.send_mail", ignore_result=True, time_limit=360)
def send_mail() -> None:
    """Every minute, and when mail has been queued: send what is due."""
    log.debug("mails sent: %d", sending.send_due())


def ring() -> None:
    """Ask a worker to look for mail now. When the broker does not take it, the timetable stands behind it."""
    try:
        send_mail.apply_async(retry=False, expires=BELL_SECONDS)
    except Exception as error:  # noqa: BLE001 - every broker has its own errors
        log.warning("the bell of mail could not be rung (%s); the timetable will find it", error)
