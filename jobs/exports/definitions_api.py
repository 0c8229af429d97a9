"""REST API of definitions of custom exports: thin doors to jobs.exports.definitions (SPEC E20)."""

from typing import Any

from django.db.models import Q
from django.http import HttpResponseBase
from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import User
from accounts.scopes import Scope
from accounts.signin.person import person
from exportcenter.common.bodies import is_list, is_object, is_text, read_body
from exportcenter.common.client import client_of
from exportcenter.common.errors import InvalidParameters
from exportcenter.common.keyset import Key
from exportcenter.common.listing import PAGING, Listing
from exportcenter.common.openapi import documented
from exportcenter.common.paging import unknown_names
from jobs.exports import definitions, definitions_docs, definitions_presenting
from jobs.exports.bodies import is_version
from jobs.exports.making import Made, MakesExport
from jobs.exports.view import ExportView
from jobs.models import ExportDefinition

QUERY = (*sorted(PAGING), "mine", "archived", "dataset", "q")
LAST_CHANGED_FIRST = (Key("updated_at", descending=True), Key("id", descending=True))


class DefinitionList(ExportView):
    """GET: those one may see. POST: create."""

    scopes = {"GET": Scope.DEFINITIONS_READ, "POST": Scope.DEFINITIONS_WRITE}

    @documented(definitions_docs.LIST_DEFINITIONS)
    def get(self, request: Request) -> Response:
        """{total, page, page_size, items}, or by cursor; the last changed first."""
        viewer = person(request)
        visible = ExportDefinition.objects.visible_to(viewer).select_related("owner")
        listing = Listing(
            keys=LAST_CHANGED_FIRST,
            walk=("-updated_at", "-id"),
            belongs_to=("export-definitions", str(viewer.pk)),
            present=lambda one: definitions_presenting.present(one, viewer=viewer),
        )
        return listing.answer(request, _narrow(visible, request.query_params, viewer))

    @documented(definitions_docs.CREATE_DEFINITION)
    def post(self, request: Request) -> Response:
        """201 with the new definition."""
        body = read_body(
            request,
            name=is_text,
            dataset=is_text,
            body=is_object,
            description=is_text,
            comment=is_text,
            shared=is_text,
            roles=is_list,
            required=("name", "dataset", "body"),
        )
        made = definitions.create_definition(
            **(body | {"roles": body.get("roles") or []}), actor=person(request), client=client_of(request._request)
        )
        shown = definitions_presenting.present_detail(made, viewer=person(request))
        return Response(shown, status=201, headers={"Location": f"{request.path.rstrip('/')}/{made.pk}"})


class DefinitionDetail(ExportView):
    """One definition with its content and its versions."""

    scopes = {"GET": Scope.DEFINITIONS_READ, "PATCH": Scope.DEFINITIONS_WRITE}

    @documented(definitions_docs.GET_DEFINITION)
    def get(self, request: Request, key: str) -> Response:
        """200, or 404 for what the asker may not see."""
        return _shown(definitions.find_visible(key, person(request)), request)

    @documented(definitions_docs.CHANGE_DEFINITION)
    def patch(self, request: Request, key: str) -> Response:
        """Change it. ``expected_version`` must be its version, else 409."""
        body = read_body(
            request,
            expected_version=is_version,
            name=is_text,
            description=is_text,
            body=is_object,
            comment=is_text,
            required=("expected_version",),
        )
        changed = definitions.update_definition(key, **body, actor=person(request), client=client_of(request._request))
        return _shown(changed, request)


class DefinitionVersionDetail(ExportView):
    """What a definition said in one version."""

    scopes = {"GET": Scope.DEFINITIONS_READ}

    @documented(definitions_docs.GET_VERSION)
    def get(self, request: Request, key: str, number: int) -> Response:
        """{version, body, …}"""
        definition = definitions.find_visible(key, person(request))
        version = definitions.get_version(definition, min(number, 2**31 - 1))
        return Response(definitions_presenting.present_version(definition, version, viewer=person(request)))


class DefinitionShare(ExportView):
    """Who sees it."""

    scopes = {"POST": Scope.DEFINITIONS_WRITE}

    @documented(definitions_docs.SHARE_DEFINITION)
    def post(self, request: Request, key: str) -> Response:
        """The definition."""
        body = read_body(request, shared=is_text, roles=is_list, required=("shared",))
        changed = definitions.share_definition(
            key,
            shared=body["shared"],
            roles=body.get("roles") or [],
            actor=person(request),
            client=client_of(request._request),
        )
        return _shown(changed, request)


class DefinitionArchive(ExportView):
    """Take it out of use."""

    scopes = {"POST": Scope.DEFINITIONS_WRITE}

    @documented(definitions_docs.ARCHIVE_DEFINITION)
    def post(self, request: Request, key: str) -> Response:
        """The definition."""
        read_body(request)
        changed = definitions.archive_definition(key, actor=person(request), client=client_of(request._request))
        return _shown(changed, request)


class DefinitionRestore(ExportView):
    """Bring it back."""

    scopes = {"POST": Scope.DEFINITIONS_WRITE}

    @documented(definitions_docs.RESTORE_DEFINITION)
    def post(self, request: Request, key: str) -> Response:
        """The definition."""
        read_body(request)
        changed = definitions.restore_definition(key, actor=person(request), client=client_of(request._request))
        return _shown(changed, request)


class DefinitionRun(MakesExport):
    """Export by it."""

    scopes = {"POST": Scope.EXPORTS_WRITE}

    @documented(definitions_docs.RUN_DEFINITION)
    def post(self, request: Request, **names: Any) -> HttpResponseBase:
        """See MakesExport."""
        return super().post(request, **names)

    def make(self, request: Request, **names: Any) -> Made:
        """201 with the new export, as POST /exports answers."""
        body = read_body(request, version=is_version, file_type=is_text, options=is_object, source=is_text)
        job = definitions.run_definition(
            names["key"], **body, actor=person(request), client=client_of(request._request)
        )
        return Made(job)


def _shown(definition: ExportDefinition, request: Request) -> Response:
    return Response(definitions_presenting.present_detail(definition, viewer=person(request)))


def _narrow(rows: Any, query: Any, viewer: User) -> Any:
    """The list by the query string. Raises InvalidParameters naming what is unknown or wrong."""
    problems = unknown_names(query, QUERY)
    for name in ("mine", "archived"):
        if query.get(name, "true") not in ("true", "false"):
            problems[name] = [_("Allowed: %(allowed)s.") % {"allowed": "true, false"}]
    for name in ("dataset", "q"):
        if "\0" in query.get(name, ""):
            problems[name] = [_("NUL characters are not allowed.")]
    if problems:
        raise InvalidParameters(details=problems)
    if query.get("mine") is not None:
        rows = rows.filter(owner=viewer) if query["mine"] == "true" else rows.exclude(owner=viewer)
    if query.get("dataset"):
        rows = rows.filter(dataset=query["dataset"][:63])
    if query.get("q"):
        words = query["q"][:100]
        rows = rows.filter(Q(name__icontains=words) | Q(description__icontains=words))
    return rows.filter(archived_at__isnull=query.get("archived", "false") == "false")
