"""Notifications in words, in the language of the reader. Each kind of job registers the words of its own."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from django.utils.translation import gettext as _

from accounts.models import User
from jobs.models.notification import Notification


class Level(StrEnum):
    """Tone of a notification; never said by colour alone."""

    SUCCESS = "success"
    ERROR = "error"
    INFO = "info"


@dataclass(frozen=True)
class Words:
    """What a notification says."""

    title: str
    """One line: which job, and what became of it."""
    text: str
    """What has happened."""
    advice: str = ""
    """What to do now."""
    level: Level = Level.INFO
    path: str = ""
    """Page of the job, for people of the platform; clients have no such page."""

    def link_for(self, reader: User) -> str | None:
        """Path of the page that ``reader`` may open."""
        return self.path if self.path and reader.is_staff else None


Presenter = Callable[[Notification], Words]

_presenters: dict[str, Presenter] = {}
LEVELS = {"ready": Level.SUCCESS, "failed": Level.ERROR}


def register(kind: str) -> Callable[[Presenter], Presenter]:
    """Decorator: these are the words of notifications of ``kind``. Raises ValueError when there are some already."""

    def add(presenter: Presenter) -> Presenter:
        if kind in _presenters:
            raise ValueError(f"words of {kind!r} are registered twice")
        _presenters[kind] = presenter
        return presenter

    return add


def kinds() -> list[str]:
    """Every kind with words of its own."""
    return sorted(_presenters)


def words_of(notification: Notification) -> Words:
    """The words in the current language; plain ones for a kind that has registered none, or is gone."""
    return _presenters.get(notification.kind, _plain)(notification)


def _plain(notification: Notification) -> Words:
    ending = notification.kind.rpartition(".")[2]
    level, job = LEVELS.get(ending, Level.INFO), {"job": notification.subject}
    texts = {
        "ready": _("Job %(job)s is ready.") % job,
        "failed": _("Job %(job)s has failed.") % job,
        "canceled": _("Job %(job)s was canceled.") % job,
    }
    return Words(title=notification.subject, text=texts.get(ending, _("Job %(job)s has news.") % job), level=level)
