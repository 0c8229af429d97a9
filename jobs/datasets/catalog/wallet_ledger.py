"""Wallet ledger: every movement of money in the wallets of members. Finance reconciles with it."""

from typing import Any

import django_filters
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from jobs.datasets import AMOUNT, Column, Dataset, Kind, masks, register
from jobs.datasets.filters import AnyOf, DatasetFilter, Number
from jobs.records.models import Region, WalletEntry


class WalletLedgerFilter(DatasetFilter):
    """Filters of ledger entries. ``start`` and ``end`` speak of the day of booking."""

    direction = AnyOf(choices=WalletEntry.Direction.choices, label=_("Direction"))
    business = AnyOf(choices=WalletEntry.Business.choices, label=_("Business"))
    region = AnyOf(choices=Region.choices, label=_("Region"))
    amount_min = Number("amount", lookup_expr="gte", label=_("Amount from"))
    amount_max = Number("amount", lookup_expr="lte", label=_("Amount up to"))
    keyword = django_filters.CharFilter("entry_no", lookup_expr="startswith", label=_("Entry no. begins with"))
    wallet_no = django_filters.CharFilter("wallet__wallet_no", label=_("Wallet no."))
    member_no = django_filters.CharFilter("wallet__member__member_no", label=_("Member no."))
    reference_no = django_filters.CharFilter("reference_no", label=_("Order or reference no."))
    operator = django_filters.CharFilter("operator", label=_("Booked by"))

    class Meta(DatasetFilter.Meta):
        model = WalletEntry
        fields: list[str] = []


@register
class WalletLedger(Dataset):
    """Ledger entries of the tenant; people without all regions get those of their own."""

    key = "wallet_ledger"
    title = _("Wallet ledger")
    sensitivity = AMOUNT
    model = WalletEntry
    filterset = WalletLedgerFilter
    columns = (
        Column("entry_no", _("Entry no."), Kind.ID),
        Column("wallet_no", _("Wallet no."), Kind.ID, value="wallet__wallet_no"),
        Column("member_no", _("Member no."), Kind.ID, value="wallet__member__member_no"),
        Column("member_name", _("Name"), value="wallet__member__name", mask=masks.person_name),
        Column("direction", _("Direction"), Kind.CHOICE),
        Column("business", _("Business"), Kind.CHOICE),
        Column("amount", _("Amount"), Kind.MONEY),
        Column("balance_before", _("Balance before"), Kind.MONEY, total=False),
        Column("balance_after", _("Balance after"), Kind.MONEY, total=False),
        Column("currency", _("Currency"), Kind.ID, value="wallet__currency"),
        Column("reference_no", _("Order or reference no."), Kind.ID),
        Column("created_at", _("Booked on"), Kind.DATETIME),
        Column("operator", _("Booked by")),
        Column("memo", _("Memo")),
        Column("region", _("Region"), Kind.CHOICE, default=False),
        Column("member_phone", _("Phone"), value="wallet__member__phone", mask=masks.phone, default=False),
    )
    # Entries get their ids in the order of time, and so those of each wallet in the order of its chain.
    order_by = ("id",)

    not_imported = _("Money moves by bookings alone: a ledger that files could write would prove nothing.")

    def rows(self, viewer: User) -> "QuerySet[Any]":
        """Entries of the regions that ``viewer`` may see."""
        scoped: QuerySet[Any] = WalletEntry.objects.visible_to(viewer)
        return scoped
