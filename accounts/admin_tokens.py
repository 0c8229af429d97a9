"""Everybody's API tokens in the admin: seen by whoever sees users, revoked by whoever changes them. Nobody sees a
secret: what is kept is a hash, and that is not shown either."""

from typing import Any, cast

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.decorators import display

from accounts.admin_base import ReadOnlyAdmin
from accounts.models import AccessToken, User
from accounts.models.token import State
from accounts.tokens import resource_of, revoke_tokens
from exportcenter.common.client import client_of


class StateFilter(admin.SimpleListFilter):
    """By whether it works."""

    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """The three there are."""
        return list(State.choices)

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Tokens in the chosen state."""
        chosen: dict[str, Any] = {"state": self.value()} if self.value() in State.values else {}
        return queryset.filter(**chosen)


@admin.register(AccessToken)
class AccessTokenAdmin(ReadOnlyAdmin):
    """Rows change by revoking only."""

    empty_words = _("People make API tokens on a page of their account.")
    list_display = [
        "name",
        "owner",
        "prefix_shown",
        "state_shown",
        "scope_list",
        "expires_at",
        "used",
        "last_used_ip",
    ]
    list_filter = [StateFilter]
    list_select_related = ["owner"]
    list_fullwidth = True
    search_fields = ["owner__username", "owner__display_name", "owner__code", "name", "public_id"]
    search_help_text = _("Owner, name, or the part behind ec_")
    actions: Any = ["revoke_selected"]
    fields = [
        "name",
        "owner",
        "prefix_shown",
        "state_words",
        "scope_list",
        "created_at",
        "expires_at",
        "last_used_at",
        "last_used_ip",
        "revoked_at",
        "revoked_by",
        "revoked_for",
    ]

    def audit_resource(self, obj: AccessToken) -> str:
        """E.g. token:k3Jd81Qz9xYp, as the services write it."""
        return resource_of(obj)

    def get_queryset(self, request: HttpRequest) -> QuerySet[AccessToken]:
        """With the state; the hash is of no use to a reader."""
        rows: QuerySet[AccessToken] = AccessToken.objects.with_state().defer("secret_hash")
        return rows.order_by("-created_at", "-id")

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest | None = None) -> bool:
        """None but the filter offered: any other could ask for the hash letter by letter."""
        return lookup == StateFilter.parameter_name

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        """Whoever changes users."""
        return bool(request.user.has_perm("accounts.change_user"))

    @admin.action(description=_("Revoke selected API tokens"), permissions=["revoke"])
    def revoke_selected(self, request: HttpRequest, queryset: QuerySet[AccessToken]) -> None:
        """They work no more, at once."""
        count = revoke_tokens(tokens=queryset, actor=cast(User, request.user), client=client_of(request))
        text = ngettext("%(count)d API token was revoked.", "%(count)d API tokens were revoked.", count)
        self.message_user(request, text % {"count": count}, messages.SUCCESS)

    @display(description=_("begins with"), ordering="public_id")
    def prefix_shown(self, token: AccessToken) -> str:
        """The part that may be seen."""
        return f"{token.prefix}_…"

    @display(
        description=_("state"),
        label={State.ACTIVE: "success", State.EXPIRED: "default", State.REVOKED: "danger"},
    )
    def state_shown(self, token: Any) -> tuple[str, Any]:
        """Whether it works, in words and colour."""
        return token.state, State(token.state).label

    @display(description=_("state"))
    def state_words(self, token: Any) -> Any:
        """Whether it works."""
        return State(token.state).label

    @display(description=_("scopes"))
    def scope_list(self, token: AccessToken) -> str:
        """What it is good for."""
        return ", ".join(token.scopes)

    @display(description=_("last used"), ordering="last_used_at", empty_value="—")
    def used(self, token: AccessToken) -> Any:
        """When it was used last."""
        return token.last_used_at
