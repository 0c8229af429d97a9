"""From events to messages: for each webhook, in order, each event once, and none left out.

A webhook's position moves in the transaction that writes its messages, and (webhook, event) is unique: whoever dies in
the middle has written nothing, and whoever begins again skips nothing. Numbers of events are gapless and in commit
order (jobs.events.outbox), so "everything after the position" is the whole truth.
"""

import logging
from uuid import UUID

from django.db import connection, transaction

from accounts import tenancy
from exportcenter.common import clock
from jobs.events import reading
from jobs.events.facts import Fact
from jobs.events.visibility import Viewer
from jobs.models import Webhook, WebhookDelivery
from jobs.models.webhook import Delivery, Stopped
from jobs.webhooks import notices, services
from jobs.webhooks.rights import keeps_its_right

log = logging.getLogger(__name__)

CHUNK = 500
"""Events that one transaction looks at."""
BEHIND = """
SELECT webhook.id, webhook.tenant_id
FROM jobs_webhook webhook JOIN accounts_tenanthead head ON head.tenant_id = webhook.tenant_id
WHERE webhook.enabled AND webhook.position < head.event_seq AND NOT webhook.id = ANY(%s)
ORDER BY webhook.id LIMIT 1 FOR UPDATE OF webhook SKIP LOCKED
"""


def fan_out() -> int:
    """Write the messages of every event that some webhook has not seen, over all companies. Returns how many.

    Any number of copies may run. A webhook that cannot be served is passed over until the next call.
    """
    count, broken = 0, list[UUID]()
    while True:
        key: UUID | None = None
        try:
            with transaction.atomic():
                with tenancy.role_scope(tenancy.ENGINE_ROLE), connection.cursor() as cursor:
                    cursor.execute(BEHIND, [broken])
                    row: tuple[UUID, UUID] | None = cursor.fetchone()
                if row is None:
                    return count
                key, tenant_id = row
                with tenancy.tenant_scope(tenant_id):
                    count += _advance(key)
        except Exception:
            if key is None:
                raise
            log.exception("events for webhook %s must wait", key)
            broken.append(key)


def _advance(key: UUID) -> int:
    """Look at the next events for one webhook of the current tenant, whose row is locked."""
    webhook = Webhook.objects.select_related("owner__tenant").get(pk=key)
    if not keeps_its_right(webhook):
        services.stop(webhook, Stopped.RIGHTS)
        return 0
    batch = reading.read(Viewer.of(webhook.owner), webhook.position, CHUNK)
    wanted = [_message(webhook, fact) for fact in batch.facts if wants(webhook, fact)]
    now = clock.now()
    for message in wanted:
        message.created_at = message.next_attempt_at = now
    WebhookDelivery.objects.bulk_create(wanted, ignore_conflicts=True)
    Webhook.objects.filter(pk=webhook.pk).update(position=batch.position)
    if batch.reset is not None:
        log.error("webhook %s has missed events: %s", webhook.pk, batch.reset)
        notices.tell(webhook, "missed")
    return len(wanted)


def wants(webhook: Webhook, fact: Fact) -> bool:
    """Whether the webhook has asked for this event."""
    asked = ((webhook.statuses, "status"), (webhook.kinds, "kind"), (webhook.datasets, "type"))
    return fact.type in webhook.events and all(not names or fact.data.get(name) in names for names, name in asked)


def _message(webhook: Webhook, fact: Fact) -> WebhookDelivery:
    return WebhookDelivery(
        webhook=webhook,
        event_seq=fact.seq,
        type=fact.type,
        subject=fact.subject,
        data=fact.data,
        event_owner_id=fact.owner_id,
        sensitivity=fact.sensitivity,
        event_at=fact.at,
        state=Delivery.QUEUED,
    )
