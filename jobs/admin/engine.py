"""The engine's tables in the admin, for people who see every job: attempts, log lines, events, links, removals.

Each can hold millions of rows, so no page is counted and jobs are searched by their whole number. Filters, and the
search of events, walk back from the newest row until a page is full.
"""

from typing import Any, cast

from django.contrib import admin
from django.db.models import (
    BooleanField,
    CharField,
    ExpressionWrapper,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    TextChoices,
    Value,
)
from django.db.models.functions import Coalesce, Now
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.paginator import InfinitePaginator

from accounts import policy
from accounts.admin_base import ReadOnlyAdmin
from accounts.models import User
from jobs.engine import kinds
from jobs.engine.states import Status
from jobs.events.facts import NOTIFICATION
from jobs.events.visibility import Viewer
from jobs.exports import words
from jobs.models import (
    Attempt,
    DayNumber,
    DownloadHandle,
    Event,
    FileRemoval,
    JobLog,
    Turn,
)


class EngineAdmin(ReadOnlyAdmin):
    """Rows about jobs of everybody: only for people who may see every job."""

    paginator = InfinitePaginator  # a page number is not worth counting millions of rows
    show_full_result_count = False
    list_per_page = 50
    list_fullwidth = True

    class Media:
        css = {"all": ["css/jobs.css"]}

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Needs the right to all jobs: these rows name jobs without asking whose they are."""
        allowed: bool = super().has_view_permission(request, obj)
        return allowed and policy.visibility(cast(User, request.user)).everything


class OfJobAdmin(EngineAdmin):
    """Rows that belong to one job of any kind, found by the job's number."""

    ordering = ["-id"]
    search_fields = ["job_id"]  # makes the search box appear; get_search_results does the search
    search_help_text = _("Job no., complete")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """With the number of each row's job, whatever its kind."""
        rows: QuerySet[Any] = super().get_queryset(request)
        numbers = [
            Subquery(kind.model.objects.filter(pk=OuterRef("job_id")).values("job_no")) for kind in kinds.all_kinds()
        ]
        with_number: QuerySet[Any] = rows.annotate(job_no=Coalesce(*numbers, Value(""), output_field=CharField()))
        return with_number

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """By the exact number: a prefix would collect the jobs of a whole day first."""
        if not search_term:
            return queryset, False
        found = [
            key
            for kind in kinds.all_kinds()
            for key in kind.model.objects.filter(job_no=search_term.strip()).values_list("pk", flat=True)
        ]
        return queryset.filter(job_id__in=found), False

    @display(description=_("job no."))
    def job(self, row: Any) -> SafeString | str:
        """The number, as a link where the job has a page."""
        model = next((kind.model for kind in kinds.all_kinds() if kind.key == row.kind), None)
        if not row.job_no or model is None or not admin.site.is_registered(model):
            return row.job_no or str(row.job_id)
        return words.job_link(model, row.job_id, row.job_no)


@admin.register(Attempt)
class AttemptAdmin(OfJobAdmin):
    """One row per claim."""

    list_display = ["job", "number", "outcome_shown", "took", "start", "worker", "fence_no", "error_code"]
    list_display_links = ["number"]
    list_filter = ["outcome"]
    fields = [
        "job",
        "number",
        "outcome_words",
        "start",
        "end",
        "took",
        "worker",
        "fence_no",
        "error_code",
        "error_message",
    ]

    @display(description=_("outcome"), label=words.OUTCOME_TONES)
    def outcome_shown(self, attempt: Attempt) -> tuple[str, str]:
        """In words and colour."""
        return attempt.outcome, attempt.get_outcome_display()

    @display(description=_("outcome"))
    def outcome_words(self, attempt: Attempt) -> SafeString:
        """The same on the row's own page."""
        return words.badge(attempt.get_outcome_display(), words.OUTCOME_TONES[attempt.outcome])

    @display(description=_("duration"))
    def took(self, attempt: Attempt) -> str | None:
        """From claim to end."""
        return words.duration(attempt.started_at, attempt.ended_at)

    @display(description=_("started"))
    def start(self, attempt: Attempt) -> str | None:
        """Moment of the claim."""
        return words.moment(attempt.started_at)

    @display(description=_("ended"))
    def end(self, attempt: Attempt) -> str | None:
        """Moment of the end."""
        return words.moment(attempt.ended_at)

    @display(description=_("fence"))
    def fence_no(self, attempt: Attempt) -> str:
        """An identifier, hence without separators."""
        return str(attempt.fence)


