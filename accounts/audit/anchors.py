"""Heads of the audit chains, written down outside the database.

A chain alone cannot show that its end was cut off and its head row put back. So the head of each chain is
appended every few minutes to a file that the database's owner need not be able to write (ship it to write-once
storage in production).
"""

import fcntl
import json
import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils import timezone

from accounts import tenancy
from accounts.models import TenantHead

log = logging.getLogger(__name__)


def path() -> Path:
    """The file of anchors: one JSON object a line."""
    return Path(settings.VAR_DIR) / "audit" / "anchors.ndjson"


def write() -> int:
    """Append the head of every tenant's chain that has grown. Returns the number of lines written."""
    path().parent.mkdir(parents=True, exist_ok=True)
    with open(path(), "a+b") as out:
        fcntl.flock(out, fcntl.LOCK_EX)  # several beats, one file
        known = _last()
        lines = []
        for tenant_id in tenancy.all_tenant_ids():
            with tenancy.tenant_scope(tenant_id):
                head = TenantHead.objects.get()
            if head.audit_seq > known.get(str(tenant_id), 0):
                line = {
                    "tenant": str(tenant_id),
                    "seq": head.audit_seq,
                    "mac": bytes(head.audit_mac).hex(),
                    "time": timezone.now().isoformat(),
                }
                lines.append(json.dumps(line))
        if lines:
            # A line that a crash has torn must not swallow ours: begin on a new one.
            out.write(("\n" + "\n".join(lines) + "\n").encode())
            out.flush()
            os.fsync(out.fileno())
    return len(lines)


def read(tenant_id: Any) -> dict[int, bytes]:
    """The anchors of one tenant: sequence number → mac."""
    return {anchor["seq"]: bytes.fromhex(anchor["mac"]) for anchor in _anchors() if anchor["tenant"] == str(tenant_id)}


def _last() -> dict[str, int]:
    """The newest anchored number of each tenant."""
    newest: dict[str, int] = {}
    for anchor in _anchors():
        newest[anchor["tenant"]] = max(anchor["seq"], newest.get(anchor["tenant"], 0))
    return newest


def _anchors() -> Iterator[dict[str, Any]]:
    """Every whole line; one torn by a crash or a full disk is said in the log and passed over."""
    if not path().exists():
        return
    with open(path(), encoding="utf-8", errors="replace") as lines:
        for line in lines:
            if not line.strip():
                continue
            try:
                anchor = json.loads(line)
                yield {"tenant": str(anchor["tenant"]), "seq": int(anchor["seq"]), "mac": str(anchor["mac"])}
            except (ValueError, KeyError, TypeError):
                log.warning("a line of %s cannot be read: %s", path(), line[:80])
