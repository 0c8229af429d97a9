"""Risk tickets: who works on what since when, and what came of it. Risk measures its own work with it."""

from typing import Any

import django_filters
from django.contrib.postgres.functions import TransactionNow
from django.db.models import BooleanField, Case, F, Q, QuerySet, Value, When
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from jobs.datasets import RISK, Column, Dataset, Kind, masks, register
from jobs.datasets.filters import AnyOf, DatasetFilter, Number, YesNo
from jobs.records.models import Region, RiskHit, RiskTicket

OVERDUE = Q(closed_at__gt=F("due_at")) | Q(closed_at__isnull=True, due_at__lt=TransactionNow())
"""Closed too late, or due and still open: by the transaction's clock, lest count and file differ."""
# Not the bare condition: for an open ticket that is not due yet it would be NULL.
IS_OVERDUE = Case(When(OVERDUE, then=Value(True)), default=Value(False), output_field=BooleanField())


class RiskTicketFilter(DatasetFilter):
    """Filters of risk tickets. ``start`` and ``end`` speak of the day of opening."""

    status = AnyOf(choices=RiskTicket.Status.choices, label=_("Status"))
    level = AnyOf(choices=RiskHit.Level.choices, label=_("Level"))
    category = AnyOf(choices=RiskHit.Category.choices, label=_("Category"))
    source = AnyOf(choices=RiskTicket.Source.choices, label=_("Source"))
    conclusion = AnyOf(choices=RiskTicket.Conclusion.choices, label=_("Conclusion"))
    region = AnyOf(choices=Region.choices, label=_("Region"))
    assignee = django_filters.CharFilter("assignee", label=_("Assignee"))
    overdue = YesNo(method="filter_overdue", label=_("Overdue"))
    minutes_min = Number("handling_minutes", lookup_expr="gte", label=_("Handling minutes from"))
    minutes_max = Number("handling_minutes", lookup_expr="lte", label=_("Handling minutes up to"))
    keyword = django_filters.CharFilter("ticket_no", lookup_expr="startswith", label=_("Ticket no. begins with"))
    hit_no = django_filters.CharFilter("hit__hit_no", label=_("Hit no."))
    member_no = django_filters.CharFilter("member__member_no", label=_("Member no."))

    class Meta(DatasetFilter.Meta):
        model = RiskTicket
        fields: list[str] = []

    def filter_overdue(self, queryset: "QuerySet[Any]", name: str, value: bool) -> "QuerySet[Any]":
        """Tickets that are or were closed too late, or the others."""
        return queryset.filter(OVERDUE if value else ~OVERDUE)


@register
class RiskTickets(Dataset):
    """Risk tickets of the tenant; people without all regions get those of their own."""

    key = "risk_tickets"
    title = _("Risk tickets")
    sensitivity = RISK
    model = RiskTicket
    filterset = RiskTicketFilter
    columns = (
        Column("ticket_no", _("Ticket no."), Kind.ID),
        Column("title", _("Ticket subject")),
        Column("hit_no", _("Hit no."), Kind.ID, value="hit__hit_no"),
        Column("member_no", _("Member no."), Kind.ID, value="member__member_no"),
        Column("member_name", _("Member"), value="member__name", mask=masks.person_name),
        Column("member_phone", _("Phone"), value="member__phone", mask=masks.phone),
        Column("category", _("Category"), Kind.CHOICE),
        Column("level", _("Level"), Kind.CHOICE),
        Column("status", _("Status"), Kind.CHOICE),
        Column("assignee", _("Assignee")),
        Column("created_at", _("Opened on"), Kind.DATETIME),
        Column("due_at", _("Due by"), Kind.DATETIME),
        Column("closed_at", _("Closed on"), Kind.DATETIME),
        Column("overdue", _("Overdue"), Kind.BOOLEAN, value=IS_OVERDUE),
        Column("handling_minutes", _("Handling time (minutes)"), Kind.INTEGER),
        Column("conclusion", _("Conclusion"), Kind.CHOICE),
        Column("amount", _("Amount at risk"), Kind.MONEY),
        Column("refunded_amount", _("Amount refunded"), Kind.MONEY),
        Column("region", _("Region"), Kind.CHOICE),
        Column("note", _("Note")),
        Column("source", _("Source"), Kind.CHOICE, default=False),
        Column("order_no", _("Order no."), Kind.ID, value="hit__order__order_no", default=False),
        Column("rule_code", _("Rule"), Kind.ID, value="hit__rule_code", default=False),
    )
    order_by = ("id",)

    def rows(self, viewer: User) -> "QuerySet[Any]":
        """Tickets of the regions that ``viewer`` may see."""
        scoped: QuerySet[Any] = RiskTicket.objects.visible_to(viewer)
        return scoped
