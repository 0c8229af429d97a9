"""Forgetting old events."""

from datetime import timedelta

import pytest
from django.utils import timezone
from django_celery_beat.models import PeriodicTask

from exportcenter.celery import app
from jobs.events import retention
from jobs.events.tasks import prune_events
from jobs.models import Event


@pytest.fixture
def age(world):
    """age("platform", 50, 49, 1) → one event each, so many hours old."""

    def _age(slug, *hours):
        with world.scope(slug):
            for event, old in zip(Event.objects.order_by("seq"), hours, strict=True):
                Event.objects.filter(pk=event.pk).update(at=timezone.now() - timedelta(hours=old))

    return _age


def left(world, slug):
    with world.scope(slug):
        return list(Event.objects.order_by("seq").values_list("subject", flat=True))


@pytest.mark.parametrize("chunk", [1, 2, 3, 5000])
def test_old_events_of_every_company_are_forgotten(world, tell, age, monkeypatch, chunk):
    monkeypatch.setattr(retention, "CHUNK", chunk)
    for slug in ("platform", "acme"):
        tell(slug, *"abcd")
        age(slug, 100, 49, 47, 0)
    assert retention.prune() == 4
    assert left(world, "platform") == left(world, "acme") == ["c", "d"]
    assert retention.prune() == 0


def test_never_a_hole_in_the_middle(world, tell, age):
    """A long transaction has an old time and a late number."""
    tell("platform", *"abcd")
    age("platform", 100, 1, 49, 1)
    assert retention.prune() == 1
    assert left(world, "platform") == ["b", "c", "d"]


def test_how_long_is_a_setting(world, tell, age, settings):
    settings.EVENT_KEEP_HOURS = 2
    tell("platform", *"ab")
    age("platform", 3, 1)
    prune_events()
    assert left(world, "platform") == ["b"]


def test_beat_knows_the_task(world):
    app.loader.import_default_modules()
    assert PeriodicTask.objects.get(task="jobs.prune_events").interval.every == 60
    assert "jobs.prune_events" in app.tasks
