"""Writing the audit trail: an explicit call in the transaction of the fact it records."""

from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings

from accounts import tenancy
from accounts.audit.actions import Operation
from accounts.audit.chain import seal
from accounts.models import AuditEntry, TenantHead, User
from exportcenter.common import clock
from exportcenter.common.client import Client


def lock_head() -> TenantHead:
    """The current tenant's head row, locked until commit. Call it after every other lock is taken."""
    head: TenantHead = TenantHead.objects.select_for_update().get()
    return head


def record(
    operation: Operation,
    *,
    actor: User | None,
    resource: str = "",
    details: dict[str, Any] | None = None,
    result: str = "success",
    policy_tag: str = "",
    client: Client | None = None,
) -> AuditEntry:
    """Append one entry to the current tenant's chain, in the current transaction.

    Parameters:
        actor: who did it; None for the system itself (sweeps, workers).
        resource: what it was done to, e.g. "export_job:E20261122001".
        details: JSON-serialisable facts, no secrets.
        result: "success", "refused" or "failure".
        client: address and user agent of the request, when there was one.
    """
    head = lock_head()
    now = clock.this_moment()
    seq = head.audit_seq + 1
    day = now.astimezone(ZoneInfo(settings.TIME_ZONE)).strftime("%Y%m%d")
    entry = AuditEntry(
        tenant_id=tenancy.require(),
        seq=seq,
        audit_id=f"AUD-{day}-{seq:03d}",
        user_id=actor.pk if actor else None,
        username=actor.username if actor else "",
        operation=operation,
        resource=resource[:200],
        ip_address=client.address if client else "",
        user_agent=client.user_agent if client else "",
        timestamp=now,
        result=result,
        details=details or {},
        policy_tag=policy_tag,
    )
    entry.mac = seal(entry, bytes(head.audit_mac))
    entry.save(force_insert=True)
    TenantHead.objects.filter(pk=head.pk).update(audit_seq=seq, audit_mac=entry.mac)
    return entry
