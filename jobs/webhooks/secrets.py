"""Secrets of webhooks, and signatures as Standard Webhooks 1.0 has them.

A secret is derived from a server secret of WEBHOOK_KEYS, the webhook and a number; it is stored nowhere. After a
rotation the one before signs along for a day, so that a receiver can change at its leisure.
"""

import base64
import hashlib
import hmac
from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import Q

from jobs.models import Webhook, WebhookSecret

PREFIX = "whsec_"
OVERLAP = timedelta(hours=24)
MOST_LIVING = 3
"""Secrets that sign at the same time; the oldest goes when there would be more."""


class KeyGone(Exception):
    """The server secret that every living secret of a webhook was derived from is in WEBHOOK_KEYS no more."""


def derive(webhook_id: UUID, number: int, key_id: str) -> bytes:
    """The 32 bytes of secret ``number``. Raises KeyError when there is no server secret ``key_id``."""
    said = f"webhooks.secret:{webhook_id}:{number}:{key_id}"
    return hmac.new(settings.WEBHOOK_KEYS[key_id].encode(), said.encode(), hashlib.sha256).digest()


def text_of(secret: WebhookSecret) -> str:
    """The secret as its owner gets it, once. Raises KeyError like ``derive``."""
    raw = derive(secret.webhook_id, secret.number, secret.key_id)
    return PREFIX + base64.b64encode(raw).decode()


def add(webhook: Webhook, *, now: datetime) -> WebhookSecret:
    """A new secret, by the first key of WEBHOOK_KEYS. The one before expires after OVERLAP. Lock the webhook first."""
    living = list(WebhookSecret.objects.filter(_living(now), webhook=webhook).order_by("-number"))
    newest = WebhookSecret.objects.filter(webhook=webhook).order_by("-number").first()
    for place, secret in enumerate(living, start=2):
        until = now if place > MOST_LIVING else secret.expires_at or now + OVERLAP
        WebhookSecret.objects.filter(pk=secret.pk).update(expires_at=until)
    made: WebhookSecret = WebhookSecret.objects.create(
        webhook=webhook,
        number=newest.number + 1 if newest else 1,
        key_id=next(iter(settings.WEBHOOK_KEYS)),
        created_at=now,
    )
    return made


def signing(webhook: Webhook, *, now: datetime) -> list[bytes]:
    """Every secret that signs now, the newest first. Raises KeyGone when there is none."""
    rows = WebhookSecret.objects.filter(_living(now), webhook=webhook).order_by("-number")
    found = [derive(row.webhook_id, row.number, row.key_id) for row in rows if row.key_id in settings.WEBHOOK_KEYS]
    if not found:
        raise KeyGone(str(webhook.pk))
    return found


def signatures(secrets: Iterable[bytes], *, message_id: str, timestamp: int, body: bytes) -> str:
    """Value of ``webhook-signature``: one signature for each secret, with blanks between them."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    return " ".join(f"v1,{base64.b64encode(hmac.digest(secret, signed, 'sha256')).decode()}" for secret in secrets)


def _living(now: datetime) -> Q:
    return Q(expires_at=None) | Q(expires_at__gt=now)
