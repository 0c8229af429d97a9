"""A notification as mail: plain text in the person's language. Never a file, never a download link."""

from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMessage
from django.utils import translation
from django.utils.translation import gettext as _

from accounts.models import User
from jobs.models.notification import Notification
from jobs.notices.presenting import words_of

SETTINGS_PATH = "/accounts/notifications/"


def compose(notification: Notification, user: User) -> EmailMessage:
    """The mail to ``user``: what happened, what to do, and where to look."""
    with translation.override(user.language):
        words = words_of(notification)
        link = words.link_for(user)
        paragraphs = [
            words.title,
            "\n".join(text for text in (words.text, words.advice) if text),
            _("Open it here: %(address)s") % {"address": settings.SITE_URL + link} if link else "",
            "-- \n"
            + _("You have asked for this mail. Change that here: %(address)s")
            % {"address": settings.SITE_URL + SETTINGS_PATH},
        ]
        site = _("Export Center")
        return EmailMessage(
            subject=f"{words.title} · {site}",
            body="\n\n".join(text for text in paragraphs if text) + "\n",
            to=[user.email],
            headers={
                # The same however often it is sent: a server that knows it already can drop it.
                "Message-ID": f"<notification-{notification.pk}@{urlsplit(settings.SITE_URL).hostname}>",
                "Auto-Submitted": "auto-generated",
            },
        )
