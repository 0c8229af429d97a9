"""Writing events: in the transaction of the change, or not at all."""

import re
from typing import Any
from uuid import UUID

from django.db.models.functions import Now

from accounts.audit.recorder import lock_head
from accounts.models import TenantHead
from jobs.events import signing
from jobs.models.event import Event

OURS = frozenset({"hello", "reset"})
"""What a stream says of itself."""
_TYPE = re.compile(r"[a-z_]+(\.[a-z_]+)*")


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
    after every other lock is taken (SPEC T2, T3). Raises ValueError when ``type`` is no name of an event, and TypeError
    when ``data`` cannot be signed: it is made of texts, whole numbers, true, false and null.
    """
    if not _TYPE.fullmatch(type) or type in OURS:
        raise ValueError(f"{type!r} cannot be the type of an event.")
    signing.canonical(data)
    head = lock_head()
    seq = head.event_seq + 1
    Event.objects.create(
        seq=seq, type=type, subject=subject, data=data, owner_id=owner_id, sensitivity=sensitivity, at=Now()
    )
    TenantHead.objects.filter(pk=head.pk).update(event_seq=seq)
    return seq
