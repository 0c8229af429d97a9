"""What the admin says about a webhook."""

from typing import Any

from django.db.models import OuterRef, Subquery
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from unfold.decorators import display

from jobs.datasets import title_of
from jobs.engine.states import Status
from jobs.exports import words
from jobs.models import Webhook, WebhookDelivery, WebhookSecret
from jobs.webhooks.words import STATUS, error_words

STATES = {"on": "success", "failing": "warning", "off": "default"}


def last_attempt() -> dict[str, Any]:
    """Annotations ``last_code`` and ``last_error``: what came of the newest message that was on its way at all."""
    tried = WebhookDelivery.objects.filter(webhook=OuterRef("pk"), attempts__gt=0).order_by("-id")
    return {"last_code": Subquery(tried.values("response_code")[:1]), "last_error": Subquery(tried.values("error")[:1])}


class WebhookColumns:
    """Cells of the list and fields of the page."""

    @display(description=_("webhook"))
    def name(self, webhook: Webhook) -> str:
        """What its owner calls it, else the host."""
        return webhook.description or webhook.url.split("/")[2]

    @display(description=pgettext_lazy("webhook", "address"))
    def address(self, webhook: Webhook) -> SafeString:
        """To be read letter by letter."""
        return words.mono(webhook.url)

    @display(description=pgettext_lazy("webhook", "address"))
    def short_address(self, webhook: Webhook) -> SafeString:
        """In one line, cut where it would be too long."""
        return format_html('<span class="job-mono job-cut" title="{0}">{0}</span>', webhook.url)

    @display(description=_("hears of"))
    def scope_words(self, webhook: Webhook) -> str:
        """In words."""
        return str(webhook.get_scope_display())

    @display(description=_("owner"))
    def owner_name(self, webhook: Webhook) -> str:
        """Whose rights count."""
        return webhook.owner.display_name

    @display(description=_("state"), label=STATES)
    def state(self, webhook: Webhook) -> tuple[str, str]:
        """In words and colour."""
        return _state(webhook), _state_words(webhook)

    @display(description=_("state"))
    def state_words(self, webhook: Webhook) -> SafeString:
        """The same on the row's own page."""
        return words.badge(_state_words(webhook), STATES[_state(webhook)])

    @display(description=_("off since"))
    def off_since(self, webhook: Webhook) -> str:
        """When it was switched off."""
        return words.moment(webhook.stopped_at) or "—"

    @display(description=_("failures in a row"))
    def fail_count(self, webhook: Webhook) -> str:
        """Attempts since the last success."""
        return words.number(webhook.failures) or "0"

    @display(description=_("failing since"))
    def fail_since(self, webhook: Webhook) -> SafeString | str:
        """Moment of the first of them."""
        return words.stamp(webhook.failing_since) or "—"

    @display(description=pgettext_lazy("webhook", "last sent"))
    def served(self, webhook: Webhook) -> SafeString | str:
        """When a message was last on its way there."""
        return words.stamp(webhook.served_at) or "—"

    @display(description=_("last answer"))
    def last_answer(self, webhook: Webhook) -> SafeString | str:
        """What came of the attempt before: the response code, or why there was none."""
        row: Any = webhook
        if row.last_code is None and not row.last_error:
            return "—"
        said = f"HTTP {row.last_code}" if row.last_code else ""
        problem = "" if row.last_error in ("", STATUS) else error_words(row.last_error)
        return " · ".join(filter(None, [said, problem]))

    @display(description=_("description"))
    def purpose(self, webhook: Webhook) -> str:
        """In its owner's words."""
        return webhook.description or "—"

    @display(description=_("created"))
    def made(self, webhook: Webhook) -> str | None:
        """To the second."""
        return words.moment(webhook.created_at)

    @display(description=_("changed"))
    def changed(self, webhook: Webhook) -> str | None:
        """To the second."""
        return words.moment(webhook.updated_at)

    @display(description=_("events"))
    def asked(self, webhook: Webhook) -> str:
        """Statuses and datasets, in words."""
        statuses = ", ".join(str(Status(code).label) for code in webhook.statuses) or _t("all statuses")
        datasets = ", ".join(title_of(key) for key in webhook.datasets) or _t("all datasets")
        return f"{statuses} · {datasets}"

    @display(description=_("secrets"))
    def secret_rows(self, webhook: Webhook) -> SafeString:
        """Which sign, and until when. What they are is shown once, when they are made."""
        return format_html_join("", "<div>{}</div>", ((_secret_words(row),) for row in webhook.secrets.all()))


def _state(webhook: Webhook) -> str:
    if not webhook.enabled:
        return "off"
    return "failing" if webhook.failures else "on"


def _state_words(webhook: Webhook) -> str:
    if not webhook.enabled:
        return str(webhook.get_stopped_display())
    return _t("Failing") if webhook.failures else _t("On")


def _secret_words(row: WebhookSecret) -> str:
    facts = {"number": row.number, "made": words.moment(row.created_at), "until": words.moment(row.expires_at)}
    if row.expires_at is None:
        return _t("No. %(number)d, made %(made)s") % facts
    return _t("No. %(number)d, made %(made)s, signs until %(until)s") % facts
