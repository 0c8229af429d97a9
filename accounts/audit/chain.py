"""How an entry is bound to the one before it: HMAC-SHA256(key, previous mac ‖ canonical JSON).

The key lives outside the database, so whoever owns the database cannot forge an entry.
"""

import hashlib
import hmac
import json
from datetime import UTC
from typing import Any

from django.conf import settings

from accounts.models import AuditEntry

SEALED = (
    "seq",
    "audit_id",
    "tenant_id",
    "user_id",
    "username",
    "operation",
    "resource",
    "ip_address",
    "user_agent",
    "timestamp",
    "result",
    "details",
    "policy_tag",
)
"""Every field but the primary key and the mac itself."""


def seal(entry: AuditEntry, previous: bytes) -> bytes:
    """The mac of ``entry`` when it follows an entry with mac ``previous`` (empty for the first)."""
    return hmac.new(settings.AUDIT_KEY.encode(), previous + canonical(entry), hashlib.sha256).digest()


def canonical(entry: AuditEntry) -> bytes:
    """One byte sequence per content: sorted keys, UTC times with microseconds, no spaces."""
    content: dict[str, Any] = {name: getattr(entry, name) for name in SEALED}
    content["timestamp"] = entry.timestamp.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=str).encode()
