"""The filters of the page, as their form shows them."""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from accounts.models import User
from jobs.datasets import CUSTOM, all_datasets
from jobs.engine.states import PLAIN_CHOICES
from jobs.exports.pages.query import PERIODS, PageQuery, title_of
from jobs.exports.pages.rows import SIGNS
from jobs.models import ExportJob
from jobs.models.export import FileType

MOST_NAMES = 200
BOXES = ("period", "status", "type", "file_type")
TEXTS = ("q", "from", "to", "created_by", "source", "mb_min", "mb_max")
"""Filters that the form shows; any other one of the address stays as it is until it is taken away."""


@dataclass(frozen=True)
class Choice:
    """A box to tick."""

    value: str
    title: str
    chosen: bool
    sign: str = ""


@dataclass(frozen=True)
class Name:
    """Somebody, or a page, that can be filtered by."""

    value: str
    title: str


@dataclass(frozen=True)
class Applied:
    """A filter that is set: what it says, and the address without it."""

    title: str
    text: str
    address: str


def applied(asked: PageQuery) -> list[Applied]:
    """Every filter that is set, each to be taken away by a click."""
    return [
        Applied(title_of(name), ", ".join(_words(name, value) for value in values), asked.address(**{name: None}))
        for name, values in asked.given.items()
    ]


def _words(name: str, value: str) -> str:
    """What a value means."""
    titles: dict[str, Any] = {
        "period": {key: words for key, (words, _days) in PERIODS.items()},
        "status": dict(PLAIN_CHOICES),
        "type": dict(_types()),
        "file_type": dict(FileType.choices),
    }.get(name, {})
    return str(titles.get(value, value))


def choices_for(asked: PageQuery, viewer: User) -> dict[str, Any]:
    """What the form offers and what is chosen in it."""
    return {
        "periods": _choices(asked, "period", [(key, str(words)) for key, (words, _days) in PERIODS.items()]),
        "statuses": _choices(asked, "status", [(str(value), str(label)) for value, label in PLAIN_CHOICES], SIGNS),
        "types": _choices(asked, "type", _types()),
        "file_types": _choices(asked, "file_type", [(str(value), str(label)) for value, label in FileType.choices]),
        "people": _people(viewer),
        "sources": _sources(viewer),
        **{name: asked.one(name) for name in TEXTS},
        "others": [(name, values) for name, values in asked.given.items() if name not in {*TEXTS, *BOXES}],
    }


def _types() -> list[tuple[str, str]]:
    return [*((dataset.key, str(dataset.title)) for dataset in all_datasets()), (CUSTOM, _("Custom"))]


def _choices(
    asked: PageQuery, name: str, offered: list[tuple[str, str]], signs: dict[str, str] | None = None
) -> list[Choice]:
    chosen = asked.given.get(name, [])
    return [Choice(value, title, value in chosen, (signs or {}).get(value, "")) for value, title in offered]


def _people(viewer: User) -> list[Name]:
    """The company's people, for suggestions; what they may see is another question."""
    found = User.objects.filter(is_active=True).order_by("code").values_list("code", "display_name")
    return [Name(code, name) for code, name in found[:MOST_NAMES]]


def _sources(viewer: User) -> list[str]:
    """Pages that the newest visible exports came from."""
    newest = ExportJob.objects.visible_to(viewer).order_by("-created_at", "-id").values_list("source", flat=True)[:500]
    return sorted({source for source in newest if source})
