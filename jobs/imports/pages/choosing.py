"""The first step of a new import: which datasets this person may import into, and what an import may do there."""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from accounts.models import User
from jobs.datasets import Dataset, Mode, all_datasets
from jobs.imports import catalogue
from jobs.imports.fields import importing_of

TEMPLATE_TYPES = (("xlsx", "Excel"), ("csv", "CSV"))


@dataclass(frozen=True)
class Tile:
    """A dataset that can be chosen, or why it cannot."""

    key: str
    title: Any
    chosen: bool = False
    reason: str = ""


@dataclass(frozen=True)
class ModeChoice:
    """One mode of the chosen dataset, in words, or why this person may not use it."""

    key: str
    title: str
    hint: str
    chosen: bool
    reason: str


def tiles(viewer: User, chosen: str) -> tuple[list[Tile], list[Tile]]:
    """Datasets that ``viewer`` may import into, and the others with the reason."""
    open_to, refused = [], []
    for dataset in all_datasets():
        reason = why_closed(dataset, viewer)
        if reason:
            refused.append(Tile(dataset.key, dataset.title, reason=reason))
        else:
            open_to.append(Tile(dataset.key, dataset.title, chosen=dataset.key == chosen))
    return open_to, refused


def why_closed(dataset: Dataset, viewer: User) -> str:
    """Why this person imports nothing into the dataset; empty when one of its modes is open to them."""
    if dataset.importing is None:
        return str(dataset.not_imported)
    reasons = [why_not(mode, dataset, viewer) for mode in dataset.importing.modes]
    return "" if not all(reasons) else reasons[0]


def why_not(mode: Mode, dataset: Dataset, viewer: User) -> str:
    """Why ``viewer`` may not import in this mode; empty when they may."""
    return catalogue.refusal(viewer, dataset, mode).reason


def modes(dataset: Dataset, viewer: User, wanted: str) -> list[ModeChoice]:
    """Every mode of the dataset; the one that is wanted is chosen, or the first that is open."""
    found = [(mode, why_not(mode, dataset, viewer)) for mode in importing_of(dataset).modes]
    usable = [mode for mode, reason in found if not reason]
    chosen = wanted if wanted in usable else usable[0]
    return [
        ModeChoice(mode.value, str(mode.label), _hint(mode, dataset), mode == chosen, reason) for mode, reason in found
    ]


def _hint(mode: Mode, dataset: Dataset) -> str:
    key = dataset.column(importing_of(dataset).key).title
    hints = {
        Mode.CREATE: _("Every row becomes a new one. A “%(key)s” that exists already is a fault."),
        Mode.UPDATE: _("Rows are found by “%(key)s”; only columns that the file has are changed."),
        Mode.UPSERT: _("A “%(key)s” that exists is changed, any other is added."),
    }
    return hints[mode] % {"key": key}
