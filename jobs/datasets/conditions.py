"""One condition on one column: which operators a kind of column has, what values they take, and the Q they become.

Nothing that people send becomes a name in a query: the column's path comes from its declaration, the lookup from the
table below, and the value is typed before it gets here.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import (
    CharField,
    DateField,
    DateTimeField,
    DecimalField,
    Field,
    FloatField,
    Func,
    GenericIPAddressField,
    IntegerField,
    Q,
    TextField,
)
from django.db.models.functions import Cast
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.timezone import is_naive
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from jobs.datasets.base import Column, Dataset, Kind, choices_of
from jobs.datasets.filters import LONGEST_VALUE, MOST_VALUES, refuse_half_characters
from jobs.datasets.periods import LAST_N_DAYS, MOST_DAYS, PERIODS, days_of


class Op(StrEnum):
    """What a condition says of a column. The names of periods (jobs.datasets.periods) are operators, too."""

    EQUALS = "equals"
    IN = "in"
    RANGE = "range"
    CONTAINS = "contains"
    STARTS_WITH = "starts_with"
    EMPTY = "empty"
    NOT_EMPTY = "not_empty"


TITLES = {
    Op.EQUALS: gettext_lazy("is"),
    Op.IN: gettext_lazy("is one of"),
    Op.RANGE: gettext_lazy("from … to …"),
    Op.CONTAINS: gettext_lazy("contains"),
    Op.STARTS_WITH: gettext_lazy("begins with"),
    Op.EMPTY: gettext_lazy("is empty"),
    Op.NOT_EMPTY: gettext_lazy("is not empty"),
}
WITHOUT_VALUE = frozenset({Op.EMPTY, Op.NOT_EMPTY}) | (PERIODS - {LAST_N_DAYS})

_EITHER_WAY = (Op.EMPTY, Op.NOT_EMPTY)
_WORDS = (Op.EQUALS, Op.IN, Op.CONTAINS, Op.STARTS_WITH, *_EITHER_WAY)
_NUMBERS = (Op.EQUALS, Op.IN, Op.RANGE, *_EITHER_WAY)
_CALENDAR = tuple(sorted(PERIODS))
OPERATORS: Mapping[Kind, tuple[str, ...]] = {
    Kind.TEXT: _WORDS,
    Kind.ID: _WORDS,
    Kind.INTEGER: _NUMBERS,
    Kind.MONEY: _NUMBERS,
    Kind.NUMBER: _NUMBERS,
    Kind.CHOICE: (Op.EQUALS, Op.IN, *_EITHER_WAY),
    Kind.BOOLEAN: (Op.EQUALS, *_EITHER_WAY),
    Kind.DATE: (*_NUMBERS, *_CALENDAR),
    Kind.DATETIME: (Op.EQUALS, Op.RANGE, *_EITHER_WAY, *_CALENDAR),
}


class WrongValue(ValueError):
    """A value that the operator does not take: a sentence, and which part of the value it speaks of."""

    def __init__(self, sentence: str, part: str = "") -> None:
        super().__init__(sentence)
        self.part = part


@dataclass(frozen=True)
class Condition:
    """What must be true of a column, with a typed value.

    Attributes:
        value: one value (equals, contains, starts_with), a tuple (in), a pair of which either may be None (range), a
            number of days (last_n_days), or None
        period: the moving period that a range was made from, for words
    """

    column: Column
    op: str
    value: Any = None
    period: str = ""

    def fixed(self, today: date) -> "Condition":
        """The same with absolute days in the place of a moving period."""
        if self.op not in PERIODS:
            return self
        return replace(self, op=Op.RANGE, value=days_of(self.op, today, self.value or 1), period=self.op)

    def as_json(self) -> dict[str, Any]:
        """As it is stored; ``read`` takes it back."""
        said: dict[str, Any] = {"column": self.column.key, "op": str(self.op)}
        if self.op == Op.RANGE:
            pair = zip(("min", "max"), self.value, strict=True)
            said["value"] = {name: _plain(value) for name, value in pair if value is not None}
        elif self.op == Op.IN:
            said["value"] = [_plain(value) for value in self.value]
        elif self.value is not None:
            said["value"] = _plain(self.value)
        return said | ({"period": self.period} if self.period else {})


def read_value(dataset: Dataset, column: Column, op: str, given: Any, zone: ZoneInfo) -> Any:
    """``given`` (JSON) as what ``Condition.value`` holds. Raises WrongValue."""
    if op in WITHOUT_VALUE:
        if given is not None:
            raise WrongValue(_("No value is expected here."))
        return None
    if op == LAST_N_DAYS:
        return _days(given)
    if op in (Op.CONTAINS, Op.STARTS_WITH):
        return _text(given)
    one = _reader(dataset, column, zone)
    if op == Op.IN:
        return _several(given, one)
    if op == Op.RANGE:
        return _range(given, one, zone)
    return one(given)


def fit(column: Column, expression: Any, stored: "Field[Any, Any]") -> Any:
    """``expression`` as a type that values of the column's kind can be compared with; itself where it is one."""
    match column.kind:
        case Kind.TEXT | Kind.ID:
            if isinstance(stored, GenericIPAddressField):
                return Func(expression, function="HOST", output_field=TextField())
            return expression if isinstance(stored, CharField | TextField) else Cast(expression, TextField())
        case Kind.MONEY | Kind.NUMBER:
            fine = isinstance(stored, DecimalField | FloatField)
            return expression if fine else Cast(expression, DecimalField())
        case Kind.INTEGER:
            return expression if isinstance(stored, IntegerField) else Cast(expression, DecimalField())
        case Kind.DATE:
            return Cast(expression, DateField()) if isinstance(stored, DateTimeField) else expression
        case _:
            return expression


