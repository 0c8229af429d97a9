"""Beat's tasks of the accounts app."""

import logging

from celery import shared_task

from accounts.audit import anchors
from accounts.limits import stored
from accounts.signin import retention

log = logging.getLogger(__name__)


@shared_task(name="accounts.anchor_audit", ignore_result=True, time_limit=120)
def anchor_audit() -> None:
    """Write the heads of the audit chains down outside the database."""
    anchors.write()


@shared_task(name="accounts.prune_sign_ins", ignore_result=True, time_limit=600)
def prune_sign_ins() -> None:
    """Every hour: forget sign-ins of programs that are long over, and counts that have run out."""
    log.debug("sign-ins forgotten: %s, counts: %s", retention.prune(), stored.prune())
