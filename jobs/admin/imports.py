"""Imports in the admin, read-only: that rows were checked, written and taken back, never what they say.

Cells of a file and rows as they were may hold what only their reader may see: the pages of imports decide about that.
"""

from typing import Any, ClassVar, cast

from django.contrib import admin
from django.db.models import BooleanField, F, Func, IntegerField, OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext
from unfold.decorators import display
from unfold.paginator import InfinitePaginator

from accounts.admin_base import ReadOnlyAdmin
from accounts.models import User
from jobs.admin.engine import EngineAdmin
from jobs.admin.pages import PageAdmin
from jobs.datasets import title_of
from jobs.exports import words
from jobs.imports.counting import Counts
from jobs.imports.presenting import dataset_or_none
from jobs.models import ImportChange, ImportChunk, ImportFile, ImportJob, ImportMapping, ImportRow

OUTCOMES: dict[str, str] = {
    "": "default",
    ImportChange.Outcome.REMOVED: "success",
    ImportChange.Outcome.RESTORED: "success",
    ImportChange.Outcome.EDITED: "warning",
    ImportChange.Outcome.USED: "warning",
    ImportChange.Outcome.GONE: "default",
}


@admin.register(ImportJob)
class ImportJobAdmin(ReadOnlyAdmin):
    """Imports that the reader may see. They change on their own pages only."""

    list_display = ["number", "dataset_title", "mode_title", "status_shown", "rows_shown", "file", "owner", "made"]
    list_display_links = ["number"]
    list_filter = ["status", "mode"]
    list_select_related = ["owner", "file"]
    ordering = ["-created_at", "-id"]
    search_fields = ["job_no__exact"]
    search_help_text = _("Job no., complete")
    paginator = InfinitePaginator
    show_full_result_count = False
    list_per_page = 50
    list_fullwidth = True
    fields = [
        "number",
        "dataset_title",
        "mode_title",
        "on_error",
        "status_words",
        "rows_shown",
        "problem_shown",
        "file",
        "owner",
        "made",
        "ended",
        "confirmed_shown",
        "source",
        "facts_shown",
        "undoes",
    ]

    class Media:
        css = {"all": ["css/jobs.css"]}

    def audit_resource(self, obj: ImportJob) -> str:
        """E.g. import:I20261122014, as the services write it."""
        return f"import:{obj.job_no}"

    def get_queryset(self, request: HttpRequest) -> QuerySet[ImportJob]:
        """Only what the policy lets the reader see."""
        jobs: QuerySet[ImportJob] = ImportJob.objects.visible_to(cast(User, request.user))
        return jobs.order_by(F("created_at").desc(), F("id").desc())

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest | None = None) -> bool:
        """Only the filters offered."""
        return lookup.partition("__")[0] in {"status", "mode"}

    @display(description=_("job no."))
    def number(self, job: ImportJob) -> SafeString:
        """To be read letter by letter."""
        return words.mono(job.job_no)

    @display(description=_("dataset"))
    def dataset_title(self, job: ImportJob) -> str:
        """As people call it."""
        return title_of(job.dataset)

    @display(description=_("mode"))
    def mode_title(self, job: ImportJob) -> str:
        """What the import may do; an undo is one."""
        return str(_("Undo")) if job.undoes_id else job.get_mode_display()

    @display(description=_("status"), label=words.TONES)
    def status_shown(self, job: ImportJob) -> tuple[str, str]:
        """In words and colour."""
        return job.status, words.status_words(job)

    @display(description=_("status"))
    def status_words(self, job: ImportJob) -> SafeString:
        """The same on the row's own page."""
        return words.badge(words.status_words(job), words.TONES[job.status])

    @display(description=_("rows"))
    def rows_shown(self, job: ImportJob) -> str:
        """Written or taken back, of how many."""
        counts = Counts.of(job.counts)
        done = counts.removed + counts.restored if job.undoes_id else counts.written
        return f"{words.number(done)} / {words.number(counts.rows)}"

    @display(description=_("error"))
    def problem_shown(self, job: ImportJob) -> str:
        """Code and message."""
        return f"{job.error_code} {job.error_message}".strip() or "–"

    @display(description=_("created"))
    def made(self, job: ImportJob) -> str | None:
        """To the second."""
        return words.moment(job.created_at)

    @display(description=_("ended"))
    def ended(self, job: ImportJob) -> str | None:
        """To the second."""
        return words.moment(job.finished_at)

    @display(description=_("confirmed"))
    def confirmed_shown(self, job: ImportJob) -> str:
        """When, and by whom."""
        return f"{words.moment(job.confirmed_at) or '–'} {job.confirmed_by}".strip()

    @display(description=_("about the file"))
    def facts_shown(self, job: ImportJob) -> SafeString:
        """As stored."""
        return words.as_json(job.facts)


