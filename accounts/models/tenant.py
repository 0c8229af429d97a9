"""Tenants: the platform itself and its client companies (甲方)."""

import uuid
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.tenancy import CurrentTenant


class Kind(models.TextChoices):
    """What a tenant is."""

    PLATFORM = "platform", _("Platform")
    CLIENT = "client", _("Client company")


class TenantOwnManager(models.Manager["Tenant"]):
    """Row-level security shows the current tenant only; the engine role sees all."""

    def mine(self) -> "Tenant":
        """The current tenant's own row."""
        return self.get(pk=CurrentTenant())


class Tenant(models.Model):
    """A company whose data nobody else sees (SPEC C1). Exactly one is the platform."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    slug = models.SlugField(_("code"), max_length=50, unique=True)
    name = models.CharField(_("name"), max_length=100)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices, default=Kind.CLIENT)
    is_active = models.BooleanField(_("active"), default=True)
    max_queued_exports = models.PositiveIntegerField(
        _("waiting exports at most"), default=10, help_text=_("Further requests are refused until some have run.")
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    objects: Any = TenantOwnManager()

    class Meta:
        verbose_name = _("tenant")
        verbose_name_plural = _("tenants")
        ordering = ["created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["kind"], condition=models.Q(kind=Kind.PLATFORM), name="accounts_tenant_one_platform"
            )
        ]

    def __str__(self) -> str:
        return self.name
