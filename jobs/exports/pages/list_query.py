"""From what a table's page in the admin shows to the filters and columns of its dataset (SPEC U10).

What cannot be said in the dataset's filters is named, so that nobody takes the file for what the page showed.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import django_filters
from django.contrib import admin
from django.contrib.admin.options import IS_FACETS_VAR, IS_POPUP_VAR, TO_FIELD_VAR
from django.contrib.admin.views.main import ALL_VAR, ERROR_FLAG, ORDER_VAR, PAGE_VAR, SEARCH_VAR
from django.core.exceptions import FieldDoesNotExist
from django.http import HttpRequest, QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _

from jobs.datasets import Dataset, registry
from jobs.datasets.filters import LONGEST_VALUE, MOST_VALUES, AnyOf, DatasetFilter, YesNo

SAY_NOTHING = frozenset(
    {ALL_VAR, ERROR_FLAG, PAGE_VAR, IS_FACETS_VAR, IS_POPUP_VAR, TO_FIELD_VAR, "_changelist_filters"}
)
"""Parameters of a list that choose no rows."""
MOST_NAMED = 10
LONGEST_NAMED = 60
YES_NO = {"1": True, "0": False, "True": True, "False": False}
DAY_PARTS = ("year", "month", "day")

Params = dict[str, Any]


@dataclass
class PageShown:
    """What the page shows, as an export could say it.

    Attributes:
        params: filters of the dataset
        left_out: what has no equal there, in words
        columns: keys of the columns that the page shows, in its order
        title: name of the page
    """

    params: Params = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)
    columns: list[str] = field(default_factory=list)
    title: str = ""


def address_of(dataset: Dataset) -> str:
    """Address of the dataset's page in the admin; empty for one that has none."""
    if registry.first_over(dataset.model) is not dataset or dataset.model not in admin.site._registry:
        return ""
    options = dataset.model._meta
    return reverse(f"admin:{options.app_label}_{options.model_name}_changelist")


def read_page(dataset: Dataset, query: QueryDict, request: HttpRequest) -> PageShown:
    """What the dataset's page shows under this query string. Call it for datasets that have a page only."""
    model_admin = admin.site._registry[dataset.model]
    shown = PageShown(title=str(dataset.model._meta.verbose_name_plural))
    _read_columns(dataset, model_admin.get_list_display(request), shown)
    _read_days(dataset, model_admin.date_hierarchy, query, shown)
    for name in query:
        values = query.getlist(name)
        if name in SAY_NOTHING or not any(values) or _is_day_of(model_admin.date_hierarchy, name):
            continue
        if name == ORDER_VAR:
            shown.left_out.append(_("The page's order is left out: exports of this data have their own."))
            continue
        found = (
            _of_search(dataset, values[-1], list(model_admin.get_search_fields(request)))
            if name == SEARCH_VAR
            else _of_parameter(dataset, name, values)
        )
        if found is None:
            shown.left_out.append(_not_there(dataset, name, values))
        else:
            shown.params |= found
    if len(shown.left_out) > MOST_NAMED:
        more = len(shown.left_out) - MOST_NAMED
        shown.left_out[MOST_NAMED:] = [_("%(count)d more of the page's filters are left out.") % {"count": more}]
    return shown


def _read_columns(dataset: Dataset, names: Iterable[Any], shown: PageShown) -> None:
    known = {column.key for column in dataset.columns}
    for name in names:
        text = name if isinstance(name, str) else getattr(name, "__name__", "")
        key = dataset.page_columns.get(text, text)
        if key in known and key not in shown.columns:
            shown.columns.append(key)
        elif key not in known:
            shown.left_out.append(
                _("The page's column “%(name)s” does not exist for exports and is left out.") % {"name": _cut(text)}
            )


