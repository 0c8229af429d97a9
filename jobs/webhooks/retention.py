"""Forgetting old messages, and secrets that sign no more."""

from datetime import timedelta

from accounts.tenancy import in_every_tenant
from exportcenter.common import clock
from jobs.models import WebhookDelivery, WebhookSecret
from jobs.models.webhook import Delivery

KEEP = timedelta(days=30)
CHUNK = 5000
"""Messages that one transaction deletes at most."""


def prune() -> int:
    """Delete the messages of every company that are older than KEEP, unless they still wait. Returns how many."""
    return in_every_tenant(_prune_some)


def _prune_some() -> int:
    now = clock.now()
    WebhookSecret.objects.filter(expires_at__lte=now).delete()
    old = WebhookDelivery.objects.filter(created_at__lt=now - KEEP).exclude(state=Delivery.QUEUED)
    keys = list(old.order_by("created_at").values_list("pk", flat=True)[:CHUNK])
    gone: int
    gone, _by_model = WebhookDelivery.objects.filter(pk__in=keys).delete()
    return gone
