"""Webhooks and their messages as JSON."""

from typing import Any

from accounts.models import User
from accounts.signin.person import local_iso
from exportcenter.common import clock
from jobs.models import Webhook, WebhookDelivery, WebhookSecret
from jobs.webhooks import secrets
from jobs.webhooks.words import error_words


def present(webhook: Webhook, *, viewer: User) -> dict[str, Any]:
    """One webhook, without anything that is secret."""
    now = clock.now()
    living = [row for row in webhook.secrets.all() if row.expires_at is None or row.expires_at > now]
    return {
        "id": str(webhook.pk),
        "url": webhook.url,
        "scope": webhook.scope,
        "owner": webhook.owner.code,
        "description": webhook.description,
        "events": webhook.events,
        "statuses": webhook.statuses,
        "kinds": webhook.kinds,
        "datasets": webhook.datasets,
        "enabled": webhook.enabled,
        "disabled_reason": webhook.stopped or None,
        "disabled_at": local_iso(webhook.stopped_at, viewer),
        "failures": webhook.failures,
        "failing_since": local_iso(webhook.failing_since, viewer),
        "secrets": [
            {
                "number": row.number,
                "created_at": local_iso(row.created_at, viewer),
                "expires_at": local_iso(row.expires_at, viewer),
            }
            for row in living
        ],
        "created_at": local_iso(webhook.created_at, viewer),
        "updated_at": local_iso(webhook.updated_at, viewer),
    }


def present_with_secret(webhook: Webhook, secret: WebhookSecret, *, viewer: User) -> dict[str, Any]:
    """The same with the secret in full: when it is made, and never again."""
    return present(webhook, viewer=viewer) | {"secret": secrets.text_of(secret)}


def present_delivery(delivery: WebhookDelivery, *, viewer: User) -> dict[str, Any]:
    """One message and what became of it."""
    return {
        "id": delivery.message_id,
        "type": delivery.type,
        "job_id": delivery.subject or None,
        "job_status": delivery.data.get("status"),
        "event_at": local_iso(delivery.event_at, viewer),
        "status": delivery.state,
        "attempts": delivery.attempts,
        "attempted_at": local_iso(delivery.attempted_at, viewer),
        "next_attempt_at": local_iso(delivery.next_attempt_at, viewer),
        "response_code": delivery.response_code,
        "milliseconds": delivery.milliseconds,
        "answer": delivery.answer,
        "error": delivery.error or None,
        "error_message": error_words(delivery.error),
        "error_detail": delivery.error_detail,
    }
