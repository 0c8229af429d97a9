"""Users: the tenant's own people and their roles. Administrators review access rights with it."""

from typing import Any
from uuid import UUID

import django_filters
from django.contrib.postgres.aggregates import StringAgg
from django.core.exceptions import ValidationError
from django.db.models import Case, CharField, F, Func, OuterRef, QuerySet, Subquery, TextField, Value, When
from django.utils.translation import gettext_lazy as _

from accounts.models import Role, User, UserRole
from accounts.models.user import check_time_zone, normalise_name
from accounts.roles import TITLES
from jobs.datasets import GENERAL, PHONE, Column, Dataset, Importing, Kind, Rule, masks, register
from jobs.datasets.filters import AnyOf, DatasetFilter, YesNo

SEES_EVERYBODY = frozenset({"admin.accounts.view", "user:read"})
SEPARATOR = "、"


def _is_time_zone(name: str) -> bool:
    try:
        check_time_zone(name)
    except ValidationError:
        return False
    return True


def titles_of_roles(path: str) -> Case:
    """The titles at ``path``, the built-in ones translated."""
    # Built-in titles are stored in English; a lazy translation is looked up when the query is compiled, i.e. in the
    # language of the person who asked. Titles that an admin wrote are shown as they are.
    return Case(
        *(When(**{path: title}, then=Value(_(title), output_field=CharField())) for title in TITLES.values()),
        default=F(path),
        output_field=CharField(),
    )


def _joined_roles(expression: Any) -> Subquery:
    """Text of all roles of a user, in the order of their keys. One sub-select: no join, so no row is doubled."""
    joined = (
        UserRole.objects.filter(user=OuterRef("pk"))
        .order_by()
        .values("user")
        .annotate(joined=StringAgg(expression, SEPARATOR, order_by="role__key"))
        .values("joined")
    )
    return Subquery(joined, output_field=TextField())


def _by_role(value: str) -> dict[str, Any]:
    """The page of users filters by a role's id, files by its key."""
    try:
        role = Role.objects.filter(pk=UUID(value)).first()
    except ValueError:
        role = None
    return {"role": role.key} if role else {}


class UserFilter(DatasetFilter):
    """Filters of users. ``start`` and ``end`` speak of the day they joined."""

    period_field = "date_joined"
    page_filters = {"user_roles__role__id__exact": _by_role}

    is_active = YesNo(field_name="is_active", label=_("Active"))
    role = django_filters.CharFilter(method="filter_role", label=_("Role (key)"))
    language = AnyOf(choices=User._meta.get_field("language").choices, label=_("Language"))
    department = django_filters.CharFilter("department", label=_("Department"))
    never_signed_in = YesNo(method="filter_never_signed_in", label=_("Never signed in"))
    keyword = django_filters.CharFilter("username", lookup_expr="startswith", label=_("Sign-in name begins with"))

    class Meta(DatasetFilter.Meta):
        model = User
        fields: list[str] = []

    def filter_role(self, queryset: "QuerySet[Any]", name: str, value: str) -> "QuerySet[Any]":
        """People who hold the role of this key; by sub-select, so that nobody comes twice."""
        return queryset.filter(pk__in=UserRole.objects.filter(role__key=value).values("user"))

    def filter_never_signed_in(self, queryset: "QuerySet[Any]", name: str, value: bool) -> "QuerySet[Any]":
        """People who have never signed in, or who have."""
        return queryset.filter(last_login__isnull=value)


@register
class Users(Dataset):
    """People of the tenant; who may not see the list of users gets the own row only."""

    key = "users"
    title = _("Users")
    sensitivity = GENERAL
    scope_rights = ("admin.accounts.view", "user:read")
    model = User
    filterset = UserFilter
    columns = (
        Column("code", _("User no."), Kind.ID),
        Column("username", _("Sign-in name")),
        Column("display_name", _("Name")),
        Column("department", _("Department")),
        Column("email", _("E-mail"), mask=masks.email),
        Column("phone", _("Phone"), mask=masks.phone),
        Column("roles", _("Roles"), value=_joined_roles(titles_of_roles("role__title"))),
        Column(
            "regions",
            _("Regions"),
            value=Func(F("regions"), Value(SEPARATOR), function="array_to_string", output_field=TextField()),
        ),
        Column("is_active", _("Active"), Kind.BOOLEAN),
        Column("last_login", _("Last sign-in"), Kind.DATETIME),
        Column("date_joined", _("Joined"), Kind.DATETIME),
        Column("role_keys", _("Role keys"), Kind.ID, value=_joined_roles(F("role__key")), default=False),
        Column("language", _("Language"), Kind.CHOICE, default=False),
        Column("time_zone", _("Time zone"), Kind.ID, default=False),
    )
    # Codes are unique within a tenant, and their constraint's index gives this order.
    order_by = ("code",)
    page_columns = {"person": "display_name", "role_list": "roles", "state": "is_active"}

    importing = Importing(
        key="username",
        columns=(
            "username",
            "display_name",
            "department",
            "email",
            "phone",
            "language",
            "time_zone",
        ),
        fills={
            "id": "gen_random_uuid()",
            "code": "'U' || nextval('accounts_user_code_seq')",
            "date_joined": "now()",
            "password": "'!' || replace(gen_random_uuid()::text, '-', '')",  # nobody signs in with it
        },
        limits={},
        spelling={"username": normalise_name},
        rules={"phone": (PHONE,), "time_zone": (Rule("NOT_A_TIME_ZONE", _is_time_zone),)},
        synonyms={
            "username": ("登录名", "用户名", "账号", "login", "account"),
            "display_name": ("姓名", "显示名", "full name"),
        },
    )

    def rows(self, viewer: User) -> "QuerySet[Any]":
        """Everybody for people with the right to see users, else ``viewer`` alone."""
        everybody: QuerySet[Any] = User.objects.all()
        if viewer.permissions & SEES_EVERYBODY:
            return everybody
        return everybody.filter(pk=viewer.pk)