# --- filters ----------------------------------------------------------------------------------------------
def _of_parameter(dataset: Dataset, name: str, values: list[str]) -> Params | None:
    """The filters that say the same as ``name`` = ``values``; None where there are none."""
    if hook := dataset.filterset.page_filters.get(name):
        return hook(values[-1][:LONGEST_VALUE]) or None
    path, _separator, lookup = name.rpartition("__")
    if lookup not in ("exact", "in"):
        return None
    texts = values[-1].split(",") if lookup == "in" else [values[-1]]

    def fits(declared: django_filters.Filter) -> bool:
        return bool(declared.field_name == path and declared.lookup_expr in ("exact", "in") and not declared.method)

    for key, declared in _filters(dataset, fits):
        value = _value(declared, texts)
        return None if value is None else {key: value}
    return None


def _value(declared: django_filters.Filter, texts: list[str]) -> Any:
    """The texts as the filter takes them; None when it does not."""
    if isinstance(declared, AnyOf):
        return texts if len(texts) <= MOST_VALUES and set(texts) <= _codes(declared) else None
    if len(texts) != 1 or "\0" in texts[0] or len(texts[0]) > LONGEST_VALUE:
        return None
    return YES_NO.get(texts[0]) if isinstance(declared, YesNo) else texts[0]


def _of_search(dataset: Dataset, text: str, searched: list[str]) -> Params | None:
    """The page searches one field by its beginning: a filter may do the same. Several words or fields it cannot say."""
    word = text.strip()
    if len(searched) != 1 or len(word.split()) != 1 or word[:1] in "\"'" or "\0" in word or len(word) > LONGEST_VALUE:
        return None
    path, _separator, lookup = searched[0].rpartition("__")

    def fits(declared: django_filters.Filter) -> bool:
        return bool(declared.field_name == path and declared.lookup_expr == lookup and not declared.method)

    return next(({key: word} for key, _declared in _filters(dataset, fits)), None)


def _read_days(dataset: Dataset, path: str | None, query: QueryDict, shown: PageShown) -> None:
    """A date hierarchy's year, month and day as the first and last day of the dataset's period."""
    given = {part: query.get(f"{path}__{part}", "") for part in DAY_PARTS} if path else {}
    if not any(given.values()):
        return
    days = _days(*(given[part] for part in DAY_PARTS))
    overridden = dataset.filterset.filter_start is not DatasetFilter.filter_start
    if days is None or overridden or dataset.filterset.period_field != path:
        shown.left_out.append(_not_there(dataset, str(path), [value for value in given.values() if value]))
        return
    shown.params |= {"start": days[0].isoformat(), "end": days[1].isoformat()}


def _days(year: str, month: str, day: str) -> tuple[date, date] | None:
    try:
        if day:
            return (only := date(int(year), int(month), int(day))), only
        if month:
            first = date(int(year), int(month), 1)
            return first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
        return date(int(year), 1, 1), date(int(year), 12, 31)
    except (ValueError, OverflowError):
        return None


def _is_day_of(path: str | None, name: str) -> bool:
    return path is not None and name in {f"{path}__{part}" for part in DAY_PARTS}


def _filters(
    dataset: Dataset, fits: Callable[[django_filters.Filter], bool]
) -> Iterable[tuple[str, django_filters.Filter]]:
    return ((key, declared) for key, declared in dataset.filterset.base_filters.items() if fits(declared))


def _codes(declared: AnyOf) -> set[str]:
    return {str(code) for code, _label in declared.field.choices}


# --- words ------------------------------------------------------------------------------------------------
def _not_there(dataset: Dataset, name: str, values: list[str]) -> str:
    title = _("Search") if name == SEARCH_VAR else _title(dataset, name)
    return _("The page's filter “%(name)s” (%(value)s) does not exist for exports and is left out.") % {
        "name": title,
        "value": _cut(", ".join(values)),
    }


def _title(dataset: Dataset, name: str) -> str:
    try:
        return str(dataset.model._meta.get_field(name.partition("__")[0]).verbose_name)  # type: ignore[union-attr]
    except (FieldDoesNotExist, AttributeError):
        return _cut(name)


def _cut(text: str) -> str:
    """A text of the address, short enough for a sentence and without what cannot be shown."""
    shown = "".join(sign for sign in text if sign.isprintable())
    return shown if len(shown) <= LONGEST_NAMED else f"{shown[:LONGEST_NAMED]}…"
