"""Members: the customers, with contact data masked for most. Operations and client companies plan campaigns with it."""

from typing import Any

import django_filters
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from jobs.datasets import GENERAL, PHONE, Column, Dataset, Importing, Kind, masks, register
from jobs.datasets.filters import AnyOf, DatasetFilter, Number
from jobs.records.models import Member, Region


class MemberFilter(DatasetFilter):
    """Filters of members. ``start`` and ``end`` speak of the day of registration."""

    status = AnyOf(choices=Member.Status.choices, label=_("Status"))
    level = AnyOf(choices=Member.Level.choices, label=_("Level"))
    gender = AnyOf(choices=Member.Gender.choices, label=_("Gender"))
    source = AnyOf(choices=Member.Source.choices, label=_("Source"))
    region = AnyOf(choices=Region.choices, label=_("Region"))
    city = django_filters.CharFilter("city", label=_("City"))
    points_min = Number("points", lookup_expr="gte", label=_("Points from"))
    points_max = Number("points", lookup_expr="lte", label=_("Points up to"))
    keyword = django_filters.CharFilter("member_no", lookup_expr="startswith", label=_("Member no. begins with"))

    class Meta(DatasetFilter.Meta):
        model = Member
        fields: list[str] = []


@register
class Members(Dataset):
    """Members of the tenant; people without all regions get those of their own."""

    key = "members"
    title = _("Members")
    sensitivity = GENERAL
    model = Member
    filterset = MemberFilter
    columns = (
        Column("member_no", _("Member no."), Kind.ID),
        Column("name", _("Name"), mask=masks.person_name),
        Column("gender", _("Gender"), Kind.CHOICE),
        Column("phone", _("Phone"), mask=masks.phone),
        Column("email", _("E-mail"), mask=masks.email),
        Column("level", _("Level"), Kind.CHOICE),
        Column("status", _("Status"), Kind.CHOICE),
        Column("source", _("Source"), Kind.CHOICE),
        Column("region", _("Region"), Kind.CHOICE),
        Column("city", _("City")),
        Column("points", _("Points"), Kind.INTEGER),
        Column("balance", _("Balance"), Kind.MONEY),
        Column("total_spent", _("Total spent"), Kind.MONEY),
        Column("created_at", _("Registered"), Kind.DATETIME),
        Column("last_active_at", _("Last active"), Kind.DATETIME),
        Column("birthday", _("Birthday"), Kind.DATE, default=False),
        Column("note", _("Note"), default=False),
    )
    order_by = ("id",)

    importing = Importing(
        key="member_no",
        columns=(
            "member_no",
            "name",
            "gender",
            "phone",
            "email",
            "level",
            "status",
            "source",
            "region",
            "city",
            "points",
            "created_at",
            "last_active_at",
            "birthday",
            "note",
        ),
        rules={"phone": (PHONE,)},
        synonyms={
            "member_no": ("会员编号", "会员ID", "member id", "customer no"),
            "name": ("会员名", "姓名", "客户姓名", "full name"),
            "phone": ("手机", "手机号", "手机号码", "电话", "联系电话", "mobile", "tel"),
            "email": ("邮件", "电子邮件", "邮箱", "mail"),
            "created_at": ("注册日期", "创建时间", "registered at"),
            "birthday": ("出生日期", "date of birth"),
            "note": ("备注", "remark", "comment"),
        },
    )

    def rows(self, viewer: User) -> "QuerySet[Any]":
        """Members of the regions that ``viewer`` may see."""
        scoped: QuerySet[Any] = Member.objects.visible_to(viewer)
        return scoped
