"""What people do with webhooks. Doors, API and admin alike, come in here."""

from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts import audit, policy
from accounts.audit import Operation
from accounts.models import User
from exportcenter.common import clock
from exportcenter.common.client import Client
from exportcenter.common.database import lock_by_name
from exportcenter.common.errors import InvalidParameters, NotFound, StateConflict
from exportcenter.common.ids import read_id
from jobs.events import reading
from jobs.models import Webhook, WebhookDelivery, WebhookSecret
from jobs.models.webhook import Delivery, Scope, Stopped
from jobs.webhooks import secrets
from jobs.webhooks.checks import EVENTS, check_fields
from jobs.webhooks.words import STOPPED

MOST = {Scope.PERSON: 20, Scope.COMPANY: 50}
"""Webhooks of one person, and of one company."""


def find_visible(key: Any, actor: User) -> Webhook:
    """The webhook with this id, if ``actor`` may see it, and so change it. Raises NotFound."""
    visible = Webhook.objects.visible_to(actor).select_related("owner__tenant")
    found: Webhook | None = visible.filter(pk=read_id(key)).first()
    if found is None:
        raise NotFound(_("No such webhook."))
    return found


@transaction.atomic
def create_webhook(
    *,
    url: str,
    scope: str = Scope.PERSON,
    description: str = "",
    events: Sequence[str] = EVENTS,
    statuses: Sequence[str] = (),
    kinds: Sequence[str] = (),
    datasets: Sequence[str] = (),
    enabled: bool = True,
    actor: User,
    client: Client | None = None,
) -> tuple[Webhook, WebhookSecret]:
    """A webhook of ``actor``, which hears of what happens from now on, and its secret.

    Raises InvalidParameters (400), PermissionRefused (403) for a webhook of the company, StateConflict (409) when there
    are too many.
    """
    if scope not in Scope.values:
        raise InvalidParameters(details={"scope": [_("Allowed: %(allowed)s.") % {"allowed": ", ".join(Scope.values)}]})
    if scope == Scope.COMPANY:
        policy.may(actor, policy.Action.WEBHOOK_COMPANY).or_refuse()
    said = {"events": events, "statuses": statuses, "kinds": kinds, "datasets": datasets, "description": description}
    check_fields(url=url, **said)
    _refuse_too_many(scope, actor)
    now = clock.now()
    lists = {name: sorted(set(said[name])) for name in ("events", "statuses", "kinds", "datasets")}
    webhook: Webhook = Webhook.objects.create(
        owner=actor,
        scope=scope,
        url=url,
        description=description,
        **lists,
        enabled=enabled,
        stopped="" if enabled else Stopped.BY_HAND,
        stopped_at=None if enabled else now,
        position=reading.newest(),
        created_at=now,
        updated_at=now,
    )
    secret = secrets.add(webhook, now=now)
    _note(Operation.WEBHOOK_CREATE, webhook, actor, client, scope=scope, host=_host(url))
    return webhook, secret


@transaction.atomic
def update_webhook(key: Any, *, actor: User, client: Client | None = None, **fields: Any) -> Webhook:
    """Change what is given of url, description, events, statuses, kinds, datasets and enabled.

    Who switches it on again hears of what happens from now on; what waited when it was switched off is not sent by
    itself. Raises NotFound and what create_webhook raises.
    """
    webhook = _lock(key, actor)
    check_fields(**{name: value for name, value in fields.items() if name != "enabled"})
    now = clock.now()
    changed: list[str] = []
    for name in ("url", "description", "events", "statuses", "kinds", "datasets"):
        if name in fields:
            value = sorted(set(fields[name])) if isinstance(fields[name], list | tuple) else fields[name]
            changed += [name] if getattr(webhook, name) != value else []
            setattr(webhook, name, value)
    if "url" in changed:
        webhook.failures, webhook.failing_since, webhook.not_before = 0, None, None
    webhook.updated_at = now
    if fields.get("enabled") is True and not webhook.enabled:
        changed.append("enabled")
        webhook.enabled, webhook.stopped, webhook.stopped_at = True, "", None
        webhook.failures, webhook.failing_since, webhook.not_before = 0, None, None
        webhook.position = reading.newest()
    webhook.save()
    if fields.get("enabled") is False and webhook.enabled:
        changed.append("enabled")
        switch_off(webhook, Stopped.BY_HAND)
    if changed:
        _note(Operation.WEBHOOK_UPDATE, webhook, actor, client, fields=changed, host=_host(webhook.url))
    return webhook


