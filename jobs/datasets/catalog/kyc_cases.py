"""KYC cases: who proved to be whom, with which document. Risk answers for it to the authorities."""

from typing import Any

import django_filters
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from jobs.datasets import RISK, Column, Dataset, Kind, masks, register
from jobs.datasets.filters import AnyOf, DatasetFilter, Number, YesNo
from jobs.records.models import KycCase, Member, Region


class KycCaseFilter(DatasetFilter):
    """Filters of KYC cases. ``start`` and ``end`` speak of the day of submission.

    There is no search by name or document: who sees them masked could guess the hidden part with it.
    """

    status = AnyOf(choices=KycCase.Status.choices, label=_("Status"))
    document_type = AnyOf(choices=KycCase.DocumentType.choices, label=_("Document"))
    reject_reason = AnyOf(choices=KycCase.RejectReason.choices, label=_("Reason of rejection"))
    source = AnyOf(choices=Member.Source.choices, label=_("Source"))
    region = AnyOf(choices=Region.choices, label=_("Region"))
    reviewer = django_filters.CharFilter("reviewer", label=_("Reviewer"))
    reviewed = YesNo(method="filter_reviewed", label=_("Reviewed"))
    expires_from = django_filters.DateFilter("expires_on", lookup_expr="gte", label=_("Document valid until, from"))
    expires_to = django_filters.DateFilter("expires_on", lookup_expr="lte", label=_("Document valid until, to"))
    face_score_min = Number("face_score", lookup_expr="gte", label=_("Face score from"))
    face_score_max = Number("face_score", lookup_expr="lte", label=_("Face score up to"))
    keyword = django_filters.CharFilter("case_no", lookup_expr="startswith", label=_("Case no. begins with"))
    member_no = django_filters.CharFilter("member__member_no", label=_("Member no."))

    class Meta(DatasetFilter.Meta):
        model = KycCase
        fields: list[str] = []

    def filter_reviewed(self, queryset: "QuerySet[Any]", name: str, value: bool) -> "QuerySet[Any]":
        """Cases that somebody has decided, or that nobody has."""
        return queryset.filter(reviewed_at__isnull=not value)


@register
class KycCases(Dataset):
    """KYC cases of the tenant; people without all regions get those of their own."""

    key = "kyc_cases"
    title = _("KYC cases")
    sensitivity = RISK
    model = KycCase
    filterset = KycCaseFilter
    columns = (
        Column("case_no", _("Case no."), Kind.ID),
        Column("member_no", _("Member no."), Kind.ID, value="member__member_no"),
        Column("name", _("Name"), mask=masks.person_name),
        Column("document_type", _("Document"), Kind.CHOICE),
        # Text, not an identifier of ours: it is what the member typed. No format turns text into a number.
        Column("id_number", _("Document no."), mask=masks.id_number),
        Column("expires_on", _("Document valid until"), Kind.DATE),
        Column("face_score", _("Face score"), Kind.NUMBER),
        Column("status", _("Status"), Kind.CHOICE),
        Column("created_at", _("Submitted"), Kind.DATETIME),
        Column("reviewed_at", _("Reviewed on"), Kind.DATETIME),
        Column("reviewer", _("Reviewer")),
        Column("reject_reason", _("Reason of rejection"), Kind.CHOICE),
        Column("attempts", _("Times submitted"), Kind.INTEGER),
        Column("region", _("Region"), Kind.CHOICE),
        Column("note", _("Note")),
        Column("phone", _("Phone"), value="member__phone", mask=masks.phone, default=False),
        Column("source", _("Source"), Kind.CHOICE, default=False),
    )
    order_by = ("id",)

    def rows(self, viewer: User) -> "QuerySet[Any]":
        """Cases of the regions that ``viewer`` may see."""
        scoped: QuerySet[Any] = KycCase.objects.visible_to(viewer)
        return scoped
