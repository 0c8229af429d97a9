"""Risk lists: phones, devices, addresses and cards that are stopped, let through or watched."""

from typing import Any

import django_filters
from django.contrib.postgres.functions import TransactionNow
from django.db.models import BooleanField, ExpressionWrapper, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from jobs.datasets import RISK, Column, Dataset, Importing, Kind, masks, register
from jobs.datasets.filters import AnyOf, DatasetFilter, Number, YesNo
from jobs.records.models import Region, RiskListEntry

IN_FORCE = (
    Q(status=RiskListEntry.Status.ACTIVE)
    & Q(valid_from__lte=TransactionNow())
    & (Q(valid_until__isnull=True) | Q(valid_until__gt=TransactionNow()))
)
"""Applied at this moment: by the transaction's clock, lest count and file differ."""


class RiskListFilter(DatasetFilter):
    """Filters of risk lists. ``start`` and ``end`` speak of the day an entry was added.

    There is no search by value: who sees values masked could guess the hidden digits with it.
    """

    list_type = AnyOf(choices=RiskListEntry.ListType.choices, label=_("List type"))
    subject_kind = AnyOf(choices=RiskListEntry.SubjectKind.choices, label=_("Kind of value"))
    status = AnyOf(choices=RiskListEntry.Status.choices, label=_("Status"))
    source = AnyOf(choices=RiskListEntry.Source.choices, label=_("Source"))
    region = AnyOf(choices=Region.choices, label=_("Region"))
    in_force = YesNo(method="filter_in_force", label=_("In force"))
    hits_min = Number("hits", lookup_expr="gte", label=_("Hits from"))
    hits_max = Number("hits", lookup_expr="lte", label=_("Hits up to"))
    added_by = django_filters.CharFilter("added_by", label=_("Added by"))
    reason = django_filters.CharFilter("reason", lookup_expr="icontains", label=_("Reason contains"))
    keyword = django_filters.CharFilter("entry_no", lookup_expr="startswith", label=_("List entry no. begins with"))

    class Meta(DatasetFilter.Meta):
        model = RiskListEntry
        fields: list[str] = []

    def filter_in_force(self, queryset: "QuerySet[Any]", name: str, value: bool) -> "QuerySet[Any]":
        """Entries that are applied at this moment, or the others."""
        return queryset.filter(IN_FORCE if value else ~IN_FORCE)


@register
class RiskLists(Dataset):
    """Entries of the tenant's lists; people without all regions get those of their own."""

    key = "risk_lists"
    title = _("Risk lists")
    sensitivity = RISK
    model = RiskListEntry
    filterset = RiskListFilter
    columns = (
        Column("entry_no", _("List entry no."), Kind.ID),
        Column("list_type", _("List type"), Kind.CHOICE),
        Column("subject_kind", _("Kind of value"), Kind.CHOICE),
        # Text, not an identifier of ours: whoever reports a device writes what he likes into it.
        Column("value", _("Value"), mask=masks.identifier),
        Column("reason", _("Reason")),
        Column("source", _("Source"), Kind.CHOICE),
        Column("status", _("Status"), Kind.CHOICE),
        Column("in_force", _("In force"), Kind.BOOLEAN, value=ExpressionWrapper(IN_FORCE, BooleanField())),
        Column("valid_from", _("Valid from"), Kind.DATETIME),
        Column("valid_until", _("Valid until"), Kind.DATETIME),
        Column("hits", _("Hits"), Kind.INTEGER),
        Column("added_by", _("Added by")),
        Column("created_at", _("Added"), Kind.DATETIME),
        Column("region", _("Region"), Kind.CHOICE),
        Column("updated_at", _("Changed"), Kind.DATETIME, default=False),
        Column("note", _("Note"), default=False),
    )
    order_by = ("id",)

    importing = Importing(
        key="entry_no",
        columns=(
            "entry_no",
            "list_type",
            "subject_kind",
            "value",
            "reason",
            "source",
            "status",
            "valid_from",
            "valid_until",
            "added_by",
            "created_at",
            "region",
            "note",
        ),
        fills={"created_at": "now()", "valid_from": "now()"},
        touches={"updated_at": "now()"},
        synonyms={
            "entry_no": ("编号", "条目编号", "entry id"),
            "value": ("名单值", "内容", "subject"),
            "reason": ("加入原因", "原因说明"),
            "valid_until": ("失效时间", "到期时间", "expires"),
            "note": ("备注", "remark"),
        },
    )

    def rows(self, viewer: User) -> "QuerySet[Any]":
        """Entries of the regions that ``viewer`` may see."""
        scoped: QuerySet[Any] = RiskListEntry.objects.visible_to(viewer)
        return scoped
