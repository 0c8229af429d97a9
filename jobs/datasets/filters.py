"""Typed, allow-listed filters: the same FilterSet serves page, API and job (never ``filter(**user_input)``)."""

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import django_filters
from django.core.exceptions import ValidationError
from django.db import models
from django.forms import Form
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from exportcenter.common.errors import InvalidParameters

LONGEST_VALUE = 500
MOST_VALUES = 500


class PeriodForm(Form):
    """Refuses a period that ends before it begins."""

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        start, end = cleaned.get("start"), cleaned.get("end")
        if start and end and end < start:
            self.add_error("end", ValidationError(_("The end (%(end)s) lies before the start (%(start)s)."), params={"start": start, "end": end}))
        return cleaned


class DatasetFilter(django_filters.FilterSet):
    """
    Base of every dataset's filters. ``start`` and ``end`` are calendar days of the viewer's zone, both inclusive.

    Class attributes of subclasses:
        period_field: the DateTimeField that start and end speak of
        Meta.model, Meta.fields = [] (declare each filter; nothing is generated)
    """

    period_field: str = "created_at"
    zone: ZoneInfo

    start = django_filters.DateFilter(method="filter_start", label=gettext_lazy("From (day, inclusive)"))
    end = django_filters.DateFilter(method="filter_end", label=gettext_lazy("To (day, inclusive)"))

    class Meta:
        form = PeriodForm

    def filter_start(self, queryset: "models.QuerySet[Any]", name: str, value: Any) -> "models.QuerySet[Any]":
        """Rows from the first instant of the day on."""
        return queryset.filter(**{f"{self.period_field}__gte": self._midnight(value)})

    def filter_end(self, queryset: "models.QuerySet[Any]", name: str, value: Any) -> "models.QuerySet[Any]":
        """Rows before the first instant of the next day."""
        return queryset.filter(**{f"{self.period_field}__lt": self._midnight(value + timedelta(days=1))})

    def _midnight(self, day: Any) -> datetime:
        return datetime.combine(day, time.min, tzinfo=self.zone)


def apply_filters(
    filterset: type[DatasetFilter], queryset: "models.QuerySet[Any]", params: Mapping[str, Any], *, zone: ZoneInfo
) -> "models.QuerySet[Any]":
    """``queryset`` narrowed by ``params`` (JSON: field → scalar or list of scalars).

    Raises InvalidParameters naming every unknown or wrong field and saying what is allowed.
    """
    problems: dict[str, list[str]] = {}
    data: MultiValueDict[str, str] = MultiValueDict()
    allowed = ", ".join(sorted(filterset.base_filters))
    for name, value in params.items():
        if name not in filterset.base_filters:
            problems[name] = [_("There is no filter of this name. Allowed: %(allowed)s.") % {"allowed": allowed}]
            continue
        try:
            data.setlist(name, _as_texts(value, many=_takes_many(filterset.base_filters[name])))
        except ValueError as error:
            problems[name] = [str(error)]
    bound = filterset(data=data, queryset=queryset)
    bound.zone = zone
    if not bound.is_valid() or problems:
        errors = {name: [str(message) for message in messages] for name, messages in bound.errors.items()}
        raise InvalidParameters(details={**errors, **problems})
    return bound.qs


def _takes_many(declared: django_filters.Filter) -> bool:
    return isinstance(
        declared, (django_filters.MultipleChoiceFilter, django_filters.BaseCSVFilter, django_filters.RangeFilter)
    )


def _as_texts(value: Any, *, many: bool) -> list[str]:
    """A JSON value as form data. Raises ValueError (a sentence) for what no filter takes."""
    if value is None or value == "":
        return []
    if isinstance(value, list):
        if not many:
            raise ValueError(_("One value is expected here, not a list."))
        if len(value) > MOST_VALUES:
            raise ValueError(_("At most %(most)d values.") % {"most": MOST_VALUES})
        return [text for item in value for text in _as_texts(item, many=False)]
    if isinstance(value, bool):
        return ["true" if value else "false"]
    if isinstance(value, (str, int, float)):
        text = str(value)
        if len(text) > LONGEST_VALUE:
            raise ValueError(_("At most %(most)d characters.") % {"most": LONGEST_VALUE})
        return [text]
    raise ValueError(_("A text, number, true or false is expected here."))
