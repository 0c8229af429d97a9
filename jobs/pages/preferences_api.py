"""REST API of page preferences: one's own, by page (SPEC U4, U7)."""

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import User
from accounts.scopes import Scope
from accounts.signin.person import person
from exportcenter.common.bodies import is_object, read_body
from exportcenter.common.openapi import documented
from jobs.exports.view import ExportView
from jobs.pages import api_docs, saved_views
from jobs.pages.preferences import get_preference, set_preference


class PreferenceDetail(ExportView):
    """What one has chosen for a page."""

    scopes = {"GET": Scope.ACCOUNT_READ, "PUT": Scope.ACCOUNT_WRITE, "PATCH": Scope.ACCOUNT_WRITE}

    @documented(api_docs.GET_PREFERENCE)
    def get(self, request: Request, page: str) -> Response:
        """{value}, complete: what was never chosen has its default."""
        viewer = person(request)
        return _shown(page, get_preference(page=page, user_id=viewer.pk), viewer)

    @documented(api_docs.SET_PREFERENCE)
    def put(self, request: Request, page: str) -> Response:
        """Replace the whole value; what it does not name has its default again."""
        return self._set(request, page, merge=False)

    @documented(api_docs.CHANGE_PREFERENCE)
    def patch(self, request: Request, page: str) -> Response:
        """Replace what the value names, on its first level."""
        return self._set(request, page, merge=True)

    def _set(self, request: Request, page: str, *, merge: bool) -> Response:
        body = read_body(request, value=is_object, required=("value",))
        actor = person(request)
        return _shown(page, set_preference(page=page, value=body["value"], merge=merge, actor=actor), actor)


def _shown(page: str, value: dict[str, Any], viewer: User) -> Response:
    """A default view that is gone, or hidden by now, is none."""
    if "default_view" in value:
        value["default_view"] = saved_views.default_of(page, viewer)
    return Response({"value": value})
