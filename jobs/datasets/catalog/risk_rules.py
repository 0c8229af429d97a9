"""Risk rules: what is looked for, from which threshold, and how often it was found."""

from typing import Any

import django_filters
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from jobs.datasets import RISK, Column, Dataset, Kind, register
from jobs.datasets.filters import AnyOf, DatasetFilter, Number, YesNo
from jobs.records.models import RiskHit, RiskRule


class RiskRuleFilter(DatasetFilter):
    """Filters of risk rules. ``start`` and ``end`` speak of the day of the last change."""

    period_field = "updated_at"

    category = AnyOf(choices=RiskHit.Category.choices, label=_("Category"))
    level = AnyOf(choices=RiskHit.Level.choices, label=_("Level"))
    action = AnyOf(choices=RiskHit.Decision.choices, label=_("Measure"))
    enabled = YesNo(field_name="enabled", label=_("Enabled"))
    threshold_min = Number("threshold", lookup_expr="gte", label=_("Threshold from"))
    threshold_max = Number("threshold", lookup_expr="lte", label=_("Threshold up to"))
    hits_min = Number("hits_30d", lookup_expr="gte", label=_("Hits from"))
    hits_max = Number("hits_30d", lookup_expr="lte", label=_("Hits up to"))
    name = django_filters.CharFilter("name", lookup_expr="icontains", label=_("Name contains"))
    keyword = django_filters.CharFilter("code", lookup_expr="startswith", label=_("Rule begins with"))

    class Meta(DatasetFilter.Meta):
        model = RiskRule
        fields: list[str] = []


@register
class RiskRules(Dataset):
    """Rules of the tenant. They have no region: people without all regions get none."""

    key = "risk_rules"
    title = _("Risk rules")
    sensitivity = RISK
    model = RiskRule
    filterset = RiskRuleFilter
    columns = (
        Column("code", _("Rule"), Kind.ID),
        Column("name", _("Rule name")),
        Column("category", _("Category"), Kind.CHOICE),
        Column("level", _("Level"), Kind.CHOICE),
        Column("expression", _("Expression")),
        Column("threshold", _("Threshold"), Kind.NUMBER),
        Column("action", _("Measure"), Kind.CHOICE),
        Column("enabled", _("Enabled"), Kind.BOOLEAN),
        Column("hits_30d", _("Hits in 30 days"), Kind.INTEGER),
        Column("version", _("Version"), Kind.INTEGER),
        Column("owner", _("Responsible")),
        Column("updated_at", _("Changed"), Kind.DATETIME),
        Column("created_at", _("Created on"), Kind.DATETIME, default=False),
        Column("note", _("Note"), default=False),
    )
    # Codes are unique within a tenant, and their constraint's index gives this order.
    order_by = ("code",)

    def rows(self, viewer: User) -> "QuerySet[Any]":
        """All rules, or none."""
        scoped: QuerySet[Any] = RiskRule.objects.visible_to(viewer)
        return scoped
