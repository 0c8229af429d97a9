"""What the list of exports can be narrowed by: the same for page and API."""

import re
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import django_filters
from django.conf import settings
from django.db import models
from django.utils.dateparse import parse_datetime
from django.utils.timezone import is_aware
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from exportcenter.common.errors import InvalidParameters
from exportcenter.common.keyset import Key
from exportcenter.common.moments import MomentFilter, is_short
from jobs.datasets import CUSTOM, all_datasets
from jobs.datasets.filters import AnyOf
from jobs.engine.states import PLAIN_CHOICES, Status
from jobs.models import ExportJob
from jobs.models.export import FileType

ORDERINGS = {
    f"{'-' if descending else ''}{name}": (Key(name, descending, nullable), Key("id", descending))
    for name, nullable in (("created_at", False), ("finished_at", True), ("file_size", True))
    for descending in (False, True)
}


# The planner takes creation and end for independent and would walk the index of ends through everything that lies
# outside a short period. As an expression the key has no index: the period's own rows are sorted.
END = models.F("finished_at") + timedelta(0)
SORTED_BY_END = {
    "finished_at": (Key("finished_at", nullable=True, sorted_by=END), Key("id")),
    "-finished_at": (Key("finished_at", True, nullable=True, sorted_by=END), Key("id", True)),
}
HAVE_FILE = frozenset({Status.READY, Status.EXPIRED})
HAVE_ENDED = HAVE_FILE | {Status.FAILED, Status.CANCELED}


def ordering(query: Any) -> list[Any]:
    """ORDER BY for the query string's ``ordering``. Raises InvalidParameters that says what is allowed."""
    return [key.order() for key in sort_keys(query)]


def sort_keys(query: Any) -> tuple[Key, ...]:
    """What the query string's ``ordering`` sorts by. Raises InvalidParameters that says what is allowed.

    Where the chosen states leave the key NULL in every row (no file, no end), the order is that of creation: any
    order would be right, this one is useful, and an index serves it.
    """
    wish = query.get("ordering", "-created_at")
    if wish not in ORDERINGS:
        raise InvalidParameters(details={"ordering": [_("Allowed: %(allowed)s.") % {"allowed": ", ".join(ORDERINGS)}]})
    key = wish.lstrip("-")
    statuses = set(query.getlist("status"))
    filled = {"file_size": HAVE_FILE, "finished_at": HAVE_ENDED}.get(key)
    if statuses and filled is not None and statuses.isdisjoint(filled):
        wish = wish.replace(key, "created_at")
    if wish.endswith("finished_at") and _is_short_period(query):
        return SORTED_BY_END[wish]
    return ORDERINGS[wish]


def _is_short_period(query: Any) -> bool:
    """Whether the list is narrowed to a month of creation or less."""
    start, end = (parse_datetime(query.get(name, "")) for name in ("created_from", "created_to"))
    if start is not None and end is not None and is_aware(start) != is_aware(end):
        return False
    return is_short(start, end)


class ExportFilter(django_filters.FilterSet):
    """Filters of S0 §6 and §9."""

    status = AnyOf(choices=PLAIN_CHOICES, label=gettext_lazy("Status"))
    type = AnyOf(
        choices=lambda: [
            *((dataset.key, dataset.title) for dataset in all_datasets()),
            (CUSTOM, gettext_lazy("Custom")),
        ],
        label=gettext_lazy("Type"),
    )
    file_type = AnyOf(choices=FileType.choices, label=gettext_lazy("File type"))
    created_by = django_filters.CharFilter(method="filter_creator", max_length=20, label=gettext_lazy("Creator"))
    source = django_filters.CharFilter(max_length=200, label=gettext_lazy("Source"))
    created_from = MomentFilter("created_at", "gte", label=gettext_lazy("Created from"))
    created_to = MomentFilter("created_at", "lt", label=gettext_lazy("Created before"))
    size_min = django_filters.NumberFilter(
        "file_size", "gte", min_value=0, max_value=2**62, label=gettext_lazy("Size from")
    )
    size_max = django_filters.NumberFilter(
        "file_size", "lte", min_value=0, max_value=2**62, label=gettext_lazy("Size to")
    )
    q = django_filters.CharFilter(method="filter_number", max_length=30, label=gettext_lazy("Job no. begins with"))

    class Meta:
        model = ExportJob
        fields: list[str] = []

    def filter_number(self, queryset: models.QuerySet, name: str, value: str) -> models.QuerySet:
        """By beginning of the job number."""
        return numbered(queryset, value)

    def filter_creator(self, queryset: models.QuerySet, name: str, value: str) -> models.QuerySet:
        """By user number (U1001)."""
        owner = User.objects.filter(code=value).values_list("pk", flat=True).first()
        return queryset.filter(owner_id=owner) if owner else queryset.none()


def numbered(queryset: models.QuerySet, beginning: str) -> models.QuerySet:
    """Jobs whose number begins so, as a range: under row-level security LIKE could not use the index.

    A number names its day (SPEC E1); said in terms of created_at, too, the planner knows where to look.
    """
    found = queryset.filter(job_no__gte=beginning, job_no__lt=beginning + "\U0010ffff")
    if not re.match(r".\d{8}", beginning, re.ASCII):
        return found
    try:
        day = datetime.strptime(beginning[1:9], "%Y%m%d").replace(tzinfo=ZoneInfo(settings.TIME_ZONE))
        next_day = day + timedelta(days=1)
    except (ValueError, OverflowError):
        return found
    return found.filter(created_at__gte=day, created_at__lt=next_day)


def narrow(
    queryset: models.QuerySet, query: "django_filters.utils.QueryDict", *, also: frozenset[str]
) -> models.QuerySet:
    """``queryset`` narrowed by the query string. ``also`` names parameters that mean something else.

    Raises InvalidParameters naming each unknown or wrong parameter.
    """
    known = set(ExportFilter.base_filters)
    problems = {
        name[:100]: [
            _("There is no filter of this name. Allowed: %(allowed)s.") % {"allowed": ", ".join(sorted(known | also))}
        ]
        for name in query
        if name not in known | also
    }
    problems |= {
        name: [_("NUL characters are not allowed.")]
        for name in query
        if any("\0" in value for value in query.getlist(name))
    }
    bound = ExportFilter(data=query, queryset=queryset)
    if not problems and bound.is_valid():
        found: models.QuerySet = bound.qs
        return found
    wrong = {name: [str(word) for word in words] for name, words in bound.errors.items()} if not problems else {}
    for name in wrong.keys() & {"status", "type", "file_type"}:
        choices = ", ".join(str(value) for value, _label in bound.form.fields[name].choices)
        wrong[name].append(_("Allowed: %(allowed)s.") % {"allowed": choices})
    raise InvalidParameters(details={**wrong, **problems})
