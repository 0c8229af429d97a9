"""Risk hits: which rule fired, for whom, and what was decided. Risk reviews them and reports them outward."""

from typing import Any

import django_filters
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from jobs.datasets import RISK, Column, Dataset, Kind, masks, register
from jobs.datasets.filters import AnyOf, DatasetFilter, Number, YesNo
from jobs.records.models import Region, RiskHit


class RiskHitFilter(DatasetFilter):
    """Filters of risk hits. ``start`` and ``end`` speak of the day the rule fired."""

    status = AnyOf(choices=RiskHit.Status.choices, label=_("Status"))
    level = AnyOf(choices=RiskHit.Level.choices, label=_("Level"))
    category = AnyOf(choices=RiskHit.Category.choices, label=_("Category"))
    decision = AnyOf(choices=RiskHit.Decision.choices, label=_("Decision"))
    region = AnyOf(choices=Region.choices, label=_("Region"))
    rule_code = django_filters.CharFilter("rule_code", label=_("Rule"))
    score_min = Number("score", lookup_expr="gte", label=_("Score from"))
    score_max = Number("score", lookup_expr="lte", label=_("Score up to"))
    reviewed = YesNo(field_name="reviewed_at", method="filter_reviewed", label=_("Reviewed"))
    keyword = django_filters.CharFilter("hit_no", lookup_expr="startswith", label=_("Hit no. begins with"))
    order_no = django_filters.CharFilter("order__order_no", label=_("Order no."))
    member_no = django_filters.CharFilter("member__member_no", label=_("Member no."))

    class Meta(DatasetFilter.Meta):
        model = RiskHit
        fields: list[str] = []

    def filter_reviewed(self, queryset: "QuerySet[Any]", name: str, value: bool) -> "QuerySet[Any]":
        """Hits that somebody has looked at, or that nobody has."""
        return queryset.filter(reviewed_at__isnull=not value)


@register
class RiskHits(Dataset):
    """Risk hits of the tenant; people without all regions get those of their own."""

    key = "risk_hits"
    title = _("Risk hits")
    sensitivity = RISK
    model = RiskHit
    filterset = RiskHitFilter
    columns = (
        Column("hit_no", _("Hit no."), Kind.ID),
        Column("rule_code", _("Rule"), Kind.ID),
        Column("rule_name", _("Rule name")),
        Column("category", _("Category"), Kind.CHOICE),
        Column("level", _("Level"), Kind.CHOICE),
        Column("score", _("Score"), Kind.NUMBER),
        Column("status", _("Status"), Kind.CHOICE),
        Column("decision", _("Decision"), Kind.CHOICE),
        Column("subject_name", _("Person"), mask=masks.person_name),
        Column("subject_phone", _("Phone"), mask=masks.phone),
        Column("order_no", _("Order no."), Kind.ID, value="order__order_no"),
        Column("amount", _("Amount at risk"), Kind.MONEY),
        Column("region", _("Region"), Kind.CHOICE),
        Column("created_at", _("Found"), Kind.DATETIME),
        Column("reviewed_at", _("Reviewed on"), Kind.DATETIME),
        Column("reviewer", _("Reviewer")),
        Column("note", _("Note")),
        Column("member_no", _("Member no."), Kind.ID, value="member__member_no", default=False),
        Column("ip_address", _("IP address"), Kind.ID, default=False),
        Column("device_id", _("Device"), Kind.ID, default=False),
    )
    order_by = ("id",)

    def rows(self, viewer: User) -> "QuerySet[Any]":
        """Hits of the regions that ``viewer`` may see."""
        scoped: QuerySet[Any] = RiskHit.objects.visible_to(viewer)
        return scoped
