"""Tasks: what teams do for campaigns, how much of it is done, and what it costs."""

from typing import Any

import django_filters
from django.db.models import DecimalField, ExpressionWrapper, F, QuerySet, Value
from django.db.models.functions import Cast, NullIf, Round
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from jobs.datasets import GENERAL, Column, Dataset, Kind, register
from jobs.datasets.filters import AnyOf, DatasetFilter, Number, YesNo
from jobs.records.models import Region, Task

EXACT: "DecimalField[Any, Any]" = DecimalField(max_digits=18, decimal_places=2)
EARNED = ExpressionWrapper(F("reward") * F("done"), output_field=EXACT)
# Cast, lest integers be divided as integers; a task of no pieces has no progress.
PROGRESS = Round(Cast("done", EXACT) * Value(100) / NullIf(F("quota"), Value(0)), precision=2, output_field=EXACT)


class TaskFilter(DatasetFilter):
    """Filters of tasks. ``start`` and ``end`` speak of the day of creation."""

    status = AnyOf(choices=Task.Status.choices, label=_("Status"))
    type = AnyOf(choices=Task.Type.choices, label=_("Type"))
    region = AnyOf(choices=Region.choices, label=_("Region"))
    reward_min = Number("reward", lookup_expr="gte", label=_("Reward from"))
    reward_max = Number("reward", lookup_expr="lte", label=_("Reward up to"))
    finished = YesNo(field_name="finished_at", method="filter_finished", label=_("Finished"))
    keyword = django_filters.CharFilter("task_no", lookup_expr="startswith", label=_("Task no. begins with"))
    campaign_code = django_filters.CharFilter("campaign__campaign_code", label=_("Campaign code"))
    team_code = django_filters.CharFilter("team__team_code", label=_("Team code"))
    title = django_filters.CharFilter("title", lookup_expr="icontains", label=_("Title contains"))

    class Meta(DatasetFilter.Meta):
        model = Task
        fields: list[str] = []

    def filter_finished(self, queryset: "QuerySet[Any]", name: str, value: bool) -> "QuerySet[Any]":
        """Tasks that are finished, or that are not."""
        return queryset.filter(finished_at__isnull=not value)


@register
class Tasks(Dataset):
    """Tasks of the tenant; people without all regions get those of their own."""

    key = "tasks"
    title = _("Tasks")
    sensitivity = GENERAL
    model = Task
    filterset = TaskFilter
    columns = (
        Column("task_no", _("Task no."), Kind.ID),
        Column("title", _("Title")),
        Column("type", _("Type"), Kind.CHOICE),
        Column("status", _("Status"), Kind.CHOICE),
        Column("campaign_code", _("Campaign code"), Kind.ID, value="campaign__campaign_code"),
        Column("campaign_name", _("Campaign"), value="campaign__name"),
        Column("team_name", _("Team"), value="team__name"),
        Column("region", _("Region"), Kind.CHOICE),
        Column("reward", _("Reward per piece"), Kind.MONEY, total=False),
        Column("quota", _("Quota"), Kind.INTEGER),
        Column("done", _("Pieces done"), Kind.INTEGER),
        Column("progress", _("Progress, percent"), Kind.NUMBER, value=PROGRESS),
        Column("earned", _("Reward earned"), Kind.MONEY, value=EARNED),
        Column("created_at", _("Created"), Kind.DATETIME),
        Column("deadline", _("Deadline"), Kind.DATETIME),
        Column("finished_at", _("Finished on"), Kind.DATETIME),
        Column("team_code", _("Team code"), Kind.ID, value="team__team_code", default=False),
        Column("note", _("Note"), default=False),
    )
    order_by = ("id",)

    def rows(self, viewer: User) -> "QuerySet[Any]":
        """Tasks of the regions that ``viewer`` may see."""
        scoped: QuerySet[Any] = Task.objects.visible_to(viewer)
        return scoped
