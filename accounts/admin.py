"""Users, roles, permissions, the own tenant and the audit trail in the admin."""

import json
from typing import Any, cast

from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.db.models import Count, Q, QuerySet
from django.db.models.functions import Now
from django.forms import ModelForm
from django.http import HttpRequest
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.timezone import localtime
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.decorators import display
from unfold.forms import AdminPasswordChangeForm
from unfold.paginator import InfinitePaginator

from accounts import admin_tokens, services, token_family_admin  # noqa: F401 - they register their pages
from accounts.admin_base import ReadOnlyAdmin, TenantAdmin
from accounts.admin_forms import RoleForm, UserAddForm, UserForm
from accounts.audit import Operation
from accounts.models import AuditEntry, Permission, Role, Tenant, User
from accounts.permission_titles import label
from accounts.roles import TITLES
from exportcenter.common.client import client_of


@admin.register(Tenant)
class OwnTenantAdmin(TenantAdmin):
    """The own company. Others are invisible (row-level security); they are made by accounts.roles.create_tenant."""

    list_display = ["name", "slug", "kind", "is_active", "max_queued_exports", "created_at"]
    fields = ["name", "slug", "kind", "is_active", "max_queued_exports", "created_at"]
    readonly_fields = ["slug", "kind", "is_active", "created_at"]
    actions: Any = None

    def audit_resource(self, obj: Tenant) -> str:
        """E.g. tenant:platform."""
        return f"tenant:{obj.slug}"

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Never: a tenant needs its roles and chains from the first moment."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never."""
        return False


