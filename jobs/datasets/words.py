"""Filters and saved choices in words, in the language of the reader: for the facts of a file and for pages."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import django_filters
from django.utils.formats import localize
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from exportcenter.common.errors import InvalidParameters
from jobs.datasets import custom, periods
from jobs.datasets.base import Column, Dataset, Kind, choices_of
from jobs.datasets.conditions import TITLES, Condition, Op

Pair = tuple[str, str]
"""What is narrowed, and to what."""

WITH_CHOICES = (django_filters.ChoiceFilter, django_filters.TypedChoiceFilter, django_filters.MultipleChoiceFilter)
SHOWN_VALUES = 20
"""Of a longer list the rest is counted."""


def describe_params(dataset: Dataset, params: Mapping[str, Any]) -> list[Pair]:
    """The filters of a request in words: of a custom selection or of the dataset's own filters.

    Names that are not (or no longer) known are shown as they are; nothing is left out.
    """
    if isinstance(params.get("filters"), list):
        return _describe_conditions(dataset, params)
    known = dataset.filterset.base_filters
    left = {name: value for name, value in params.items() if value not in (None, "", [])}
    pairs: list[Pair] = []
    if left.keys() & {"start", "end"} and {"start", "end"} <= known.keys():
        pairs.append((_("Period"), _span(left.pop("start", None), left.pop("end", None))))
    for name, value in left.items():
        declared = known.get(name)
        title = name if declared is None or not declared.label else str(declared.label)
        pairs.append((title, _of_filter(declared, value)))
    return pairs


def in_words(dataset: Dataset, params: Mapping[str, Any]) -> str:
    """The same in one line: "Amount ≥ 100; Ordered 2026-10-01 – 2026-10-31"; empty without filters."""
    return "; ".join(f"{title} {text}" for title, text in describe_params(dataset, params))


def describe_changes(dataset: Dataset, old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """What a version of a definition has changed, one sentence each."""
    before, after = _headings(dataset, old), _headings(dataset, new)
    said = [_("Column added: %(name)s") % {"name": name} for key, name in after.items() if key not in before]
    said += [_("Column removed: %(name)s") % {"name": name} for key, name in before.items() if key not in after]
    said += [
        _("Heading: %(old)s → %(new)s") % {"old": name, "new": after[key]}
        for key, name in before.items()
        if key in after and after[key] != name
    ]
    if [key for key in before if key in after] != [key for key in after if key in before]:
        said.append(_("Columns in another sequence"))
    was, now = (
        dict.fromkeys(f"{title} {text}" for title, text in describe_params(dataset, body)) for body in (old, new)
    )
    said += [_("Filter added: %(words)s") % {"words": words} for words in now if words not in was]
    said += [_("Filter removed: %(words)s") % {"words": words} for words in was if words not in now]
    if old.get("order") != new.get("order"):
        words = describe_order(dataset, new) or _("the usual one")
        said.append(_("Order: %(words)s") % {"words": words})
    if old.get("file_type") != new.get("file_type"):
        said.append(_("File type: %(old)s → %(new)s") % {"old": old.get("file_type"), "new": new.get("file_type")})
    if old.get("options") != new.get("options"):
        said.append(_("Options changed"))
    return said


def describe_order(dataset: Dataset, body: Mapping[str, Any]) -> str:
    """E.g. "Amount ↓, Ordered ↑"; empty when it is the dataset's own."""
    titles = {column.key: str(column.title) for column in dataset.columns}
    return ", ".join(
        f"{titles.get(said['key'], said['key'])} {'↓' if said.get('descending') else '↑'}"
        for said in body.get("order") or []
    )


def _headings(dataset: Dataset, body: Mapping[str, Any]) -> dict[str, str]:
    titles = {column.key: str(column.title) for column in dataset.columns}
    return {
        said["key"]: said.get("label") or titles.get(said["key"], said["key"]) for said in body.get("columns") or []
    }


# --- custom selections --------------------------------------------------------------------------------------
def _describe_conditions(dataset: Dataset, body: Mapping[str, Any]) -> list[Pair]:
    """Condition by condition: one that can no longer be read is shown as it was stored."""
    zone = ZoneInfo(str(body.get("zone", "UTC")))
    pairs = []
    for said in body["filters"]:
        try:
            selection = custom.read(dataset, {"filters": [said]}, zone=zone, fixed="period" in said)
        except InvalidParameters:
            column = next((column for column in dataset.columns if column.key == said.get("column")), None)
            title = str(said.get("column")) if column is None else str(column.title)
            pairs.append((title, f"{said.get('op')} {said.get('value', '')}".strip()))
        else:
            condition = selection.conditions[0]
            pairs.append((str(condition.column.title), describe_condition(dataset, condition)))
    return pairs


def describe_condition(dataset: Dataset, condition: Condition) -> str:
    """What is asked of the column: "≥ 100", "2026-10-01 – 2026-10-31 (last month)", "is empty"."""
    value = condition.value
    match condition.op:
        case Op.EQUALS:
            words = f"= {_value(dataset, condition.column, value)}"
        case Op.IN:
            words = _list(dataset, condition.column, value)
        case Op.CONTAINS:
            words = _("contains “%(text)s”") % {"text": value}
        case Op.STARTS_WITH:
            words = _("begins with “%(text)s”") % {"text": value}
        case Op.EMPTY | Op.NOT_EMPTY:
            words = str(TITLES[Op(condition.op)])
        case Op.RANGE:
            words = _span(*(None if end is None else _value(dataset, condition.column, end) for end in value))
        case _:
            words = describe_period(condition.op, value)
    return f"{words} ({describe_period(condition.period)})" if condition.period else words


def describe_period(period: str, days: int | None = None) -> str:
    """A moving period: "last month", "last 7 days, today included"."""
    if period == periods.LAST_N_DAYS and days is not None:
        return ngettext("last %(count)d day, today included", "last %(count)d days, today included", days) % {
            "count": days
        }
    return str(periods.TITLES[period])


def _value(dataset: Dataset, column: Column, value: Any) -> str:
    if column.kind is Kind.CHOICE:
        labels = {code: str(label) for code, label in choices_of(dataset.model, column)}
        return labels.get(value, str(value))
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if isinstance(value, Decimal):
        return str(localize(value.normalize() + 0 if value == value.to_integral() else value))
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="seconds")
    if isinstance(value, date):
        return value.isoformat()
    return str(localize(value)) if isinstance(value, int) else str(value)


def _list(dataset: Dataset, column: Column, values: tuple[Any, ...]) -> str:
    shown = [_value(dataset, column, value) for value in values[:SHOWN_VALUES]]
    return _joined(shown, len(values))


def _span(least: Any, most: Any) -> str:
    if least is None:
        return f"≤ {most}"
    return f"≥ {least}" if most is None else f"{least} – {most}"


# --- the dataset's own filters ------------------------------------------------------------------------------
def _of_filter(declared: django_filters.Filter | None, value: Any) -> str:
    labels: dict[str, str] = {}
    if isinstance(declared, WITH_CHOICES):
        labels = {str(code): str(label) for code, label in declared.field.choices}
    values = value if isinstance(value, list) else [value]
    texts = [str(item).lower() if isinstance(item, bool) else str(item) for item in values]
    return _joined([labels.get(text, text) for text in texts[:SHOWN_VALUES]], len(texts))


def _joined(shown: list[str], count: int) -> str:
    text = _(", ").join(shown)
    more = count - len(shown)
    return text if more <= 0 else _("%(list)s and %(count)d more") % {"list": text, "count": more}
