"""Roles: what each role of the tenant may do, and how many people hold it. Auditors review rights with it."""

from typing import Any

import django_filters
from django.contrib.postgres.aggregates import StringAgg
from django.db.models import (
    BooleanField,
    Count,
    ExpressionWrapper,
    F,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    TextField,
    Value,
)
from django.db.models.functions import Coalesce, Concat
from django.utils.translation import gettext_lazy as _

from accounts.audit import Operation
from accounts.models import AuditEntry, Role, RolePermission, User, UserRole
from accounts.models.tenant import Kind as TenantKind
from accounts.roles import CLIENT_DEFAULTS, PLATFORM_DEFAULTS
from jobs.datasets import GENERAL, Column, Dataset, Kind, register
from jobs.datasets.catalog.users import SEES_EVERYBODY, SEPARATOR, titles_of_roles
from jobs.datasets.filters import DatasetFilter, YesNo

BUILT_IN = Q(tenant__kind=TenantKind.PLATFORM, key__in=list(PLATFORM_DEFAULTS)) | Q(
    tenant__kind=TenantKind.CLIENT, key__in=list(CLIENT_DEFAULTS)
)


def _number(rows: "QuerySet[Any]") -> Coalesce:
    """How many of ``rows`` name the role. A sub-select: two joins would multiply each other's rows."""
    counted = rows.filter(role=OuterRef("pk")).order_by().values("role").annotate(number=Count("pk")).values("number")
    return Coalesce(Subquery(counted, output_field=IntegerField()), 0)


def _permissions() -> Subquery:
    """Codes of all permissions of a role, in their order."""
    joined = (
        RolePermission.objects.filter(role=OuterRef("pk"))
        .order_by()
        .values("role")
        .annotate(joined=StringAgg("permission_id", SEPARATOR, order_by="permission_id"))
        .values("joined")
    )
    return Subquery(joined, output_field=TextField())


def _last_change() -> Coalesce:
    """When somebody last changed title or permissions; until then, when the company and its roles were set up."""
    changes = AuditEntry.objects.filter(
        operation=Operation.ROLE_CHANGE, resource=Concat(Value("role:"), OuterRef("key"))
    ).order_by("-seq")
    return Coalesce(Subquery(changes.values("timestamp")[:1]), F("tenant__created_at"))


class RoleFilter(DatasetFilter):
    """Filters of roles. ``start`` and ``end`` speak of the day of the last change."""

    period_field = "changed_at"

    built_in = YesNo(method="filter_built_in", label=_("Built-in"))
    held = YesNo(method="filter_held", label=_("Held by somebody"))
    permission = django_filters.CharFilter(method="filter_permission", label=_("Permission (code)"))
    keyword = django_filters.CharFilter("key", lookup_expr="startswith", label=_("Key begins with"))

    class Meta(DatasetFilter.Meta):
        model = Role
        fields: list[str] = []

    def filter_built_in(self, queryset: "QuerySet[Any]", name: str, value: bool) -> "QuerySet[Any]":
        """Roles that every company has, or its own."""
        return queryset.filter(BUILT_IN if value else ~BUILT_IN)

    def filter_held(self, queryset: "QuerySet[Any]", name: str, value: bool) -> "QuerySet[Any]":
        """Roles that somebody holds, or nobody."""
        held = Q(pk__in=UserRole.objects.values("role"))
        return queryset.filter(held if value else ~held)

    def filter_permission(self, queryset: "QuerySet[Any]", name: str, value: str) -> "QuerySet[Any]":
        """Roles with the permission of this code."""
        return queryset.filter(pk__in=RolePermission.objects.filter(permission=value).values("role"))


@register
class Roles(Dataset):
    """Roles of the tenant; who may not see the list of users gets those of his own only."""

    key = "roles"
    title = _("Roles")
    sensitivity = GENERAL
    scope_rights = ("admin.accounts.view", "user:read")
    model = Role
    filterset = RoleFilter
    columns = (
        Column("key", _("Role key"), Kind.ID),
        Column("title", _("Role name"), value=titles_of_roles("title")),
        Column("built_in", _("Built-in"), Kind.BOOLEAN, value=ExpressionWrapper(BUILT_IN, BooleanField())),
        Column("users", _("Number of users"), Kind.INTEGER, value=_number(UserRole.objects.all())),
        Column(
            "active_users",
            _("Number of active users"),
            Kind.INTEGER,
            value=_number(UserRole.objects.filter(user__is_active=True)),
        ),
        Column(
            "permission_count", _("Number of permissions"), Kind.INTEGER, value=_number(RolePermission.objects.all())
        ),
        Column("permissions", _("Permissions"), Kind.ID, value=_permissions()),
        Column("changed_at", _("Changed"), Kind.DATETIME),
    )
    # Keys are unique within a tenant, and their constraint's index gives this order.
    order_by = ("key",)
    page_columns = {"title_shown": "title", "people": "users", "grants_held": "permission_count"}

    def rows(self, viewer: User) -> "QuerySet[Any]":
        """Every role for people with the right to see users, else those that ``viewer`` holds."""
        everything: QuerySet[Any] = Role.objects.annotate(changed_at=_last_change())
        if viewer.permissions & SEES_EVERYBODY:
            return everything
        return everything.filter(pk__in=UserRole.objects.filter(user=viewer).values("role"))
