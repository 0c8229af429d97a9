"""Pages of a list: strict parameters, and a total that does not cost more than the page."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import OperationalError, connection, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from psycopg.errors import QueryCanceled

from exportcenter.common.errors import InvalidParameters

PAGE_SIZE = 20
LARGEST_PAGE = 200
ALWAYS_EXACT = 1_000
EXACT_UP_TO = 10_000
COUNT_MILLISECONDS = 20
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
    has_next: bool = False
    """Whether there is a page after this one that can be asked for."""


def whole_number(query: Any, name: str, default: int, most: int) -> int:
    """A positive whole number from the query string. Raises InvalidParameters that says what is allowed."""
    text = query.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit()) or len(text) > 12 or not 1 <= int(text) <= most:
        raise InvalidParameters(details={name: [_("A whole number from 1 to %(most)d is expected.") % {"most": most}]})
    return int(text)


def unknown_names(query: Any, names: Sequence[str]) -> dict[str, list[str]]:
    """What is wrong with each parameter of the query string that is none of ``names``."""
    words = _("There is no filter of this name. Allowed: %(allowed)s.") % {"allowed": ", ".join(names) or "-"}
    return {name[:100]: [words] for name in query if name not in names}


def refuse_unknown(query: Any, names: Sequence[str]) -> None:
    """Raise InvalidParameters unless every parameter of the query string is one of ``names``."""
    if problems := unknown_names(query, names):
        raise InvalidParameters(details=problems)


def paginate(queryset: "QuerySet[Any]", query: Any, *, walk: Sequence[str] = ()) -> Page:
    """The page that ``page`` and ``page_size`` of the query string ask for.

    ``walk`` is an ordering that a covering index serves; rows are counted along it. The page's keys are found first,
    which an index alone can do, and only then its rows.
    """
    size = whole_number(query, "page_size", PAGE_SIZE, LARGEST_PAGE)
    deepest = DEEPEST_ROW // size
    number = whole_number(query, "page", 1, deepest)
    total, exact = count(queryset.order_by(*walk))
    first = (number - 1) * size
    keys = list(queryset.values_list("pk", flat=True)[first : first + size + 1])
    has_next = len(keys) > size and number < deepest
    rows = {row.pk: row for row in queryset.order_by().filter(pk__in=keys[:size])} if keys else {}
    return Page([rows[key] for key in keys if key in rows], total, exact, number, size, has_next)


def count(queryset: "QuerySet[Any]") -> tuple[int, bool]:
    """(number of rows, whether it is exact).

    Always exact up to ALWAYS_EXACT; up to EXACT_UP_TO when that takes no more than COUNT_MILLISECONDS; beyond that the
    planner's estimate. So a total never costs much more than the page it stands on.
    """
    least = queryset[: ALWAYS_EXACT + 1].count()
    if least <= ALWAYS_EXACT:
        return least, True
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT set_config('statement_timeout', %s, true)", [str(COUNT_MILLISECONDS)])
            least = queryset[: EXACT_UP_TO + 1].count()
            cursor.execute("SELECT set_config('statement_timeout', '0', true)")
    except OperationalError as error:
        if not isinstance(error.__cause__, QueryCanceled):
            raise
    else:
        if least <= EXACT_UP_TO:
            return least, True
    return max(least, _estimate(queryset)), False


def _estimate(queryset: "QuerySet[Any]") -> int:
    sql, params = queryset.order_by().values("pk").query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}", params)
        plan = cursor.fetchone()[0]
    return int(plan[0]["Plan"]["Plan Rows"])
