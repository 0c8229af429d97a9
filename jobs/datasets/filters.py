"""Typed, allow-listed filters: the same FilterSet serves page, API and job (never ``filter(**user_input)``)."""

from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any, ClassVar
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
    """Refuses a period that ends before it begins, and any pair x_min, x_max the wrong way round."""

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        start, end = cleaned.get("start"), cleaned.get("end")
        if start and end and end < start:
            message = _("The end (%(end)s) lies before the start (%(start)s).")
            self.add_error("end", ValidationError(message, params={"start": start, "end": end}))
        for name in [name for name in cleaned if name.endswith("_min")]:
            least, most = cleaned[name], cleaned.get(name.removesuffix("_min") + "_max")
            if least is not None and most is not None and most < least:
                message = _("The maximum (%(most)s) is smaller than the minimum (%(least)s).")
                problem = ValidationError(message, params={"most": most, "least": least})
                self.add_error(name.removesuffix("_min") + "_max", problem)
        return cleaned


class AnyOf(django_filters.MultipleChoiceFilter):
    """One or several of the given choices: a plain IN, never the DISTINCT of its parent, which would sort every row."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("distinct", False)
        super().__init__(*args, **kwargs)

    def filter(self, qs: "models.QuerySet[Any]", value: Any) -> "models.QuerySet[Any]":
        """Rows whose field is one of ``value``; all rows when nothing is chosen."""
        return qs.filter(**{f"{self.field_name}__in": value}) if value else qs


class Number(django_filters.NumberFilter):
    """A number that a column can hold: 1e-99999999 is one to Python, but not to PostgreSQL."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **({"max_digits": 24, "decimal_places": 6} | kwargs))


class YesNo(django_filters.TypedChoiceFilter):
    """true or false. Anything else is refused; django_filters' BooleanFilter would silently ignore it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        choices = [("", gettext_lazy("All")), ("true", gettext_lazy("Yes")), ("false", gettext_lazy("No"))]
        super().__init__(*args, choices=choices, coerce=lambda text: text == "true", **kwargs)


# What these do with a value they do not like is to ignore it, or a part of it: the file would hold too many rows.
SILENT_FILTERS = (
    django_filters.BooleanFilter,
    django_filters.BaseCSVFilter,
    django_filters.NumericRangeFilter,
    django_filters.RangeFilter,
)


class DatasetFilter(django_filters.FilterSet):
    """
    Base of every dataset's filters. ``start`` and ``end`` are calendar days of the viewer's zone, both inclusive.

    Class attributes of subclasses:
        period_field: the DateTimeField that start and end speak of
        page_filters: parameter of the table's page in the admin → the filters here that say the same of its value, or
            nothing when there are none; for those whose path is not a filter's own
        Meta.model, Meta.fields = [] (declare each filter; nothing is generated)
    """

    period_field: str = "created_at"
    page_filters: ClassVar[Mapping[str, Callable[[str], dict[str, Any]]]] = {}
    zone: ZoneInfo

    start = django_filters.DateFilter(method="filter_start", label=gettext_lazy("From (day, inclusive)"))
    end = django_filters.DateFilter(method="filter_end", label=gettext_lazy("To (day, inclusive)"))

    class Meta:
        form = PeriodForm

    def filter_start(self, queryset: "models.QuerySet[Any]", name: str, value: Any) -> "models.QuerySet[Any]":
        """Rows from the first instant of the day on."""
        return queryset.filter(**{f"{self.period_field}__gte": self.first_instant(value)})

    def filter_end(self, queryset: "models.QuerySet[Any]", name: str, value: Any) -> "models.QuerySet[Any]":
        """Rows before the first instant of the next day."""
        before = self.instant_after(value)
        return queryset.filter(**{f"{self.period_field}__lt": before}) if before else queryset

    def first_instant(self, day: date | None) -> datetime | None:
        """When ``day`` begins in the viewer's zone."""
        return datetime.combine(day, time.min, tzinfo=self.zone) if day else None

    def instant_after(self, day: date | None) -> datetime | None:
        """When ``day`` has ended in the viewer's zone; None without a day and for the last there is."""
        return self.first_instant(day + timedelta(days=1)) if day and day != date.max else None


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
    narrowed: models.QuerySet[Any] = bound.qs
    return narrowed


def _takes_many(declared: django_filters.Filter) -> bool:
    return isinstance(declared, django_filters.MultipleChoiceFilter)


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
        if not text.isascii():
            refuse_half_characters(text)
        return [text]
    raise ValueError(_("A text, number, true or false is expected here."))


def refuse_half_characters(text: str) -> None:
    """JSON can spell half of a surrogate pair; PostgreSQL cannot store it. Raises ValueError (a sentence)."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError(_("This text holds a broken character.")) from None
