"""Messages of webhooks and their secrets in the admin: of the webhooks that the reader manages."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display
from unfold.paginator import InfinitePaginator

from accounts.admin_base import ReadOnlyAdmin
from exportcenter.common.client import client_of
from exportcenter.common.errors import ExportCenterError
from jobs.admin.definition_columns import person_of
from jobs.engine.states import Status
from jobs.exports import words
from jobs.models import Webhook, WebhookDelivery, WebhookSecret
from jobs.models.webhook import Delivery
from jobs.webhooks import services
from jobs.webhooks.words import error_words

TONES: dict[str, str] = {Delivery.QUEUED: "info", Delivery.SENT: "success", Delivery.FAILED: "danger"}


class OfWebhooksAdmin(ReadOnlyAdmin):
    """Rows that belong to webhooks."""

    paginator = InfinitePaginator
    show_full_result_count = False
    list_per_page = 50
    list_fullwidth = True
    list_select_related = ["webhook"]

    class Media:
        css = {"all": ["css/jobs.css"]}

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Of what the reader manages."""
        rows: QuerySet[Any] = super().get_queryset(request)
        return rows.filter(webhook__in=Webhook.objects.visible_to(person_of(request)))

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest | None = None) -> bool:
        """Only the filters offered, and one webhook."""
        return lookup in {"webhook__id__exact", "state__exact"}

    @display(description=_("webhook"))
    def receiver(self, row: Any) -> SafeString:
        """Which one, cut where it would push the other columns out of sight."""
        return format_html('<span class="job-cut" title="{0}">{0}</span>', row.webhook)


@admin.register(WebhookDelivery)
class WebhookDeliveryAdmin(OfWebhooksAdmin):
    """What was sent, and what came back."""

    empty_words = _("Messages come when a webhook is there and a job changes that it hears of.")

    list_display = [
        "moment",
        "receiver",
        "type",
        "subject",
        "job_status",
        "state_shown",
        "tries",
        "code",
        "took",
        "problem",
    ]
    list_display_links = ["moment"]
    list_filter = ["state"]
    ordering = ["-id"]
    search_fields = ["subject__exact", "message_id__exact"]
    search_help_text = _("Job no., complete")
    actions_detail = ["resend"]
    fields = [
        "moment", "webhook", "message_id", "type", "subject", "job_status", "state_words", "tries", "last", "next",
        "code", "took", "problem", "details", "answer_text",
    ]  # fmt: skip

    @display(description=_("created"))
    def moment(self, row: WebhookDelivery) -> SafeString | None:
        """To the second."""
        return words.stamp(row.created_at)

    @display(description=_("attempts to send"))
    def tries(self, row: WebhookDelivery) -> str:
        """How often it was on its way."""
        return str(row.attempts)

    @display(description=_("details"))
    def details(self, row: WebhookDelivery) -> str:
        """What the network or the receiver said about it."""
        return row.error_detail or "—"

    @display(description=_("job's status"))
    def job_status(self, row: WebhookDelivery) -> str:
        """What the event said."""
        code = row.data.get("status")
        return str(Status(code).label) if code in Status.values else str(code or "—")

    @display(description=_("status"), label=TONES)
    def state_shown(self, row: WebhookDelivery) -> tuple[str, str]:
        """In words and colour."""
        return row.state, row.get_state_display()

    @display(description=_("status"))
    def state_words(self, row: WebhookDelivery) -> SafeString:
        """The same on the row's own page."""
        return words.badge(row.get_state_display(), TONES[row.state])

    @display(description=_("last attempt"))
    def last(self, row: WebhookDelivery) -> str:
        """When it was last on its way."""
        return words.moment(row.attempted_at) or "—"

    @display(description=_("next attempt"))
    def next(self, row: WebhookDelivery) -> str:
        """When it goes again."""
        return words.moment(row.next_attempt_at) or "—"

    @display(description=_("response code"))
    def code(self, row: WebhookDelivery) -> str:
        """An identifier, hence without separators."""
        return str(row.response_code or "—")

    @display(description=_("time taken"))
    def took(self, row: WebhookDelivery) -> str:
        """From the question to the name server to the answer."""
        if row.milliseconds is None:
            return "—"
        return f"{row.milliseconds} ms" if row.milliseconds < 1000 else words.seconds(row.milliseconds / 1000) or "—"

    @display(description=_("error"))
    def problem(self, row: WebhookDelivery) -> str:
        """In words."""
        return error_words(row.error) or "—"

    @display(description=_("answer"))
    def answer_text(self, row: WebhookDelivery) -> SafeString:
        """Its first 1 KiB."""
        return words.preformatted(row.answer or "—")

    @action(description=_("Send again"), icon="replay")
    def resend(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """GET asks, POST does."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        row = self.get_object(request, object_id)
        if row is None:
            missing: HttpResponse = self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
            return missing
        back = reverse("admin:jobs_webhookdelivery_change", args=[row.pk])
        if request.method != "POST":
            context = {
                **self.admin_site.each_context(request),
                "opts": self.opts,
                "media": self.media,
                "title": _("Send again"),
                "question": _t("Send the message about “%(job)s” again?") % {"job": row.subject or row.type},
                "effect": _("Under the same id, with the job as it is now."),
                "back": back,
                "button": {},
            }
            request.current_app = self.admin_site.name
            return TemplateResponse(request, "jobs/admin/confirm.html", context)
        try:
            services.resend(row.webhook_id, row.message_id, actor=person_of(request), client=client_of(request))
            messages.success(request, _t("It is sent again."))
        except ExportCenterError as error:
            messages.error(request, f"{error.message} {error.advice}".strip())
        return HttpResponseRedirect(back)


@admin.register(WebhookSecret)
class WebhookSecretAdmin(OfWebhooksAdmin):
    """Which secrets sign, and until when. What they are is stored nowhere."""

    empty_words = _("Every webhook brings a secret, and every rotation another one.")

    list_display = ["made", "receiver", "number_shown", "until"]
    list_display_links = ["made"]
    fields = ["webhook", "number_shown", "key_id", "made", "until"]
    ordering = ["-created_at"]

    @display(description=_("no."))
    def number_shown(self, row: WebhookSecret) -> str:
        """An identifier, hence without separators."""
        return str(row.number)

    @display(description=_("created"))
    def made(self, row: WebhookSecret) -> str | None:
        """To the second."""
        return words.moment(row.created_at)

    @display(description=_("signs until"))
    def until(self, row: WebhookSecret) -> str:
        """A dash: until it is replaced."""
        return words.moment(row.expires_at) or "—"
