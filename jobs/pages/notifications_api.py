"""REST API of notifications: what the bell shows (SPEC J7)."""

from typing import Any

from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import User
from accounts.scopes import Scope
from accounts.signin.person import local_iso, person, reader
from exportcenter.common.bodies import is_list, is_yes_no, read_body
from exportcenter.common.errors import InvalidParameters
from exportcenter.common.etag import conditional, tag_of
from exportcenter.common.openapi import documented
from exportcenter.common.paging import refuse_unknown, whole_number
from jobs.exports.view import ExportView
from jobs.models import Notification
from jobs.notices import inbox
from jobs.notices.presenting import words_of
from jobs.pages import api_docs

LIMIT = 20
LARGEST_LIMIT = 100
HIGHEST_ID = 10**12 - 1
MOST_IDS = 500


class NotificationList(ExportView):
    """One's own, the newest first."""

    scopes = {"GET": Scope.ACCOUNT_READ}

    @documented(api_docs.LIST_NOTIFICATIONS)
    def get(self, request: Request) -> Response:
        """{unread, items}; ``before``: only what is older than this id. 304 to whoever has it already."""
        query, viewer = request.query_params, person(request)
        refuse_unknown(query, ("before", "limit"))
        before = whole_number(query, "before", HIGHEST_ID, HIGHEST_ID)
        limit = whole_number(query, "limit", LIMIT, LARGEST_LIMIT)

        def make() -> Response:
            rows = inbox.newest(actor=viewer, before=before, limit=limit)
            return Response({"unread": inbox.count_unread(viewer.pk), "items": [_present(row, viewer) for row in rows]})

        tag = tag_of(request, reader(viewer), inbox.mark(actor=viewer, before=before, limit=limit))
        return conditional(request, tag, make)


class NotificationRead(ExportView):
    """Mark as read."""

    scopes = {"POST": Scope.ACCOUNT_WRITE}

    @documented(api_docs.READ_NOTIFICATIONS)
    def post(self, request: Request) -> Response:
        """{unread}; body {ids: […]} or {all: true}."""
        body = read_body(request, ids=is_list, all=is_yes_no)
        return Response({"unread": inbox.mark_read(actor=person(request), ids=_ids(body))})


def _ids(body: dict[str, Any]) -> list[int] | None:
    """The ids named, or None for all. Raises InvalidParameters unless the body says exactly one of both."""
    if body == {"all": True}:
        return None
    ids = body.get("ids")
    if len(body) != 1 or ids is None:
        raise InvalidParameters(details={"ids": [_("Send either a list of ids, or all: true.")]})
    if len(ids) > MOST_IDS or not all(isinstance(one, int) and not isinstance(one, bool) for one in ids):
        raise InvalidParameters(details={"ids": [_("At most %(most)d whole numbers.") % {"most": MOST_IDS}]})
    return [one for one in ids if 0 < one <= HIGHEST_ID]


def _present(notification: Notification, viewer: User) -> dict[str, Any]:
    words = words_of(notification)
    return {
        "id": notification.pk,
        "kind": notification.kind,
        "subject": notification.subject,
        "title": words.title,
        "text": f"{words.text} {words.advice}".strip(),
        "level": words.level.value,
        "created_at": local_iso(notification.created_at, viewer),
        "read_at": local_iso(notification.read_at, viewer),
        "link": words.link_for(viewer),
    }
