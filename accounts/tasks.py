"""Beat's tasks of the accounts app."""

from celery import shared_task

from accounts.audit import anchors


@shared_task(name="accounts.anchor_audit", ignore_result=True, time_limit=120)
def anchor_audit() -> None:
    """Write the heads of the audit chains down outside the database."""
    anchors.write()
