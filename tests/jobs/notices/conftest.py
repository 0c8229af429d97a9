"""Helpers of tests of notifications."""

import pytest

from jobs.models import Notification
from jobs.notices import tell
from jobs.pages.preferences import set_preference
from tests.jobs.engine.conftest import echo, processes, reload

__all__ = ["echo", "processes", "reload"]


@pytest.fixture
def wish():
    """wish(world, "finance", mail=["ready"]): what the person wants to hear of; ways not named keep their defaults."""

    def _wish(world, name: str, **ways: list[str]) -> None:
        value = {way: {ending: ending in endings for ending in ENDINGS} for way, endings in ways.items()}
        with world.scope(name):
            set_preference(page="notifications", value=value, merge=True, actor=world.user(name))

    return _wish


@pytest.fixture
def told():
    """told(world, "finance") → a notification of the person's, about the end of an export."""

    def _told(world, name: str, kind: str = "export.ready", subject: str = "E20261001001", **data) -> Notification:
        with world.scope(name):
            told = tell(user_id=world.users[name][1], kind=kind, subject=subject, data=READY | data)
            assert told is not None
            return Notification.objects.get(pk=told.pk)

    return _told


ENDINGS = ("ready", "failed", "canceled")
READY = {"type": "orders", "rows": 1234567, "size": 12_345_678, "error_code": ""}
