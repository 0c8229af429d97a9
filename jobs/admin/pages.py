"""What people set up for themselves, and what they were told, in the admin: read-only, for people who see every job.

Of a preview only its size is shown: who may see the rows is decided on the job's own page.
"""

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import F, Func, IntegerField, QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from jobs.admin.engine import EngineAdmin
from jobs.exports import words
from jobs.models import ExportJob, ExportPreview, Notification, PagePreference, SavedView
from jobs.models.notification import Mail
from jobs.notices import presenting

MAIL_TONES: dict[str, str] = {
    Mail.NONE: "default",
    Mail.QUEUED: "info",
    Mail.SENT: "success",
    Mail.FAILED: "danger",
    Mail.UNKNOWN: "warning",
}


class PageAdmin(EngineAdmin):
    """Rows of single people."""

    filters: ClassVar[frozenset[str]] = frozenset()
    """Fields that the list may be narrowed by; any other name in the address is refused."""

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest | None = None) -> bool:
        """Only the filters offered: any other could ask for hidden contents letter by letter."""
        return lookup.partition("__")[0] in self.filters


class KindFilter(admin.SimpleListFilter):
    """By kind, from the registry: no DISTINCT over all rows."""

    title = _("kind")
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Every kind that has words."""
        return [(kind, kind) for kind in presenting.kinds()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Notification]) -> QuerySet[Notification]:
        """Notifications of the chosen kind."""
        return queryset.filter(kind=self.value()) if self.value() else queryset


@admin.register(Notification)
class NotificationAdmin(PageAdmin):
    """Who was told what, and what became of the mail."""

    list_display = ["made", "user", "kind", "subject", "seen", "mail_shown", "mail_attempts"]
    list_display_links = ["made"]
    list_filter = [KindFilter, "mail"]
    list_select_related = ["user"]
    filters = frozenset({"kind", "mail"})
    search_fields = ["subject__exact"]
    search_help_text = _("Job no., complete")
    fields = ["made", "user", "kind", "subject", "facts", "seen", "mail_words", "mail_attempts", "due", "mail_error"]

    @display(description=_("created"))
    def made(self, row: Notification) -> str | None:
        """To the second."""
        return words.moment(row.created_at)

    @display(description=_("read"))
    def seen(self, row: Notification) -> str | None:
        """When the person read it."""
        return words.moment(row.read_at)

    @display(description=_("mail due"))
    def due(self, row: Notification) -> str | None:
        """When the next attempt is due, or the running one counts as lost."""
        return words.moment(row.mail_due_at)

    @display(description=_("mail"), label=MAIL_TONES)
    def mail_shown(self, row: Notification) -> tuple[str, str]:
        """In words and colour."""
        return row.mail, row.get_mail_display()

    @display(description=_("mail"))
    def mail_words(self, row: Notification) -> SafeString:
        """The same on the row's own page."""
        return words.badge(row.get_mail_display(), MAIL_TONES[row.mail])

    @display(description=_("data"))
    def facts(self, row: Notification) -> SafeString:
        """What the words are made of."""
        return words.as_json(row.data)


@admin.register(SavedView)
class SavedViewAdmin(PageAdmin):
    """Filters of lists under names."""

    list_display = ["name", "page", "owner", "shared_words", "changed"]
    list_filter = ["shared"]
    list_select_related = ["owner"]
    filters = frozenset({"shared"})
    search_fields = ["name"]
    fields = ["name", "page", "owner", "shared_words", "role_keys", "filters_shown", "made", "changed"]

    @display(description=_("shared with"))
    def shared_words(self, view: SavedView) -> str:
        """In words."""
        return str(view.get_shared_display())

    @display(description=_("roles"))
    def role_keys(self, view: SavedView) -> str:
        """Keys of the roles whose people see it."""
        return ", ".join(view.roles) or "–"

    @display(description=_("filters"))
    def filters_shown(self, view: SavedView) -> SafeString:
        """As stored."""
        return words.as_json(view.query)

    @display(description=_("created"))
    def made(self, view: SavedView) -> str | None:
        """To the second."""
        return words.moment(view.created_at)

    @display(description=_("changed"))
    def changed(self, view: SavedView) -> str | None:
        """To the second."""
        return words.moment(view.updated_at)


@admin.register(PagePreference)
class PagePreferenceAdmin(PageAdmin):
    """What people have chosen for a page."""

    list_display = ["page", "user", "changed"]
    list_select_related = ["user"]
    fields = ["page", "user", "content", "changed"]
    ordering = ["-updated_at"]

    @display(description=_("content"))
    def content(self, preference: PagePreference) -> SafeString:
        """As stored."""
        return words.as_json(preference.value)

    @display(description=_("changed"))
    def changed(self, preference: PagePreference) -> str | None:
        """To the second."""
        return words.moment(preference.updated_at)


@admin.register(ExportPreview)
class ExportPreviewAdmin(PageAdmin):
    """That there is a preview, and how long it is. Its rows are never read here."""

    list_display = ["job_shown", "row_count"]
    list_display_links = ["row_count"]
    list_select_related = ["job"]
    search_fields = ["job__job_no__exact"]
    search_help_text = _("Job no., complete")
    fields = ["job_shown", "row_count"]
    ordering = ["-job__created_at"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[ExportPreview]:
        """Without the rows, with their number."""
        previews: QuerySet[ExportPreview] = super().get_queryset(request)
        length = Func(F("rows"), function="jsonb_array_length", output_field=IntegerField())
        return previews.defer("rows").annotate(row_number=length)

    @display(description=_("export"))
    def job_shown(self, preview: ExportPreview) -> SafeString:
        """The export's number, as a link."""
        return words.job_link(ExportJob, preview.job_id, preview.job.job_no)

    @display(description=_("rows"))
    def row_count(self, preview: Any) -> str:
        """How many there are to look at."""
        return words.number(preview.row_number) or "0"
