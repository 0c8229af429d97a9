"""Answers kept for repeated requests, in the admin: that there is one, never what it says."""

from django.contrib import admin
from django.db.models import QuerySet
from django.db.models.functions import Length
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from jobs.admin.pages import PageAdmin
from jobs.exports import words
from jobs.models import ExportJob, KeptAnswer


@admin.register(KeptAnswer)
class KeptAnswerAdmin(PageAdmin):
    """Who asked for what under which key. The answer itself may hold what only its reader may see."""

    empty_words = _("Answers are kept for requests that carry an Idempotency-Key, so that asking twice does no harm.")
    list_display = ["made", "user", "route", "key", "job", "status_no"]
    list_display_links = ["made"]
    list_select_related = ["user"]
    search_fields = ["job_no__exact", "key__exact"]
    search_help_text = _("Job no. or key, complete")
    fields = ["made", "user", "route", "key", "job", "status_no", "length", "open_until"]
    ordering = ["-created_at"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[KeptAnswer]:
        """Without the answers, with their length."""
        answers: QuerySet[KeptAnswer] = super().get_queryset(request)
        return answers.defer("body").annotate(body_length=Length("body"))

    @display(description=_("created"))
    def made(self, answer: KeptAnswer) -> str | None:
        """To the second."""
        return words.moment(answer.created_at)

    @display(description=_("export"))
    def job(self, answer: KeptAnswer) -> SafeString:
        """The export's number, as a link."""
        return words.job_link(ExportJob, answer.job_id, answer.job_no)

    @display(description=_("HTTP status"))
    def status_no(self, answer: KeptAnswer) -> str:
        """As it was answered."""
        return str(answer.http_status)

    @display(description=_("size"))
    def length(self, answer: KeptAnswer) -> str:
        """Of the answer."""
        return words.size(answer.body_length) or ""  # type: ignore[attr-defined]

    @display(description=_("waits until"))
    def open_until(self, answer: KeptAnswer) -> str:
        """While the first request waits for its job."""
        return words.moment(answer.settles_at) or "—"
