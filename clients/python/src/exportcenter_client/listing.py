"""Lists over all pages, while others add and delete.

A server that knows cursors is walked by them. Otherwise the list of exports in its usual order is walked by
time: each page asks for what is not newer than the last item, so that what is new or gone meanwhile moves nothing.
Other orders have page numbers, which may miss a row when rows vanish before it; none comes twice. So has a second in
which more than 200 exports were made.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from exportcenter_client import reading
from exportcenter_client.effects import Flow, Give, Request
from exportcenter_client.errors import InvalidParameters, ProtocolError
from exportcenter_client.models import export_of
from exportcenter_client.sending import send
from exportcenter_client.session import Session
from exportcenter_client.urls import segment

LARGEST_PAGE = 200
NEWEST_FIRST = "-created_at"


def exports(session: Session, filters: Mapping[str, Any], page_size: int) -> Flow[None]:
    """Gives Export after Export. ``filters``: names and values of the list (docs/api.md, List)."""
    by_time = filters.get("ordering", NEWEST_FIRST) == NEWEST_FIRST
    return _walk(session, "/exports", filters, page_size, key="job_id", make=export_of, by_time=by_time)


def definitions(session: Session, filters: Mapping[str, Any], page_size: int) -> Flow[None]:
    """Gives definition after definition, as the server describes them."""
    return _walk(session, "/export-definitions", filters, page_size, key="id", make=dict, by_time=False)


def deliveries(session: Session, webhook: str, filters: Mapping[str, Any], page_size: int) -> Flow[None]:
    """Gives message after message of a webhook, the newest first."""
    path = f"/webhooks/{segment(webhook)}/deliveries"
    return _walk(session, path, filters, page_size, key="id", make=dict, by_time=False)


def tasks(session: Session, filters: Mapping[str, Any], page_size: int) -> Flow[None]:
    """Gives task after task. That list has no cursors."""
    by_time = filters.get("ordering", NEWEST_FIRST) == NEWEST_FIRST
    return _walk(session, "/batch-tasks", filters, page_size, key="id", make=dict, by_time=by_time, cursors=False)


def imports(session: Session, filters: Mapping[str, Any], page_size: int) -> Flow[None]:
    """Gives import after import."""
    return _walk(session, "/imports", filters, page_size, key="job_id", make=dict, by_time=False)


def faulty_rows(session: Session, job_id: str, page_size: int) -> Flow[None]:
    """Gives faulty row after faulty row of an import, in the order of the file."""
    return _walk(session, f"/imports/{segment(job_id)}/rows", {}, page_size, key="row", make=dict, by_time=False)


def changes(session: Session, job_id: str, filters: Mapping[str, Any], page_size: int) -> Flow[None]:
    """Gives what an import has written, row after row."""
    path = f"/imports/{segment(job_id)}/changes"
    return _walk(session, path, filters, page_size, key="row", make=dict, by_time=False)


def tokens(session: Session, page_size: int) -> Flow[None]:
    """Gives API token after API token, the newest first. That list has no cursors."""
    return _walk(session, "/me/tokens", {}, page_size, key="id", make=dict, by_time=False, cursors=False)


def _walk(
    session: Session,
    path: str,
    filters: Mapping[str, Any],
    page_size: int,
    *,
    key: str,
    make: Any,
    by_time: bool,
    cursors: bool = True,
) -> Flow[None]:
    words = words_of(filters)
    seen: set[str] = set()
    place = {"cursor": ""} if cursors else {}
    number = 1
    while True:
        query = _replaced(words, place | {"page_size": str(page_size)})
        try:
            body = reading.as_object((yield from send(session, Request("GET", path, query=query))))
        except InvalidParameters as refusal:
            if place.get("cursor") != "" or list(refusal.details) != ["cursor"]:
                raise
            place = {}  # a server that does not know cursors
            continue
        items = _items(body)
        for item in items:
            if str(item.get(key)) not in seen:
                seen.add(str(item.get(key)))
                yield Give(make(item))
        if "cursor" in place:
            if not (cursor := body.get("next_cursor")):
                return
            if place["cursor"] == cursor or not isinstance(cursor, str):
                raise ProtocolError("The server's cursor does not move.")
            place = {"cursor": cursor}
            continue
        if len(items) < _size(body, page_size):
            return
        until = _until(items[-1]) if by_time else ""
        if until and until != place.get("created_to"):
            place, number = {"created_to": until}, 1
        elif until and page_size < LARGEST_PAGE:  # more than a page within one second: take it in larger pages
            page_size = LARGEST_PAGE
        else:  # more than the largest page within one second, or no time to go by
            number += 1
            place = place | {"page": str(number)}


def _until(item: Mapping[str, Any]) -> str:
    """The end, exclusive, of what may come after this item. Times are told in whole seconds."""
    try:
        moment = datetime.fromisoformat(str(item.get("created_at")))
    except ValueError:
        return ""
    return (moment + timedelta(seconds=1)).isoformat(timespec="seconds")


def words_of(filters: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Names and values as a query string has them; those that are None are left out, lists come one by one."""
    several = [(name, value if isinstance(value, list | tuple) else [value]) for name, value in filters.items()]
    return [(name, _word(one)) for name, values in several for one in values if one is not None]


def _word(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _replaced(words: list[tuple[str, str]], place: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    return (*((name, value) for name, value in words if name not in place), *place.items())


def _items(body: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    items = body.get("items")
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise ProtocolError("The answer is no list.")
    return items


def _size(body: Mapping[str, Any], asked: int) -> int:
    size = body.get("page_size")
    return size if isinstance(size, int) and size > 0 else asked
