"""The columns of a dataset that a file may write: how a cell becomes the value that is stored, or a problem (SPEC B2).

Everything is derived from the model and the dataset's ``importing``: one set of rules, whatever the file's format.
"""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import connection, models
from django.utils.translation import override

from accounts import policy
from accounts.models import User
from jobs.datasets import Column, Dataset, Importing, Kind, Mode, Rule
from jobs.datasets.base import choices_of
from jobs.formats.rendering.csv import FORMULA
from jobs.imports.reading import Cell, Number, Problem, shown, values

Convert = Callable[[Cell], Any]
"""Cell → value as JSON has it, None for an empty cell, or Problem."""
KEEP = object()
"""What an empty cell means where the table takes no empty value: an existing row keeps its own, a new one gets the
default."""
REMEMBERED = 2_000
"""Different cells of one column whose values are kept, so that what repeats is converted once."""
_COMPACT = re.compile(r"\d{8}\Z", re.ASCII)


@dataclass(frozen=True)
class Reference:
    """A row of another table, named by its natural key."""

    model: type[models.Model]
    key: str


@dataclass(frozen=True)
class Field:
    """One column that a file may write.

    Attributes:
        column: the dataset's column
        target: the table's column
        convert: see Convert
        empty: what an empty cell stores: None, "" or KEEP
        required: whether a new row needs a value
        reference: where the value names a row of another table; what is stored then is that row's primary key
        model_field: the model's field
    """

    column: Column
    target: str
    convert: Convert
    empty: Any
    required: bool
    reference: Reference | None
    model_field: "models.Field[Any, Any]"

    @property
    def key(self) -> str:
        """The column's key."""
        return self.column.key


def importing_of(dataset: Dataset) -> Importing:
    """What files may write into the dataset. Call it for importable ones only."""
    assert dataset.importing is not None
    return dataset.importing


def fields_of(
    dataset: Dataset, *, viewer: User, mode: Mode, zone: ZoneInfo, from_workbook: bool = False, from_text: bool = False
) -> dict[str, Field]:
    """Key → field of every column that ``viewer`` may write in this mode; the natural key's is the first.

    Contact data that ``viewer`` sees masked can be added with new rows, not changed: whether a value is the same as
    the stored one would tell what it is. ``from_workbook``, ``from_text``: what kind of file the cells are of.
    """
    importing = importing_of(dataset)
    sees_contacts = bool(policy.may(viewer, policy.Action.CONTACT_DATA))
    made: dict[str, Field] = {}
    for key in importing.columns:
        column = dataset.column(key)
        if column.mask and not sees_contacts and mode is not Mode.CREATE:
            continue
        made[key] = _field(dataset, importing, column, viewer, _Source(zone, from_workbook, from_text))
    return made


def hidden_columns(dataset: Dataset, *, viewer: User, mode: Mode) -> list[Column]:
    """Columns that other people could write in this mode, but not ``viewer`` (fields_of says why)."""
    if mode is Mode.CREATE or policy.may(viewer, policy.Action.CONTACT_DATA):
        return []
    return [dataset.column(key) for key in importing_of(dataset).columns if dataset.column(key).mask]


@dataclass(frozen=True)
class _Source:
    """What of the file matters to the meaning of its cells: the clock of its moments, and whether it is a workbook or
    text in columns."""

    zone: ZoneInfo
    is_workbook: bool
    is_text: bool


def _field(dataset: Dataset, importing: Importing, column: Column, viewer: User, source: _Source) -> Field:
    path = column.value if isinstance(column.value, str) else column.key
    relation, _separator, natural = path.partition("__")
    model_field: Any = dataset.model._meta.get_field(relation)
    reference = Reference(model_field.related_model, natural) if natural else None
    named = reference.model._meta.get_field(natural) if reference else model_field
    limit = importing.limits.get(column.key)
    convert = _checked(
        _converter(dataset, column, named, source),
        spelling=importing.spelling.get(column.key),
        rules=importing.rules.get(column.key, ()),
        allowed=limit(viewer) if limit else None,
        masked=column.mask is not None,
    )
    return Field(
        column=column,
        target=model_field.column,
        convert=_remembering(convert) if _repeats(column.kind) else convert,
        empty=None if model_field.null else "" if model_field.blank and model_field.empty_strings_allowed else KEEP,
        required=column.key == importing.key
        or column.key in importing.required
        or (
            not (model_field.null or model_field.blank or model_field.has_default())
            and model_field.column not in importing.fills
        ),
        reference=reference,
        model_field=model_field,
    )


def _repeats(kind: Kind) -> bool:
    return kind in (Kind.CHOICE, Kind.BOOLEAN, Kind.DATE, Kind.DATETIME, Kind.INTEGER)


def _remembering(convert: Convert) -> Convert:
    """The same, quicker where a column repeats itself."""
    known: dict[Cell, Any] = {}

    def look_up(cell: Cell) -> Any:
        kept = (type(cell), cell)
        if kept in known:  # type: ignore[comparison-overlap]
            return known[kept]  # type: ignore[index]
        value = convert(cell)
        if len(known) < REMEMBERED:
            known[kept] = value  # type: ignore[index]
        return value

    return look_up


def _checked(
    convert: Convert,
    *,
    spelling: Callable[[Any], Any] | None,
    rules: Sequence[Rule],
    allowed: Collection[Any] | None,
    masked: bool,
) -> Convert:
    """The conversion, and what the dataset demands beyond it."""
    if not (spelling or rules or masked) and allowed is None:
        return convert

    def check(cell: Cell) -> Any:
        value = convert(cell)
        if value is None or type(value) is Problem:
            return value
        if masked and "*" in value:
            return Problem("MASKED", {"text": value[:200]})
        if spelling:
            value = spelling(value)
        if allowed is not None and value not in allowed:
            return Problem("NOT_YOURS", {"text": shown(cell)[:200], "allowed": ", ".join(sorted(allowed))})
        for rule in rules:
            if not rule.holds(value if not isinstance(value, _Written) else value.number):
                return Problem(rule.code, {"text": shown(cell)[:200]})
        return value

    return check


