"""Page events in the admin: for looking up one; the usage page counts them."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from jobs.admin.engine import EngineAdmin
from jobs.exports import words
from jobs.models import UiEvent
from jobs.pages import ui_events


class NameFilter(admin.SimpleListFilter):
    """By kind, from the names there are: no DISTINCT over millions of events."""

    title = _("event")
    parameter_name = "name"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Every kind."""
        return [(event.name, event.title) for event in ui_events.EVENTS.values()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[UiEvent]) -> QuerySet[UiEvent]:
        """Events of the chosen kind."""
        return queryset.filter(name=self.value()) if self.value() else queryset


@admin.register(UiEvent)
class UiEventAdmin(EngineAdmin):
    """What people did on pages."""

    list_display = ["moment", "title", "user", "summary"]
    list_display_links = ["moment"]
    list_filter = [NameFilter]
    list_select_related = ["user"]
    fields = ["moment", "title", "name", "user", "facts"]

    @display(description=_("time"))
    def moment(self, event: UiEvent) -> str | None:
        """To the second."""
        return words.moment(event.at)

    @display(description=_("event"))
    def title(self, event: UiEvent) -> str:
        """In words."""
        return ui_events.title_of(event.name)

    @display(description=_("data"))
    def summary(self, event: UiEvent) -> str:
        """Field by field."""
        return " · ".join(f"{name}: {value}" for name, value in event.data.items()) or "—"

    @display(description=_("data"))
    def facts(self, event: UiEvent) -> SafeString:
        """As sent."""
        return words.as_json(event.data)
