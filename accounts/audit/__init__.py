"""The audit trail: ``record`` writes, ``verify`` proves (SPEC X6, S0 §16)."""

from accounts.audit.actions import Operation
from accounts.audit.recorder import record
from accounts.audit.verifier import Finding, verify_tenant

__all__ = ["Finding", "Operation", "record", "verify_tenant"]