def as_q(condition: Condition, alias: str, *, is_text: bool, zone: ZoneInfo) -> Q:
    """The condition on the annotation called ``alias``. ``is_text``: an empty text counts as empty, too."""
    op, value = condition.op, condition.value
    if op in _EITHER_WAY:
        nothing = Q((f"{alias}__isnull", True))
        nothing = nothing | Q((f"{alias}__exact", "")) if is_text else nothing
        return nothing if op == Op.EMPTY else ~nothing
    least, most = value if op == Op.RANGE else (value, value)
    if condition.column.kind is Kind.DATETIME:
        return _span(alias, least, most, zone)
    if op == Op.RANGE:
        return _at_least(alias, least) & (Q((f"{alias}__lte", most)) if most is not None else Q())
    return Q((f"{alias}__{_LOOKUPS[op]}", value))


_LOOKUPS: Mapping[str, str] = {
    Op.EQUALS: "exact",
    Op.IN: "in",
    Op.CONTAINS: "icontains",
    Op.STARTS_WITH: "istartswith",
}


def _at_least(alias: str, least: Any) -> Q:
    return Q((f"{alias}__gte", least)) if least is not None else Q()


def _span(alias: str, least: Any, most: Any, zone: ZoneInfo) -> Q:
    """From the first instant of ``least`` to the last of ``most``; a day is all of it."""
    found = _at_least(alias, None if least is None else _begin(least, zone))
    if most is None or most == date.max:
        return found
    if isinstance(most, datetime):
        return found & Q((f"{alias}__lte", most))
    return found & Q((f"{alias}__lt", _begin(most + timedelta(days=1), zone)))


def _begin(moment: Any, zone: ZoneInfo) -> datetime:
    if isinstance(moment, datetime):
        return moment
    return datetime.combine(moment, time.min, tzinfo=zone)


# --- values -----------------------------------------------------------------------------------------------
def _plain(value: Any) -> Any:
    """A typed value as JSON: numbers with a fraction as text, so that no digit is lost."""
    if isinstance(value, Decimal):
        return f"{value:f}"
    return value.isoformat() if isinstance(value, date) else value


def _reader(dataset: Dataset, column: Column, zone: ZoneInfo) -> Callable[[Any], Any]:
    match column.kind:
        case Kind.CHOICE:
            choices = choices_of(dataset.model, column)
            return lambda given: _choice(given, choices)
        case Kind.DATETIME:
            return lambda given: _moment(given, zone)
        case _:
            return _READERS[column.kind]


def _text(given: Any) -> str:
    if not isinstance(given, str) or not given:
        raise WrongValue(_("A text is expected."))
    if len(given) > LONGEST_VALUE:
        raise WrongValue(_("At most %(most)d characters.") % {"most": LONGEST_VALUE})
    if "\0" in given:
        raise WrongValue(_("NUL characters are not allowed."))
    try:
        refuse_half_characters(given)
    except ValueError as error:
        raise WrongValue(str(error)) from None
    return given