@transaction.atomic
def delete_webhook(key: Any, *, actor: User, client: Client | None = None) -> None:
    """Remove it with its secrets and its log. Raises NotFound."""
    webhook = _lock(key, actor)
    _note(Operation.WEBHOOK_DELETE, webhook, actor, client, host=_host(webhook.url))
    webhook.delete()


@transaction.atomic
def rotate_secret(key: Any, *, actor: User, client: Client | None = None) -> tuple[Webhook, WebhookSecret]:
    """A new secret; the one before signs along for a day. Raises NotFound."""
    webhook = _lock(key, actor)
    secret = secrets.add(webhook, now=clock.now())
    _note(Operation.WEBHOOK_ROTATE, webhook, actor, client, number=secret.number)
    return webhook, secret


@transaction.atomic
def resend(key: Any, message_id: str, *, actor: User, client: Client | None = None) -> WebhookDelivery:
    """Send a message again as soon as possible, with all its attempts before it. Raises NotFound, and StateConflict
    (409) for a test, or while the webhook is off or the message waits anyway."""
    webhook = _lock(key, actor)
    rows = WebhookDelivery.objects.select_for_update(of=("self",)).filter(webhook=webhook)
    delivery: WebhookDelivery | None = rows.filter(message_id=message_id[:40].replace("\0", "")).first()
    if delivery is None:
        raise NotFound(_("No such message."))
    if delivery.event_seq is None:
        raise StateConflict(_("This was a test. Send another one instead."))
    if not webhook.enabled:
        raise StateConflict(_("The webhook is off. Switch it on first."))
    now = clock.now()
    delivery.state, delivery.attempts, delivery.next_attempt_at = Delivery.QUEUED, 0, now
    delivery.save()
    Webhook.objects.filter(pk=webhook.pk).update(not_before=None)
    _note(Operation.WEBHOOK_RESEND, webhook, actor, client, message=delivery.message_id, subject=delivery.subject)
    return delivery


def switch_off(webhook: Webhook, why: Stopped) -> None:
    """No event is looked at and no message is sent any more; those that wait have failed. Lock the webhook first."""
    webhook.enabled, webhook.stopped, webhook.stopped_at = False, why, clock.now()
    webhook.save(update_fields=["enabled", "stopped", "stopped_at"])
    waiting = WebhookDelivery.objects.filter(webhook=webhook, state=Delivery.QUEUED)
    waiting.update(state=Delivery.FAILED, next_attempt_at=None, error=STOPPED, error_detail="")


def stop(webhook: Webhook, why: Stopped) -> None:
    """The same when nobody asked for it: it stands in the audit trail, and people hear of it. Takes the head."""
    from jobs.webhooks import notices

    switch_off(webhook, why)
    notices.tell(webhook, "stopped", reason=why.value)
    _note(Operation.WEBHOOK_STOP, webhook, None, None, reason=why.value, host=_host(webhook.url))


def _lock(key: Any, actor: User) -> Webhook:
    seen = find_visible(key, actor)
    rows = Webhook.objects.select_for_update(of=("self",)).select_related("owner__tenant")
    locked: Webhook | None = rows.filter(pk=seen.pk).first()
    if locked is None:
        raise NotFound(_("No such webhook."))
    policy.may(actor, policy.Action.WEBHOOK_CHANGE, locked).or_refuse()
    return locked


def _refuse_too_many(scope: str, actor: User) -> None:
    whose = actor.pk if scope == Scope.PERSON else actor.tenant_id
    lock_by_name(f"webhook:{whose}")  # one at a time: two requests cannot pass the limit together
    rows = Webhook.objects.filter(scope=scope)
    most = MOST[Scope(scope)]
    if (rows.filter(owner=actor) if scope == Scope.PERSON else rows).count() >= most:
        words = _("There are %(most)d webhooks already.") % {"most": most}
        raise StateConflict(words, advice=_("Delete one that you no longer need."))


def _host(url: str) -> str:
    """Only the host: the rest of an address may be a secret of the receiver's."""
    return url.split("/")[2][:100]


def _note(operation: Operation, webhook: Webhook, actor: User | None, client: Client | None, **details: Any) -> None:
    audit.record(operation, actor=actor, resource=f"webhook:{webhook.pk}", details=details, client=client)
