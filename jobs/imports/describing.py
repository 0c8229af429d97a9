"""What may stand in the columns of a file, in words: for templates (SPEC B5). All of it is derived from the fields that
check the cells, so that what is said is what is checked."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection, models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.models import User
from jobs.datasets import Dataset, Kind, Mode
from jobs.datasets.base import choices_of
from jobs.imports.fields import KEEP, Field, fields_of, importing_of

RULES: dict[str, str] = {
    "NOT_A_PHONE": gettext_noop("A phone number: 13812345678 or +86 138 1234 5678."),
    "NEGATIVE": gettext_noop("Zero or more."),
    "NOT_A_TIME_ZONE": gettext_noop("The name of a time zone: Asia/Shanghai."),
}
"""Code of a dataset's rule → what it demands. A rule without words is still checked."""
FITTING: dict[str, str] = {"NOT_A_PHONE": "13812345678", "NOT_A_TIME_ZONE": "Asia/Shanghai"}
"""Code of a rule → an example that fulfils it."""
EXAMPLES: dict[str, str] = {
    "members.name": gettext_noop("Zhang San"),
    "campaigns.name": gettext_noop("Spring sale"),
    "teams.name": gettext_noop("Pudong team"),
    "display_name": gettext_noop("Zhang San"),
    "buyer_name": gettext_noop("Zhang San"),
    "leader_name": gettext_noop("Zhang San"),
    "owner": gettext_noop("Zhang San"),
    "username": "zhangsan",
    "city": gettext_noop("Shanghai"),
    "department": gettext_noop("Operations"),
    "product_name": gettext_noop("Green tea, 250 g"),
}
"""Key of a column, with its dataset's where it means another thing elsewhere → an example."""


@dataclass(frozen=True)
class Note:
    """One column in words.

    Attributes:
        field: which it is
        heading: with * where every row needs a value
        needed: whether, and when, a value is needed
        kind: what sort of value
        allowed: which values, in sentences
        empty: what an empty cell does
        example: a value as people write it
        options: all values, where they can be listed
    """

    field: Field
    heading: str
    needed: str
    kind: str
    allowed: str
    empty: str
    example: str
    options: tuple[str, ...]


def notes_of(dataset: Dataset, *, viewer: User, mode: Mode) -> list[Note]:
    """Every column that ``viewer`` may write in this mode, in the language that is active; the key is the first."""
    fields = fields_of(dataset, viewer=viewer, mode=mode, zone=viewer.zone)
    return [_note(dataset, field, viewer, mode) for field in fields.values()]


def _note(dataset: Dataset, field: Field, viewer: User, mode: Mode) -> Note:
    is_key = field.key == importing_of(dataset).key
    always = is_key or (field.required and mode is Mode.CREATE)
    for_new = field.required and mode is Mode.UPSERT
    options = _options(dataset, field, viewer)
    return Note(
        field=field,
        heading=f"{field.column.title}{'*' if always or for_new else ''}",
        needed=_("Yes") if always else _("For new rows") if for_new else _("No"),
        kind=_kind(field),
        allowed=" ".join(_allowed(dataset, field, viewer, options)),
        empty=_("Not allowed.") if always else _empty(dataset, field, mode),
        example=_example(dataset, field, options),
        options=options,
    )


def _named(field: Field) -> Any:
    """The model's field whose values stand in the file: that of the other table, where one is named."""
    if field.reference is None:
        return field.model_field
    return field.reference.model._meta.get_field(field.reference.key)


def _options(dataset: Dataset, field: Field, viewer: User) -> tuple[str, ...]:
    if field.column.kind is Kind.BOOLEAN:
        return _("Yes"), _("No")
    if field.column.kind is not Kind.CHOICE:
        return ()
    limit = importing_of(dataset).limits.get(field.key)
    allowed = limit(viewer) if limit else None
    choices = choices_of(dataset.model, field.column)
    return tuple(str(label) for code, label in choices if allowed is None or code in allowed)


