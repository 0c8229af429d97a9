"""For programs that receive webhooks: whether a message is genuine (Standard Webhooks 1.0)."""

import base64
import binascii
import hmac
import json
import time
from collections.abc import Iterable, Mapping
from typing import Any

from exportcenter_client.errors import WebhookInvalid

TOLERANCE = 300.0
"""Seconds that a message may be old, or ahead of our clock."""
PREFIX = "whsec_"


def verify_webhook(
    headers: Mapping[str, str],
    body: bytes,
    secret: str | Iterable[str],
    *,
    tolerance: float = TOLERANCE,
    now: float | None = None,
) -> dict[str, Any]:
    """The message, ``{type, timestamp, data}``. Raises WebhookInvalid, and ValueError for what is no secret.

    ``headers``: of the request, names in any case. ``body``: byte for byte as it came, before anything parsed it.
    ``secret``: ``whsec_…``, or several of them. While a secret is being replaced the server signs with the old and the
    new one, and either verifies. ``now``: time.time() unless given. A message may come more than once: drop those whose
    ``webhook-id`` you know.
    """
    said = {name.lower(): value for name, value in headers.items()}
    try:
        message_id, timestamp, signed = (said[f"webhook-{name}"] for name in ("id", "timestamp", "signature"))
    except KeyError as missing:
        raise WebhookInvalid(f"The request has no header {missing}.") from None
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) < 13):
        raise WebhookInvalid("The timestamp of the message is no number.")
    moment = time.time() if now is None else now
    if abs(moment - int(timestamp)) > tolerance:
        raise WebhookInvalid("The message is too old, or one of the two clocks is wrong.")
    content = b".".join((message_id.encode("utf-8", "surrogatepass"), timestamp.encode(), body))
    keys = [_key(text) for text in ([secret] if isinstance(secret, str) else secret)]
    wanted = [b"v1," + base64.b64encode(hmac.digest(key, content, "sha256")) for key in keys]
    given = [one.encode("utf-8", "surrogatepass") for one in signed.split(" ")]
    # Every pair is compared, each in constant time: how long it takes says nothing about which one fits.
    if not any([hmac.compare_digest(ours, theirs) for ours in wanted for theirs in given]):  # noqa: C419
        raise WebhookInvalid("No signature of the message fits the secret.")
    try:
        message = json.loads(body)
    except (ValueError, RecursionError):
        message = None
    if not isinstance(message, dict):
        raise WebhookInvalid("The message is no JSON object.")
    return message


def _key(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.strip().removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not key:
        raise ValueError("The secret of a webhook is of the form whsec_… in base64.")  # not what it was instead
    return key
