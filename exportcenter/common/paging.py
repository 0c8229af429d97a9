"""Pages of a list: strict parameters, and a total that does not cost more than the page."""

from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from exportcenter.common.errors import InvalidParameters

PAGE_SIZE = 20
LARGEST_PAGE = 200
EXACT_UP_TO = 10_000
DEEPEST_ROW = 1_000_000
"""Beyond this OFFSET costs more than the answer is worth."""


@dataclass(frozen=True)
class Page:
    """One page of a list."""

    items: list[Any]
    total: int
    exact: bool
    """False: ``total`` is the planner's estimate, because counting would cost more than the page."""
    number: int
    size: int


def whole_number(query: Any, name: str, default: int, most: int) -> int:
    """A positive whole number from the query string. Raises InvalidParameters that says what is allowed."""
    text = query.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit()) or len(text) > 12 or not 1 <= int(text) <= most:
        raise InvalidParameters(details={name: [_("A whole number from 1 to %(most)d is expected.") % {"most": most}]})
    return int(text)


def paginate(queryset: "QuerySet[Any]", query: Any) -> Page:
    """The page that ``page`` and ``page_size`` of the query string ask for."""
    size = whole_number(query, "page_size", PAGE_SIZE, LARGEST_PAGE)
    number = whole_number(query, "page", 1, DEEPEST_ROW // size)
    total, exact = count(queryset)
    first = (number - 1) * size
    return Page(list(queryset[first : first + size]), total, exact, number, size)


def count(queryset: "QuerySet[Any]") -> tuple[int, bool]:
    """(number of rows, whether it is exact): exact up to EXACT_UP_TO, the planner's estimate beyond."""
    capped = queryset.order_by()[: EXACT_UP_TO + 1].count()
    if capped <= EXACT_UP_TO:
        return capped, True
    sql, params = queryset.order_by().values("pk").query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}", params)
        plan = cursor.fetchone()[0]
    return max(capped, int(plan[0]["Plan"]["Plan Rows"])), False
