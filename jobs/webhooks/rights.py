"""Whether a webhook may still hear of something (SPEC P5): asked at the event, and again before sending."""

from accounts import policy, tenancy
from jobs.events.facts import Fact
from jobs.events.visibility import Viewer
from jobs.models import Webhook, WebhookDelivery


def keeps_its_right(webhook: Webhook) -> bool:
    """Whether the owner is active and, for a webhook of the company, may manage those."""
    return bool(policy.may(webhook.owner, policy.Action.WEBHOOK_CHANGE, webhook))


def may_hear(webhook: Webhook, delivery: WebhookDelivery) -> bool:
    """Whether the owner sees, at this moment, the job that the message tells of."""
    fact = Fact(
        tenant_id=tenancy.require(),
        seq=delivery.event_seq,
        type=delivery.type,
        subject=delivery.subject,
        data=delivery.data,
        owner_id=delivery.event_owner_id,
        sensitivity=delivery.sensitivity,
        at=delivery.event_at,
    )
    return Viewer.of(webhook.owner).may_see(fact)
