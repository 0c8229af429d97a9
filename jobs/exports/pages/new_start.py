"""The first step of a new export: what to export. Datasets, what was exported lately, saved definitions (SPEC U10)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from accounts import policy
from accounts.models import User
from jobs.datasets import CUSTOM, Dataset, all_datasets
from jobs.datasets.base import SENSITIVITIES
from jobs.datasets.words import in_words
from jobs.exports import planning
from jobs.exports.catalogue import offers
from jobs.exports.definitions_presenting import may_run
from jobs.exports.digest import params_hash
from jobs.models import ExportDefinition, ExportJob

LOOKED_AT = 60
"""Newest own exports among which different ones are looked for."""
MOST_RECENT = 5
MOST_DEFINITIONS = 100
SEARCH_FROM = 9
"""With so many things to choose from a search is offered."""


@dataclass(frozen=True)
class Tile:
    """A dataset that can be chosen, or why it cannot."""

    key: str
    title: Any
    reason: str = ""


@dataclass(frozen=True)
class Family:
    """Datasets of one class of sensitivity."""

    title: str
    tiles: list[Tile]


@dataclass(frozen=True)
class Recent:
    """Something that was exported lately, to be exported again."""

    number: str
    title: str
    words: str
    file_type: str
    at: datetime


def choices_for(viewer: User) -> dict[str, Any]:
    """Everything to choose from."""
    decided = [(offer.dataset, offer.decision) for offer in offers(viewer)]
    families = [
        Family(_(policy.CLASS_TITLES[name]), tiles)
        for name in SENSITIVITIES
        if (tiles := [Tile(one.key, one.title) for one, allowed in decided if allowed and one.sensitivity == name])
    ]
    refused = [Tile(one.key, one.title, decision.reason) for one, decision in decided if not decision]
    definitions = definitions_for(viewer)
    return {
        "families": families,
        "refused": refused,
        "recent": recent_of(viewer),
        "definitions": definitions,
        "has_search": sum(len(family.tiles) for family in families) + len(definitions) >= SEARCH_FROM,
    }


def recent_of(viewer: User) -> list[Recent]:
    """The last different exports of this person that could be asked for again, the newest first."""
    found: dict[str, Recent] = {}
    newest = ExportJob.objects.filter(owner=viewer).order_by("-created_at", "-id")
    for job in newest.defer("facts", "parts", "error_stack")[:LOOKED_AT]:
        key = params_hash(job)
        if key in found:
            continue
        dataset = dataset_now(job, viewer)
        if dataset is not None:
            found[key] = _recent(job, dataset)
        if len(found) == MOST_RECENT:
            break
    return list(found.values())


def dataset_now(job: ExportJob, viewer: User) -> Dataset | None:
    """The job's dataset, if ``viewer`` may export it now and may read every value that the job was asked with."""
    dataset = next((one for one in all_datasets() if one.key == job.dataset), None)
    if dataset is None or not policy.may(viewer, policy.Action.EXPORT_CREATE, dataset):
        return None
    return dataset if planning.shown_params(job, viewer) == job.params else None


def definitions_for(viewer: User) -> list[ExportDefinition]:
    """Saved definitions that can be run, the last changed first."""
    visible = ExportDefinition.objects.visible_to(viewer).filter(archived_at=None).select_related("owner")
    newest = visible.order_by("-updated_at", "-id")[:MOST_DEFINITIONS]
    return [one for one in newest if may_run(one, viewer)]


def _recent(job: ExportJob, dataset: Dataset) -> Recent:
    name = _name(job.params) if job.type == CUSTOM else ""
    return Recent(
        number=job.job_no,
        title=f"{dataset.title} · {name}" if name else str(dataset.title),
        words=in_words(dataset, job.params),
        file_type=job.get_file_type_display(),
        at=job.created_at,
    )


def _name(params: Mapping[str, Any]) -> str:
    """Of the definition that was run; custom exports without one have none."""
    return str(params.get("name", ""))
