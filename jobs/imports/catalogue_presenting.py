"""What can be imported, as JSON."""

from typing import Any

from django.conf import settings

from accounts import policy
from accounts.models import User
from jobs.datasets import Dataset, Kind
from jobs.datasets.base import choices_of
from jobs.imports.catalogue import Offer
from jobs.imports.describing import Note
from jobs.imports.fields import Field, importing_of


def present(offer: Offer, *, viewer: User) -> dict[str, Any]:
    """One dataset. What may not be imported has no modes and columns."""
    dataset, open_in = offer.dataset, offer.open_in
    reason = policy.may(viewer, policy.Action.CONTACT_DATA).reason
    return {
        "key": dataset.key,
        "title": str(dataset.title),
        "importable": not offer.reason,
        "reason": offer.reason,
        "modes": [{"value": mode.value, "title": str(mode.label)} for mode in offer.modes],
        "key_column": importing_of(dataset).key if offer.notes else None,
        "columns": [
            _column(note, dataset, viewer) | {"modes": [mode.value for mode in open_in[note.field.key]]}
            for note in offer.notes
        ],
        "hidden_columns": [
            {
                "key": column.key,
                "title": str(column.title),
                "modes": [mode.value for mode in offer.modes if mode not in open_in.get(column.key, ())],
                "reason": reason,
            }
            for column in offer.hidden
        ],
    }


def limits() -> dict[str, int]:
    """What holds for every dataset."""
    return {
        "file_bytes": settings.IMPORT_FILE_BYTES,
        "chunk_rows": settings.IMPORT_CHUNK_ROWS,
        "keep_seconds": int(settings.IMPORT_KEEP.total_seconds()),
        "waiting_per_person": settings.QUEUED_PER_USER,
    }


def _column(note: Note, dataset: Dataset, viewer: User) -> dict[str, Any]:
    field = note.field
    column, reference = field.column, field.reference
    return {
        "key": column.key,
        "title": str(column.title),
        "kind": column.kind.value,
        "required": field.required,
        "choices": [{"value": str(code), "title": str(label)} for code, label in _choices(field, dataset, viewer)],
        "refers_to": reference and {"title": str(reference.model._meta.verbose_name), "column": reference.key},
        "hint": note.allowed,
        "example": note.example,
    }


def _choices(field: Field, dataset: Dataset, viewer: User) -> list[tuple[Any, Any]]:
    """Codes and labels that ``viewer`` may write."""
    if field.column.kind is not Kind.CHOICE:
        return []
    limit = importing_of(dataset).limits.get(field.key)
    allowed = limit(viewer) if limit else None
    known = choices_of(dataset.model, field.column)
    return [(code, label) for code, label in known if allowed is None or code in allowed]
