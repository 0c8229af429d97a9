"""What is kept, and for how long."""

from datetime import timedelta

import pytest
from django.utils import timezone

from jobs.models import Notification, UiEvent
from jobs.pages import retention

PEOPLE = ("finance", "acme_admin")


@pytest.fixture
def kept(world):
    """kept() → names of the rows that are left, of each person."""

    def _kept():
        left = {}
        for name in PEOPLE:
            with world.scope(name):
                left[name] = {
                    *Notification.objects.values_list("subject", flat=True),
                    *UiEvent.objects.values_list("name", flat=True),
                }
        return left

    return _kept


def fill(world) -> None:
    now = timezone.now()
    for name in PEOPLE:
        with world.scope(name):
            user = world.user(name)
            for days in (29, 31, 89, 91):
                created = now - timedelta(days=days)
                common = {"user": user, "kind": "export.ready", "created_at": created}
                Notification.objects.create(subject=f"read {days}", read_at=now, **common)
                Notification.objects.create(subject=f"unread {days}", **common)
                UiEvent.objects.create(user=user, name=f"event {days}", at=created)


LEFT = {"read 29", "unread 29", "unread 31", "unread 89", "event 29", "event 31", "event 89"}


@pytest.mark.parametrize("batch", [1, 5000])
def test_read_ones_for_thirty_days_everything_for_ninety(world, kept, monkeypatch, batch):
    monkeypatch.setattr(retention, "BATCH", batch)
    fill(world)
    assert retention.prune() == 2 * 5
    assert kept() == dict.fromkeys(PEOPLE, LEFT)
    assert retention.prune() == 0
    assert kept() == dict.fromkeys(PEOPLE, LEFT)
