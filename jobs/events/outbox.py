"""Writing events: in the transaction of the change, or not at all."""

from typing import Any
from uuid import UUID

from django.db.models.functions import Now

from accounts.audit.recorder import lock_head
from accounts.models import TenantHead
from jobs.models.event import Event


def publish(
    type: str,  # noqa: A002 - the word of the event format
    subject: str,
    data: dict[str, Any],
    *,
    owner_id: UUID | None = None,
    sensitivity: str = "",
) -> int:
    """Append an event to the current tenant's stream and return its number.

    Numbers are gapless and in commit order, because the tenant's head row stays locked until commit. Call it
    after every other lock is taken (SPEC T2, T3).
    """
    head = lock_head()
    seq = head.event_seq + 1
    Event.objects.create(
        seq=seq, type=type, subject=subject, data=data, owner_id=owner_id, sensitivity=sensitivity, at=Now()
    )
    TenantHead.objects.filter(pk=head.pk).update(event_seq=seq)
    return seq
