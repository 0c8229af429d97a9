"""Sending messages: at least once each, one at a time for each webhook, by any number of senders.

An attempt is written down, with a lease on its webhook, and committed; then the message is on its way without any
transaction or database connection; then what came of it is written down. A sender that dies in the middle leaves the
lease behind, and once it is over another one sends the message again.
"""

import logging
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts import tenancy
from exportcenter.common import clock, egress
from jobs.models import Webhook, WebhookDelivery
from jobs.models.webhook import Delivery, Stopped
from jobs.webhooks import message, schedule, secrets, services, words
from jobs.webhooks.message import Message
from jobs.webhooks.rights import keeps_its_right, may_hear

log = logging.getLogger(__name__)

EXCERPT = 1024
"""Bytes of an answer that are kept."""
GONE = 410
TAKE = """
SELECT webhook.id, webhook.tenant_id FROM jobs_webhook webhook
WHERE webhook.enabled
  AND (webhook.lease_until IS NULL OR webhook.lease_until <= statement_timestamp())
  AND (webhook.not_before IS NULL OR webhook.not_before <= statement_timestamp())
  AND EXISTS (SELECT 1 FROM jobs_webhookdelivery delivery
              WHERE delivery.webhook_id = webhook.id AND delivery.state = 'queued'
                AND delivery.next_attempt_at <= statement_timestamp())
ORDER BY webhook.served_at NULLS FIRST, webhook.id LIMIT 1 FOR UPDATE OF webhook SKIP LOCKED
"""


@dataclass(frozen=True)
class Attempt:
    """The right to send one message now."""

    tenant_id: UUID
    webhook_id: UUID
    delivery_id: int
    number: int
    fence: int
    message: Message
    test: bool = False
    """Its outcome says nothing about the webhook, and it is not repeated."""


@dataclass(frozen=True)
class Outcome:
    """What came of it."""

    milliseconds: int = 0
    status: int | None = None
    answer: str = ""
    error: str = ""
    """Empty: it arrived."""
    detail: str = ""
    wish: timedelta | None = field(default=None)
    """What Retry-After asks for."""

    def fields(self) -> dict[str, Any]:
        """As they are stored with the message."""
        return {
            "response_code": self.status,
            "milliseconds": self.milliseconds,
            "answer": self.answer,
            "error": self.error,
            "error_detail": _line(self.detail),
        }


def send_next() -> bool:
    """Send the message that is due at the webhook that was served longest ago. False: nothing is due."""
    taken = take()
    if taken is None:
        return False
    if isinstance(taken, Attempt):
        settle(taken, deliver(taken.message))
    return True


def take() -> Attempt | Webhook | None:
    """Write down an attempt. None: nothing is due; a Webhook: something was found that must not be sent."""
    with transaction.atomic():
        with tenancy.role_scope(tenancy.ENGINE_ROLE), connection.cursor() as cursor:
            cursor.execute(TAKE)
            row: tuple[UUID, UUID] | None = cursor.fetchone()
        if row is None:
            return None
        key, tenant_id = row
        with tenancy.tenant_scope(tenant_id):
            return _begin(Webhook.objects.select_related("owner__tenant").get(pk=key), tenant_id)


def lease(webhook: Webhook, *, now: datetime) -> int:
    """Take the one way to the webhook's receiver, whose row is locked; its fence."""
    webhook.fence += 1
    webhook.lease_until = now + schedule.lease()
    webhook.served_at = now
    webhook.save(update_fields=["fence", "lease_until", "served_at"])
    return webhook.fence


def deliver(said: Message) -> Outcome:
    """Send it. Never raises, whatever the receiver does."""
    if not connection.in_atomic_block:
        connection.close()  # nobody waits for a slow receiver with a connection in hand
    began = time.monotonic()
    try:
        answer = egress.post(said.url, said.body, said.headers)
    except egress.EgressError as error:
        return Outcome(_since(began), error=error.problem, detail=error.detail)
    except Exception as error:
        log.exception("a message could not be sent")
        return Outcome(_since(began), error=words.FAULT, detail=type(error).__name__)
    arrived = 200 <= answer.status < 300
    return Outcome(
        _since(began),
        status=answer.status,
        answer=answer.body[:EXCERPT].decode("utf-8", "replace").replace("\0", "\ufffd"),
        error="" if arrived else words.STATUS,
        wish=None if arrived else wish_in(answer.retry_after),
    )


