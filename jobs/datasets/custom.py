"""What a person chose of a dataset: columns with headings, order, conditions. Read strictly, compiled to a plan.

As JSON:
``{"columns": [{"key", "label"?}], "order": [{"key", "descending"?}], "filters": [{"column", "op", "value"?}]}``.
"""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from django.db.models import CharField, F, TextField
from django.db.models.expressions import OrderBy
from django.utils.translation import gettext as _

from accounts import policy
from accounts.models import User
from exportcenter.common.errors import InvalidParameters, PermissionRefused
from jobs.datasets.base import Column, Dataset
from jobs.datasets.conditions import OPERATORS, Condition, WrongValue, as_q, fit, read_value
from jobs.datasets.filters import refuse_half_characters
from jobs.datasets.periods import PERIODS
from jobs.datasets.query import Plan, assemble

PARTS = ("columns", "order", "filters")
MOST_CONDITIONS = 50
MOST_ORDERINGS = 10
LONGEST_LABEL = 100
HIDDEN = "***"

# What a spreadsheet could run (see the guard of cells): a heading is written by many formats, so none may begin so.
_FORMULA = re.compile(r"[\s\ufeff]*[=+\-@＝＋－＠]")

T = TypeVar("T")
Problems = dict[str, list[str]]


@dataclass(frozen=True)
class ChosenColumn:
    """A column of the file. ``label``: heading in the place of the column's own title, or empty."""

    column: Column
    label: str = ""

    @property
    def heading(self) -> str:
        """What stands over the column."""
        return self.label or str(self.column.title)


@dataclass(frozen=True)
class Ordering:
    """One key of the order. Empty values come last either way."""

    column: Column
    descending: bool = False


@dataclass(frozen=True)
class Selection:
    """A custom export's content, checked: every name is a declared column, every value has its column's type."""

    dataset: Dataset
    columns: tuple[ChosenColumn, ...]
    order: tuple[Ordering, ...]
    conditions: tuple[Condition, ...]

    def fixed(self, today: date) -> "Selection":
        """The same with days in the place of moving periods, as they are on ``today``."""
        return replace(self, conditions=tuple(condition.fixed(today) for condition in self.conditions))

    def as_json(self) -> dict[str, Any]:
        """As it is stored; ``read`` takes it back."""
        return {
            "columns": [
                {"key": chosen.column.key} | ({"label": chosen.label} if chosen.label else {})
                for chosen in self.columns
            ],
            "order": [
                {"key": ordering.column.key} | ({"descending": True} if ordering.descending else {})
                for ordering in self.order
            ],
            "filters": [condition.as_json() for condition in self.conditions],
        }

    def masked_uses(self) -> dict[str, Column]:
        """Where a masked column decides which rows come, or in which order: place → column."""
        used = {f"filters.{number}.column": condition.column for number, condition in enumerate(self.conditions)}
        used |= {f"order.{number}.key": ordering.column for number, ordering in enumerate(self.order)}
        return {place: column for place, column in used.items() if column.mask is not None}


def read(dataset: Dataset, body: Mapping[str, Any], *, zone: ZoneInfo, fixed: bool = False) -> Selection:
    """The selection that ``body`` says. Raises InvalidParameters naming each wrong place, e.g. "filters.2.value".

    Without columns it has the dataset's default ones. Times without an offset are of ``zone``. ``fixed``: the body
    comes from a job, whose periods are fixed; it may say which periods these were.
    """
    reader = _Reader(dataset, zone, fixed)
    columns = reader.each(body, "columns", reader.column, most=len(dataset.columns))
    order = reader.each(body, "order", reader.ordering, most=MOST_ORDERINGS)
    conditions = reader.each(body, "filters", reader.condition, most=MOST_CONDITIONS)
    if body.get("columns") is None:
        columns = [ChosenColumn(column) for column in dataset.default_columns()]
    elif body["columns"] == []:
        reader.problems["columns"] = [_("Choose at least one column.")]
    reader.refuse_doubles("columns", "key", [chosen.column.key for chosen in columns])
    if not fixed:  # a job in another language must not fail for a heading that was unique where it was chosen
        reader.refuse_doubles("columns", "label", [chosen.heading for chosen in columns])
    reader.refuse_doubles("order", "key", [ordering.column.key for ordering in order])
    if reader.problems:
        raise InvalidParameters(details=reader.problems)
    return Selection(dataset, tuple(columns), tuple(order), tuple(conditions))


