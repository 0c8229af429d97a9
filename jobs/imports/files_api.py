"""REST API before an import: what can be imported, sending a file, looking into it (SPEC B1, B7)."""

from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.limits.doors import spend
from accounts.limits.rates import CREATE
from accounts.models import User
from accounts.scopes import Scope
from accounts.signin.person import person, reader
from exportcenter.common.client import client_of
from exportcenter.common.database import allow_pauses
from exportcenter.common.errors import InvalidParameters, Unavailable
from exportcenter.common.etag import conditional, tag_of
from exportcenter.common.ids import read_id
from exportcenter.common.openapi import documented
from exportcenter.common.paging import refuse_unknown
from exportcenter.common.streaming import attach
from exportcenter.common.uploads import PAUSE_SECONDS, TakesFile, file_of
from jobs.datasets import Dataset, Mode
from jobs.engine.errors import StorageTrouble
from jobs.exports.view import ExportView
from jobs.imports import api_docs, catalogue, catalogue_presenting, files, mapping, presenting, services
from jobs.imports.fields import fields_of
from jobs.imports.reading import Column
from jobs.imports.reading.table import Choices
from jobs.imports.templates import make_template

READ = tuple(Choices.__dataclass_fields__)
"""Parameters that say how a file is read."""


class ImportDatasets(ExportView):
    """What can be imported."""

    scopes = {"GET": Scope.IMPORTS_READ}

    @documented(api_docs.LIST_DATASETS)
    def get(self, request: Request) -> Response:
        """{items, limits}; 304 to whoever has it already. All is at hand: the answer itself is its mark."""
        viewer = person(request)
        items = [catalogue_presenting.present(offer, viewer=viewer) for offer in catalogue.offers(viewer)]
        body = {"items": items, "limits": catalogue_presenting.limits()}
        return conditional(request, tag_of(request, reader(viewer), body), lambda: Response(body))


class ImportTemplate(ExportView):
    """An empty file to fill in."""

    scopes = {"GET": Scope.IMPORTS_READ}

    @documented(api_docs.GET_TEMPLATE)
    def get(self, request: Request) -> HttpResponse:
        """200 the file, in the person's language."""
        query = request.query_params
        refuse_unknown(query, ("dataset", "mode", "file_type"))
        dataset, mode = _named(query)
        made = make_template(dataset, viewer=person(request), mode=mode, file_type=query.get("file_type", "xlsx"))
        response = HttpResponse(made.content, content_type=made.content_type)
        attach(response, name=made.name, plain=f"import-{dataset.key}-{mode}{PurePosixPath(made.name).suffix}")
        return response


class ImportFiles(TakesFile, ExportView):
    """Files of people."""

    scopes = {"POST": Scope.IMPORTS_WRITE}

    def most_bytes(self) -> int:
        """Whatever the settings allow."""
        return int(settings.IMPORT_FILE_BYTES)

    @documented(api_docs.SEND_FILE)
    def post(self, request: Request) -> Response:
        """201 with the file; 413, 415; 422 when it is no table."""
        spend(request, CREATE)
        given = file_of(request)
        try:
            kept = files.keep_file(
                _blocks(given), name=given.name or "", actor=person(request), client=client_of(request._request)
            )
        except StorageTrouble as trouble:
            raise Unavailable() from trouble
        where = reverse("imports-files-detail", args=[kept.pk])
        return Response(presenting.present_file(kept, person(request)), status=201, headers={"Location": where})


class ImportFileGlance(ExportView):
    """One file that somebody has sent: for that person only."""

    scopes = {"GET": Scope.IMPORTS_READ}

    @documented(api_docs.GLANCE)
    def get(self, request: Request, file_id: str) -> Response:
        """200 what it is and its first rows; 404; 422 when it cannot be read in this way."""
        viewer, query = person(request), request.query_params
        refuse_unknown(query, ("dataset", "mode", *READ))
        spend(request, CREATE)
        kept = files.find_file(read_id(file_id), actor=viewer)
        choices = _choices(query)
        wish = _wish(query)
        allow_pauses(PAUSE_SECONDS)
        seen = files.glance(kept, choices)
        guess = None if wish is None else _guess(*wish, seen.facts.header, viewer)
        return Response(presenting.present_glance(kept, seen, viewer) | {"guess": guess})


def _blocks(given: UploadedFile) -> Iterator[bytes]:
    """Its bytes, a block at a time."""
    return given.chunks(files.BLOCK)


def _choices(query: Any) -> Choices:
    """How the file is to be read. Raises InvalidParameters that names the parameter."""
    wish: dict[str, Any] = {name: query[name] for name in READ if query.get(name)}
    if "header_row" in wish:
        wish["header_row"] = _number(wish["header_row"])
    try:
        return files.choices_of(wish)
    except InvalidParameters as error:
        named = {name.removeprefix("choices."): words for name, words in error.details.items()}
        raise InvalidParameters(details=named) from error


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 4):
        raise InvalidParameters(
            details={
                "header_row": [_("A whole number from %(least)d to %(most)d is expected.") % {"least": 0, "most": 1000}]
            }
        )
    return int(text)


def _wish(query: Any) -> tuple[Dataset, Mode] | None:
    """The dataset and the mode that the columns are mapped for. Raises InvalidParameters."""
    return _named(query) if "dataset" in query or "mode" in query else None


def _named(query: Any) -> tuple[Dataset, Mode]:
    """Both, and neither may be left out. Raises InvalidParameters."""
    lacking = {name: [_("This field is required.")] for name in ("dataset", "mode") if name not in query}
    if lacking:
        raise InvalidParameters(details=lacking)
    return services.wanted(query["dataset"], query["mode"])


def _guess(dataset: Dataset, mode: Mode, header: tuple[Column, ...], viewer: User) -> Mapping[str, Any]:
    """How the headings are understood for this person."""
    fields = fields_of(dataset, viewer=viewer, mode=mode, zone=viewer.zone)
    found = mapping.guess(header, dataset, fields, owner=viewer)
    missing = mapping.missing_from(found.values(), fields, dataset=dataset, mode=mode)
    return {
        "mapping": {str(position): key for position, key in found.items()},
        "missing": [{"key": field.key, "title": str(field.column.title)} for field in missing],
        "left_out": [presenting.heading(column) for column in header if column.position not in found],
    }