def _kind(field: Field) -> str:
    kind = field.column.kind
    if kind in (Kind.MONEY, Kind.NUMBER):
        return _("Number with up to %(places)d decimal places") % {"places": _named(field).decimal_places}
    words: dict[Kind, str] = {
        Kind.TEXT: _("Text"),
        Kind.ID: _("Text; every digit counts"),
        Kind.INTEGER: _("Whole number"),
        Kind.CHOICE: _("One of a list"),
        Kind.BOOLEAN: _("Yes or no"),
        Kind.DATE: _("Date"),
        Kind.DATETIME: _("Date and time"),
    }
    return words[kind]


def _allowed(dataset: Dataset, field: Field, viewer: User, options: Sequence[str]) -> list[str]:
    """Sentences."""
    named, kind = _named(field), field.column.kind
    told: list[str] = []
    if field.key == importing_of(dataset).key:
        told.append(_("Names the row: no two rows have the same."))
    if field.reference is not None:
        told.append(_("Must exist already as a %(what)s.") % {"what": field.reference.model._meta.verbose_name})
    if options:
        told.append(_(", ").join(options))
    elif kind is Kind.INTEGER:
        low, high = connection.ops.integer_field_range(named.get_internal_type())
        low = 0 if isinstance(named, models.PositiveIntegerField | models.PositiveSmallIntegerField) else low
        told.append(_("From %(low)s to %(high)s.") % {"low": low, "high": high})
    elif kind is Kind.DATE:
        told.append(_("With the year first: 2025-01-03, 2025/1/3 or 20250103."))
    elif kind is Kind.DATETIME:
        told.append(
            _("With the year first: 2025-01-03 10:20:00 or 2025-01-03 (midnight), by the clock of %(zone)s.")
            % {"zone": viewer.zone}
        )
    elif isinstance(named, models.EmailField):
        told.append(_("An e-mail address."))
    rules = importing_of(dataset).rules.get(field.key, ())
    told += [_(RULES[rule.code]) for rule in rules if rule.code in RULES]
    if kind in (Kind.TEXT, Kind.ID) and named.max_length:
        told.append(_("At most %(most)d characters.") % {"most": named.max_length})
    return told


def _empty(dataset: Dataset, field: Field, mode: Mode) -> str:
    """What an empty cell does where it is allowed."""
    if field.empty is not KEEP:
        return _("The value stays empty.") if mode is Mode.CREATE else _("The value becomes empty.")
    if mode is Mode.UPDATE:
        return _("The row keeps its value.")
    if field.required:
        return _("The row keeps its value; a new one needs one.")
    default = _default(dataset, field)
    if mode is Mode.CREATE:
        return _("The row gets “%(value)s”.") % {"value": default} if default else _("It is filled in by itself.")
    if default:
        return _("The row keeps its value; a new one gets “%(value)s”.") % {"value": default}
    return _("The row keeps its value; that of a new one is filled in by itself.")


def _default(dataset: Dataset, field: Field) -> str:
    """What a new row gets, in words; empty where that is worked out."""
    model_field = field.model_field
    if not model_field.has_default() or callable(model_field.default) or field.target in importing_of(dataset).fills:
        return ""
    value = model_field.default
    if field.column.kind is Kind.CHOICE:
        return str(dict(choices_of(dataset.model, field.column)).get(value, value))
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    return str(value)


def _example(dataset: Dataset, field: Field, options: Sequence[str]) -> str:
    if options:
        return options[0]
    for rule in importing_of(dataset).rules.get(field.key, ()):
        if rule.code in FITTING:
            return FITTING[rule.code]
    named = _named(field)
    if isinstance(named, models.EmailField):
        return "name@example.com"
    by_kind: dict[Kind, str] = {
        Kind.ID: "A000123",
        Kind.INTEGER: "10",
        Kind.MONEY: "1234.50",
        Kind.NUMBER: "0.5",
        Kind.DATE: "2025-01-03",
        Kind.DATETIME: "2025-01-03 10:20:00",
    }
    text = by_kind.get(field.column.kind) or _(_words(dataset, field))
    return text[: named.max_length] if named.max_length else text


def _words(dataset: Dataset, field: Field) -> str:
    return EXAMPLES.get(f"{dataset.key}.{field.key}") or EXAMPLES.get(field.key) or gettext_noop("Any text")
