"""One rule, asked in two ways: they must agree with each other, and with the lists of jobs."""

import itertools
from datetime import UTC, datetime

import pytest

from jobs.events.facts import NOTIFICATION, PROGRESS, Fact
from jobs.events.visibility import Viewer
from jobs.models import Event, ExportJob

PEOPLE = ("admin", "finance", "risk", "operator", "nobody", "acme_admin", "acme_manager", "acme_user", "globex_admin")
OWNERS = (*PEOPLE, None)
TYPES = ("job.status", "job.accelerated", NOTIFICATION)
CLASSES = ("amount", "risk", "general", "")


@pytest.fixture
def stored(world, tell):
    """Every kind of event of every company."""
    made = []
    for slug, people in (("platform", PEOPLE[:5]), ("acme", PEOPLE[5:8]), ("globex", PEOPLE[8:])):
        for owner, type_, sensitivity in itertools.product((*people, ""), TYPES, CLASSES):
            tell(slug, f"{owner}/{type_}/{sensitivity}", owner=owner, kind=type_, sensitivity=sensitivity)
        with world.scope(slug):
            made += list(Event.objects.order_by("seq"))
    return made


def fact_of(event):
    return Fact(
        event.tenant_id, event.seq, event.type, event.subject, event.data, event.owner_id, event.sensitivity, event.at
    )


@pytest.mark.parametrize("name", PEOPLE)
def test_the_question_and_the_condition_agree(world, stored, name):
    with world.scope(name):
        viewer = Viewer.of(world.user(name))
        listed = set(Event.objects.filter(viewer.condition()).values_list("pk", flat=True))
    asked = {event.pk for event in stored if viewer.may_see(fact_of(event))}
    assert listed == asked
    assert len(stored) == (6 + 4 + 2) * 3 * 4


def test_a_notification_is_for_its_owner_alone(world, stored):
    for name in PEOPLE:
        with world.scope(name):
            viewer = Viewer.of(world.user(name))
        seen = {event.subject for event in stored if event.type == NOTIFICATION and viewer.may_see(fact_of(event))}
        assert seen == {f"{name}/{NOTIFICATION}/{sensitivity}" for sensitivity in CLASSES}


@pytest.mark.parametrize("name", PEOPLE)
def test_whoever_sees_a_job_sees_its_events_and_nobody_else(world, exports, name):
    jobs = [
        exports.make(owner, dataset)
        for owner in ("admin", "finance", "risk", "operator", "nobody", "acme_admin", "acme_user", "globex_admin")
        for dataset in ("orders", "risk_hits", "members")
    ]
    with world.scope(name):
        user = world.user(name)
        viewer = Viewer.of(user)
        listed = set(ExportJob.objects.visible_to(user).values_list("pk", flat=True))
    for job in jobs:
        now = datetime.now(UTC)
        for type_ in ("job.status", PROGRESS):
            fact = Fact(job.tenant_id, 1, type_, job.job_no, {}, job.owner_id, job.sensitivity, now)
            assert viewer.may_see(fact) is (job.pk in listed)
