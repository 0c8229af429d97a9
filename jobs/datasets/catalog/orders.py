"""Orders: what was bought, by whom, and what was paid. Finance closes the month with it; operators work through it."""

from typing import Any

import django_filters
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from jobs.datasets import AMOUNT, NOT_NEGATIVE, PHONE, Column, Dataset, Importing, Kind, masks, register
from jobs.datasets.filters import AnyOf, DatasetFilter, Number
from jobs.records.models import Order, Region


class OrderFilter(DatasetFilter):
    """Filters of orders. ``start`` and ``end`` speak of the day of the order.

    There is no search by phone: who sees phone numbers masked could guess the hidden digits with it.
    """

    status = AnyOf(choices=Order.Status.choices, label=_("Status"))
    channel = AnyOf(choices=Order.Channel.choices, label=_("Channel"))
    payment = AnyOf(choices=Order.Payment.choices, label=_("Payment"))
    region = AnyOf(choices=Region.choices, label=_("Region"))
    amount_min = Number("amount", lookup_expr="gte", label=_("Amount from"))
    amount_max = Number("amount", lookup_expr="lte", label=_("Amount up to"))
    keyword = django_filters.CharFilter("order_no", lookup_expr="startswith", label=_("Order no. begins with"))
    member_no = django_filters.CharFilter("member__member_no", label=_("Member no."))
    sku = django_filters.CharFilter("sku", label=_("SKU"))
    product = django_filters.CharFilter("product_name", lookup_expr="icontains", label=_("Product contains"))

    class Meta(DatasetFilter.Meta):
        model = Order
        fields: list[str] = []


@register
class Orders(Dataset):
    """Orders of the tenant; people without all regions get those of their own."""

    key = "orders"
    title = _("Orders")
    sensitivity = AMOUNT
    model = Order
    filterset = OrderFilter
    columns = (
        Column("order_no", _("Order no."), Kind.ID),
        Column("buyer_name", _("Buyer"), mask=masks.person_name),
        Column("buyer_phone", _("Phone"), mask=masks.phone),
        Column("status", _("Status"), Kind.CHOICE),
        Column("channel", _("Channel"), Kind.CHOICE),
        Column("region", _("Region"), Kind.CHOICE),
        Column("product_name", _("Product")),
        Column("quantity", _("Quantity"), Kind.INTEGER),
        Column("amount", _("Amount"), Kind.MONEY),
        Column("discount", _("Discount"), Kind.MONEY),
        Column("paid_amount", _("Amount paid"), Kind.MONEY),
        Column("created_at", _("Ordered"), Kind.DATETIME),
        Column("paid_at", _("Paid on"), Kind.DATETIME),
        Column("note", _("Note")),
        Column("payment", _("Payment"), Kind.CHOICE, default=False),
        Column("sku", _("SKU"), Kind.ID, default=False),
        Column("city", _("City"), default=False),
        Column("shipped_at", _("Shipped on"), Kind.DATETIME, default=False),
        Column("member_no", _("Member no."), Kind.ID, value="member__member_no", default=False),
        Column("member_level", _("Member level"), Kind.CHOICE, value="member__level", default=False),
    )
    # Orders get their ids in the order of time, and the primary key gives this order without a sort.
    order_by = ("id",)

    importing = Importing(
        key="order_no",
        columns=(
            "order_no",
            "buyer_name",
            "buyer_phone",
            "status",
            "channel",
            "region",
            "product_name",
            "quantity",
            "amount",
            "discount",
            "paid_amount",
            "created_at",
            "paid_at",
            "note",
            "payment",
            "sku",
            "city",
            "shipped_at",
            "member_no",
        ),
        rules={
            "buyer_phone": (PHONE,),
            "amount": (NOT_NEGATIVE,),
            "discount": (NOT_NEGATIVE,),
            "paid_amount": (NOT_NEGATIVE,),
        },
        synonyms={
            "order_no": ("订单编号", "订单ID", "order id", "order number"),
            "buyer_name": ("买家姓名", "客户", "收货人", "customer"),
            "buyer_phone": ("手机", "手机号", "手机号码", "买家电话", "mobile", "tel"),
            "amount": ("金额", "总金额", "total"),
            "quantity": ("件数", "qty"),
            "created_at": ("下单日期", "创建时间", "order date"),
            "note": ("备注", "remark", "comment"),
        },
    )

    def rows(self, viewer: User) -> "QuerySet[Any]":
        """Orders of the regions that ``viewer`` may see."""
        scoped: QuerySet[Any] = Order.objects.visible_to(viewer)
        return scoped
