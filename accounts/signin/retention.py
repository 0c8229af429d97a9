"""Forgetting sign-ins of programs that are long over."""

from datetime import timedelta

from django.db.models import Q
from django.db.models.functions import Now

from accounts.models import TokenFamily
from accounts.tenancy import in_every_tenant

KEEP = timedelta(days=30)
"""The list in the admin goes back so far; the audit trail knows of them for ever."""
CHUNK = 1000


def prune() -> int:
    """Delete the families of every tenant that expired or ended more than KEEP ago. Any number of copies may run.
    Returns how many are gone."""
    return in_every_tenant(_prune_some)


def _prune_some() -> int:
    over = Q(expires_at__lt=Now() - KEEP) | Q(ended_at__lt=Now() - KEEP)
    oldest = TokenFamily.objects.filter(over).select_for_update(skip_locked=True).order_by("pk")[:CHUNK]
    gone: int
    gone, _by_model = TokenFamily.objects.filter(pk__in=[family.pk for family in oldest]).delete()
    return gone
