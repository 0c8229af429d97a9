"""Forgetting events: who was away for longer starts anew."""

from datetime import timedelta

from django.conf import settings

from accounts.tenancy import in_every_tenant
from exportcenter.common import clock
from jobs.models.event import Event

CHUNK = 5000
"""Events that one transaction deletes at most."""


def prune() -> int:
    """Delete the events of every tenant that are older than EVENT_KEEP_HOURS. Any number of copies may run. Returns
    how many are gone."""
    return in_every_tenant(_prune_some)


def _prune_some() -> int:
    """How many of the current tenant's events are gone; 0 when there are no more.

    Always the oldest numbers, without a gap: a time is that of its transaction's start, so a later number can be older
    than the one before it, and a hole in the middle would look to a reader as if nothing were missing.
    """
    border = clock.now() - timedelta(hours=settings.EVENT_KEEP_HOURS)
    oldest = list(Event.objects.order_by("seq").values_list("seq", "at")[:CHUNK])
    kept = next((index for index, (_seq, at) in enumerate(oldest) if at >= border), len(oldest))
    if not kept:
        return 0
    gone: int
    gone, _by_model = Event.objects.filter(seq__lte=oldest[kept - 1][0]).delete()
    return gone
