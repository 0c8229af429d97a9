"""What people hear about their webhooks, on the bell."""

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from accounts.models import User
from jobs import notices
from jobs.models import Webhook
from jobs.models.notification import Notification
from jobs.models.webhook import Stopped
from jobs.notices.presenting import Level, Words, register

PAGE = "/admin/jobs/webhook/{key}/change/"


@register("webhook.stopped")
def stopped(notification: Notification) -> Words:
    """It is off, why, and what to do."""
    facts = notification.data
    reason = str(facts.get("reason"))
    return Words(
        title=_("Webhook “%(name)s” was switched off") % {"name": facts.get("name", "")},
        text=str(Stopped(reason).label) if reason in Stopped.values else reason,
        advice=_("Nothing is sent to it any more. Check the receiver, then switch the webhook on again."),
        level=Level.ERROR,
        path=PAGE.format(key=facts.get("webhook_id", "")),
    )


@register("webhook.missed")
def missed(notification: Notification) -> Words:
    """Events were deleted before they could be sent."""
    facts = notification.data
    return Words(
        title=_("Webhook “%(name)s” has missed events") % {"name": facts.get("name", "")},
        text=_("Messages were not sent for so long that events were deleted before."),
        advice=_("Ask the API for the exports of that time."),
        level=Level.ERROR,
        path=PAGE.format(key=facts.get("webhook_id", "")),
    )


def tell(webhook: Webhook, what: str, **facts: str) -> None:
    """Tell the owner ``what``: "stopped" or "missed". When the owner is switched off, those who manage webhooks.

    Takes the tenant's head: call it after every other lock is taken.
    """
    name = (webhook.description or webhook.url)[:60]
    for user in _listeners(webhook):
        notices.tell(
            user_id=user.pk,
            kind=f"webhook.{what}",
            subject=str(webhook.pk),
            data=facts | {"webhook_id": str(webhook.pk), "name": name},
        )


def _listeners(webhook: Webhook) -> "QuerySet[User] | list[User]":
    if webhook.owner.is_active:
        return [webhook.owner]
    managers: QuerySet[User] = User.objects.filter(
        is_active=True, user_roles__role__grants__permission_id="jobs.webhooks"
    )
    return managers.distinct().order_by("pk")
