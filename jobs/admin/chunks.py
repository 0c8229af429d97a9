"""Chunks of split exports in the admin: who writes what, and how far it is."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.formats import localize
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from jobs.admin.engine import EngineAdmin
from jobs.exports import words
from jobs.models import ExportChunk, ExportJob


@admin.register(ExportChunk)
class ChunkAdmin(EngineAdmin):
    """What several workers write of one export."""

    list_display = ["chunk", "export_shown", "place", "status_shown", "rows_shown", "attempt", "lease_owner", "start"]
    list_display_links = ["chunk"]
    list_filter = ["status"]
    list_select_related = ["export"]
    ordering = ["-created_at", "number"]
    fields = [
        "chunk",
        "export_shown",
        "place",
        "status_words",
        "rows_shown",
        "attempt",
        "lease_owner",
        "start",
        "failure",
    ]
    search_fields = ["job_no"]  # makes the search box appear; get_search_results does the search
    search_help_text = _("Job no., complete")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """By the exact number of the export."""
        if not search_term:
            return queryset, False
        found = ExportJob.objects.filter(job_no=search_term.strip()).values_list("pk", flat=True)
        return queryset.filter(export_id__in=list(found)), False

    @display(description=_("chunk"))
    def chunk(self, chunk: ExportChunk) -> str:
        """Its own number."""
        return chunk.job_no

    @display(description=_("export"))
    def export_shown(self, chunk: ExportChunk) -> SafeString:
        """Whose rows."""
        return words.job_link(ExportJob, chunk.export_id, chunk.export.job_no)

    @display(description=_("chunk no."))
    def place(self, chunk: ExportChunk) -> str:
        """From 1, in the order of the rows."""
        return str(chunk.number + 1)

    @display(description=_("status"), label=words.TONES)
    def status_shown(self, chunk: ExportChunk) -> tuple[str, str]:
        """In words and colour."""
        return chunk.status, chunk.get_status_display()

    @display(description=_("status"))
    def status_words(self, chunk: ExportChunk) -> SafeString:
        """The same on the row's own page."""
        return words.badge(chunk.get_status_display(), words.TONES[chunk.status])

    @display(description=_("rows"))
    def rows_shown(self, chunk: ExportChunk) -> str:
        """Written, of how many."""
        return f"{localize(chunk.rows_done)} / {localize(chunk.rows_planned)}"

    @display(description=_("started"))
    def start(self, chunk: ExportChunk) -> str | None:
        """Of the last attempt."""
        return words.moment(chunk.started_at)

    @display(description=_("error"))
    def failure(self, chunk: ExportChunk) -> str:
        """Code and message."""
        return f"{chunk.error_code} {chunk.error_message}".strip() or "–"