def _number(given: Any, *, places: int) -> Decimal:
    if isinstance(given, bool) or not isinstance(given, int | float | str) or len(str(given)) > LONGEST_VALUE:
        raise WrongValue(_("A number is expected."))
    try:
        number = forms.DecimalField(max_digits=24, decimal_places=places).clean(str(given))
    except ValidationError as error:
        raise WrongValue(" ".join(error.messages)) from None
    assert isinstance(number, Decimal)
    return number


def _whole(given: Any) -> int:
    number = _number(given, places=0)
    if not -(2**63) <= number < 2**63:
        raise WrongValue(
            _("A whole number from %(least)d to %(most)d is expected.") % {"least": -(2**63), "most": 2**63 - 1}
        )
    return int(number)


def _decimal(given: Any) -> Decimal:
    return _number(given, places=6)


def _yes_or_no(given: Any) -> bool:
    if not isinstance(given, bool):
        raise WrongValue(_("Allowed: %(allowed)s.") % {"allowed": "true, false"})
    return given


def _choice(given: Any, choices: Sequence[tuple[Any, Any]]) -> Any:
    codes = {str(code): code for code, _label in choices}
    if isinstance(given, bool) or not isinstance(given, str | int) or str(given) not in codes:
        allowed = (f"{code} ({label})" if str(code) != str(label) else str(code) for code, label in choices)
        raise WrongValue(_("Allowed: %(allowed)s.") % {"allowed": ", ".join(allowed)})
    return codes[str(given)]


def _day(given: Any) -> date:
    try:
        day = parse_date(given) if isinstance(given, str) and len(given) == len("2026-10-31") else None
    except ValueError:
        day = None
    if day is None:
        raise WrongValue(_("A day such as 2026-10-31 is expected."))
    return day


def _moment(given: Any, zone: ZoneInfo) -> date:
    """A day, or an instant; one without an offset is of ``zone``."""
    try:
        return _day(given)
    except WrongValue:
        pass
    try:
        moment = parse_datetime(given) if isinstance(given, str) and len(given) <= 40 and given.isascii() else None
        if moment is not None:
            return moment.replace(tzinfo=zone).astimezone(zone) if is_naive(moment) else moment.astimezone(zone)
    except (ValueError, OverflowError):
        pass
    raise WrongValue(_("A day such as 2026-10-31 or a time such as 2026-10-31T18:00:00+08:00 is expected."))


def _days(given: Any) -> int:
    if isinstance(given, bool) or not isinstance(given, int) or not 1 <= given <= MOST_DAYS:
        raise WrongValue(_("A whole number from 1 to %(most)d is expected.") % {"most": MOST_DAYS})
    return given


def _several(given: Any, one: Callable[[Any], Any]) -> tuple[Any, ...]:
    if not isinstance(given, list) or not given:
        raise WrongValue(_("A list is expected."))
    if len(given) > MOST_VALUES:
        raise WrongValue(_("At most %(most)d values.") % {"most": MOST_VALUES})
    return tuple(dict.fromkeys(one(item) for item in given))


def _range(given: Any, one: Callable[[Any], Any], zone: ZoneInfo) -> tuple[Any, Any]:
    if not isinstance(given, dict) or not given or not given.keys() <= {"min", "max"}:
        raise WrongValue(_("An object with min, max or both is expected."))
    pair = []
    for name in ("min", "max"):
        try:
            pair.append(one(given[name]) if given.get(name) is not None else None)
        except WrongValue as error:
            raise WrongValue(str(error), name) from None
    least, most = pair
    if least is None and most is None:
        raise WrongValue(_("An object with min, max or both is expected."))
    if least is not None and most is not None and _is_backwards(least, most, zone):
        words = _("The maximum (%(most)s) is smaller than the minimum (%(least)s).")
        raise WrongValue(words % {"most": _plain(most), "least": _plain(least)}, "max")
    return least, most


def _is_backwards(least: Any, most: Any, zone: ZoneInfo) -> bool:
    if isinstance(least, datetime) or isinstance(most, datetime):
        end = most if isinstance(most, datetime) else datetime.combine(most, time.max, tzinfo=zone)
        return bool(_begin(least, zone) > end)
    return bool(most < least)


_READERS: Mapping[Kind, Callable[[Any], Any]] = {
    Kind.TEXT: _text,
    Kind.ID: _text,
    Kind.INTEGER: _whole,
    Kind.MONEY: _decimal,
    Kind.NUMBER: _decimal,
    Kind.BOOLEAN: _yes_or_no,
    Kind.DATE: _day,
}
