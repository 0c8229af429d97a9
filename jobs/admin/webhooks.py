"""Webhooks in the admin: own ones, and the company's for those who manage them. Changed by the services only."""

from collections.abc import Callable, Iterator
from typing import Any, cast

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from unfold.dataclasses import UnfoldAction
from unfold.decorators import action
from unfold.enums import ActionVariant

from accounts.admin_base import ReadOnlyAdmin
from exportcenter.common.client import client_of
from exportcenter.common.errors import ExportCenterError, InvalidParameters
from exportcenter.common.streaming import stream
from jobs.admin.definition_columns import person_of
from jobs.admin.webhook_columns import WebhookColumns, last_attempt
from jobs.admin.webhook_form import WebhookForm
from jobs.models import Webhook, WebhookSecret
from jobs.models.webhook import Delivery
from jobs.webhooks import pinging, secrets, services
from jobs.webhooks.words import error_words

MARK = "<!--outcome-->"
STATE = ["state_words", "off_since", "last_answer", "fail_count", "fail_since", "served", "made", "changed"]


@admin.register(Webhook)
class WebhookAdmin(WebhookColumns, ReadOnlyAdmin):
    """Addresses that are told about jobs."""

    list_display = [
        "name",
        "short_address",
        "scope_words",
        "owner_name",
        "state",
        "last_answer",
        "fail_since",
        "served",
    ]
    list_display_links = ["name"]
    list_filter = ["enabled", "scope"]
    list_select_related = ["owner"]
    list_fullwidth = True
    empty_words = _("A webhook tells a program of yours at once what becomes of jobs. Begin with “New webhook”.")
    search_fields = ["description", "url"]
    ordering = ["-created_at"]
    actions_list = ["new"]
    actions_detail = ["test", "log", "edit", "rotate", "switch_on", "switch_off", "remove"]
    header = frozenset({"test", "log", "edit"})
    """Buttons of the page's header; the rare ones stand below the facts, lest the header have no room for its title."""
    change_form_outer_after_template = "jobs/admin/webhook_more.html"
    fieldsets = [
        (None, {"fields": ["address", "purpose", "scope_words", "owner_name", "asked", "secret_rows"]}),
        (_("State"), {"fields": STATE}),
    ]

    class Media:
        css = {"all": ["css/jobs.css", "css/definitions.css"]}

    def audit_resource(self, obj: Webhook) -> str:
        """As the services write it."""
        return f"webhook:{obj.pk}"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Webhook]:
        """What the reader manages."""
        rows: QuerySet[Webhook] = Webhook.objects.visible_to(person_of(request)).select_related("owner")
        rows = rows.annotate(**last_attempt())
        return rows.order_by("-created_at", "-id")

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest | None = None) -> bool:
        """Only the filters offered."""
        return lookup.partition("__")[0] in {"enabled", "scope"}

    # --- actions ------------------------------------------------------------------------------------------
    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[UnfoldAction]:
        """Those of the header."""
        buttons: list[UnfoldAction] = super().get_actions_detail(request, object_id)
        return [button for button in buttons if button.path in self.header]

    @action(description=_("New webhook"), icon="add", variant=ActionVariant.PRIMARY)
    def new(self, request: HttpRequest) -> HttpResponse:
        """The form, then the secret."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        form = WebhookForm(request.POST if request.method == "POST" else None, user=person_of(request))
        if request.method == "POST" and form.is_valid():
            try:
                with transaction.atomic():
                    made = services.create_webhook(
                        **form.cleaned_data, actor=person_of(request), client=client_of(request)
                    )
                return self._secret(request, *made)
            except ExportCenterError as error:
                form.place(_details(error), f"{error.message} {error.advice}".strip())
        return self._page(request, "form", title=_("New webhook"), form=form, back=_list())

    @action(description=_("Send a test"), icon="send", variant=ActionVariant.PRIMARY)
    def test(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """One message now; the page shows what came back."""

        def ask_or_send(webhook: Webhook) -> HttpResponseBase:
            if request.method != "POST":
                question = _t("Send a test to “%(name)s” now?") % {"name": self.name(webhook)}
                effect = _("A message of type ping, signed like all others. It may take ten seconds.")
                return self._ask(request, webhook, title=_("Send a test"), question=question, effect=effect)
            attempt = pinging.prepare(webhook.pk, actor=person_of(request))
            page = self._page(request, "test", title=_("Send a test"), mark=MARK, back=_page(webhook))
            before, _mark, after = cast(str, page.render().content.decode()).partition(MARK)
            return stream(request, _outcome(attempt, before, after, translation.get_language() or ""))

        return self._with(request, object_id, ask_or_send)

    @action(description=_("Edit"), icon="edit")
    def edit(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """The form."""

        def show_or_save(webhook: Webhook) -> HttpResponseBase:
            form = WebhookForm(
                request.POST if request.method == "POST" else None, user=person_of(request), webhook=webhook
            )
            if request.method == "POST" and form.is_valid():
                try:
                    with transaction.atomic():
                        services.update_webhook(
                            webhook.pk, **form.cleaned_data, actor=person_of(request), client=client_of(request)
                        )
                    messages.success(request, _t("“%(name)s” is saved.") % {"name": self.name(webhook)})
                    return HttpResponseRedirect(_page(webhook))
                except InvalidParameters as error:
                    form.place(_details(error), f"{error.message} {error.advice}".strip())
            return self._page(request, "form", title=self.name(webhook), form=form, back=_page(webhook))

        return self._with(request, object_id, show_or_save)

    @action(description=pgettext_lazy("webhook", "Messages"), icon="list")
    def log(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """What was sent to it."""
        place = reverse("admin:jobs_webhookdelivery_changelist")
        return self._with(
            request, object_id, lambda webhook: HttpResponseRedirect(f"{place}?webhook__id__exact={webhook.pk}")
        )

    @action(description=_("Rotate the secret"), icon="key")
    def rotate(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """A new secret, shown once."""

        def ask_or_do(webhook: Webhook) -> HttpResponseBase:
            if request.method != "POST":
                question = _t("Make a new secret for “%(name)s”?") % {"name": self.name(webhook)}
                effect = _("It is shown once. The one before signs along for 24 hours.")
                return self._ask(request, webhook, title=_("Rotate the secret"), question=question, effect=effect)
            made = services.rotate_secret(webhook.pk, actor=person_of(request), client=client_of(request))
            return self._secret(request, *made)

        return self._with(request, object_id, ask_or_do)

    @action(description=_("Switch on"), icon="play_arrow")
    def switch_on(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """From now on."""
        effect = _("It hears of what happens from now on.")
        return self._switch(request, object_id, on=True, title=_("Switch on"), effect=effect)

    @action(description=_("Switch off"), icon="pause")
    def switch_off(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """Until somebody switches it on."""
        effect = _("What waits is not sent, what happens is not told.")
        return self._switch(request, object_id, on=False, title=_("Switch off"), effect=effect)

    @action(description=_("Delete"), icon="delete", variant=ActionVariant.DANGER)
    def remove(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """With its log."""

        def ask_or_do(webhook: Webhook) -> HttpResponseBase:
            if request.method != "POST":
                question = _t("Delete “%(name)s”?") % {"name": self.name(webhook)}
                effect = _("Its secrets and its messages are deleted for good. The audit trail stays.")
                return self._ask(request, webhook, title=_("Delete"), question=question, effect=effect, danger=True)
            services.delete_webhook(webhook.pk, actor=person_of(request), client=client_of(request))
            messages.success(request, _t("“%(name)s” was deleted.") % {"name": self.name(webhook)})
            return HttpResponseRedirect(_list())

        return self._with(request, object_id, ask_or_do)

    def _switch(self, request: HttpRequest, object_id: str, *, on: bool, title: Any, effect: Any) -> HttpResponseBase:
        def ask_or_do(webhook: Webhook) -> HttpResponseBase:
            if request.method != "POST":
                return self._ask(
                    request, webhook, title=title, question=f"{title}: {self.name(webhook)}", effect=effect
                )
            services.update_webhook(webhook.pk, enabled=on, actor=person_of(request), client=client_of(request))
            return HttpResponseRedirect(_page(webhook))

        return self._with(request, object_id, ask_or_do)

    # --- pages --------------------------------------------------------------------------------------------
    def _secret(self, request: HttpRequest, webhook: Webhook, secret: WebhookSecret) -> HttpResponse:
        """Shown once: an answer of its own, nothing that a browser or a session keeps."""
        said = {"named": self.name(webhook), "secret": secrets.text_of(secret), "back": _page(webhook)}
        page = self._page(request, "secret", title=_("The secret"), **said)
        page["Cache-Control"] = "private, no-store"
        return page

    def _ask(self, request: HttpRequest, webhook: Webhook, **said: Any) -> TemplateResponse:
        return self._page(request, "confirm", **({"back": _page(webhook), "button": {}} | said))

    def _page(self, request: HttpRequest, name: str, **said: Any) -> TemplateResponse:
        template = "jobs/admin/confirm.html" if name == "confirm" else f"jobs/admin/webhook_{name}.html"
        context = {**self.admin_site.each_context(request), "opts": self.opts, "media": self.media, **said}
        request.current_app = self.admin_site.name
        return TemplateResponse(request, template, context)

    def _with(
        self, request: HttpRequest, object_id: str, act: Callable[[Webhook], HttpResponseBase]
    ) -> HttpResponseBase:
        """Do ``act`` with the webhook if the reader manages it; an expected error becomes a message."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        webhook = self.get_object(request, object_id)
        if webhook is None:
            return cast(HttpResponse, self._get_obj_does_not_exist_redirect(request, self.opts, object_id))
        try:
            return act(webhook)
        except ExportCenterError as error:
            messages.error(request, f"{error.message} {error.advice}".strip())
            return HttpResponseRedirect(_page(webhook))


def _outcome(attempt: Any, before: str, after: str, language: str) -> Iterator[bytes]:
    """The page with what came back, which is waited for when the request's transaction is over."""
    yield before.encode()
    delivery = pinging.finish(attempt)
    with translation.override(language):
        arrived = delivery is not None and delivery.state == Delivery.SENT
        error = error_words(delivery.error) if delivery is not None else ""
        shown = render_to_string(
            "jobs/admin/webhook_outcome.html", {"delivery": delivery, "arrived": arrived, "error": error}
        )
    yield shown.encode()
    yield after.encode()


def _details(error: ExportCenterError) -> dict[str, Any]:
    return error.details if isinstance(error, InvalidParameters) else {}


def _list() -> str:
    return reverse("admin:jobs_webhook_changelist")


def _page(webhook: Webhook) -> str:
    return reverse("admin:jobs_webhook_change", args=[webhook.pk])