class OfImportAdmin(EngineAdmin):
    """Rows that an import keeps, found by the import's number."""

    search_fields = ["job_id"]  # makes the search box appear; get_search_results does the search
    search_help_text = _("Job no., complete")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """With the number of each row's import."""
        rows: QuerySet[Any] = super().get_queryset(request)
        numbers = ImportJob.objects.filter(pk=OuterRef("job_id")).values("job_no")
        numbered: QuerySet[Any] = rows.annotate(job_no=Subquery(numbers))
        return numbered

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """By the exact number."""
        if not search_term:
            return queryset, False
        found = ImportJob.objects.filter(job_no=search_term.strip()).values_list("pk", flat=True)
        return queryset.filter(job_id__in=list(found)), False

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest | None = None) -> bool:
        """Only the filters offered: any other could ask for hidden contents letter by letter."""
        return lookup.partition("__")[0] in {"outcome"}

    @display(description=_("import"))
    def job(self, row: Any) -> SafeString | str:
        """The import's number, as a link."""
        return words.job_link(ImportJob, row.job_id, row.job_no) if row.job_no else str(row.job_id)


@admin.register(ImportRow)
class ImportRowAdmin(OfImportAdmin):
    """That a row was checked, and how many problems it has."""

    list_display = ["row_no", "job", "problem_count"]
    list_display_links = ["row_no"]
    ordering = ["-id"]
    fields = ["job", "row_no", "problem_count"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Without what stands in the row, with the number of its problems."""
        length = Func(F("problems"), function="jsonb_array_length", output_field=IntegerField())
        rows = super().get_queryset(request).defer("key", "values", "cells", "problems")
        counted: QuerySet[Any] = rows.annotate(problem_number=length)
        return counted

    @display(description=_("row"))
    def row_no(self, row: ImportRow) -> str:
        """As a person counts it in the file."""
        return str(row.row)

    @display(description=_("problems"))
    def problem_count(self, row: Any) -> str:
        """How many; none: the row can be written."""
        return words.number(row.problem_number) or "0"


@admin.register(ImportChunk)
class ImportChunkAdmin(OfImportAdmin):
    """Rows that were written together."""

    list_display = ["until", "job", "counts_shown", "written"]
    list_display_links = ["until"]
    ordering = ["-id"]
    fields = ["job", "until", "counts_shown", "written"]

    @display(description=_("up to row"))
    def until(self, chunk: ImportChunk) -> str:
        """The last row of the file in it."""
        return str(chunk.last_row)

    @display(description=_("rows"))
    def counts_shown(self, chunk: ImportChunk) -> str:
        """By what became of them."""
        said = {
            "created": pgettext("rows", "added"),
            "updated": pgettext("rows", "changed"),
            "unchanged": pgettext("rows", "unchanged"),
            "faulty": pgettext("rows", "faulty"),
        }
        found = [f"{said[name]} {words.number(chunk.counts[name])}" for name in said if chunk.counts.get(name)]
        return ", ".join(found) or "–"

    @display(description=_("written"))
    def written(self, chunk: ImportChunk) -> str | None:
        """To the second."""
        return words.moment(chunk.written_at)


@admin.register(ImportChange)
class ImportChangeAdmin(OfImportAdmin):
    """That an import changed a row, and what became of it since. The row as it was is never read here."""

    list_display = ["row_no", "job", "what", "outcome_shown"]
    list_display_links = ["row_no"]
    list_filter = ["outcome"]
    ordering = ["-id"]
    fields = ["job", "row_no", "what", "outcome_words"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Without the row's contents."""
        rows = super().get_queryset(request).defer("key", "target", "before", "after")
        there = Func(F("before"), template="(%(expressions)s IS NOT NULL)", output_field=BooleanField())
        told: QuerySet[Any] = rows.annotate(was_there=there)
        return told

    @display(description=_("row"))
    def row_no(self, change: ImportChange) -> str:
        """As a person counts it in the file."""
        return str(change.row)

    @display(description=_("what happened"))
    def what(self, change: Any) -> str:
        """Added or changed."""
        return pgettext("rows", "changed") if change.was_there else pgettext("rows", "added")

    @display(description=_("outcome"), label=OUTCOMES)
    def outcome_shown(self, change: ImportChange) -> tuple[str, str]:
        """Of taking it back, in words and colour."""
        return change.outcome, change.get_outcome_display() or "–"

    @display(description=_("outcome"))
    def outcome_words(self, change: ImportChange) -> str:
        """The same on the row's own page."""
        return change.get_outcome_display() or "–"


@admin.register(ImportFile)
class ImportFileAdmin(PageAdmin):
    """Files that people have sent."""

    filters: ClassVar[frozenset[str]] = frozenset({"removed_at"})
    list_display = ["name", "owner", "size_shown", "made", "until", "gone"]
    list_filter = [("removed_at", admin.EmptyFieldListFilter)]
    list_select_related = ["owner"]
    ordering = ["-created_at", "-id"]
    search_fields = ["sha256__exact"]
    search_help_text = _("SHA-256, complete")
    fields = ["name", "owner", "size_shown", "sha256", "made", "until", "gone"]

    @display(description=_("size"))
    def size_shown(self, kept: ImportFile) -> str:
        """In a unit that people read."""
        return words.size(kept.size) or ""

    @display(description=_("sent"))
    def made(self, kept: ImportFile) -> str | None:
        """To the second."""
        return words.moment(kept.created_at)

    @display(description=_("kept until"))
    def until(self, kept: ImportFile) -> str | None:
        """To the second."""
        return words.moment(kept.expires_at)

    @display(description=_("removed"))
    def gone(self, kept: ImportFile) -> str | None:
        """When it was deleted."""
        return words.moment(kept.removed_at)


@admin.register(ImportMapping)
class ImportMappingAdmin(PageAdmin):
    """Which column somebody chose for a heading the last time."""

    list_display = ["heading", "dataset_title", "column_shown", "person", "used"]
    list_display_links = ["heading"]
    ordering = ["-used_at"]
    fields = ["person", "dataset_title", "heading", "column_shown", "used"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """With the owner's name."""
        name = User.objects.filter(pk=OuterRef("owner_id")).values("display_name")
        rows: QuerySet[Any] = super().get_queryset(request)
        named: QuerySet[Any] = rows.annotate(owner_name=Subquery(name))
        return named

    @display(description=_("person"))
    def person(self, mapping: Any) -> str:
        """Whose choice."""
        return mapping.owner_name or str(mapping.owner_id)

    @display(description=_("dataset"))
    def dataset_title(self, mapping: ImportMapping) -> str:
        """As people call it."""
        return title_of(mapping.dataset)

    @display(description=_("heading"))
    def heading(self, mapping: ImportMapping) -> str:
        """Of the file, as it is compared."""
        return mapping.label

    @display(description=_("column"))
    def column_shown(self, mapping: ImportMapping) -> str:
        """Its title, or that it is left out."""
        dataset = dataset_or_none(mapping.dataset)
        known = {column.key: str(column.title) for column in dataset.columns} if dataset else {}
        return known.get(mapping.column, mapping.column) or str(_("left out"))

    @display(description=_("last used"))
    def used(self, mapping: ImportMapping) -> str | None:
        """To the second."""
        return words.moment(mapping.used_at)
