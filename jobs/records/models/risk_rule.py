"""Risk rules: what the platform looks for, and what it does when it finds it."""

from typing import TYPE_CHECKING, ClassVar, Self

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts import policy
from accounts.tenancy import TenantManager, TenantModel, TenantQuerySet
from jobs.records.models.risk_hit import RiskHit

if TYPE_CHECKING:
    from accounts.models import User


class RiskRuleQuerySet(TenantQuerySet):
    """Rules hold for the whole company: they have no region."""

    def visible_to(self, user: "User") -> Self:
        """All rules for people who see all regions, else none: who knows the thresholds of a rule can stay below."""
        return self.all() if policy.may(user, policy.Action.ALL_REGIONS) else self.none()


class RiskRuleManager(TenantManager.from_queryset(RiskRuleQuerySet)):  # type: ignore[misc]
    """Only rules of the current tenant, with ``visible_to``."""


class RiskRule(TenantModel):
    """One rule in its present version. Hits keep the rule's code and name of their time."""

    # Collation "C": codes are ASCII, and comparing bytes is the cheapest way to keep their index.
    code = models.CharField(_("rule"), max_length=20, db_collation="C")
    name = models.CharField(_("rule name"), max_length=100)
    category = models.CharField(_("category"), max_length=20, choices=RiskHit.Category.choices)
    level = models.CharField(_("level"), max_length=10, choices=RiskHit.Level.choices)
    expression = models.TextField(_("expression"))
    threshold = models.DecimalField(_("threshold"), max_digits=18, decimal_places=4)
    action = models.CharField(_("measure"), max_length=10, choices=RiskHit.Decision.choices)
    enabled = models.BooleanField(_("enabled"), default=True)
    hits_30d = models.PositiveIntegerField(_("hits in 30 days"), default=0)
    version = models.PositiveIntegerField(_("version"), default=1)
    owner = models.CharField(_("responsible"), max_length=50, blank=True)
    note = models.TextField(_("note"), blank=True)
    created_at = models.DateTimeField(_("created"))
    updated_at = models.DateTimeField(_("changed"), null=True, blank=True)

    objects: ClassVar[RiskRuleManager] = RiskRuleManager()

    class Meta:
        verbose_name = _("risk rule")
        verbose_name_plural = _("risk rules")
        ordering = ["-id"]
        # No more indexes: a company has hundreds of rules, not millions.
        constraints = [models.UniqueConstraint(fields=["tenant", "code"], name="records_riskrule_code")]

    def __str__(self) -> str:
        return f"{self.code} {self.name}"
