"""REST API of saved views: thin doors to jobs.pages.saved_views (SPEC U7)."""

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from accounts.scopes import Scope
from accounts.signin.person import person
from exportcenter.common.bodies import is_list, is_object, is_text, read_body
from exportcenter.common.client import client_of
from exportcenter.common.openapi import documented
from exportcenter.common.paging import refuse_unknown
from jobs.exports.view import ExportView
from jobs.pages import api_docs, saved_views
from jobs.pages.preferences import EXPORTS
from jobs.pages.saved_views import View
from jobs.pages.views_presenting import present, present_list, present_roles


class SavedViewList(ExportView):
    """GET: those one may see. POST: create."""

    scopes = {"GET": Scope.ACCOUNT_READ, "POST": Scope.ACCOUNT_WRITE}

    @documented(api_docs.LIST_VIEWS)
    def get(self, request: Request) -> Response:
        """{items, roles}: the views, and whom one can share with."""
        refuse_unknown(request.query_params, ("page",))
        page = request.query_params.get("page", EXPORTS)
        return Response({"items": present_list(page, viewer=person(request)), "roles": present_roles()})

    @documented(api_docs.CREATE_VIEW)
    def post(self, request: Request) -> Response:
        """201 with the new view."""
        body = read_body(
            request,
            page=is_text,
            name=is_text,
            query=is_object,
            shared=is_text,
            roles=is_list,
            required=("page", "name", "query"),
        )
        made = saved_views.create_view(
            **(body | {"roles": body.get("roles") or []}), actor=person(request), client=client_of(request._request)
        )
        return _shown(made, request, status=201, headers={"Location": f"{request.path.rstrip('/')}/{made.pk}"})


class SavedViewDetail(ExportView):
    """One view."""

    scopes = {"GET": Scope.ACCOUNT_READ, "PATCH": Scope.ACCOUNT_WRITE, "DELETE": Scope.ACCOUNT_WRITE}

    @documented(api_docs.GET_VIEW)
    def get(self, request: Request, key: str) -> Response:
        """200, or 404 for what the asker may not see."""
        return _shown(saved_views.find_visible(key, person(request)), request)

    @documented(api_docs.CHANGE_VIEW)
    def patch(self, request: Request, key: str) -> Response:
        """Change it; its owner only."""
        body = read_body(request, name=is_text, query=is_object, shared=is_text, roles=is_list)
        changed = saved_views.update_view(key, **body, actor=person(request), client=client_of(request._request))
        return _shown(changed, request)

    @documented(api_docs.DELETE_VIEW)
    def delete(self, request: Request, key: str) -> Response:
        """{ok: true}; its owner only."""
        saved_views.delete_view(key, actor=person(request), client=client_of(request._request))
        return Response({"ok": True})


class SavedViewDefault(ExportView):
    """With which view the page opens."""

    scopes = {"POST": Scope.ACCOUNT_WRITE, "DELETE": Scope.ACCOUNT_WRITE}

    @documented(api_docs.MAKE_DEFAULT)
    def post(self, request: Request, key: str) -> Response:
        """The view, which is the default now."""
        read_body(request)
        return _shown(saved_views.make_default(key, actor=person(request)), request)

    @documented(api_docs.UNMAKE_DEFAULT)
    def delete(self, request: Request, key: str) -> Response:
        """The view, which is not the default any more."""
        return _shown(saved_views.unmake_default(key, actor=person(request)), request)


def _shown(view: View, request: Request, **options: Any) -> Response:
    return Response(present(view, viewer=person(request)), **options)
