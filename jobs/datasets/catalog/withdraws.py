"""Withdrawals: what members asked to be paid out, and what became of it. Finance reviews and pays with it."""

from typing import Any

import django_filters
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from jobs.datasets import AMOUNT, Column, Dataset, Importing, Kind, Mode, masks, register
from jobs.datasets.filters import AnyOf, DatasetFilter, Number, YesNo
from jobs.records.models import Region, Withdraw


class WithdrawFilter(DatasetFilter):
    """Filters of withdrawals. ``start`` and ``end`` speak of the day of the request.

    There is no search by account: who sees it masked could guess the hidden digits with it.
    """

    status = AnyOf(choices=Withdraw.Status.choices, label=_("Status"))
    region = AnyOf(choices=Region.choices, label=_("Region"))
    bank = django_filters.CharFilter("bank_name", label=_("Bank"))
    amount_min = Number("amount", lookup_expr="gte", label=_("Amount from"))
    amount_max = Number("amount", lookup_expr="lte", label=_("Amount up to"))
    reviewed = YesNo(field_name="reviewed_at", method="filter_reviewed", label=_("Reviewed"))
    keyword = django_filters.CharFilter("withdraw_no", lookup_expr="startswith", label=_("Withdrawal no. begins with"))
    wallet_no = django_filters.CharFilter("wallet__wallet_no", label=_("Wallet no."))
    member_no = django_filters.CharFilter("wallet__member__member_no", label=_("Member no."))

    class Meta(DatasetFilter.Meta):
        model = Withdraw
        fields: list[str] = []

    def filter_reviewed(self, queryset: "QuerySet[Any]", name: str, value: bool) -> "QuerySet[Any]":
        """Requests that somebody has decided on, or that nobody has."""
        return queryset.filter(reviewed_at__isnull=not value)


@register
class Withdraws(Dataset):
    """Withdrawals of the tenant; people without all regions get those of their own."""

    key = "withdraws"
    title = _("Withdrawals")
    sensitivity = AMOUNT
    model = Withdraw
    filterset = WithdrawFilter
    columns = (
        Column("withdraw_no", _("Withdrawal no."), Kind.ID),
        Column("member_no", _("Member no."), Kind.ID, value="wallet__member__member_no"),
        Column("account_holder", _("Account holder"), mask=masks.person_name),
        Column("bank_name", _("Bank")),
        Column("account_no", _("Account no."), Kind.ID, mask=masks.id_number),
        Column("amount", _("Amount"), Kind.MONEY),
        Column("fee", _("Fee"), Kind.MONEY),
        Column("net_amount", _("Net amount"), Kind.MONEY),
        Column("status", _("Status"), Kind.CHOICE),
        Column("created_at", _("Requested on"), Kind.DATETIME),
        Column("reviewed_at", _("Reviewed on"), Kind.DATETIME),
        Column("paid_at", _("Paid out on"), Kind.DATETIME),
        Column("reviewer", _("Reviewer")),
        Column("fail_reason", _("Reason of refusal")),
        Column("wallet_no", _("Wallet no."), Kind.ID, value="wallet__wallet_no", default=False),
        Column("region", _("Region"), Kind.CHOICE, default=False),
        Column("phone", _("Phone"), value="wallet__member__phone", mask=masks.phone, default=False),
    )
    order_by = ("id",)

    importing = Importing(
        key="withdraw_no",
        columns=("withdraw_no", "status", "reviewer", "fail_reason", "reviewed_at", "paid_at"),
        modes=(Mode.UPDATE,),
        fills={},
        limits={},
        synonyms={
            "withdraw_no": ("提现编号", "提现ID", "withdraw id"),
            "status": ("处理结果", "result"),
            "fail_reason": ("失败原因", "拒绝原因", "reason"),
        },
    )

    def rows(self, viewer: User) -> "QuerySet[Any]":
        """Withdrawals of the regions that ``viewer`` may see."""
        scoped: QuerySet[Any] = Withdraw.objects.visible_to(viewer)
        return scoped
