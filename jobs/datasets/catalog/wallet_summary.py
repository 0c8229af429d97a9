"""Wallet summary: what each wallet began and ended a period with, added up from its ledger entries.

There is no table of totals that could fall behind the ledger: the figures are sums over it, made when asked for.
"""

from datetime import datetime
from decimal import Decimal
from typing import Any

import django_filters
from django.db.models import Case, Count, DecimalField, F, Max, Q, QuerySet, Sum, Value, When
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from jobs.datasets import AMOUNT, Column, Dataset, Kind, masks, register
from jobs.datasets.filters import AnyOf, DatasetFilter, Number, YesNo
from jobs.records.models import Region, Wallet, WalletEntry

MONEY: "DecimalField[Any, Any]" = DecimalField(max_digits=18, decimal_places=2)
IN = Q(entries__direction=WalletEntry.Direction.IN)
OUT = Q(entries__direction=WalletEntry.Direction.OUT)
SIGNED = Case(When(IN, then=F("entries__amount")), default=-F("entries__amount"), output_field=MONEY)


def summed(wallets: "QuerySet[Any]", since: datetime | None = None, before: datetime | None = None) -> "QuerySet[Any]":
    """``wallets`` with their figures from ``since`` (included) to ``before`` (not included); None means without end.

    One pass over the entries: they are joined once, and each figure says which of them it counts.
    """
    past = Q(entries__created_at__lt=since) if since else Q(pk=None)
    until = Q(entries__created_at__lt=before) if before else Q()
    within = until & Q(entries__created_at__gte=since) if since else until
    zero = Value(Decimal("0.00"), output_field=MONEY)

    def total(what: Any, which: Q) -> Coalesce:
        return Coalesce(Sum(what, filter=which, output_field=MONEY), zero)

    annotated: QuerySet[Any] = wallets.annotate(
        opening_balance=total(SIGNED, past),
        total_in=total("entries__amount", within & IN),
        total_out=total("entries__amount", within & OUT),
        closing_balance=total(SIGNED, until),
        count_in=Count("entries", filter=within & IN),
        count_out=Count("entries", filter=within & OUT),
        last_entry_at=Max("entries__created_at", filter=within),
    )
    return annotated


class WalletSummaryFilter(DatasetFilter):
    """Filters of wallets. ``start`` and ``end`` bound the period that is summed up, day by day of the viewer's zone.

    A wallet that was opened after the period is left out; one in which nothing moved keeps its balance.
    """

    status = AnyOf(choices=Wallet.Status.choices, label=_("Status"))
    region = AnyOf(choices=Region.choices, label=_("Region"))
    moved = YesNo(method="filter_moved", label=_("Money moved"))
    closing_min = Number("closing_balance", lookup_expr="gte", label=_("Closing balance from"))
    closing_max = Number("closing_balance", lookup_expr="lte", label=_("Closing balance up to"))
    keyword = django_filters.CharFilter("wallet_no", lookup_expr="startswith", label=_("Wallet no. begins with"))
    member_no = django_filters.CharFilter("member__member_no", label=_("Member no."))

    class Meta(DatasetFilter.Meta):
        model = Wallet
        fields: list[str] = []

    def filter_queryset(self, queryset: "QuerySet[Any]") -> "QuerySet[Any]":
        """The period comes first: other filters speak of its figures."""
        since = self.first_instant(self.form.cleaned_data.get("start"))
        before = self.instant_after(self.form.cleaned_data.get("end"))
        if since or before:
            queryset = summed(queryset, since, before)
        narrowed: QuerySet[Any] = super().filter_queryset(queryset)
        return narrowed

    def filter_start(self, queryset: "QuerySet[Any]", name: str, value: Any) -> "QuerySet[Any]":
        """All wallets: what was there before is the opening balance."""
        return queryset

    def filter_moved(self, queryset: "QuerySet[Any]", name: str, value: bool) -> "QuerySet[Any]":
        """Wallets with an entry in the period, or without one."""
        return queryset.filter(last_entry_at__isnull=not value)


@register
class WalletSummary(Dataset):
    """Wallets of the tenant with their sums; people without all regions get those of their own."""

    key = "wallet_summary"
    title = _("Wallet summary")
    sensitivity = AMOUNT
    model = Wallet
    filterset = WalletSummaryFilter
    columns = (
        Column("wallet_no", _("Wallet no."), Kind.ID),
        Column("member_no", _("Member no."), Kind.ID, value="member__member_no"),
        Column("member_name", _("Name"), value="member__name", mask=masks.person_name),
        Column("status", _("Status"), Kind.CHOICE),
        Column("region", _("Region"), Kind.CHOICE),
        Column("currency", _("Currency"), Kind.ID),
        Column("opening_balance", _("Opening balance"), Kind.MONEY),
        Column("total_in", _("Total in"), Kind.MONEY),
        Column("total_out", _("Total out"), Kind.MONEY),
        Column("closing_balance", _("Closing balance"), Kind.MONEY),
        Column("count_in", _("Entries in"), Kind.INTEGER),
        Column("count_out", _("Entries out"), Kind.INTEGER),
        # Of today, whatever the period is.
        Column("frozen_amount", _("Frozen now"), Kind.MONEY),
        Column("last_entry_at", _("Last entry"), Kind.DATETIME),
        Column("created_at", _("Opened"), Kind.DATETIME, default=False),
        Column("member_phone", _("Phone"), value="member__phone", mask=masks.phone, default=False),
    )
    order_by = ("id",)

    def rows(self, viewer: User) -> "QuerySet[Any]":
        """Wallets of the regions that ``viewer`` may see, summed up over all time."""
        return summed(Wallet.objects.visible_to(viewer))