@admin.register(JobLog)
class JobLogAdmin(OfJobAdmin):
    """What workers wrote down."""

    list_display = ["moment", "job", "level_shown", "message"]
    list_display_links = ["moment"]
    list_filter = ["level"]
    fields = ["moment", "job", "level_words", "message"]

    @display(description=_("time"))
    def moment(self, line: JobLog) -> str | None:
        """To the second."""
        return words.moment(line.at)

    @display(description=_("level"), label=words.LEVEL_TONES)
    def level_shown(self, line: JobLog) -> tuple[str, str]:
        """In words and colour."""
        return line.level, line.get_level_display()

    @display(description=_("level"))
    def level_words(self, line: JobLog) -> str:
        """The same on the line's own page."""
        return line.get_level_display()


class EventTypeFilter(admin.SimpleListFilter):
    """By type, from the names the engine uses: no DISTINCT over millions of events."""

    title = _("type")
    parameter_name = "type"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Of jobs, and for one person."""
        return [("job.status", _("Change of status")), (NOTIFICATION, _("Notification"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Event]) -> QuerySet[Event]:
        """Events of the chosen type."""
        return queryset.filter(type=self.value()) if self.value() else queryset


@admin.register(Event)
class EventAdmin(EngineAdmin):
    """The outbox of live updates."""

    list_display = ["seq_no", "moment", "type", "subject", "summary"]
    list_filter = [EventTypeFilter]
    search_fields = ["subject__exact"]
    search_help_text = _("Job no., complete")
    fields = ["seq_no", "moment", "type", "subject", "facts"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Event]:
        """What the live stream would show to this person: notifications are for their owners."""
        rows: QuerySet[Event] = super().get_queryset(request)
        return rows.filter(Viewer.of(cast(User, request.user)).condition())

    @display(description=_("no."))
    def seq_no(self, event: Event) -> str:
        """An identifier, hence without separators."""
        return str(event.seq)

    @display(description=_("time"))
    def moment(self, event: Event) -> str | None:
        """To the second."""
        return words.moment(event.at)

    @display(description=_("what happened"))
    def summary(self, event: Event) -> str:
        """Old and new status of a job, or what somebody was told."""
        if event.type == NOTIFICATION:
            return str(event.data.get("kind", ""))
        if event.type != "job.status":
            return ""
        return " → ".join(_title(Status, event.data[name]) for name in ("from", "status") if event.data.get(name))

    @display(description=_("data"))
    def facts(self, event: Event) -> SafeString:
        """As sent."""
        return words.as_json(event.data)


@admin.register(DownloadHandle)
class DownloadHandleAdmin(EngineAdmin):
    """Links that people made on purpose. The link itself is stored nowhere."""

    list_display = ["made", "job_shown", "user", "state", "use_count", "until", "gone"]
    list_display_links = ["made"]
    list_filter = [("revoked_at", admin.EmptyFieldListFilter)]
    list_select_related = ["job", "user"]
    search_fields = ["job__job_no__exact"]
    search_help_text = _("Job no., complete")
    fields = ["made", "job_shown", "user", "use_count", "until", "gone"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[DownloadHandle]:
        """With whether time or uses have run out, by the database's clock."""
        handles: QuerySet[DownloadHandle] = super().get_queryset(request)
        over = Q(expires_at__lte=Now()) | Q(max_uses__isnull=False, uses__gte=F("max_uses"))
        return handles.annotate(over=ExpressionWrapper(over, output_field=BooleanField()))

    @display(description=_("export"))
    def job_shown(self, handle: DownloadHandle) -> SafeString:
        """The export's number, as a link."""
        return words.job_link(type(handle.job), handle.job_id, handle.job.job_no)

    @display(description=_("state"), label={"alive": "success", "over": "default", "revoked": "danger"})
    def state(self, handle: Any) -> tuple[str, str]:
        """Whether it still opens."""
        if handle.revoked_at is not None:
            return "revoked", _t("Revoked")
        return ("over", _t("Over")) if handle.over else ("alive", _t("Valid"))

    @display(description=_("uses"))
    def use_count(self, handle: DownloadHandle) -> str:
        """So many of so many."""
        return f"{handle.uses} / {handle.max_uses or '∞'}"

    @display(description=_("created"), ordering="created_at")
    def made(self, handle: DownloadHandle) -> str | None:
        """When somebody made it."""
        return words.moment(handle.created_at)

    @display(description=_("expires"))
    def until(self, handle: DownloadHandle) -> str | None:
        """When it stops by itself."""
        return words.moment(handle.expires_at)

    @display(description=_("revoked"))
    def gone(self, handle: DownloadHandle) -> str | None:
        """When somebody made it worthless."""
        return words.moment(handle.revoked_at)