@admin.register(User)
class PeopleAdmin(DjangoUserAdmin, TenantAdmin):  # type: ignore[misc]
    """People of the own company. Nobody is deleted, because history names them: deactivate instead."""

    operation = Operation.USER_CHANGE
    form = UserForm
    add_form = UserAddForm
    change_password_form = AdminPasswordChangeForm
    list_display = ["code", "person", "username", "role_list", "department", "state", "last_login"]
    list_display_links = ["code", "person"]
    list_filter = ["is_active", ("user_roles__role", admin.RelatedOnlyFieldListFilter)]
    search_fields = ["code", "username", "display_name", "email", "department"]
    ordering = ["code"]
    filter_horizontal = ()
    readonly_fields = ["code", "password_link", "lock", "last_login", "date_joined"]
    actions = ["deactivate", "activate", "unlock"]
    fieldsets = [
        (None, {"fields": ["code", "username", "display_name", "password_link"]}),
        (_("Roles"), {"fields": ["held_roles", "regions"]}),
        (_("Contact"), {"fields": ["email", "phone", "department"]}),
        (_("Language and time"), {"fields": ["language", "time_zone"]}),
        (_("State"), {"fields": ["is_active", "lock", "last_login", "date_joined"]}),
    ]
    add_fieldsets = [
        (None, {"fields": ["username", "display_name", "email", "password1", "password2"]}),
        (_("Roles"), {"fields": ["held_roles"]}),
    ]

    def audit_resource(self, obj: User) -> str:
        """E.g. user:U1001."""
        return f"user:{obj.code}"

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        """With roles, so that the list needs two queries."""
        people: QuerySet[User] = super().get_queryset(request).prefetch_related("roles")
        return people.annotate(locked=Q(locked_until__gt=Now()))

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Readers without the right to change see the roles as text."""
        fieldsets = super().get_fieldsets(request, obj)
        if self.has_change_permission(request, obj):
            return fieldsets
        swap: dict[Any, str] = {"held_roles": "role_list"}
        return [
            (
                title,
                {**options, "fields": [swap.get(name, name) for name in options["fields"] if name != "password_link"]},
            )
            for title, options in fieldsets
        ]

    @display(description=_("Name"), ordering="display_name")
    def person(self, user: User) -> str:
        """What the person is called."""
        return user.display_name

    @display(description=_("Password"))
    def password_link(self, user: User) -> SafeString:
        """The way to the form that sets a new one; nothing of the hash."""
        link = reverse("admin:auth_user_password_change", args=[user.pk])
        return format_html(
            '<a class="text-primary-600 dark:text-primary-500" href="{}">{}</a>', link, _t("Set a new one")
        )

    @display(description=_("Sign-in lock"))
    def lock(self, user: User) -> str:
        """Until when the account is locked after failed sign-ins."""
        if not getattr(user, "locked", False):
            return "—"
        assert user.locked_until is not None
        return date_format(localtime(user.locked_until), "Y-m-d H:i:s")

    @display(description=_("roles"))
    def role_list(self, user: User) -> str:
        """Titles of the roles held."""
        return ", ".join(str(role) for role in user.roles.all()) or "—"

    @display(
        description=_("state"),
        label={"active": "success", "locked": "warning", "inactive": "danger"},
    )
    def state(self, user: User) -> tuple[str, str]:
        """Active, locked after failed sign-ins, or switched off."""
        if not user.is_active:
            return "inactive", _t("Inactive")
        return ("locked", _t("Locked")) if getattr(user, "locked", False) else ("active", _t("Active"))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never: deactivate instead."""
        return False

    def save_model(self, request: HttpRequest, obj: User, form: ModelForm, change: bool) -> None:
        """Save, unless people would lock themselves out."""
        if change and obj.pk == request.user.pk and not obj.is_active:
            raise services.NotYourself()
        super().save_model(request, obj, form, change)

    def save_related(self, request: HttpRequest, form: ModelForm, formsets: Any, change: bool) -> None:
        """Roles go through the service, which records them."""
        super().save_related(request, form, formsets, change)
        if "held_roles" in form.changed_data:
            services.set_roles(
                user=form.instance,
                roles=[role.key for role in form.cleaned_data["held_roles"]],
                actor=cast(User, request.user),
                client=client_of(request),
            )

    @admin.action(description=_("Deactivate selected users"), permissions=["change"])
    def deactivate(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        """Sign-in, sessions, tokens and links of these people stop at once."""
        self._switch(request, queryset, active=False)

    @admin.action(description=_("Activate selected users"), permissions=["change"])
    def activate(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        """They may sign in again."""
        self._switch(request, queryset, active=True)

    @admin.action(description=_("Unlock after failed sign-ins"), permissions=["change"])
    def unlock(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        """Forget failed sign-ins."""
        changed = services.unlock(users=queryset, actor=cast(User, request.user), client=client_of(request))
        self._tell(request, changed)

    def _switch(self, request: HttpRequest, queryset: QuerySet[User], *, active: bool) -> None:
        actor = cast(User, request.user)
        self._tell(request, services.set_active(users=queryset, active=active, actor=actor, client=client_of(request)))

    def _tell(self, request: HttpRequest, changed: int) -> None:
        text = ngettext("%(count)d account was changed.", "%(count)d accounts were changed.", changed)
        self.message_user(request, text % {"count": changed}, messages.SUCCESS)


@admin.register(Role)
class RoleAdmin(TenantAdmin):
    """Roles and what they may do; a change works at once for everybody who holds the role."""

    operation = Operation.ROLE_CHANGE
    form = RoleForm
    list_display = ["title_shown", "key", "people", "grants_held"]
    search_fields = ["key", "title"]
    fieldsets = [(None, {"fields": ["key", "title"]}), (_("Permissions"), {"fields": ["granted"]})]
    actions: Any = None
    warn_unsaved_form = True

    class Media:
        css = {"all": ["css/roles.css"]}

    def audit_resource(self, obj: Role) -> str:
        """E.g. role:finance."""
        return f"role:{obj.key}"

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Readers without the right to change see the permissions as text."""
        if self.has_change_permission(request, obj):
            return self.fieldsets
        return [(None, {"fields": ["key", "title_shown", "granted_words"]})]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Role]:
        """With the counts that the list shows."""
        counts = {"users_held": Count("user_roles", distinct=True), "grants_count": Count("grants", distinct=True)}
        roles: QuerySet[Role] = super().get_queryset(request)
        return roles.annotate(**counts)

    @display(description=_("title"), ordering="title")
    def title_shown(self, role: Role) -> str:
        """The title in the reader's language."""
        return str(role)

    @display(description=_("permissions"))
    def granted_words(self, role: Role) -> SafeString:
        """The permissions, one a line."""
        return format_html_join(mark_safe("<br>"), "{}", ((label(item),) for item in role.permissions.all()))

    @display(description=_("people"), ordering="users_held")
    def people(self, role: Any) -> int:
        """How many hold it."""
        return int(role.users_held)

    @display(description=_("permissions"), ordering="grants_count")
    def grants_held(self, role: Any) -> int:
        """How many permissions it has."""
        return int(role.grants_count)

    def get_readonly_fields(self, request: HttpRequest, obj: Role | None = None) -> list[str]:
        """The key never changes: built-in roles and set_roles go by it."""
        return ["key"] if obj else []

    def has_delete_permission(self, request: HttpRequest, obj: Role | None = None) -> bool:
        """Own roles that nobody holds; never a built-in one."""
        if not super().has_delete_permission(request, obj):
            return False
        return obj is None or (obj.key not in TITLES and not obj.user_roles.exists())

    def save_related(self, request: HttpRequest, form: ModelForm, formsets: Any, change: bool) -> None:
        """Permissions go through the service, which records them."""
        super().save_related(request, form, formsets, change)
        services.set_permissions(
            role=form.instance,
            codes=form.cleaned_data["granted"],
            actor=cast(User, request.user),
            client=client_of(request),
        )

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> None:
        """The service has recorded the permissions, with their codes."""
        super().log_change(request, obj, {"changed": [name for name in message["changed"] if name != "granted"]})


@admin.register(Permission)
class PermissionAdmin(ReadOnlyAdmin):
    """The catalogue of rights; migrations fill it."""

    list_display = ["code", "words"]
    fields = ["code", "words"]
    search_fields = ["code", "title"]
    ordering = ["code"]

    @display(description=_("title"))
    def words(self, permission: Permission) -> str:
        """The title in the reader's language."""
        return label(permission)


class OperationFilter(admin.SimpleListFilter):
    """By operation, from the list of names: no DISTINCT over a trail of millions."""

    title = _("operation")
    parameter_name = "operation"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Every name there is."""
        return [(name.value, name.value) for name in Operation]

    def queryset(self, request: HttpRequest, queryset: QuerySet[AuditEntry]) -> QuerySet[AuditEntry]:
        """Entries of the chosen operation."""
        return queryset.filter(operation=self.value()) if self.value() else queryset


class ResultFilter(admin.SimpleListFilter):
    """By result."""

    title = _("result")
    parameter_name = "result"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """The three that accounts.audit.record knows."""
        return [("success", _("Success")), ("refused", _("Refused")), ("failure", _("Failure"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[AuditEntry]) -> QuerySet[AuditEntry]:
        """Entries with the chosen result."""
        return queryset.filter(result=self.value()) if self.value() else queryset


@admin.register(AuditEntry)
class AuditAdmin(ReadOnlyAdmin):
    """Who did what, when, from where. `manage.py verify_audit` proves that nothing was changed."""

    list_display = ["audit_id", "moment", "username", "operation", "resource", "result_shown", "ip_address"]
    list_filter = [OperationFilter, ResultFilter]
    search_fields = ["audit_id__startswith", "username__exact", "resource__startswith", "ip_address__exact"]
    search_help_text = _("Audit no., user, resource (such as user:U1001) or address")
    date_hierarchy = "timestamp"
    list_fullwidth = True
    show_full_result_count = False
    paginator = InfinitePaginator  # a page number is not worth counting seven years of entries
    list_per_page = 50
    fields = [
        "audit_id",
        "moment",
        "username",
        "operation",
        "resource",
        "result_words",
        "ip_address",
        "user_agent",
        "policy_tag",
        "details_shown",
    ]

    def audit_resource(self, obj: AuditEntry) -> str:
        """What the entry is about: its history is the other entries about the same thing."""
        return obj.resource or obj.audit_id

    def get_queryset(self, request: HttpRequest) -> QuerySet[AuditEntry]:
        """Newest first; the seal is of no use to a reader."""
        queryset: QuerySet[AuditEntry] = AuditEntry.objects.order_by("-seq").defer("mac")
        return queryset

    @display(
        description=_("result"),
        ordering="result",
        label={"success": "success", "refused": "warning", "failure": "danger"},
    )
    def result_shown(self, entry: AuditEntry) -> tuple[str, str]:
        """The result in words and colour."""
        return entry.result, self.result_words(entry)

    @display(description=_("result"))
    def result_words(self, entry: AuditEntry) -> str:
        """The result in words."""
        words = {"success": _t("Success"), "refused": _t("Refused"), "failure": _t("Failure")}
        return words.get(entry.result, entry.result)

    @display(description=_("time"), ordering="seq")
    def moment(self, entry: AuditEntry) -> str:
        """To the second, in the reader's time zone."""
        return date_format(localtime(entry.timestamp), "Y-m-d H:i:s")

    @display(description=_("details"))
    def details_shown(self, entry: AuditEntry) -> SafeString:
        """The facts, as recorded."""
        text = json.dumps(entry.details, ensure_ascii=False, indent=2, sort_keys=True)
        return format_html('<pre class="whitespace-pre-wrap font-mono text-xs leading-relaxed">{}</pre>', text)
