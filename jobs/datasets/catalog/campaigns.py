"""Campaigns: budget, period and outcome of what marketing does. Operations compares campaigns with it."""

from typing import Any

import django_filters
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from jobs.datasets import GENERAL, NOT_NEGATIVE, Column, Dataset, Importing, Kind, register
from jobs.datasets.filters import AnyOf, DatasetFilter, Number
from jobs.records.models import Campaign, Region


class CampaignFilter(DatasetFilter):
    """Filters of campaigns. ``start`` and ``end`` speak of the day of creation, ``runs_*`` of the campaign's own."""

    status = AnyOf(choices=Campaign.Status.choices, label=_("Status"))
    type = AnyOf(choices=Campaign.Type.choices, label=_("Type"))
    channel = AnyOf(choices=Campaign.Channel.choices, label=_("Channel"))
    region = AnyOf(choices=Region.choices, label=_("Region"))
    runs_min = django_filters.DateFilter("start_on", lookup_expr="gte", label=_("Begins on or after"))
    runs_max = django_filters.DateFilter("start_on", lookup_expr="lte", label=_("Begins on or before"))
    budget_min = Number("budget", lookup_expr="gte", label=_("Budget from"))
    budget_max = Number("budget", lookup_expr="lte", label=_("Budget up to"))
    rate_min = Number("conversion_rate", lookup_expr="gte", label=_("Conversion rate from"))
    rate_max = Number("conversion_rate", lookup_expr="lte", label=_("Conversion rate up to"))
    keyword = django_filters.CharFilter("campaign_code", lookup_expr="startswith", label=_("Campaign code begins with"))
    name = django_filters.CharFilter("name", lookup_expr="icontains", label=_("Name contains"))
    owner = django_filters.CharFilter("owner", label=_("In charge"))

    class Meta(DatasetFilter.Meta):
        model = Campaign
        fields: list[str] = []


@register
class Campaigns(Dataset):
    """Campaigns of the tenant; people without all regions get those of their own."""

    key = "campaigns"
    title = _("Campaigns")
    sensitivity = GENERAL
    model = Campaign
    filterset = CampaignFilter
    columns = (
        Column("campaign_code", _("Campaign code"), Kind.ID),
        Column("name", _("Campaign")),
        Column("type", _("Type"), Kind.CHOICE),
        Column("channel", _("Channel"), Kind.CHOICE),
        Column("status", _("Status"), Kind.CHOICE),
        Column("region", _("Region"), Kind.CHOICE),
        Column("owner", _("In charge")),
        Column("start_on", _("First day"), Kind.DATE),
        Column("end_on", _("Last day"), Kind.DATE),
        Column("budget", _("Budget"), Kind.MONEY),
        Column("spent", _("Spent"), Kind.MONEY),
        Column("participants", _("Participants"), Kind.INTEGER),
        Column("conversions", _("Conversions"), Kind.INTEGER),
        Column("conversion_rate", _("Conversion rate"), Kind.NUMBER),
        Column("created_at", _("Created"), Kind.DATETIME),
        Column("city", _("City"), default=False),
        Column("note", _("Note"), default=False),
    )
    order_by = ("id",)

    importing = Importing(
        key="campaign_code",
        columns=(
            "campaign_code",
            "name",
            "type",
            "channel",
            "status",
            "region",
            "owner",
            "start_on",
            "end_on",
            "budget",
            "created_at",
            "city",
            "note",
        ),
        rules={"budget": (NOT_NEGATIVE,)},
        synonyms={
            "campaign_code": ("活动编号", "活动ID", "campaign id"),
            "name": ("活动名称", "名称", "title"),
            "owner": ("负责人", "owner"),
            "start_on": ("开始日期", "开始时间", "start date"),
            "end_on": ("结束日期", "结束时间", "end date"),
            "note": ("备注", "remark"),
        },
    )

    def rows(self, viewer: User) -> "QuerySet[Any]":
        """Campaigns of the regions that ``viewer`` may see."""
        scoped: QuerySet[Any] = Campaign.objects.visible_to(viewer)
        return scoped
