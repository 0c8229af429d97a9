"""REST API of the catalogue: what can be exported, by whom, how (SPEC E2, A1)."""

from typing import Any

from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.scopes import Scope
from accounts.signin.person import person, reader
from exportcenter.common.errors import NotFound
from exportcenter.common.etag import conditional, tag_of
from exportcenter.common.openapi import documented
from exportcenter.common.paging import refuse_unknown
from jobs.exports import catalogue, catalogue_presenting, inside_docs
from jobs.exports.view import ExportView


class DatasetList(ExportView):
    """Every dataset that one sees."""

    scopes = {"GET": Scope.EXPORTS_READ}

    @documented(inside_docs.LIST_DATASETS)
    def get(self, request: Request) -> Response:
        """{items, file_types, limits}; 304 to whoever has it already."""
        viewer = person(request)
        refuse_unknown(request.query_params, ())
        items = [catalogue_presenting.present(one, viewer=viewer) for one in catalogue.offers(viewer)]
        return _answer(request, {"items": items, **catalogue_presenting.files(viewer)})


class DatasetDetail(ExportView):
    """One dataset."""

    scopes = {"GET": Scope.EXPORTS_READ}

    @documented(inside_docs.GET_DATASET)
    def get(self, request: Request, key: str) -> Response:
        """The item, file_types and limits; 404 for what one does not see, as for what there is not."""
        viewer = person(request)
        refuse_unknown(request.query_params, ())
        found = next((one for one in catalogue.offers(viewer) if one.dataset.key == key), None)
        if found is None:
            raise NotFound(_("There is no data called “%(name)s”.") % {"name": key[:100].replace("\0", "")})
        item = catalogue_presenting.present(found, viewer=viewer)
        return _answer(request, item | catalogue_presenting.files(viewer))


def _answer(request: Request, body: dict[str, Any]) -> Response:
    """Declarations and rights are at hand: the answer itself is its mark."""
    return conditional(request, tag_of(request, reader(person(request)), body), lambda: Response(body))
