"""A dataset whose rows take their time, so that a test can interrupt its export in the middle."""

from django.db.models import CharField, FloatField, Func, Value
from django.db.models.functions import Cast

from accounts.models import User
from jobs.datasets import GENERAL, Column, Dataset, Kind, register
from jobs.datasets.filters import DatasetFilter
from jobs.records.models import Member


class SlowFilter(DatasetFilter):
    """Only the period."""

    class Meta(DatasetFilter.Meta):
        model = Member
        fields: list[str] = []


@register
class Slow(Dataset):
    """Members at 4 ms a row."""

    key = "slow"
    title = "Slow members"
    sensitivity = GENERAL
    model = Member
    secondary = True
    filterset = SlowFilter
    order_by = ("id",)
    columns = (
        Column("member_no", "Member no.", Kind.ID),
        Column(
            "nap",
            "Nap",
            Kind.ID,
            value=Cast(
                Func(Value(0.004, output_field=FloatField()), function="pg_sleep", output_field=CharField()),
                CharField(),
            ),
        ),
    )

    def rows(self, viewer: User):
        return Member.objects.visible_to(viewer)
