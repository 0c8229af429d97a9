"""The audit trail: append-only, numbered and chained per tenant (SPEC X6)."""

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.tenancy import TenantModel


class TenantHead(TenantModel):
    """Last numbers of a tenant's event stream and audit chain.

    One row per tenant, locked from the first event or audit entry of a transaction until its commit: so numbers
    are gapless and in commit order, and there is one lock to take, hence no order to get wrong.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    event_seq = models.BigIntegerField(default=0)
    audit_seq = models.BigIntegerField(default=0)
    audit_mac = models.BinaryField(default=bytes)

    class Meta:
        verbose_name = _("head of a tenant's chains")
        verbose_name_plural = _("heads of tenants' chains")
        constraints = [models.UniqueConstraint(fields=["tenant"], name="accounts_tenanthead_one")]


class AuditEntry(TenantModel):
    """Who did what, when, from where, with which result. Never changed, never deleted (trigger)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    seq = models.BigIntegerField(_("no."))
    audit_id = models.CharField(_("audit no."), max_length=40)
    user_id = models.UUIDField(null=True)
    username = models.CharField(_("user"), max_length=150, blank=True)
    operation = models.CharField(_("operation"), max_length=60)
    resource = models.CharField(_("resource"), max_length=200, blank=True)
    ip_address = models.CharField(_("address"), max_length=45, blank=True)
    user_agent = models.CharField(_("user agent"), max_length=400, blank=True)
    timestamp = models.DateTimeField(_("time"))
    result = models.CharField(_("result"), max_length=20)
    details = models.JSONField(_("details"), default=dict)
    policy_tag = models.CharField(_("policy tag"), max_length=60, blank=True)
    mac = models.BinaryField()

    class Meta:
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit trail")
        ordering = ["-seq"]
        constraints = [models.UniqueConstraint(fields=["tenant", "seq"], name="accounts_auditentry_seq")]
        indexes = [
            models.Index(fields=["tenant", "operation", "-seq"], name="accounts_audit_operation"),
            models.Index(fields=["tenant", "user_id", "-seq"], name="accounts_audit_user"),
            models.Index(fields=["tenant", "resource", "-seq"], name="accounts_audit_resource"),
        ]

    def __str__(self) -> str:
        return f"{self.audit_id} {self.operation}"
