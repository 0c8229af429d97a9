"""A list as the API answers it: by page, or by cursor; the same filters and the same order either way (SPEC A1)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.response import Response

from exportcenter.common import keyset
from exportcenter.common.errors import InvalidParameters
from exportcenter.common.keyset import Key
from exportcenter.common.paging import LARGEST_PAGE, PAGE_SIZE, count, paginate, whole_number

PAGING = frozenset({"page", "page_size", "cursor", "total"})
"""Parameters of every list."""
OF_ONE_PAGE = PAGING - {"page"}
"""What may differ between two pages of one walk by cursor."""
ESTIMATED = {"X-Total-Estimated": "true"}


@dataclass(frozen=True)
class Listing:
    """How a list is read and shown.

    Attributes:
        keys: the order; the last one is unique
        walk: an ordering that a covering index serves; rows are counted along it
        belongs_to: which list it is, and whose: cursors of another one, or with other filters, are refused
        present: a row as an item
    """

    keys: Sequence[Key]
    walk: Sequence[str]
    belongs_to: Sequence[str]
    present: Callable[[Any], dict[str, Any]]

    def answer(self, request: Request, rows: "QuerySet[Any]") -> Response:
        """{total, page, page_size, items}; with ``?cursor=`` {items, page_size, next_cursor}, and ``total`` on demand.

        The header Link names the next page, X-Total-Estimated says that the total is an estimate.
        Raises InvalidParameters.
        """
        query = request.query_params
        if "cursor" not in query:
            if "total" in query:
                words = _("Pages always have a total. It is asked for with a cursor only.")
                raise InvalidParameters(details={"total": [words]})
            return self._by_page(request, rows)
        if "page" in query:
            raise InvalidParameters(details={"page": [_("Send a page or a cursor, not both.")]})
        return self._by_cursor(request, rows)

    def _by_page(self, request: Request, rows: "QuerySet[Any]") -> Response:
        ordered = rows.order_by(*(key.order() for key in self.keys))
        page = paginate(ordered, request.query_params, walk=self.walk)
        body = {
            "total": page.total,
            "page": page.number,
            "page_size": page.size,
            "items": [self.present(row) for row in page.items],
        }
        headers = {} if page.exact else dict(ESTIMATED)
        if page.has_next:
            headers["Link"] = next_link(request, page=str(page.number + 1))
        return Response(body, headers=headers)

    def _by_cursor(self, request: Request, rows: "QuerySet[Any]") -> Response:
        query = request.query_params
        size = whole_number(query, "page_size", PAGE_SIZE, LARGEST_PAGE)
        wants_total = query.get("total", "false")
        if wants_total not in ("true", "false"):
            raise InvalidParameters(details={"total": [_("Allowed: %(allowed)s.") % {"allowed": "true, false"}]})
        asked = sorted((name, sorted(query.getlist(name))) for name in query if name not in OF_ONE_PAGE)
        belongs_to = [*self.belongs_to, asked]
        found = keyset.after(rows, self.keys, cursor=query["cursor"], size=size, belongs_to=belongs_to, by_index=True)
        body: dict[str, Any] = {
            "items": [self.present(row) for row in found.items],
            "page_size": size,
            "next_cursor": found.next_cursor or None,
        }
        headers = {}
        if wants_total == "true":
            body["total"], exact = count(rows.order_by(*self.walk))
            headers = {} if exact else dict(ESTIMATED)
        if found.next_cursor:
            headers["Link"] = next_link(request, cursor=found.next_cursor)
        return Response(body, headers=headers)


def next_link(request: Request, **changes: str) -> str:
    """The header Link (RFC 8288) to this list with some parameters changed."""
    query = request._request.GET.copy()
    for name, value in changes.items():
        query[name] = value
    return f'<{request._request.build_absolute_uri(request.path)}?{query.urlencode()}>; rel="next"'
