"""The first rows of a file, kept with it, so that one sees whether it is right before downloading (SPEC E22)."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from accounts import policy
from accounts.models import User
from exportcenter.common.errors import InvalidParameters
from jobs import datasets
from jobs.datasets import Kind
from jobs.datasets.query import BoundColumn, Plan
from jobs.formats import FormatOptions, get
from jobs.formats.rows import rows_of
from jobs.models import ExportJob, ExportPreview

MOST_ROWS = 100
MOST_CHARACTERS = 200
"""Of a cell; the file holds the whole text."""

Cell = str | None


@dataclass(frozen=True)
class Shown:
    """A preview as one person may see it.

    Attributes:
        columns: title and kind of each column
        rows: cells as text; None is NULL
        more: the file holds more rows than are shown
        masked: titles of columns that are masked for this viewer, though not in the file
    """

    columns: list[tuple[str, str]]
    rows: list[list[Cell]]
    more: bool
    masked: list[str]


def first_rows(plan: Plan, zone: ZoneInfo) -> list[list[Cell]]:
    """The plan's first rows as people read them; read it in the file's own snapshot.

    JSON is the one format that keeps NULL, numbers and text apart and quotes nothing.
    """
    writer = get("json")(FormatOptions(lines=True), zone)
    words = [_words(column) for column in plan.columns]
    with rows_of(replace(plan, rows=plan.rows[:MOST_ROWS]), writer) as lines:
        found = [json.loads(bytes(line), parse_float=str, parse_int=str) for line in lines]
    return [[word(row[column.key]) for word, column in zip(words, plan.columns, strict=True)] for row in found]


def shown_to(viewer: User, job: ExportJob) -> Shown | None:
    """The preview for ``viewer``; None when there is none (not ready, expired, made before there were previews).

    Raises PermissionRefused when the viewer may not look into the file.
    """
    policy.may(viewer, policy.Action.EXPORT_PREVIEW, job).or_refuse()
    kept = ExportPreview.objects.filter(job=job).first()
    if kept is None or job.facts is None:
        return None
    columns = job.facts["columns"]
    masks = {} if policy.may(viewer, policy.Action.CONTACT_DATA) else _masks(job)
    hide = [masks.get(column["key"]) if not column["mask"] else None for column in columns]
    return Shown(
        columns=[(column["title"], column["kind"]) for column in columns],
        rows=[[_hidden(cell, mask) for cell, mask in zip(row, hide, strict=True)] for row in kept.rows],
        more=(job.row_count or 0) > len(kept.rows),
        masked=[column["title"] for column, mask in zip(columns, hide, strict=True) if mask],
    )


def _masks(job: ExportJob) -> dict[str, Callable[[str], str]]:
    """Column → mask, as the dataset declares it today. Without its dataset nobody knows what was contact data."""
    try:
        declared = datasets.get(job.dataset).columns
    except InvalidParameters:
        return {column["key"]: lambda text: "•••" for column in (job.facts or {})["columns"]}
    return {column.key: column.mask.python for column in declared if column.mask is not None}


def _hidden(cell: Cell, mask: Callable[[str], str] | None) -> Cell:
    return cell if mask is None or cell is None else mask(cell)


def _words(column: BoundColumn) -> Callable[[Any], Cell]:
    if column.kind is Kind.BOOLEAN and not column.masked:
        yes, no = _("Yes"), _("No")
        return lambda value: None if value is None else yes if value else no
    if column.kind is Kind.DATETIME and not column.masked:
        return lambda value: None if value is None else str(value)[:19].replace("T", " ")
    return lambda value: None if value is None else _short(str(value))


def _short(text: str) -> str:
    return text if len(text) <= MOST_CHARACTERS else text[: MOST_CHARACTERS - 1] + "…"
