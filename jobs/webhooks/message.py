"""A message as it goes out: body, headers, signatures (Standard Webhooks 1.0)."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.utils import translation

from jobs.engine import kinds
from jobs.exports import presenting
from jobs.models import ExportJob, Webhook, WebhookDelivery
from jobs.webhooks import secrets

PING = "ping"
"""Type of tests."""
AGENT = "ExportCenter-Webhooks/1.0"


@dataclass(frozen=True)
class Message:
    """What is sent."""

    url: str
    body: bytes
    headers: dict[str, str]


def compose(webhook: Webhook, delivery: WebhookDelivery, *, now: datetime) -> Message:
    """The message with the job as it is now, as its owner may see it, in the owner's language and time zone.

    Works in the tenant's scope. Raises secrets.KeyGone.
    """
    with translation.override(webhook.owner.language):
        said = {
            "type": delivery.type,
            "timestamp": delivery.event_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "data": _data(webhook, delivery),
        }
    body = json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()
    timestamp = int(now.timestamp())
    signed = secrets.signatures(
        secrets.signing(webhook, now=now), message_id=delivery.message_id, timestamp=timestamp, body=body
    )
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "User-Agent": AGENT,
        "webhook-id": delivery.message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signed,
    }
    return Message(webhook.url, body, headers)


def _data(webhook: Webhook, delivery: WebhookDelivery) -> dict[str, Any]:
    if delivery.type == PING:
        return {"webhook_id": str(webhook.pk)}
    facts = delivery.data
    return {"job_id": delivery.subject, "from": facts.get("from"), "status": facts.get("status")} | {
        "job": _job(webhook, delivery)
    }


def _job(webhook: Webhook, delivery: WebhookDelivery) -> dict[str, Any] | None:
    """As GET /exports/{id} answers, without links that open something; None when it is gone."""
    kind = next((kind for kind in kinds.all_kinds() if kind.key == delivery.data.get("kind")), None)
    if kind is None:
        return None
    job = kind.model.objects.select_related("owner").filter(job_no=delivery.subject).first()
    if isinstance(job, ExportJob):
        return presenting.present_detail(job, viewer=webhook.owner, request=None)
    return None if job is None else kind.event_data(job)
