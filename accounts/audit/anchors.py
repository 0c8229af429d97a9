"""Heads of the audit chains, written down outside the database.

A chain alone cannot show that its end was cut off and its head row put back. So the head of each chain is
appended every few minutes to a file that the database's owner need not be able to write (ship it to write-once
storage in production).
"""

import json
import os
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils import timezone

from accounts import tenancy
from accounts.models import TenantHead


def path() -> Path:
    """The file of anchors: one JSON object a line."""
    return Path(settings.VAR_DIR) / "audit" / "anchors.ndjson"


def write() -> int:
    """Append the head of every tenant's chain that has grown. Returns the number of lines written."""
    lines = []
    for tenant_id in tenancy.all_tenant_ids():
        with tenancy.tenant_scope(tenant_id):
            head = TenantHead.objects.get()
        if head.audit_seq and head.audit_seq not in read(tenant_id):
            line = {
                "tenant": str(tenant_id),
                "seq": head.audit_seq,
                "mac": bytes(head.audit_mac).hex(),
                "time": timezone.now().isoformat(),
            }
            lines.append(json.dumps(line))
    if lines:
        path().parent.mkdir(parents=True, exist_ok=True)
        with open(path(), "a") as out:
            out.write("".join(f"{line}\n" for line in lines))
            out.flush()
            os.fsync(out.fileno())
    return len(lines)


def read(tenant_id: Any) -> dict[int, bytes]:
    """The anchors of one tenant: sequence number → mac."""
    if not path().exists():
        return {}
    with open(path()) as lines:
        anchors = [json.loads(line) for line in lines if line.strip()]
    return {anchor["seq"]: bytes.fromhex(anchor["mac"]) for anchor in anchors if anchor["tenant"] == str(tenant_id)}
