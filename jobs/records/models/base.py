"""What all sample tables share: a tenant, a region, and who sees which rows."""

from typing import TYPE_CHECKING, Any, ClassVar, Self

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts import policy, tenancy
from accounts.tenancy import TenantManager, TenantModel, TenantQuerySet

if TYPE_CHECKING:
    from accounts.models import User


class Region(models.TextChoices):
    """Sales regions. The stored value is the Chinese name: it is what User.regions holds."""

    EAST = "华东", _("East China")
    SOUTH = "华南", _("South China")
    NORTH = "华北", _("North China")
    CENTRAL = "华中", _("Central China")
    SOUTHWEST = "西南", _("Southwest China")
    NORTHWEST = "西北", _("Northwest China")
    NORTHEAST = "东北", _("Northeast China")


class RegionalQuerySet(TenantQuerySet):
    """Rows that belong to a region."""

    def visible_to(self, user: "User") -> Self:
        """Rows of the current tenant that ``user`` may see: all regions by right, else the user's own regions."""
        if policy.may(user, policy.Action.ALL_REGIONS):
            return self.all()
        return self.filter(region__in=user.regions)


class RegionalManager(TenantManager.from_queryset(RegionalQuerySet)):  # type: ignore[misc]
    """Only rows of the current tenant, with ``visible_to``."""


class RegionalRecord(TenantModel):
    """Abstract base of the sample tables."""

    # As in TenantModel, without an index of its own (every index of these tables begins with the tenant) and without
    # a check for each of a million rows: row-level security fixes the value already, and tenants are never deleted.
    tenant: Any = models.ForeignKey(
        "accounts.Tenant",
        on_delete=models.PROTECT,
        related_name="+",
        default=tenancy.current,
        editable=False,
        db_index=False,
        db_constraint=False,
    )
    region = models.CharField(_("region"), max_length=10, choices=Region.choices)

    objects: ClassVar[Any] = RegionalManager()

    class Meta:
        abstract = True
