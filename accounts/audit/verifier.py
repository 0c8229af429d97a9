"""Proving the audit trail: every entry sealed, no number missing, nothing cut off at the end."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from accounts import tenancy
from accounts.audit import anchors
from accounts.audit.chain import seal
from accounts.models import AuditEntry, TenantHead


@dataclass(frozen=True)
class Finding:
    """What is wrong with a chain, and where."""

    tenant_id: Any
    seq: int
    audit_id: str
    problem: str

    def __str__(self) -> str:
        return f"tenant {self.tenant_id} seq {self.seq} {self.audit_id}: {self.problem}"


def verify_tenant(tenant_id: Any) -> tuple[int, list[Finding]]:
    """Check a tenant's whole chain. Returns (entries read, findings); no finding means that it holds."""
    known = anchors.read(tenant_id)  # before the snapshot: an anchor made meanwhile would look like a cut tail
    with tenancy.tenant_scope(tenant_id, snapshot=True):
        findings = list(_check(tenant_id, known))
        return AuditEntry.objects.count(), findings


def _check(tenant_id: Any, known: dict[int, bytes]) -> Iterator[Finding]:
    head = TenantHead.objects.get()
    previous, expected, entry = b"", 1, None
    for entry in AuditEntry.objects.order_by("seq", "id").iterator(chunk_size=2000):
        if entry.seq != expected:
            problem = "inserted beside the chain" if entry.seq < expected else f"entry {expected} is missing before it"
            yield Finding(tenant_id, entry.seq, entry.audit_id, problem)
            expected = entry.seq
        if bytes(entry.mac) != seal(entry, previous):
            yield Finding(
                tenant_id,
                entry.seq,
                entry.audit_id,
                "changed, inserted, or the entry before it is not the one it was sealed with",
            )
        if known.get(entry.seq, bytes(entry.mac)) != bytes(entry.mac):
            yield Finding(tenant_id, entry.seq, entry.audit_id, "differs from the anchor kept outside the database")
        previous, expected = bytes(entry.mac), expected + 1
    if (head.audit_seq, bytes(head.audit_mac)) != (expected - 1, previous):
        yield Finding(tenant_id, expected, "", f"the chain should end at entry {head.audit_seq}")
    if known and max(known) > expected - 1:
        yield Finding(tenant_id, expected, "", f"an anchor outside the database knows entry {max(known)}")
