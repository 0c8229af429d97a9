"""Pages by cursor: the page after a million rows costs what the first one costs.

A cursor holds the sort keys of the last row that was seen and a hash of the query they belong to. It is signed, so
that it can be trusted to name rows only, and opaque, so that nobody builds one.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.core import signing
from django.db.models import F, Q, QuerySet
from django.utils.translation import gettext as _

from exportcenter.common.errors import InvalidParameters

SALT = "exportcenter.cursor"
LONGEST = 1000


@dataclass(frozen=True)
class Key:
    """One sort key.

    Attributes:
        name: of the field
        descending: whether large values come first
        nullable: NULLs come last when descending, first otherwise, so that one index serves both
        sorted_by: an expression that sorts as the field does, where the field's own index would be a detour
    """

    name: str
    descending: bool = False
    nullable: bool = False
    sorted_by: Any = None

    def order(self) -> Any:
        """The key for order_by()."""
        field = F(self.name) if self.sorted_by is None else self.sorted_by
        if not self.nullable:
            return field.desc() if self.descending else field.asc()
        return field.desc(nulls_last=True) if self.descending else field.asc(nulls_first=True)

    def beyond(self, value: Any) -> Q:
        """Rows whose key comes after ``value``."""
        if not self.nullable:
            return Q(**{f"{self.name}__{'lt' if self.descending else 'gt'}": value})
        if self.descending:
            return Q() if value is None else Q(**{f"{self.name}__lt": value}) | Q(**{f"{self.name}__isnull": True})
        return Q(**{f"{self.name}__isnull": False}) if value is None else Q(**{f"{self.name}__gt": value})

    def same(self, value: Any) -> Q:
        """Rows with this key."""
        return Q(**{f"{self.name}__isnull": True}) if value is None else Q(**{self.name: value})


@dataclass(frozen=True)
class Slice:
    """Some rows, and the cursor of those that follow; empty at the end."""

    items: list[Any]
    next_cursor: str


def after(
    queryset: "QuerySet[Any]",
    keys: Sequence[Key],
    *,
    cursor: str,
    size: int,
    belongs_to: Any = None,
    by_index: bool = False,
) -> Slice:
    """The ``size`` rows behind ``cursor`` (empty: from the beginning) in the order of ``keys``, the last of which is
    unique and never NULL.

    Parameters:
        belongs_to: JSON-serialisable description of the query; a cursor of another query is refused
        by_index: find the rows' keys first, which a covering index alone can do, and then the rows: one question more
    Raises InvalidParameters for a cursor that was not given out for this query.
    """
    rows = beyond(queryset, keys, cursor, belongs_to=belongs_to).order_by(*(key.order() for key in keys))
    if by_index:
        found = list(rows.values_list("pk", *(key.name for key in keys))[: size + 1])
        keys_of = [row[1:] for row in found]
        items = _rows_of([row[0] for row in found[:size]], queryset)
    else:
        items = list(rows[: size + 1])
        keys_of = [tuple(getattr(row, key.name) for key in keys) for row in items]
        items = items[:size]
    if len(keys_of) <= size:
        return Slice(items, "")
    return Slice(items, cursor_behind(keys_of[size - 1], keys, belongs_to=belongs_to))


def beyond(queryset: "QuerySet[Any]", keys: Sequence[Key], cursor: str, *, belongs_to: Any = None) -> "QuerySet[Any]":
    """The rows behind ``cursor`` (empty: all), in no order yet. Raises InvalidParameters like ``after``."""
    return queryset.filter(_behind(keys, _read(cursor, _mark(keys, belongs_to)))) if cursor else queryset


def cursor_behind(values: Sequence[Any], keys: Sequence[Key], *, belongs_to: Any = None) -> str:
    """The cursor of what comes after the row whose ``keys`` have these values."""
    return signing.dumps([_mark(keys, belongs_to), *map(_plain, values)], salt=SALT)


def _rows_of(found: list[Any], queryset: "QuerySet[Any]") -> list[Any]:
    """The rows of these primary keys, in this order; one that is gone meanwhile is left out."""
    rows = {row.pk: row for row in queryset.order_by().filter(pk__in=found)} if found else {}
    return [rows[key] for key in found if key in rows]


def _behind(keys: Sequence[Key], values: Sequence[Any]) -> Q:
    """Lexicographically after ``values``. The first key's own bound stands outside the alternatives, where an index
    range can use it."""
    condition = Q()
    for number in reversed(range(len(keys))):
        step = keys[number].beyond(values[number])
        if number < len(keys) - 1:
            inner = keys[number].same(values[number]) & condition
            step = inner if not step else step | inner
        elif not step:
            raise ValueError("the last key must never be NULL")
        condition = step
    first = keys[0]
    if not first.nullable:
        condition &= Q(**{f"{first.name}__{'lte' if first.descending else 'gte'}": values[0]})
    return condition


def _read(cursor: str, mark: str) -> list[Any]:
    try:
        if len(cursor) > LONGEST:
            raise signing.BadSignature
        found, *values = signing.loads(cursor, salt=SALT)
        if found != mark:
            raise signing.BadSignature
        return [_value(value) for value in values]
    except (signing.BadSignature, ValueError, TypeError) as error:
        words = _("This cursor belongs to another list. Begin without one.")
        raise InvalidParameters(details={"cursor": [words]}) from error


def _mark(keys: Sequence[Key], belongs_to: Any) -> str:
    text = json.dumps([[key.name, key.descending] for key in keys] + [belongs_to], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return {"t": value.isoformat()}
    return str(value) if isinstance(value, UUID | Decimal) else value


def _value(value: Any) -> Any:
    return datetime.fromisoformat(value["t"]) if isinstance(value, dict) else value
