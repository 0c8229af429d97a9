"""Monthly statistics: orders, buyers and money by month, region and channel, summed up by the database."""

from datetime import timedelta
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from django.db.models import CharField, Count, DecimalField, F, Func, Max, Min, Q, QuerySet, Sum, Value
from django.db.models.functions import Cast, NullIf, Round
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from jobs.datasets import AMOUNT, Column, Dataset, Kind, register
from jobs.datasets.filters import AnyOf, DatasetFilter
from jobs.records.models import Order, Region

PAID = Q(status__in=[Order.Status.PAID, Order.Status.SHIPPED, Order.Status.COMPLETED, Order.Status.REFUNDED])
"""Orders that were paid for, also those whose money went back later."""
REFUNDED = Q(status=Order.Status.REFUNDED)
PAID_ORDERS = Count("pk", filter=PAID)


class OrderStatisticsFilter(DatasetFilter):
    """Filters of the orders that are summed up. ``start`` and ``end`` speak of the day of the order."""

    region = AnyOf(choices=Region.choices, label=_("Region"))
    channel = AnyOf(choices=Order.Channel.choices, label=_("Channel"))

    class Meta(DatasetFilter.Meta):
        model = Order
        fields: list[str] = []


def _money(condition: Q) -> Sum:
    return Sum("paid_amount", filter=condition, default=Value(0, output_field=DecimalField()))


FIGURES = {
    "orders": Count("pk"),
    "buyers": Count("member", distinct=True),
    "pieces": Sum("quantity"),
    "gross": Sum("amount"),
    "reduced": Sum("discount"),
    "paid_orders": PAID_ORDERS,
    "paid": _money(PAID),
    "refunded_orders": Count("pk", filter=REFUNDED),
    "refunded": _money(REFUNDED),
    "net_revenue": _money(PAID & ~REFUNDED),
    "average_order": Round(_money(PAID) / NullIf(PAID_ORDERS, 0), 2),
    "paid_rate": Round(Cast(PAID_ORDERS, DecimalField(max_digits=18, decimal_places=4)) / Count("pk"), 4),
    "first_order_at": Min("created_at"),
    "last_order_at": Max("created_at"),
}
"""What is worked out of each group of orders. No name is that of a field, which it would hide."""
COLUMNS = (
    Column("region", _("Region"), Kind.CHOICE),
    Column("channel", _("Channel"), Kind.CHOICE),
    Column("orders", _("Number of orders"), Kind.INTEGER),
    Column("buyers", _("Buyers"), Kind.INTEGER),
    Column("quantity", _("Quantity"), Kind.INTEGER, value="pieces"),
    Column("gross", _("Gross amount"), Kind.MONEY),
    Column("discount", _("Discount"), Kind.MONEY, value="reduced"),
    Column("paid_orders", _("Paid orders"), Kind.INTEGER),
    Column("paid_amount", _("Amount paid"), Kind.MONEY, value="paid"),
    Column("refunded_orders", _("Refunded orders"), Kind.INTEGER),
    Column("refunded_amount", _("Amount refunded"), Kind.MONEY, value="refunded"),
    Column("net_revenue", _("Net revenue"), Kind.MONEY),
    Column("average_order", _("Average paid order"), Kind.MONEY, total=False),
    Column("paid_rate", _("Paid rate"), Kind.NUMBER),
    Column("first_order_at", _("First order"), Kind.DATETIME),
    Column("last_order_at", _("Last order"), Kind.DATETIME),
)
"""The columns after the one of the period."""


class OrderStatistics(Dataset):
    """
    Orders of the tenant, summed up by period, region and channel; people without all regions get their own.

    Class attributes of subclasses:
        period_format: the calendar period that an order belongs to, in the words of PostgreSQL's to_char
        columns: a column with the value ``period``, then ``COLUMNS``
    """

    sensitivity = AMOUNT
    model = Order
    filterset = OrderStatisticsFilter
    order_by = ("period", "region", "channel")
    lifetime = timedelta(minutes=30)
    period_format: ClassVar[str]

    def rows(self, viewer: User) -> "QuerySet[Any]":
        """Orders of the regions that ``viewer`` may see."""
        scoped: QuerySet[Any] = Order.objects.visible_to(viewer)
        return scoped

    def grouped(self, rows: "QuerySet[Any]", *, zone: ZoneInfo) -> "QuerySet[Any]":
        """A row for each period of the wall clock of ``zone``, region and channel in which there are orders."""
        wall_clock = Func(Value(zone.key), F("created_at"), function="timezone")
        period = Func(wall_clock, Value(self.period_format), function="to_char", output_field=CharField())
        keyed = rows.annotate(period=period).values("period", "region", "channel")
        groups: QuerySet[Any] = keyed.annotate(**FIGURES)
        return groups


@register
class StatsMonthly(OrderStatistics):
    """Figures by month."""

    key = "stats_monthly"
    title = _("Monthly statistics")
    period_format = "YYYY-MM"
    columns = (Column("month", _("Month"), Kind.ID, value="period"), *COLUMNS)
