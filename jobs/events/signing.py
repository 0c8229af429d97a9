"""Signatures of events: HMAC-SHA256 as in Standard Webhooks, under a key of each person's own (SPEC T2).

A person's key is derived from a server secret of EVENT_KEYS, so none is stored, and whoever can verify can forge
nothing but events for themselves.
"""

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.conf import settings


@dataclass(frozen=True)
class SigningKey:
    """The key of one person, derived from the server secret called ``key_id``."""

    key_id: str
    secret: bytes

    @property
    def text(self) -> str:
        """The secret in base64, as its owner gets it."""
        return base64.b64encode(self.secret).decode()

    def sign(self, message: bytes) -> str:
        """Base64 of HMAC-SHA256."""
        return base64.b64encode(hmac.digest(self.secret, message, "sha256")).decode()


def key_of(user_id: UUID, key_id: str | None = None) -> SigningKey:
    """The person's key; the newest one unless ``key_id`` names another. Raises KeyError when there is none of it."""
    chosen = key_id or next(iter(settings.EVENT_KEYS))
    secret = settings.EVENT_KEYS[chosen].encode()
    return SigningKey(chosen, hmac.new(secret, f"events.key:{user_id}:{chosen}".encode(), hashlib.sha256).digest())


def canonical(value: Any) -> str:
    """The one spelling of a JSON value that signatures go by: keys sorted, no blanks, no escapes beyond the needed.

    Raises TypeError for fractions, which languages spell differently, and for what is no JSON.
    """
    _refuse_fractions(value)
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _refuse_fractions(value: Any) -> None:
    if isinstance(value, float):
        raise TypeError(f"An event cannot carry the fraction {value!r}: send a text or a whole number.")
    if isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str):
                raise TypeError(f"An event cannot carry the key {key!r}: JSON has texts as keys.")
            _refuse_fractions(item)
    elif isinstance(value, list | tuple):
        for item in value:
            _refuse_fractions(item)