def refuse_unknown(body: Mapping[str, Any], allowed: Collection[str]) -> None:
    """Raise InvalidParameters naming each field of ``body`` that is not one of ``allowed``."""
    words = _("There is no such field. Allowed: %(allowed)s.") % {"allowed": ", ".join(allowed)}
    problems = {name[:100]: [words] for name in body if name not in allowed}
    if problems:
        raise InvalidParameters(details=problems)


def refuse_masked(selection: Selection, viewer: User) -> None:
    """Raise PermissionRefused where a filter or the order could tell ``viewer`` what a mask hides."""
    uses = selection.masked_uses()
    if uses and not policy.may(viewer, policy.Action.CONTACT_DATA):
        words = _("“%(column)s” is shown masked to your role: it cannot be filtered or sorted by.")
        raise PermissionRefused(
            words % {"column": next(iter(uses.values())).title},
            details={place: [words % {"column": column.title}] for place, column in uses.items()},
        )


def plan_selection(selection: Selection, *, viewer: User, zone: ZoneInfo) -> Plan:
    """What ``viewer`` gets, with the rights of this moment. Raises PermissionRefused (a masked column).

    Moving periods must have been fixed.
    """
    refuse_masked(selection, viewer)
    dataset = selection.dataset
    rows = dataset.grouped(dataset.rows(viewer), zone=zone)
    for number, condition in enumerate(selection.conditions):
        name = f"asked{number}"
        rows = rows.alias(**{name: _expression(condition.column)})
        stored = rows.query.annotations[name].output_field
        fitted = fit(condition.column, F(name), stored)
        if not isinstance(fitted, F):
            name = f"fitted{number}"
            rows = rows.alias(**{name: fitted})
            stored = rows.query.annotations[name].output_field
        is_text = isinstance(stored, CharField | TextField)
        rows = rows.filter(as_q(condition, name, is_text=is_text, zone=zone))
    keys: list[Any] = []
    for number, ordering in enumerate(selection.order):
        rows = rows.alias(**{f"sorted{number}": _expression(ordering.column)})
        keys.append(OrderBy(F(f"sorted{number}"), descending=ordering.descending, nulls_last=True))
    return assemble(
        dataset,
        rows.order_by(*keys, *dataset.order_by),  # ends with a unique key: equal requests give equal files
        [chosen.column for chosen in selection.columns],
        viewer=viewer,
        headings={chosen.column.key: chosen.label for chosen in selection.columns if chosen.label},
        also_seen=list(selection.masked_uses().values()),
    )


def hide_masked(dataset: Dataset, body: Mapping[str, Any]) -> dict[str, Any]:
    """``body`` without the values of conditions on masked columns, for people who must not see such values."""
    masked = {column.key for column in dataset.columns if column.mask is not None}
    filters = [
        {**said, "value": HIDDEN} if said.get("column") in masked and "value" in said else said
        for said in body.get("filters", [])
    ]
    return {**body, "filters": filters}


def _expression(column: Column) -> Any:
    return F(column.value or column.key) if isinstance(column.value, str | None) else column.value


