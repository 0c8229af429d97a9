"""The form of a custom export: what was typed becomes a body, what is refused goes back to where it was typed.

It holds texts only. What they mean is decided by jobs.exports.definitions, for pages and programs alike.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from accounts.models import Role
from jobs import formats
from jobs.datasets import Column, Dataset, Kind, periods
from jobs.datasets import conditions as operators
from jobs.datasets.base import choices_of
from jobs.datasets.conditions import OPERATORS, WITHOUT_VALUE, Op
from jobs.sharing import Sharing

SPARE_ROWS = 2
"""Empty rows for people whose browser runs no script."""
TEXTS = ("name", "description", "comment", "file_type", "compression", "shared", "expected_version")
NUMBERS = (Kind.INTEGER, Kind.MONEY, Kind.NUMBER)


@dataclass
class ColumnRow:
    """One column of the dataset: whether, where and under which heading it is in the file."""

    column: Column
    on: bool = False
    label: str = ""
    position: str = ""
    errors: list[str] = field(default_factory=list)


@dataclass
class OrderRow:
    """One key of the order."""

    key: str = ""
    direction: str = "asc"
    errors: list[str] = field(default_factory=list)


@dataclass
class FilterRow:
    """One condition as it is typed: several values with separators, a range in two boxes."""

    column: str = ""
    op: str = ""
    value: str = ""
    to: str = ""
    errors: list[str] = field(default_factory=list)


class DefinitionForm:
    """Made from what was posted, or from a saved body; ``body()`` is what the service gets."""

    def __init__(self, dataset: Dataset) -> None:
        self.dataset = dataset
        self.texts: dict[str, str] = dict.fromkeys(TEXTS, "")
        self.raw = False
        self.roles: list[str] = []
        self.columns = [ColumnRow(column) for column in dataset.columns]
        self.order: list[OrderRow] = []
        self.filters: list[FilterRow] = []
        self.errors: dict[str, list[str]] = {}
        self.kept_options: dict[str, Any] = {}
        """Options of a saved body that the page does not show; they stay while the file type stays."""
        self._kept_type = ""

    # --- in -----------------------------------------------------------------------------------------------
    @classmethod
    def posted(cls, dataset: Dataset, data: QueryDict, *, saved: Mapping[str, Any] | None = None) -> "DefinitionForm":
        """What was typed, to the letter."""
        form = cls(dataset)
        form.texts = {name: data.get(name, "").strip() for name in TEXTS}
        form.raw = "raw" in data
        form.roles = data.getlist("roles")
        chosen = set(data.getlist("column"))
        for row in form.columns:
            key = row.column.key
            row.on = key in chosen
            row.label = data.get(f"label-{key}", "").strip()
            row.position = data.get(f"position-{key}", "").strip()
        pairs = zip_longest(data.getlist("order_key"), data.getlist("order_direction"), fillvalue="")
        form.order = [OrderRow(key, direction) for key, direction in pairs if key]
        lists = (data.getlist(f"filter_{name}") for name in ("column", "op", "value", "to"))
        rows = [
            FilterRow(column, op, value.strip(), to.strip())
            for column, op, value, to in zip_longest(*lists, fillvalue="")
        ]
        form.filters = [row for row in rows if row.column or row.value or row.to]
        form._keep_options(saved or {})
        return form

    @classmethod
    def saved(cls, dataset: Dataset, body: Mapping[str, Any], **texts: str) -> "DefinitionForm":
        """A stored body, to be changed. Columns that are gone are left out: saving would refuse them."""
        form = cls(dataset)
        options = body.get("options", {})
        form.texts |= {"file_type": body.get("file_type", "csv"), "compression": options.get("compression", "")} | texts
        form.raw = bool(options.get("raw"))
        form._keep_options(body)
        known = {row.column.key: row for row in form.columns}
        for number, said in enumerate(body.get("columns", []), 1):
            if row := known.get(said["key"]):
                row.on, row.label, row.position = True, said.get("label", ""), str(number)
        form.order = [
            OrderRow(said["key"], "desc" if said.get("descending") else "asc") for said in body.get("order", [])
        ]
        form.filters = [form._typed(said) for said in body.get("filters", [])]
        return form

    def _keep_options(self, body: Mapping[str, Any]) -> None:
        options = body.get("options", {})
        self.kept_options = {name: value for name, value in options.items() if name not in ("raw", "compression")}
        self._kept_type = body.get("file_type", "")

    def _typed(self, said: Mapping[str, Any]) -> FilterRow:
        """A stored condition as somebody would type it."""
        row, value = FilterRow(said["column"], said["op"]), said.get("value")
        if row.op == Op.RANGE and isinstance(value, dict):
            row.value, row.to = (self._shown(row.column, value.get(name, "")) for name in ("min", "max"))
        elif row.op == Op.IN and isinstance(value, list):
            texts = [self._shown(row.column, one) for one in value]
            row.value = ("; " if any(re.search("[,，、]", text) for text in texts) else ", ").join(texts)
        elif value is not None:
            row.value = self._shown(row.column, value)
        return row

    # --- out ----------------------------------------------------------------------------------------------
    def body(self) -> dict[str, Any]:
        """For the service. Positions that are no numbers come last: ``place`` has noted them."""
        chosen = sorted((row for row in self.columns if row.on), key=_rank)
        options: dict[str, Any] = dict(self.kept_options) if self.texts["file_type"] == self._kept_type else {}
        options |= {"raw": True} if self.raw else {}
        options |= {"compression": self.texts["compression"]} if self.texts["compression"] else {}
        return {
            "columns": [{"key": row.column.key} | ({"label": row.label} if row.label else {}) for row in chosen],
            "order": [
                {"key": row.key} | ({"descending": True} if row.direction == "desc" else {}) for row in self.order
            ],
            "filters": [self._condition(row) for row in self.filters],
            "file_type": self.texts["file_type"],
            "options": options,
        }

    def check(self) -> bool:
        """Note what only a page can get wrong: a position that is no number."""
        for row in self.columns:
            if row.on and row.position and not re.fullmatch(r"\d{1,4}", row.position, re.ASCII):
                row.errors.append(_("The position must be a number."))
        return not any(row.errors for row in self.columns)

    def place(self, details: Mapping[str, Any], message: str) -> None:
        """Put each sentence of an error where its cause was typed; the rest stands above the form."""
        chosen = sorted((row for row in self.columns if row.on), key=_rank)
        rows: dict[str, list[Any]] = {"columns": chosen, "order": self.order, "filters": self.filters}
        for name, sentences in details.items():
            parts = name.removeprefix("body.").removeprefix("options.").split(".")
            if parts[0] in rows and len(parts) > 1 and parts[1].isdigit() and int(parts[1]) < len(rows[parts[0]]):
                rows[parts[0]][int(parts[1])].errors += sentences
            else:
                self.errors.setdefault(parts[0], []).extend(sentences)
        if not details:
            self.errors.setdefault("form", []).append(message)

    def _condition(self, row: FilterRow) -> dict[str, Any]:
        said: dict[str, Any] = {"column": row.column, "op": row.op}
        if row.op in WITHOUT_VALUE:
            return said
        if row.op == Op.RANGE:
            ends = {"min": row.value, "max": row.to}
            value: Any = {name: self._meant(row.column, text) for name, text in ends.items() if text}
        elif row.op == Op.IN:
            value = [self._meant(row.column, text) for text in _several(row.value)]
        elif row.op == periods.LAST_N_DAYS:
            value = int(row.value) if re.fullmatch(r"\d{1,6}", row.value, re.ASCII) else row.value
        else:
            value = self._meant(row.column, row.value)
        return said | {"value": value}

    def _meant(self, key: str, text: str) -> Any:
        """What a typed text means for a column: labels are codes, yes is true. What means nothing stays a text."""
        column = self._column(key)
        if column is None:
            return text
        if column.kind in NUMBERS:
            return text.replace(",", "")
        return {shown.casefold(): meant for meant, shown in self._words(column)}.get(text.casefold(), text)

    def _shown(self, key: str, value: Any) -> str:
        column = self._column(key)
        words: dict[Any, str] = dict(self._words(column)) if column is not None else {}
        return words.get(value, str(value))

    def _column(self, key: str) -> Column | None:
        return next((column for column in self.dataset.columns if column.key == key), None)

    def _words(self, column: Column) -> list[tuple[Any, str]]:
        """Values of a column that are typed as words."""
        if column.kind is Kind.BOOLEAN:
            return [(True, _("Yes")), (False, _("No"))]
        if column.kind is Kind.CHOICE:
            return [(code, str(label)) for code, label in choices_of(self.dataset.model, column)]
        return []

    @property
    def is_wrong(self) -> bool:
        """Whether anything was refused."""
        return bool(self.errors) or any(row.errors for rows in (self.columns, self.order, self.filters) for row in rows)

    # --- for the template ---------------------------------------------------------------------------------
    @property
    def column_rows(self) -> list[ColumnRow]:
        """The chosen ones in their order, then the others."""
        return sorted(self.columns, key=lambda row: (not row.on, _rank(row) if row.on else (0, 0)))

    @property
    def column_choices(self) -> list[dict[str, Any]]:
        """What a filter or the order may name, with what the page's script needs to know of each."""
        return [
            {
                "key": column.key,
                "title": column.title,
                "ops": " ".join(OPERATORS[column.kind]),
                "words": [shown for _meant, shown in self._words(column)],
                "hint": _hint(column.kind),
            }
            for column in self.dataset.columns
            if column.python is None
        ]

    @property
    def op_choices(self) -> list[tuple[str, Any]]:
        """Every operator there is; the script hides those that do not fit the column."""
        return [*((str(op), title) for op, title in operators.TITLES.items()), *periods.TITLES.items()]

    @property
    def order_rows(self) -> list[OrderRow]:
        """Those in use and some to spare."""
        return [*self.order, *(OrderRow() for _number in range(SPARE_ROWS))]

    @property
    def filter_rows(self) -> list[FilterRow]:
        """Those in use and some to spare."""
        return [*self.filters, *(FilterRow() for _number in range(SPARE_ROWS))]

    @property
    def file_types(self) -> list[str]:
        """What can be written here."""
        return formats.available()

    @property
    def compressions(self) -> Iterable[str]:
        """Ways to compress."""
        return formats.FormatOptions.COMPRESSIONS

    @property
    def sharings(self) -> list[tuple[str, Any]]:
        """Who may see it."""
        return list(Sharing.choices)

    @property
    def all_roles(self) -> list[Role]:
        """Roles of the company."""
        return list(Role.objects.all())


def _rank(row: ColumnRow) -> tuple[int, int]:
    """Sorts by position; columns without one come last, as in the dataset (sorting is stable)."""
    numbered = re.fullmatch(r"\d{1,4}", row.position, re.ASCII) is not None
    return (0, int(row.position)) if numbered else (1, 0)


def _several(text: str) -> list[str]:
    """Values between semicolons, or between commas where there is no semicolon."""
    separators = "[;；]" if re.search("[;；]", text) else "[,，、]"
    return [part.strip() for part in re.split(separators, text) if part.strip()]


def _hint(kind: Kind) -> str:
    if kind is Kind.DATE:
        return "2026-10-31"
    return _("2026-10-31 or 2026-10-31 18:00") if kind is Kind.DATETIME else ""
