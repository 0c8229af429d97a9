"""Wrong declarations are found at start-up, not in a customer's file."""

import django_filters
import pytest

from jobs.datasets import GENERAL, Column, Dataset, Kind, register, registry
from jobs.datasets.filters import DatasetFilter
from jobs.datasets.registry import BadDataset
from jobs.records.models import Member


class Plain(DatasetFilter):
    class Meta(DatasetFilter.Meta):
        model = Member
        fields: list[str] = []


NAME = Column("name", "Name")


def declare(filterset=Plain, columns=(NAME,), key="never_registered", sensitivity=GENERAL):
    body = {
        "key": key,
        "title": "Never",
        "sensitivity": sensitivity,
        "model": Member,
        "filterset": filterset,
        "columns": columns,
    }
    return type("Never", (Dataset,), body)


@pytest.mark.parametrize(
    "declared",
    [
        django_filters.BooleanFilter("status"),
        django_filters.RangeFilter("points"),
        django_filters.NumericRangeFilter("points"),
        django_filters.BaseInFilter("status"),
        django_filters.MultipleChoiceFilter(choices=Member.Status.choices),
    ],
    ids=lambda declared: type(declared).__name__,
)
def test_filters_that_ignore_values_or_sort_are_refused(declared):
    filterset = type("Bad", (Plain,), {"bad": declared})
    with pytest.raises(BadDataset, match="'bad'"):
        register(declare(filterset=filterset))


@pytest.mark.parametrize(
    "wrong",
    [
        {"columns": (Column("name", "Name", Kind.CHOICE),)},
        {"columns": (Column("name", "Name"), Column("name", "Again"))},
        {"columns": (Column("", "Name", value="name"),)},
        {"columns": (Column("名" * 22, "Name", value="name"),)},
        {"key": "orders"},
        {"sensitivity": "secret"},
        {"filterset": django_filters.FilterSet},
    ],
    ids=lambda wrong: next(iter(wrong)),
)
def test_other_mistakes_are_refused(wrong):
    with pytest.raises(BadDataset):
        register(declare(**wrong))


def test_a_second_dataset_over_a_table_says_that_it_is_the_second():
    """Else the table's page in the admin would depend on names."""
    with pytest.raises(BadDataset, match=r"Never and Members are both over Member; .* secondary = True"):
        register(declare())
    assert registry.first_over(Member).key == "members"
