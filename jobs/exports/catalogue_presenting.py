"""The catalogue of datasets as JSON."""

from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from accounts import policy
from accounts.models import User
from jobs import formats
from jobs.datasets import Dataset
from jobs.engine import kinds
from jobs.exports import catalogue
from jobs.exports.catalogue import CHECKS, SELECT, Choice, FilterChoice, Offer

FILTER_KINDS = {CHECKS: "choice", SELECT: "choice"}
"""What the API calls an input of the form, where it is not its own word."""


def present(offer: Offer, *, viewer: User) -> dict[str, Any]:
    """One dataset. What may not be exported has no columns and filters: as in the dialog, there is no form for it."""
    dataset, allowed = offer.dataset, bool(offer.decision)
    return {
        "key": dataset.key,
        "title": str(dataset.title),
        "sensitivity": dataset.sensitivity,
        "sensitivity_title": _(policy.CLASS_TITLES[dataset.sensitivity]),
        "may_export": allowed,
        "reason": offer.decision.reason,
        "may_customise": allowed,
        "grouped": dataset.is_grouped,
        "lifetime_seconds": int(dataset.lifetime.total_seconds()),
        "columns": _columns(dataset, viewer) if allowed else [],
        "filters": [_filter(one) for one in catalogue.filters_of(dataset)] if allowed else [],
    }


def files(viewer: User) -> dict[str, Any]:
    """What can be written, and what each file type takes beside its rows."""
    offered = catalogue.file_choices("", {})
    return {
        "file_types": [
            {
                "key": one.value,
                "title": str(one.title),
                "hint": str(one.hint),
                "default": one.chosen,
                "most_bytes": formats.get(one.value).most_bytes,
                "options": [
                    *(_switch(switch) for switch in offered["switches"] if _takes(one, switch)),
                    _compression([choice for choice in offered["compressions"] if _takes(one, choice)]),
                ],
            }
            for one in offered["file_types"]
        ],
        "limits": {
            "attempt_seconds": kinds.get("export").limit_seconds,
            "split_bytes": settings.EXPORT_SPLIT_BYTES,
            "part_bytes": settings.EXPORT_PART_BYTES,
            "waiting_per_person": settings.QUEUED_PER_USER,
            "waiting_per_company": viewer.tenant.max_queued_exports,
        },
    }


def _columns(dataset: Dataset, viewer: User) -> list[dict[str, Any]]:
    defaults = set(catalogue.default_keys(dataset))
    return [
        {
            "key": one.key,
            "title": str(one.title),
            "type": str(dataset.column(one.key).kind),
            "masked": one.masked,
            "default": one.key in defaults,
        }
        for one in catalogue.columns_of(dataset, [], viewer)
    ]


def _filter(one: FilterChoice) -> dict[str, Any]:
    return {
        "key": one.name,
        "title": one.title,
        "kind": FILTER_KINDS.get(one.kind, one.kind),
        "several": one.kind == CHECKS,
        "required": one.required,
        "choices": [{"value": code, "title": str(title)} for code, title in one.choices],
    }


def _switch(one: Choice) -> dict[str, Any]:
    return {
        "key": one.value,
        "title": str(one.title),
        "hint": str(one.hint),
        "values": [True, False],
        "default": one.chosen,
    }


def _compression(offered: list[Choice]) -> dict[str, Any]:
    return {
        "key": "compression",
        "title": _("Compression"),
        "hint": "",
        "values": [one.value for one in offered],
        "default": next(one.value for one in offered if one.chosen),
    }


def _takes(file_type: Choice, option: Choice) -> bool:
    return file_type.value in option.formats.split()