def settle(attempt: Attempt, outcome: Outcome) -> None:
    """Write down what came of it. A sender whose lease was over may still say that its message arrived."""
    with tenancy.tenant_scope(attempt.tenant_id):
        rows = Webhook.objects.select_for_update(of=("self",)).select_related("owner__tenant")
        webhook: Webhook | None = rows.filter(pk=attempt.webhook_id).first()
        if webhook is None:
            return
        holds = webhook.fence == attempt.fence
        if holds:
            webhook.lease_until = None
        now = clock.now()
        deliveries = WebhookDelivery.objects.filter(pk=attempt.delivery_id, attempts=attempt.number)
        if attempt.test:
            deliveries.update(state=Delivery.FAILED if outcome.error else Delivery.SENT, **outcome.fields())
            webhook.save(update_fields=["lease_until"])
        elif not outcome.error:
            deliveries.update(state=Delivery.SENT, next_attempt_at=None, **outcome.fields())
            webhook.failures, webhook.failing_since, webhook.not_before = 0, None, None
            webhook.save(update_fields=["lease_until", "failures", "failing_since", "not_before"])
        elif holds:
            _settle_failure(webhook, deliveries.filter(state=Delivery.QUEUED), attempt, outcome, now)


def _begin(webhook: Webhook, tenant_id: UUID) -> Attempt | Webhook:
    """The next message of a webhook whose row is locked, if it may be sent."""
    if not keeps_its_right(webhook):
        services.stop(webhook, Stopped.RIGHTS)
        return webhook
    due = WebhookDelivery.objects.filter(webhook=webhook, state=Delivery.QUEUED, next_attempt_at__lte=_moment())
    delivery: WebhookDelivery | None = due.order_by("id").first()
    if delivery is None:  # TAKE looked a moment earlier: another sender has sent it since
        return webhook
    now = clock.now()
    problem = "" if may_hear(webhook, delivery) else words.RIGHTS
    if delivery.attempts >= schedule.MOST_ATTEMPTS:  # the sender of the last one died
        problem = words.LOST
    said = None
    if not problem:
        try:
            said = message.compose(webhook, delivery, now=timezone.now())
        except secrets.KeyGone:
            problem = words.KEY
        except Exception:
            log.exception("message %s cannot be put together", delivery.message_id)
            problem = words.FAULT
    delivery.attempts += 0 if problem else 1
    if said is None:
        delivery.state, delivery.next_attempt_at, delivery.error = Delivery.FAILED, None, problem
        delivery.save()
        return webhook
    delivery.attempted_at = now
    delivery.save(update_fields=["attempts", "attempted_at"])
    fence = lease(webhook, now=now)
    return Attempt(tenant_id, webhook.pk, delivery.pk, delivery.attempts, fence, said)


def _settle_failure(
    webhook: Webhook, rows: QuerySet[WebhookDelivery], attempt: Attempt, outcome: Outcome, now: datetime
) -> None:
    pause = schedule.pause_after(attempt.number, outcome.wish)
    if pause is None or outcome.status == GONE:
        rows.update(state=Delivery.FAILED, next_attempt_at=None, **outcome.fields())
    else:
        rows.update(next_attempt_at=now + pause, **outcome.fields())
    webhook.failures += 1
    webhook.failing_since = webhook.failing_since or now
    webhook.not_before = now + schedule.hold_after(pause or schedule.PAUSES[0], outcome.wish)
    webhook.save(update_fields=["lease_until", "failures", "failing_since", "not_before"])
    if not webhook.enabled:
        return
    if outcome.status == GONE:
        services.stop(webhook, Stopped.GONE)
    elif now - webhook.failing_since >= schedule.scaled(schedule.PATIENCE):
        services.stop(webhook, Stopped.FAILING)


def wish_in(text: str) -> timedelta | None:
    """What a Retry-After header asks for: seconds, or a date. None for anything else."""
    text = text.strip()
    if text.isascii() and text.isdigit() and len(text) < 10:
        return timedelta(seconds=int(text))
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(timedelta(), moment - timezone.now())


def _moment() -> datetime:
    """The database's clock at this statement: TAKE went by it, and a transaction's own time stands still."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement_timestamp()")
        moment: datetime = cursor.fetchone()[0]
    return moment


def _since(began: float) -> int:
    return int((time.monotonic() - began) * 1000)


def _line(text: str) -> str:
    """On one line that fits."""
    return "".join(character if character.isprintable() else " " for character in text)[:300]
