"""What people read about their imports, on the bell and in mail."""

from django.utils.formats import localize
from django.utils.translation import gettext as _

from jobs.datasets import title_of
from jobs.engine.errors import error_of
from jobs.models.notification import Notification
from jobs.notices.presenting import Level, Words, register

PAGE = "/admin/imports/{job_no}/"


@register("import.review")
def review(notification: Notification) -> Words:
    """The rows are checked: somebody must say go on."""
    named = _named(notification)
    return Words(
        title=_("Import %(job)s waits for you") % named,
        text=_("“%(dataset)s”: %(valid)s rows can be written, %(faulty)s are faulty.") % named,
        advice=_("Look at what was found, then confirm or cancel."),
        level=Level.INFO,
        path=_path(notification),
    )


@register("import.ready")
def ready(notification: Notification) -> Words:
    """The rows are written, or the import is taken back."""
    named = _named(notification)
    if notification.data.get("undo"):
        return Words(
            title=_("Undo %(job)s is done") % named,
            text=_("“%(dataset)s”: %(removed)s rows removed, %(restored)s restored, %(kept)s kept.") % named,
            advice="",
            level=Level.SUCCESS,
            path=_path(notification),
        )
    return Words(
        title=_("Import %(job)s is done") % named,
        text=_("“%(dataset)s”: %(created)s rows added, %(updated)s changed, %(unchanged)s unchanged.") % named,
        advice=_("It can be taken back for a while."),
        level=Level.SUCCESS,
        path=_path(notification),
    )


@register("import.failed")
def failed(notification: Notification) -> Words:
    """Why it has failed, and what to do about it."""
    named = _named(notification)
    error = error_of(notification.data.get("error_code"))
    return Words(
        title=_("Import %(job)s has failed") % named,
        text=_("“%(dataset)s”: %(reason)s") % (named | {"reason": error.message}),
        advice=error.advice,
        level=Level.ERROR,
        path=_path(notification),
    )


@register("import.canceled")
def canceled(notification: Notification) -> Words:
    """Somebody else, or time, has stopped it."""
    named = _named(notification)
    return Words(
        title=_("Import %(job)s was canceled") % named,
        text=_("“%(dataset)s”: %(created)s rows were added and %(updated)s changed before.") % named,
        advice=_("Ask an administrator why, or import it again."),
        level=Level.INFO,
        path=_path(notification),
    )


def _named(notification: Notification) -> dict[str, str]:
    facts = notification.data
    counts = facts.get("counts") or {}
    names = ("faulty", "created", "updated", "unchanged", "removed", "restored", "kept")
    return {
        "job": notification.subject,
        "dataset": title_of(str(facts.get("type"))),
        "valid": str(localize(counts.get("rows", 0) - counts.get("faulty", 0))),
        **{name: str(localize(counts.get(name, 0))) for name in names},
    }


def _path(notification: Notification) -> str:
    return PAGE.format(job_no=notification.subject)
