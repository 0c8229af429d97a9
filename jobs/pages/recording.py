"""Writing page events down, so many a minute and person."""

import math
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from exportcenter.common import clock
from exportcenter.common.database import lock_by_name
from exportcenter.common.errors import Throttled
from jobs.models import UiEvent
from jobs.pages.ui_events import Happened

MOST_A_MINUTE = 300
"""Events of one person."""
MINUTE = timedelta(minutes=1)


@transaction.atomic
def record_events(*, events: Sequence[Happened], actor: User) -> None:
    """Store ``events`` with the database's time. Raises Throttled (429) when the last minute leaves no room for all.

    One call at a time per person: two that count at once would each find room.
    """
    lock_by_name(f"exportcenter page events {actor.pk}")
    now = clock.now()
    _refuse_over_limit(actor, now - MINUTE, len(events))
    UiEvent.objects.bulk_create(UiEvent(user=actor, name=event.name, data=event.data, at=now) for event in events)


def _refuse_over_limit(actor: User, since: datetime, wanted: int) -> None:
    lately = UiEvent.objects.filter(user=actor, at__gt=since).order_by("at")
    over = lately.count() + wanted - MOST_A_MINUTE
    if over <= 0:
        return
    freed = lately.values_list("at", flat=True)[over - 1] + MINUTE - clock.now()
    raise Throttled(
        _("At most %(most)d page events a minute are recorded.") % {"most": MOST_A_MINUTE},
        retry_after=max(1, math.ceil(freed.total_seconds())),
    )