@admin.register(FileRemoval)
class FileRemovalAdmin(EngineAdmin):
    """Objects that must go, and when they went."""

    list_display = ["key", "reason_words", "due", "gone"]
    list_filter = [("deleted_at", admin.EmptyFieldListFilter)]
    search_fields = ["key__startswith"]
    fields = ["key", "reason_words", "due", "gone"]

    @display(description=_("reason"))
    def reason_words(self, removal: FileRemoval) -> str:
        """The only reason so far, in words; any other as it is stored."""
        return _t("File expired") if removal.reason == "expired" else removal.reason

    @display(description=_("not before"))
    def due(self, removal: FileRemoval) -> str | None:
        """After the last link has run out."""
        return words.moment(removal.not_before)

    @display(description=_("deleted"))
    def gone(self, removal: FileRemoval) -> str | None:
        """When the store confirmed it."""
        return words.moment(removal.deleted_at)


@admin.register(Turn)
class TurnAdmin(EngineAdmin):
    """Whose turn it is."""

    list_display = ["person", "kind_shown", "served"]
    fields = ["person", "kind_shown", "served"]
    ordering = ["served_at"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Turn]:
        """With the owner's name."""
        name = User.objects.filter(pk=OuterRef("owner_id")).values("display_name")
        turns: QuerySet[Turn] = super().get_queryset(request)
        return turns.annotate(owner_name=Subquery(name))

    @display(description=_("creator"))
    def person(self, turn: Any) -> str:
        """Whose jobs."""
        return turn.owner_name or str(turn.owner_id)

    @display(description=_("kind"))
    def kind_shown(self, turn: Turn) -> str:
        """Of jobs."""
        return turn.kind

    @display(description=_("last served"))
    def served(self, turn: Turn) -> str | None:
        """When a worker last took one of them."""
        return words.moment(turn.served_at)


@admin.register(DayNumber)
class DayNumberAdmin(EngineAdmin):
    """Last running number of each day."""

    list_display = ["date", "letter_shown", "last_shown"]
    fields = ["date", "letter_shown", "last_shown"]
    ordering = ["-day", "letter"]

    @display(description=_("day"))
    def date(self, number: DayNumber) -> str:
        """In the site's time zone."""
        return number.day.isoformat()

    @display(description=_("letter"))
    def letter_shown(self, number: DayNumber) -> str:
        """First letter of the job numbers."""
        return number.letter

    @display(description=_("last number"))
    def last_shown(self, number: DayNumber) -> str:
        """Given out last."""
        return str(number.last)


def _title(choices: type[TextChoices], code: str) -> str:
    """A code in words; one that is no longer known, as it is."""
    return str(choices(code).label) if code in choices.values else code