class _Reader:
    """Reads the parts of a body and notes what is wrong with each."""

    def __init__(self, dataset: Dataset, zone: ZoneInfo, fixed: bool) -> None:
        self.dataset, self.zone, self.fixed = dataset, zone, fixed
        self.problems: Problems = {}
        self._known = {column.key: column for column in dataset.columns}

    def each(
        self, body: Mapping[str, Any], part: str, one: Callable[[dict[str, Any], str], T | None], *, most: int
    ) -> list[T]:
        """The items of a list, those that can be read."""
        given = body.get(part)
        if given is None:
            return []
        if not isinstance(given, list):
            self.problems[part] = [_("A list is expected.")]
            return []
        if len(given) > most:
            self.problems[part] = [_("At most %(most)d entries.") % {"most": most}]
            return []
        found = []
        for number, item in enumerate(given):
            place = f"{part}.{number}"
            if not isinstance(item, dict):
                self.problems[place] = [_("A JSON object is expected.")]
            elif (value := one(item, place)) is not None:
                found.append(value)
        return found

    def column(self, item: dict[str, Any], place: str) -> ChosenColumn | None:
        """{"key", "label"?}"""
        self._only(item, place, ("key", "label"))
        column = self._column(item, "key", place)
        label = item.get("label", "")
        if label is None or label == "":
            return ChosenColumn(column) if column else None
        if problem := _wrong_label(label):
            self.problems[f"{place}.label"] = [problem]
            return None
        return ChosenColumn(column, label) if column else None

    def ordering(self, item: dict[str, Any], place: str) -> Ordering | None:
        """{"key", "descending"?}"""
        self._only(item, place, ("key", "descending"))
        column = self._comparable(item, "key", place)
        descending = item.get("descending", False)
        if not isinstance(descending, bool):
            self.problems[f"{place}.descending"] = [_("Allowed: %(allowed)s.") % {"allowed": "true, false"}]
            return None
        return Ordering(column, descending) if column else None

    def condition(self, item: dict[str, Any], place: str) -> Condition | None:
        """{"column", "op", "value"?}, in a job also "period"."""
        self._only(item, place, ("column", "op", "value", *(["period"] if self.fixed else [])))
        column = self._comparable(item, "column", place)
        if column is None:
            return None
        op = item.get("op")
        allowed = [name for name in OPERATORS[column.kind] if not (self.fixed and name in PERIODS)]
        if not isinstance(op, str) or op not in allowed:
            self.problems[f"{place}.op"] = [_("Allowed: %(allowed)s.") % {"allowed": ", ".join(allowed)}]
            return None
        period = item.get("period", "") if self.fixed else ""
        if period not in ("", *PERIODS):
            self.problems[f"{place}.period"] = [_("Allowed: %(allowed)s.") % {"allowed": ", ".join(sorted(PERIODS))}]
            return None
        try:
            return Condition(column, op, read_value(self.dataset, column, op, item.get("value"), self.zone), period)
        except WrongValue as error:
            self.problems[f"{place}.value" + (f".{error.part}" if error.part else "")] = [str(error)]
            return None

    def refuse_doubles(self, part: str, field: str, values: Sequence[str]) -> None:
        """Note each value that stood there before. Only where everything else is right: places would be wrong."""
        if self.problems:
            return
        for number, value in enumerate(values):
            if value in values[:number]:
                words = _("A column is named twice.") if field == "key" else _("Two columns would have this heading.")
                self.problems[f"{part}.{number}.{field}"] = [words]

    def _column(self, item: dict[str, Any], name: str, place: str) -> Column | None:
        key = item.get(name)
        if isinstance(key, str) and key in self._known:
            return self._known[key]
        allowed = ", ".join(self._known)
        words = _("No such column. Allowed: %(allowed)s.") if name in item else _("A column is expected: %(allowed)s.")
        self.problems[f"{place}.{name}"] = [words % {"allowed": allowed}]
        return None

    def _comparable(self, item: dict[str, Any], name: str, place: str) -> Column | None:
        """A column that the database can filter and sort by: what it holds is what people see."""
        column = self._column(item, name, place)
        if column is None or column.python is None:
            return column
        self.problems[f"{place}.{name}"] = [_("This column is computed: it can be neither filtered nor sorted by.")]
        return None

    def _only(self, item: dict[str, Any], place: str, allowed: Collection[str]) -> None:
        for name in item:
            if name not in allowed:
                words = _("There is no such field. Allowed: %(allowed)s.") % {"allowed": ", ".join(allowed)}
                self.problems[f"{place}.{name[:100]}"] = [words]


def _wrong_label(label: Any) -> str:
    """What is wrong with a heading, or empty."""
    if not isinstance(label, str):
        return _("A text is expected.")
    try:
        refuse_half_characters(label)
    except ValueError as error:
        return str(error)
    if len(label) > LONGEST_LABEL or not label.isprintable() or label != label.strip():
        return _("At most %(most)d printable characters, none of them a blank at the ends.") % {"most": LONGEST_LABEL}
    if _FORMULA.match(label):
        return _("A heading may not begin with = + - or @: a spreadsheet could take it for a formula.")
    return ""
