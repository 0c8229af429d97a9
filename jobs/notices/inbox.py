"""The bell: what one person has been told, and what of it is unread. Own rows only."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db import transaction
from django.db.models import Func, IntegerField
from django.db.models.functions import Now

from accounts.models import User
from jobs.models.notification import Notification

MOST_UNREAD = 1000
"""Nobody reads the difference between a thousand and more; counting stays cheap."""


def count_unread(user_id: UUID) -> int:
    """How many notifications the person has not read, at most MOST_UNREAD."""
    unread = Notification.objects.filter(user_id=user_id, read_at=None).order_by()
    return int(unread[:MOST_UNREAD].count())


def mark(*, actor: User, before: int | None = None, limit: int) -> tuple[Any, ...]:
    """Another one whenever ``newest`` or ``count_unread`` may answer otherwise, in one question. What a notification
    says never changes, but for when it was read."""
    rows = Notification.objects.filter(user=actor).order_by("-id")
    shown = (rows if before is None else rows.filter(pk__lt=before))[:limit]
    unread = Notification.objects.filter(user=actor, read_at=None).order_by().values("pk")[:MOST_UNREAD]
    asked = User.objects.filter(pk=actor.pk).values_list(
        ArraySubquery(shown.values("pk")),
        ArraySubquery(shown.values("read_at")),
        Func(ArraySubquery(unread), function="cardinality", output_field=IntegerField()),
    )
    return tuple(asked.get())


def newest(*, actor: User, before: int | None = None, limit: int) -> list[Notification]:
    """What ``actor`` has been told, the newest first; ``before``: only what is older than this id."""
    rows = Notification.objects.filter(user=actor).order_by("-id")
    return list((rows if before is None else rows.filter(pk__lt=before))[:limit])


@transaction.atomic
def mark_read(*, actor: User, ids: Collection[int] | None = None) -> int:
    """Mark these as read, or (None) all there are. Ids of others are passed over. Returns how many are unread still."""
    rows = Notification.objects.filter(user=actor, read_at=None)
    (rows if ids is None else rows.filter(pk__in=ids)).update(read_at=Now())
    return count_unread(actor.pk)
