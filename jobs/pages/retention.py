"""How long notifications and page events are kept."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.db.models import Q

from accounts.tenancy import in_every_tenant
from exportcenter.common import clock
from jobs.models import Notification, UiEvent

READ = timedelta(days=30)
"""A notification that was read, from the day it was written."""
ALL = timedelta(days=90)
"""Any notification, and any page event."""
BATCH = 5_000


def prune() -> int:
    """Delete what is too old, company by company. Any number of copies may run. Returns how many rows went."""
    return sum(in_every_tenant(partial(_delete_some, old)) for old in (_old_notifications, _old_page_events))


def _delete_some(old: Callable[[datetime], Any]) -> int:
    rows = old(clock.now())
    keys = list(rows.order_by("pk").values_list("pk", flat=True)[:BATCH])
    return int(rows.filter(pk__in=keys)._raw_delete(using="default")) if keys else 0


def _old_notifications(now: datetime) -> Any:
    seen = Q(created_at__lt=now - READ, read_at__isnull=False)
    return Notification.objects.filter(seen | Q(created_at__lt=now - ALL))


def _old_page_events(now: datetime) -> Any:
    return UiEvent.objects.filter(at__lt=now - ALL)
