"""Ids of events: ``<stream>-<number>``.

The stream is a keyed hash of the tenant, so an id of another tenant, or one that somebody made up, is no id at all,
and an id tells nothing about the tenant. It goes by the keys of EVENT_KEYS: a key taken out of use makes the ids of
its time unknown, and their readers start anew.
"""

import hashlib
import hmac
import re
from functools import lru_cache
from uuid import UUID

from django.conf import settings

_ID = re.compile(r"([0-9a-f]{12})-(0|[1-9][0-9]{0,17})")


def event_id(tenant_id: UUID, number: int) -> str:
    """The id of event ``number`` of a tenant."""
    return f"{_stream(tenant_id, next(iter(settings.EVENT_KEYS.values())))}-{number}"


def number_in(text: str, tenant_id: UUID) -> int | None:
    """The number in an id of this tenant's stream; None for anything else."""
    found = _ID.fullmatch(text)
    if found is None or found[1] not in {_stream(tenant_id, secret) for secret in settings.EVENT_KEYS.values()}:
        return None
    return int(found[2])


@lru_cache(maxsize=1024)
def _stream(tenant_id: UUID, secret: str) -> str:
    return hmac.new(secret.encode(), f"events.stream:{tenant_id}".encode(), hashlib.sha256).hexdigest()[:12]
