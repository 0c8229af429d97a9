"""What somebody can ask for: datasets, their filters and columns, file types and what these take. The dialog of a new
export and the API's catalogue say the same because both ask here.

It holds no rule. Filters come from the filter set, columns from the declaration, rights and masks from the policy;
which options a format takes is asked of the format, by trying them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import django_filters
from django.utils.translation import gettext_lazy

from accounts import policy
from accounts.models import User
from exportcenter.common.errors import InvalidParameters
from jobs import formats
from jobs.datasets import Dataset, all_datasets
from jobs.datasets.filters import AnyOf
from jobs.datasets.words import WITH_CHOICES
from jobs.formats import FormatOptions
from jobs.models.export import FileType

CHECKS, SELECT, DATE, NUMBER, TEXT = "checks", "select", "date", "number", "text"

OPTION_WORDS: dict[str, tuple[Any, Any]] = {
    "bom": (
        gettext_lazy("Mark that Excel needs"),
        gettext_lazy("A byte order mark at the beginning. Without it Excel shows Chinese wrongly."),
    ),
    "lines": (
        gettext_lazy("One object a line"),
        gettext_lazy("NDJSON: each row is a line of its own, in the place of one large array."),
    ),
    "about": (
        gettext_lazy("Say in the file what it is"),
        gettext_lazy("Filters, time of the data, rows and masks: a first sheet in Excel, metadata in Parquet."),
    ),
    "raw": (
        gettext_lazy("For programs"),
        gettext_lazy("Codes in the place of words, times in UTC, nothing changed."),
    ),
}
COMPRESSION_WORDS: dict[str, Any] = {
    "none": gettext_lazy("Not compressed"),
    "gzip": gettext_lazy("gzip"),
    "zip": gettext_lazy("zip"),
}
TYPE_HINTS: dict[str, Any] = {
    "csv": gettext_lazy("Opens everywhere; any number of rows"),
    "xlsx": gettext_lazy("Real numbers and dates; long results take several sheets"),
    "json": gettext_lazy("For programs"),
    "parquet": gettext_lazy("For data tools; small and exact"),
}


@dataclass(frozen=True)
class Choice:
    """A box to tick, or an option of a list."""

    value: str
    title: Any
    chosen: bool = False
    hint: Any = ""
    formats: str = ""
    """File types that have it, between blanks."""


@dataclass(frozen=True)
class ColumnChoice:
    """One column: whether it is in the file, and whether it is masked for who asks."""

    key: str
    title: Any
    chosen: bool
    masked: bool


@dataclass(frozen=True)
class Offer:
    """A dataset that somebody sees: to be exported, or with the reason why not."""

    dataset: Dataset
    decision: policy.Decision


@dataclass(frozen=True)
class FilterChoice:
    """A filter of a dataset.

    Attributes:
        kind: CHECKS (several of its choices), SELECT (one of them), DATE, NUMBER or TEXT
        choices: code and label
    """

    name: str
    title: str
    kind: str
    choices: list[tuple[str, Any]]
    required: bool


def offers(viewer: User) -> list[Offer]:
    """Every dataset that ``viewer`` sees, by key. What is not for client companies does not exist for their people."""
    return [
        Offer(one, policy.may(viewer, policy.Action.EXPORT_CREATE, one))
        for one in all_datasets()
        if viewer.is_staff or not one.platform_only
    ]


# --- filters ----------------------------------------------------------------------------------------------
def filters_of(dataset: Dataset) -> list[FilterChoice]:
    """Its filters; start and end come first."""
    declared = dataset.filterset.base_filters
    return [_filter(name, declared[name]) for name in _names(dataset)]


def _filter(name: str, declared: django_filters.Filter) -> FilterChoice:
    kind = _kind(declared)
    choices = [(str(code), title) for code, title in declared.field.choices] if kind in (CHECKS, SELECT) else []
    return FilterChoice(name, str(declared.label or name), kind, choices, bool(declared.extra.get("required")))


def _names(dataset: Dataset) -> list[str]:
    names = list(dataset.filterset.base_filters)
    return sorted(names, key=lambda name: ("start", "end").index(name) if name in ("start", "end") else 2)


def _kind(declared: django_filters.Filter) -> str:
    if isinstance(declared, AnyOf):
        return CHECKS
    if isinstance(declared, WITH_CHOICES):
        return SELECT
    if isinstance(declared, django_filters.DateFilter):
        return DATE
    return NUMBER if isinstance(declared, django_filters.NumberFilter) else TEXT


# --- columns ----------------------------------------------------------------------------------------------
def columns_of(dataset: Dataset, chosen: Sequence[str], viewer: User) -> list[ColumnChoice]:
    """The chosen columns in their order, then the others in the dataset's."""
    masked = not policy.may(viewer, policy.Action.CONTACT_DATA)
    rank = {key: number for number, key in enumerate(chosen)}
    return [
        ColumnChoice(column.key, column.title, column.key in rank, masked and column.mask is not None)
        for column in sorted(dataset.columns, key=lambda column: rank.get(column.key, len(rank)))
    ]


def default_keys(dataset: Dataset) -> list[str]:
    """Columns of a file whose request names none."""
    return [column.key for column in dataset.default_columns()]


# --- file -------------------------------------------------------------------------------------------------
def file_choices(file_type: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """File types, and for each option the types that take it, with what is chosen."""
    available = formats.available()
    chosen = file_type if file_type in available else available[0]
    try:
        parsed = FormatOptions.parse(options)
    except InvalidParameters:  # of a release that had others
        parsed = FormatOptions()
    return {
        "file_types": [
            Choice(str(value), label, value == chosen, TYPE_HINTS.get(value, ""))
            for value, label in FileType.choices
            if value in available
        ],
        "switches": [
            Choice(one.name, title, getattr(parsed, one.name), hint, _taking(one.name, True))
            for one in fields(FormatOptions)
            if one.name != "compression"
            for title, hint in [OPTION_WORDS.get(one.name, (one.name, ""))]
        ],
        "compressions": [
            Choice(value, COMPRESSION_WORDS[value], value == parsed.compression, "", _taking("compression", value))
            for value in FormatOptions.COMPRESSIONS
        ],
    }


def _taking(name: str, value: Any) -> str:
    """File types that do not refuse the option."""

    def takes(key: str) -> bool:
        try:
            formats.get(key).check({name: value})
        except InvalidParameters:
            return False
        return True

    return " ".join(key for key in formats.available() if takes(key))
