"""What the list of imports can be narrowed by: the same for page and API."""

from typing import Any

import django_filters
from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from exportcenter.common.errors import InvalidParameters
from exportcenter.common.keyset import Key
from exportcenter.common.moments import MomentFilter
from exportcenter.common.paging import unknown_names
from jobs.datasets import all_datasets
from jobs.datasets.filters import AnyOf
from jobs.engine.states import Status
from jobs.exports.filters import numbered
from jobs.models import ImportJob

ORDERINGS = {
    f"{'-' if descending else ''}created_at": (Key("created_at", descending), Key("id", descending))
    for descending in (True, False)
}


def sort_keys(query: Any) -> tuple[Key, ...]:
    """What the query string's ``ordering`` sorts by. Raises InvalidParameters that says what is allowed."""
    wish = query.get("ordering", "-created_at")
    if wish not in ORDERINGS:
        raise InvalidParameters(details={"ordering": [_("Allowed: %(allowed)s.") % {"allowed": ", ".join(ORDERINGS)}]})
    return ORDERINGS[wish]


def importable_choices() -> list[tuple[str, Any]]:
    """Key and title of every dataset that files write."""
    return [(dataset.key, dataset.title) for dataset in all_datasets() if dataset.importing is not None]


class ImportFilter(django_filters.FilterSet):
    """Filters of the list."""

    status = AnyOf(choices=Status.choices, label=gettext_lazy("Status"))
    dataset = AnyOf(choices=importable_choices, label=gettext_lazy("Dataset"))
    created_by = django_filters.CharFilter(method="filter_creator", max_length=20, label=gettext_lazy("Creator"))
    created_from = MomentFilter("created_at", "gte", label=gettext_lazy("Created from"))
    created_to = MomentFilter("created_at", "lt", label=gettext_lazy("Created before"))
    q = django_filters.CharFilter(method="filter_number", max_length=30, label=gettext_lazy("Job no. begins with"))

    class Meta:
        model = ImportJob
        fields: list[str] = []

    def filter_number(self, queryset: models.QuerySet, name: str, value: str) -> models.QuerySet:
        """By beginning of the job number."""
        return numbered(queryset, value)

    def filter_creator(self, queryset: models.QuerySet, name: str, value: str) -> models.QuerySet:
        """By user number (U1001)."""
        owner = User.objects.filter(code=value).values_list("pk", flat=True).first()
        return queryset.filter(owner_id=owner) if owner else queryset.none()


def narrow(queryset: models.QuerySet, query: Any, *, also: frozenset[str]) -> models.QuerySet:
    """``queryset`` narrowed by the query string. ``also`` names parameters that mean something else.

    Raises InvalidParameters naming each unknown or wrong parameter.
    """
    problems = unknown_names(query, sorted(set(ImportFilter.base_filters) | also))
    problems |= {
        name: [_("NUL characters are not allowed.")]
        for name in query
        if any("\0" in value for value in query.getlist(name))
    }
    if problems:
        raise InvalidParameters(details=problems)
    bound = ImportFilter(data=query, queryset=queryset)
    if bound.is_valid():
        found: models.QuerySet = bound.qs
        return found
    wrong = {name: [str(word) for word in words] for name, words in bound.errors.items()}
    for name in wrong.keys() & {"status", "dataset"}:
        choices = ", ".join(str(value) for value, _label in bound.form.fields[name].choices)
        wrong[name].append(_("Allowed: %(allowed)s.") % {"allowed": choices})
    raise InvalidParameters(details=wrong)
