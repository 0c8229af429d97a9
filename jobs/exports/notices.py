"""What people read about the end of their exports, on the bell and in mail."""

from django.utils.formats import localize
from django.utils.translation import gettext as _

from jobs.datasets import title_of
from jobs.engine.errors import error_of
from jobs.exports import words
from jobs.models.notification import Notification
from jobs.notices.presenting import Level, Words, register

PAGE = "/admin/exports/{job_no}/"


@register("export.ready")
def ready(notification: Notification) -> Words:
    """The file is there."""
    named = _named(notification)
    return Words(
        title=_("Export %(job)s is ready") % named,
        text=_("“%(dataset)s”: %(rows)s rows, %(size)s.") % named,
        advice=_("Download the file before it expires."),
        level=Level.SUCCESS,
        path=_path(notification),
    )


@register("export.failed")
def failed(notification: Notification) -> Words:
    """Why there is no file, and what to do about it."""
    named = _named(notification)
    error = error_of(notification.data.get("error_code"))
    return Words(
        title=_("Export %(job)s has failed") % named,
        text=_("“%(dataset)s”: %(reason)s") % (named | {"reason": error.message}),
        advice=error.advice,
        level=Level.ERROR,
        path=_path(notification),
    )


@register("export.canceled")
def canceled(notification: Notification) -> Words:
    """Somebody else has stopped it."""
    named = _named(notification)
    return Words(
        title=_("Export %(job)s was canceled") % named,
        text=_("Somebody else has stopped your export of “%(dataset)s”.") % named,
        advice=_("Ask an administrator why, or export it again."),
        level=Level.INFO,
        path=_path(notification),
    )


def _named(notification: Notification) -> dict[str, str]:
    facts = notification.data
    return {
        "job": notification.subject,
        "dataset": title_of(str(facts.get("type"))),
        "rows": str(localize(facts.get("rows") or 0)),
        "size": words.size(facts.get("size") or 0) or "",
    }


def _path(notification: Notification) -> str:
    return PAGE.format(job_no=notification.subject)
