"""Writing notifications: in the transaction of what they tell about, or not at all."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models.functions import Now

from accounts.models import User
from jobs import events
from jobs.models.notification import Mail, Notification
from jobs.notices.inbox import count_unread
from jobs.pages.preferences import NOTIFICATIONS, get_preference

EVENT = "notification"
"""Type of the events on the live stream."""
WISHES_UNSAID = {"bell": True, "mail": False}
"""For endings that people cannot choose about."""


def tell(*, user_id: UUID, kind: str, subject: str, data: Mapping[str, Any]) -> Notification | None:
    """Tell somebody of the current tenant, as the person's preferences for the end of ``kind`` wish; None: not at all.

    Parameters:
        kind: what has happened, "<kind of job>.<ending>", e.g. "export.ready"
        subject: number of the job
        data: what the words need; no personal data, no values of filters

    Takes the tenant's head, like jobs.events.publish: call it after every other lock is taken.
    """
    ending = kind.rpartition(".")[2]
    wishes = get_preference(page=NOTIFICATIONS, user_id=user_id)
    bell, mail = (wishes[way].get(ending, WISHES_UNSAID[way]) for way in ("bell", "mail"))
    mail = mail and User.objects.filter(pk=user_id).exclude(email="").exists()
    if not bell and not mail:
        return None
    notification: Notification = Notification.objects.create(
        user_id=user_id,
        kind=kind,
        subject=subject,
        data=dict(data),
        created_at=Now(),
        read_at=None if bell else Now(),
        mail=Mail.QUEUED if mail else Mail.NONE,
        mail_due_at=Now() if mail else None,
    )
    with connection.cursor() as cursor:
        # The key is checked now, not at commit: that locks the person's row, and who changes people locks their rows
        # before the head. The other order would be a deadlock.
        cursor.execute("SET CONSTRAINTS jobs_notification_user_id_tenant_fk IMMEDIATE")
    if mail:
        transaction.on_commit(_ring)
    if bell:
        _publish(notification)
    return notification


def _publish(notification: Notification) -> None:
    events.publish(
        EVENT,
        notification.subject,
        notification.data
        | {
            "notification_id": notification.pk,
            "kind": notification.kind,
            "subject": notification.subject,
            "unread": count_unread(notification.user_id),
        },
        owner_id=notification.user_id,
    )


def _ring() -> None:
    from jobs.notices.tasks import ring

    ring()
