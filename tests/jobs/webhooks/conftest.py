"""Helpers of tests of webhooks: receivers, webhooks, and jobs whose changes they hear of."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from jobs.engine import kinds
from jobs.engine.record import note_change
from jobs.models import ExportJob, Webhook, WebhookDelivery
from jobs.webhooks import secrets, services
from jobs.webhooks.fanout import fan_out
from jobs.webhooks.sending import send_next
from tests.exports_helpers import Exports, signed_in
from tests.jobs.engine.conftest import processes
from tests.receiver import Receiver

__all__ = ["processes"]


@pytest.fixture(autouse=True)
def _loose(settings):
    """Receivers of tests are on this machine, without TLS."""
    settings.WEBHOOK_ALLOW_PRIVATE = True


@pytest.fixture
def sign_in(_world):
    return lambda name: signed_in(_world, name)


@pytest.fixture
def receive():
    """receive(manner) → a receiver."""
    made: list[Receiver] = []

    def _receive(manner=None, **more) -> Receiver:
        made.append(Receiver(manner, **more))
        return made[-1]

    yield _receive
    for one in made:
        one.close()


@pytest.fixture
def hook(_world):
    """hook("finance", url, …) → (webhook, its secret as its owner sees it)."""

    def _hook(name: str, url: str, **fields: Any) -> tuple[Webhook, str]:
        with _world.scope(name):
            webhook, secret = services.create_webhook(url=url, actor=_world.user(name), **fields)
            return webhook, secrets.text_of(secret)

    return _hook


class Jobs:
    """Exports that change before everybody's eyes."""

    def __init__(self, world: Any, exports: Exports) -> None:
        self.world, self.exports = world, exports

    def become(self, owner: str, status: str = "ready", dataset: str = "members", **fields: Any) -> ExportJob:
        """An export that goes to ``status`` in one step, and one event of that."""
        job = self.exports.make(owner, dataset, status, **fields)
        with self.world.scope(owner):
            note_change(kinds.get("export"), job, before="processing")
        return job


@pytest.fixture
def jobs(_world, exports):
    return Jobs(_world, exports)


class Log:
    """Reads and turns back what is stored."""

    def __init__(self, world: Any) -> None:
        self.world = world

    def of(self, webhook: Webhook) -> list[WebhookDelivery]:
        """Its messages, the oldest first."""
        with self._scope(webhook):
            return list(WebhookDelivery.objects.filter(webhook=webhook).order_by("id"))

    def states(self, webhook: Webhook) -> list[str]:
        return [row.state for row in self.of(webhook)]

    def now(self, webhook: Webhook) -> Webhook:
        with self._scope(webhook):
            return Webhook.objects.select_related("owner").get(pk=webhook.pk)

    def change(self, webhook: Webhook, **values: Any) -> None:
        with self._scope(webhook):
            assert Webhook.objects.filter(pk=webhook.pk).update(**values) == 1

    def make_due(self, webhook: Webhook) -> None:
        """As if every pause were over."""
        before = timezone.now() - timedelta(minutes=1)
        with self._scope(webhook):
            WebhookDelivery.objects.filter(webhook=webhook, state="queued").update(next_attempt_at=before)
            Webhook.objects.filter(pk=webhook.pk).update(not_before=None)

    def _scope(self, webhook: Webhook):
        from accounts import tenancy

        return tenancy.tenant_scope(webhook.tenant_id)


@pytest.fixture
def log(_world):
    return Log(_world)


@pytest.fixture
def run():
    """run() → look at events, then send everything that is due; how many attempts that were."""

    def _run() -> int:
        fan_out()
        count = 0
        while send_next():
            count += 1
        return count

    return _run
