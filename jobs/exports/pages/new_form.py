"""The form of a new export: the catalogue's filters and columns, filled with what somebody has asked for. It holds no
rule."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from exportcenter.common import clock
from jobs.datasets import Dataset, periods
from jobs.datasets.equivalent import condition_like
from jobs.datasets.filters import LONGEST_VALUE
from jobs.exports.catalogue import Choice, FilterChoice, default_keys, filters_of

PERIODS: tuple[tuple[str, int, Any], ...] = (
    ("today", 1, periods.TITLES["today"]),
    ("yesterday", 1, periods.TITLES["yesterday"]),
    (periods.LAST_N_DAYS, 7, gettext_lazy("Last 7 days")),
    (periods.LAST_N_DAYS, 30, gettext_lazy("Last 30 days")),
    ("this_month", 1, periods.TITLES["this_month"]),
    ("last_month", 1, periods.TITLES["last_month"]),
    ("this_year", 1, periods.TITLES["this_year"]),
)
"""Offered beside start and end: period, number of days, words."""
MANY_CHOICES = 8
"""More of them stand in a list that scrolls."""


@dataclass
class Input:
    """One filter.

    Attributes:
        kind: CHECKS, SELECT, DATE, NUMBER or TEXT
        value: what stands in it
        condition: the condition of a definition that says the same ({} when there is none)
        pair: it stands beside the input before it: the other end of a range
    """

    name: str
    title: str
    kind: str
    value: str = ""
    choices: list[Choice] = field(default_factory=list)
    condition: dict[str, str] = field(default_factory=dict)
    pair: bool = False

    @property
    def is_long(self) -> bool:
        """Whether its choices need a list that scrolls."""
        return len(self.choices) > MANY_CHOICES

    @property
    def most(self) -> int:
        """Characters it takes."""
        return LONGEST_VALUE


@dataclass(frozen=True)
class Period:
    """Days that a click puts into start and end."""

    title: str
    first: str
    last: str


@dataclass(frozen=True)
class ColumnSet:
    """Columns that one click chooses."""

    key: str
    title: Any
    columns: list[str]


# --- filters ----------------------------------------------------------------------------------------------
def inputs_of(dataset: Dataset, params: Mapping[str, Any]) -> list[Input]:
    """An input for each filter, filled with ``params``; start and end come first."""
    made = [_input(dataset, one, _texts(params.get(one.name))) for one in filters_of(dataset)]
    for before, here in pairwise(made):
        here.pair = not before.pair and _base(before.name) is not None and _base(before.name) == _base(here.name)
    return made


def unknown_params(dataset: Dataset, params: Mapping[str, Any]) -> list[str]:
    """Names of filters that there are no more."""
    return [name for name in params if name not in dataset.filterset.base_filters]


def periods_for(dataset: Dataset, viewer: User) -> list[Period]:
    """Usual periods in the viewer's days, for datasets that have one."""
    if not {"start", "end"} <= dataset.filterset.base_filters.keys():
        return []
    today = clock.now().astimezone(viewer.zone).date()
    return [
        Period(capfirst(str(title)), first.isoformat(), last.isoformat())
        for name, number, title in PERIODS
        for first, last in [periods.days_of(name, today, number)]
    ]


def _input(dataset: Dataset, declared: FilterChoice, texts: list[str]) -> Input:
    like = condition_like(dataset, declared.name)
    return Input(
        declared.name,
        declared.title,
        declared.kind,
        value=texts[0] if texts else "",
        choices=[Choice(code, title, code in texts) for code, title in declared.choices],
        condition={"column": like.column, "op": like.op, "end": like.end} if like else {},
    )


def _base(name: str) -> str | None:
    """What two ends of a range have in common."""
    if name in ("start", "end"):
        return "period"
    stem, _separator, end = name.rpartition("_")
    return stem if end in ("min", "max", "from", "to") else None


def _texts(value: Any) -> list[str]:
    """A value of JSON as it is typed."""
    if value is None or value == "":
        return []
    if isinstance(value, list):
        return [text for item in value for text in _texts(item)]
    return [str(value).lower() if isinstance(value, bool) else str(value)]


# --- columns ----------------------------------------------------------------------------------------------
def column_sets(dataset: Dataset, of_page: Sequence[str]) -> list[ColumnSet]:
    """What one click chooses."""
    of_page_set = [ColumnSet("page", _("Of this page"), list(of_page))] if of_page else []
    return [
        *of_page_set,
        ColumnSet("default", _("The usual ones"), default_keys(dataset)),
        ColumnSet("all", _("All"), [column.key for column in dataset.columns]),
        ColumnSet("none", _("None"), []),
    ]