class _Written(str):
    """A decimal as JSON text that keeps its number: JSON's own numbers would lose digits."""

    number: Decimal

    __slots__ = ("number",)

    @classmethod
    def of(cls, number: Decimal) -> "_Written":
        made = cls(format(number, "f"))
        made.number = number
        return made


def _converter(dataset: Dataset, column: Column, field: Any, source: _Source) -> Convert:
    if column.kind is Kind.CHOICE:
        return _choice(choices_of(dataset.model, column))
    makers: dict[Kind, Callable[[], Convert]] = {
        Kind.ID: lambda: _text(values.identifier, field),
        Kind.INTEGER: lambda: _integer(field),
        Kind.MONEY: lambda: _decimal(field),
        Kind.NUMBER: lambda: _decimal(field),
        Kind.BOOLEAN: lambda: values.yes_no,
        Kind.DATE: lambda: _day(source.is_workbook),
        Kind.DATETIME: lambda: _moment(source.zone, source.is_workbook),
        Kind.TEXT: lambda: _email(field) if isinstance(field, models.EmailField) else _text(values.text, field),
    }
    convert = makers[column.kind]()
    return _unguarded(convert) if source.is_text else convert


def _unguarded(convert: Convert) -> Convert:
    """The same, of a cell without the apostrophe by which our own CSV files keep spreadsheets from running it."""

    def read(cell: Cell) -> Any:
        if type(cell) is str and cell[:1] == "'" and FORMULA.match(cell, 1):
            cell = cell[1:]
        return convert(cell)

    return read


def _text(read: Callable[[Cell], Any], field: Any) -> Convert:
    limit = field.max_length or 1_000_000

    def convert(cell: Cell) -> Any:
        value = read(cell)
        if type(value) is str and len(value) > limit:
            return Problem("TOO_LONG", {"text": value[:60] + "…", "limit": limit})
        return value

    return convert


def _email(field: Any) -> Convert:
    read = _text(values.text, field)

    def convert(cell: Cell) -> Any:
        value = read(cell)
        if type(value) is str and "*" not in value:
            value = values.to_ascii(value)
            try:
                validate_email(value)
            except ValidationError:
                return Problem("NOT_AN_EMAIL", {"text": value[:200]})
        return value

    return convert


def _integer(field: Any) -> Convert:
    low, high = connection.ops.integer_field_range(field.get_internal_type())
    if isinstance(field, models.PositiveIntegerField | models.PositiveSmallIntegerField):
        low = 0

    def convert(cell: Cell) -> Any:
        value = values.integer(cell)
        if type(value) is int and not low <= value <= high:
            return Problem("OUT_OF_RANGE", {"text": shown(cell)[:60], "low": low, "high": high})
        return value

    return convert


def _decimal(field: Any) -> Convert:
    places = field.decimal_places
    most = Decimal(10) ** (field.max_digits - places)

    def convert(cell: Cell) -> Any:
        value = values.decimal(cell)
        if not isinstance(value, Decimal):
            return value
        if not -most < value < most:
            high = most - Decimal(1).scaleb(-places)
            return Problem("OUT_OF_RANGE", {"text": shown(cell)[:60], "low": str(-high), "high": str(high)})
        if -value.as_tuple().exponent > places and value != round(value, places):  # type: ignore[operator]
            return Problem("TOO_PRECISE", {"text": shown(cell)[:60], "limit": places})
        return _Written.of(value)

    return convert


def spellings(choices: Sequence[tuple[Any, Any]]) -> Mapping[str, Any]:
    """Everything that may stand in a cell → code: the codes and the labels in every language, in any case."""
    found: dict[str, Any] = {}
    for code, label in choices:
        for language, _name in settings.LANGUAGES:
            with override(language):
                found.setdefault(_folded(str(label)), code)
    for code, _label in choices:
        found[_folded(str(code))] = code
    return found


def _folded(text: str) -> str:
    return " ".join(values.to_ascii(text).casefold().split())


def _choice(choices: Sequence[tuple[Any, Any]]) -> Convert:
    known = spellings(choices)
    allowed = ", ".join(str(label) for _code, label in choices)

    def convert(cell: Cell) -> Any:
        text = values.text(cell) if not isinstance(cell, bool) else shown(cell)
        if not isinstance(text, str):
            return text
        code = known.get(_folded(text))
        if code is None:
            return Problem("NOT_A_CHOICE", {"text": text[:60], "allowed": allowed})
        return code

    return convert


def _serials(cell: Cell, from_workbook: bool) -> int | None:
    """A bare number in a workbook's column of dates is a day's serial number, unless it is written like 20250103."""
    return 1900 if from_workbook and isinstance(cell, Number) and not _COMPACT.match(cell.text) else None


def _day(from_workbook: bool) -> Convert:
    def convert(cell: Cell) -> Any:
        value = values.day(cell, serials=_serials(cell, from_workbook))
        return value.isoformat() if isinstance(value, date) else value

    return convert


def _moment(zone: ZoneInfo, from_workbook: bool) -> Convert:
    def convert(cell: Cell) -> Any:
        value = values.moment(cell, serials=_serials(cell, from_workbook))
        if not isinstance(value, datetime):
            return value
        return (value if value.tzinfo else value.replace(tzinfo=zone)).isoformat()

    return convert
