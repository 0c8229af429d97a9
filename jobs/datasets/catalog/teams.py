"""Teams: who works in the field, where, and how to reach the leader."""

from typing import Any

import django_filters
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from jobs.datasets import GENERAL, PHONE, Column, Dataset, Importing, Kind, masks, register
from jobs.datasets.filters import AnyOf, DatasetFilter, Number
from jobs.records.models import Region, Team


class TeamFilter(DatasetFilter):
    """Filters of teams. ``start`` and ``end`` speak of the day of creation."""

    status = AnyOf(choices=Team.Status.choices, label=_("Status"))
    level = AnyOf(choices=Team.Level.choices, label=_("Level"))
    region = AnyOf(choices=Region.choices, label=_("Region"))
    city = django_filters.CharFilter("city", label=_("City"))
    size_min = Number("size", lookup_expr="gte", label=_("Team size from"))
    size_max = Number("size", lookup_expr="lte", label=_("Team size up to"))
    keyword = django_filters.CharFilter("team_code", lookup_expr="startswith", label=_("Team code begins with"))
    name = django_filters.CharFilter("name", lookup_expr="icontains", label=_("Name contains"))

    class Meta(DatasetFilter.Meta):
        model = Team
        fields: list[str] = []


@register
class Teams(Dataset):
    """Teams of the tenant; people without all regions get those of their own."""

    key = "teams"
    title = _("Teams")
    sensitivity = GENERAL
    model = Team
    filterset = TeamFilter
    columns = (
        Column("team_code", _("Team code"), Kind.ID),
        Column("name", _("Team")),
        Column("region", _("Region"), Kind.CHOICE),
        Column("city", _("City")),
        Column("leader_name", _("Leader"), mask=masks.person_name),
        Column("leader_phone", _("Leader's phone"), mask=masks.phone),
        Column("size", _("Team size"), Kind.INTEGER),
        Column("level", _("Level"), Kind.CHOICE),
        Column("status", _("Status"), Kind.CHOICE),
        Column("created_at", _("Created"), Kind.DATETIME),
        Column("note", _("Note"), default=False),
    )
    order_by = ("id",)

    importing = Importing(
        key="team_code",
        columns=(
            "team_code",
            "name",
            "region",
            "city",
            "leader_name",
            "leader_phone",
            "size",
            "level",
            "status",
            "created_at",
            "note",
        ),
        rules={"leader_phone": (PHONE,)},
        synonyms={
            "team_code": ("团队编号", "团队ID", "team id"),
            "name": ("团队名称", "名称", "team name"),
            "leader_name": ("队长", "负责人", "lead"),
            "leader_phone": ("手机", "手机号", "队长手机", "联系电话", "mobile"),
            "size": ("人数", "团队人数", "headcount"),
            "note": ("备注", "remark"),
        },
    )

    def rows(self, viewer: User) -> "QuerySet[Any]":
        """Teams of the regions that ``viewer`` may see."""
        scoped: QuerySet[Any] = Team.objects.visible_to(viewer)
        return scoped
