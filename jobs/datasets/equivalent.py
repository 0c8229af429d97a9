"""Filters of a dataset said as conditions of a custom export, so that a definition can keep them."""

from dataclasses import dataclass

import django_filters

from jobs.datasets.base import Column, Dataset, Kind
from jobs.datasets.conditions import OPERATORS, Op
from jobs.datasets.filters import AnyOf, DatasetFilter, YesNo

NUMBERS = frozenset({Kind.INTEGER, Kind.MONEY, Kind.NUMBER})
PERIOD = {"start": ("filter_start", "min"), "end": ("filter_end", "max")}
TEXT_OPS = {"exact": Op.EQUALS, "startswith": Op.STARTS_WITH, "icontains": Op.CONTAINS}
"""Conditions begin without regard to case, filters with it; numbers and codes, which are what is looked up by its
beginning, have one case."""


@dataclass(frozen=True)
class Equivalent:
    """The condition that chooses the same rows as a filter.

    Attributes:
        end: which end of a range the filter's value is: "min" or "max"; empty for other operators
    """

    column: str
    op: str
    end: str = ""


def condition_like(dataset: Dataset, name: str) -> Equivalent | None:
    """The condition that the filter called ``name`` amounts to.

    None where there is none: what the filter asks is not in a column, or is worked out by code of its own.
    """
    declared = dataset.filterset.base_filters[name]
    if dataset.is_grouped or declared.exclude:
        return None
    if name in PERIOD:
        return _of_period(dataset, *PERIOD[name])
    column = _column_at(dataset, declared.field_name)
    if column is None or declared.method:
        return None
    found = _of(declared, column)
    return found if found is not None and found.op in OPERATORS[column.kind] else None


def _of_period(dataset: Dataset, method: str, end: str) -> Equivalent | None:
    if getattr(dataset.filterset, method) is not getattr(DatasetFilter, method):
        return None
    column = _column_at(dataset, dataset.filterset.period_field)
    return Equivalent(column.key, Op.RANGE, end) if column is not None and column.kind is Kind.DATETIME else None


def _of(declared: django_filters.Filter, column: Column) -> Equivalent | None:
    if isinstance(declared, AnyOf):
        return Equivalent(column.key, Op.IN) if column.kind is Kind.CHOICE else None
    if isinstance(declared, YesNo):
        return Equivalent(column.key, Op.EQUALS) if column.kind is Kind.BOOLEAN else None
    end = {"gte": "min", "lte": "max"}.get(declared.lookup_expr)
    if isinstance(declared, django_filters.NumberFilter):
        return Equivalent(column.key, Op.RANGE, end) if end and column.kind in NUMBERS else None
    if isinstance(declared, django_filters.DateFilter):
        return Equivalent(column.key, Op.RANGE, end) if end and column.kind is Kind.DATE else None
    if type(declared) is django_filters.CharFilter and declared.lookup_expr in TEXT_OPS:
        return Equivalent(column.key, TEXT_OPS[declared.lookup_expr])
    return None


def _column_at(dataset: Dataset, path: str | None) -> Column | None:
    """The column that shows what stands at ``path`` and that the database can compare."""
    for column in dataset.columns:
        if isinstance(column.value, str | None) and (column.value or column.key) == path and column.python is None:
            return column
    return None
