"""Sign-ins by API in the admin: history that nobody edits, and one thing to do about it."""

from datetime import datetime
from typing import Any, cast

from django.contrib import admin, messages
from django.db.models import Case, CharField, QuerySet, Value, When
from django.db.models.functions import Now
from django.http import HttpRequest
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.decorators import display

from accounts.admin_base import ReadOnlyAdmin
from accounts.models import TokenFamily, User
from accounts.signin import families
from exportcenter.common.client import client_of

LIVE, EXPIRED, ENDED = "live", "expired", "ended"
STATE = Case(
    When(ended_at__isnull=False, then=Value(ENDED)),
    When(expires_at__lte=Now(), then=Value(EXPIRED)),
    default=Value(LIVE),
    output_field=CharField(),
)


class StateFilter(admin.SimpleListFilter):
    """By state."""

    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """The three there are."""
        return [(LIVE, _("Active")), (EXPIRED, _("Expired")), (ENDED, _("Ended"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        """Families in the chosen state."""
        return queryset.filter(state=self.value()) if self.value() else queryset


@admin.register(TokenFamily)
class TokenFamilyAdmin(ReadOnlyAdmin):
    """Who is signed in by API, since when and from where. Tokens are not kept, so none can be read here."""

    empty_words = _("Programs that sign in with a name and a password appear here.")
    list_display = ["person", "state_shown", "began", "refreshed", "ends", "reason", "ip_address"]
    list_filter = [StateFilter]
    search_fields = ["user__code__exact", "user__username__exact", "ip_address__exact"]
    search_help_text = _("User no., sign-in name or address")
    fields = [
        "person",
        "state_words",
        "began",
        "refreshed",
        "generation",
        "ends",
        "ended",
        "reason",
        "ip_address",
        "user_agent",
    ]
    list_per_page = 50
    actions: Any = ["end"]

    def audit_resource(self, obj: TokenFamily) -> str:
        """E.g. tokenfamily:0b54…"""
        return families.resource_of(obj)

    def get_queryset(self, request: HttpRequest) -> QuerySet[TokenFamily]:
        """The newest first, with their people and states."""
        found: QuerySet[TokenFamily] = TokenFamily.objects.select_related("user", "user__tenant")
        return found.annotate(state=STATE).order_by("-created_at")

    def has_end_permission(self, request: HttpRequest) -> bool:
        """Who may change accounts."""
        return request.user.has_perm("accounts.change_user")

    @admin.action(description=_("End selected sign-ins"), permissions=["end"])
    def end(self, request: HttpRequest, queryset: QuerySet[TokenFamily]) -> None:
        """All tokens of these sign-ins stop working at once, and so do live streams opened with them."""
        keys = list(queryset.values_list("pk", flat=True))
        count = families.end(keys, actor=cast(User, request.user), client=client_of(request))
        text = ngettext("%(count)d sign-in was ended.", "%(count)d sign-ins were ended.", count)
        self.message_user(request, text % {"count": count}, messages.SUCCESS)

    @display(description=_("user"), ordering="user__code")
    def person(self, family: TokenFamily) -> str:
        """Whose."""
        return f"{family.user.display_name} ({family.user.code})"

    @display(description=_("state"), label={LIVE: "success", EXPIRED: "info", ENDED: "warning"})
    def state_shown(self, family: Any) -> tuple[str, str]:
        """In words and colour."""
        return family.state, self.state_words(family)

    @display(description=_("state"))
    def state_words(self, family: Any) -> str:
        """In words."""
        words = {LIVE: _t("Active"), EXPIRED: _t("Expired"), ENDED: _t("Ended")}
        return words[family.state]

    @display(description=_("signed in"), ordering="created_at")
    def began(self, family: TokenFamily) -> str:
        """To the second, in the reader's time zone."""
        return _moment(family.created_at)

    @display(description=_("last refreshed"), ordering="rotated_at")
    def refreshed(self, family: TokenFamily) -> str:
        """A dash while it never was."""
        return _moment(family.rotated_at) if family.generation else "—"

    @display(description=_("ends at"), ordering="expires_at")
    def ends(self, family: TokenFamily) -> str:
        """At the latest."""
        return _moment(family.expires_at)

    @display(description=_("ended"), ordering="ended_at")
    def ended(self, family: TokenFamily) -> str:
        """A dash while it is not."""
        return _moment(family.ended_at) if family.ended_at else "—"

    @display(description=_("reason"))
    def reason(self, family: TokenFamily) -> str:
        """Why it ended before its time."""
        return str(family.get_end_reason_display()) or "—"


def _moment(value: datetime) -> str:
    return date_format(localtime(value), "Y-m-d H:i:s")
