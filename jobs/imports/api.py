"""REST API of imports: thin doors to the services (SPEC B1–B4, A2, A3)."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import PurePosixPath
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet
from django.http import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import audit, policy
from accounts.audit import Operation
from accounts.limits.doors import spend
from accounts.limits.rates import CREATE
from accounts.models import User
from accounts.scopes import Scope
from accounts.signin.person import person, reader
from exportcenter.common import keyset
from exportcenter.common.bodies import is_object, is_text, read_body
from exportcenter.common.client import client_of
from exportcenter.common.database import allow_pauses
from exportcenter.common.errors import InvalidParameters, NotFound
from exportcenter.common.etag import conditional, tag_of
from exportcenter.common.ids import read_id
from exportcenter.common.keyset import Key
from exportcenter.common.listing import PAGING, Listing, next_link
from exportcenter.common.openapi import documented
from exportcenter.common.paging import LARGEST_PAGE, PAGE_SIZE, refuse_unknown, whole_number
from exportcenter.common.streaming import attach, blocks_of, stream
from exportcenter.common.uploads import PAUSE_SECONDS
from jobs.exports.view import ExportView
from jobs.idempotency import JobAnswer, idempotent
from jobs.imports import api_docs, marks, presenting, services
from jobs.imports.bodies import is_mapping, positions
from jobs.imports.faulty import faulty_file
from jobs.imports.filters import narrow, sort_keys
from jobs.models import ImportChange, ImportJob, ImportRow

PAGE_WORDS = PAGING | {"ordering"}
WALK_WORDS = ("cursor", "page_size")
WISH = {
    "file_id": is_text,
    "dataset": is_text,
    "mode": is_text,
    "on_error": is_text,
    "mapping": is_mapping,
    "choices": is_object,
    "source": is_text,
}
"""Fields of a request for an import."""


class MakesImport(ExportView):
    """Base of the doors whose POST makes a job, which is safe to repeat; they say how in ``make``."""

    def make(self, request: Request, **names: Any) -> ImportJob:
        """Read the body and make the job. Raises the errors of the services."""
        raise NotImplementedError

    def body_again(self, request: Request, job_id: UUID, extra: Mapping[str, Any] | None) -> Mapping[str, Any]:
        """What the asker may read now of an earlier answer; see jobs.idempotency.Door."""
        job = _loaded(person(request)).filter(pk=job_id).first()
        if job is None:
            raise NotFound()
        return presenting.present_detail(job, viewer=person(request))

    @idempotent
    def answer(self, request: Request, **names: Any) -> JobAnswer:
        """202 with the job."""
        spend(request, CREATE)
        job = self.make(request, **names)
        body = presenting.present_detail(job, viewer=person(request))
        where = {"Location": reverse("imports-detail", args=[job.job_no])}
        return JobAnswer(body, job=job, status=202, extra={}, headers=where)


class ImportList(MakesImport):
    """GET: list. POST: create."""

    scopes = {"GET": Scope.IMPORTS_READ, "POST": Scope.IMPORTS_WRITE}

    @documented(api_docs.LIST_IMPORTS)
    def get(self, request: Request) -> Response:
        """{total, page, page_size, items}, or by cursor; 304 to whoever has it already."""
        viewer = person(request)
        tag = tag_of(request, reader(viewer), marks.of_list())
        return conditional(request, tag, lambda: self._answer(request, viewer))

    @staticmethod
    def _answer(request: Request, viewer: User) -> Response:
        query = request.query_params
        listing = Listing(
            keys=sort_keys(query),
            walk=("-created_at", "-id"),
            belongs_to=("imports", str(viewer.pk)),
            present=partial(presenting.present, viewer=viewer),
        )
        return listing.answer(request, narrow(_loaded(viewer), query, also=PAGE_WORDS))

    @documented(api_docs.CREATE_IMPORT)
    def post(self, request: Request) -> HttpResponseBase:
        """202 with the new import, whose rows are checked first."""
        return self.answer(request)

    def make(self, request: Request, **names: Any) -> ImportJob:
        """Of the body's fields."""
        body = read_body(request, **WISH, required=("file_id", "dataset", "mode"))
        allow_pauses(PAUSE_SECONDS)
        return services.request_import(
            file_id=read_id(body["file_id"]),
            dataset=body["dataset"],
            mode=body["mode"],
            columns=positions(body.get("mapping")),
            choices=body.get("choices"),
            source=body.get("source", ""),
            actor=person(request),
            client=client_of(request._request),
            **({"on_error": body["on_error"]} if "on_error" in body else {}),
        )


class ImportDetail(ExportView):
    """One import with everything about it but its rows."""

    scopes = {"GET": Scope.IMPORTS_READ}

    @documented(api_docs.GET_IMPORT)
    def get(self, request: Request, job_no: str) -> Response:
        """200, or 404 for what the asker may not see; 304 to whoever has it already."""
        viewer = person(request)
        tag = tag_of(request, reader(viewer), marks.of_job(job_no))
        return conditional(request, tag, lambda: _shown(services.find_visible(job_no, viewer), viewer))


class ImportRows(ExportView):
    """The faulty rows of an import."""

    scopes = {"GET": Scope.IMPORTS_READ}

    @documented(api_docs.LIST_ROWS)
    def get(self, request: Request, job_no: str) -> Response:
        """{items, page_size, next_cursor}, in the order of the file."""
        viewer = person(request)
        refuse_unknown(request.query_params, WALK_WORDS)
        job = services.find_visible(job_no, viewer)
        eyes = presenting.Eyes.of(job, viewer)
        rows = ImportRow.objects.filter(job_id=job.pk).exclude(problems=[])
        return _walk(
            request,
            rows,
            Key("row"),
            belongs_to=["import rows", str(job.pk)],
            present=lambda row: presenting.present_row(row, eyes),
        )


class ImportChanges(ExportView):
    """What an import did to the table; of an undo, what became of that."""

    scopes = {"GET": Scope.IMPORTS_READ}

    @documented(api_docs.LIST_CHANGES)
    def get(self, request: Request, job_no: str) -> Response:
        """{items, page_size, next_cursor}. What stood in the table before is told to nobody."""
        viewer = person(request)
        refuse_unknown(request.query_params, (*WALK_WORDS, "outcome"))
        job = services.find_visible(job_no, viewer)
        eyes = presenting.Eyes.of(job, viewer)
        outcomes = _outcomes(request.query_params.getlist("outcome"))
        changes = ImportChange.objects.filter(job_id=job.undoes_id or job.pk)
        if outcomes:
            changes = changes.filter(outcome__in=outcomes)
        return _walk(
            request,
            changes.defer("before").annotate(is_new=Q(before__isnull=True)),
            Key("id"),
            belongs_to=["import changes", str(job.pk), outcomes],
            present=lambda change: presenting.present_change(change, eyes),
        )


class ImportFaultyRows(ExportView):
    """The faulty rows as a file to correct and send again."""

    scopes = {"GET": Scope.IMPORTS_READ}

    @documented(api_docs.DOWNLOAD_ROWS)
    def get(self, request: Request, job_no: str) -> HttpResponseBase:
        """200 the file, of the kind that was sent; 403 for who may not read all of it, 404 when no row is faulty, 410
        when they are gone."""
        viewer = person(request)
        job = services.find_visible(job_no, viewer)
        policy.may(viewer, policy.Action.IMPORT_CONTENT, job).or_refuse()
        spend(request, CREATE)
        with faulty_file(job) as made:
            source = made.path.open(
                "rb"
            )  # it has no name any more when the context ends, and goes with its last reader
        audit.record(
            Operation.IMPORT_ROWS_DOWNLOAD,
            actor=viewer,
            resource=f"import:{job.job_no}",
            details={"job_id": job.job_no, "type": job.dataset, "file": made.name, "bytes": made.size},
            policy_tag=job.policy_tag,
            client=client_of(request._request),
        )
        response = stream(request._request, blocks_of(source))
        response["Content-Type"], response["Content-Length"] = made.content_type, str(made.size)
        attach(response, name=made.name, plain=f"{job.job_no}-faulty{PurePosixPath(made.name).suffix}")
        return response


class _Does(ExportView):
    """Base of the doors that move one import on."""

    scopes = {"POST": Scope.IMPORTS_WRITE}
    service: Callable[..., ImportJob]

    def does(self, request: Request, job_no: str) -> Response:
        """200 with the import as it is then."""
        read_body(request)
        viewer = person(request)
        type(self).service(job_no, actor=viewer, client=client_of(request._request))
        return _shown(services.find_visible(job_no, viewer), viewer)


class ImportConfirm(_Does):
    """Let the checked rows be written."""

    service = staticmethod(services.confirm_import)

    @documented(api_docs.CONFIRM_IMPORT)
    def post(self, request: Request, job_no: str) -> Response:
        """200 with the import."""
        return self.does(request, job_no)


class ImportCancel(_Does):
    """Stop it."""

    service = staticmethod(services.cancel_import)

    @documented(api_docs.CANCEL_IMPORT)
    def post(self, request: Request, job_no: str) -> Response:
        """200 with the import."""
        return self.does(request, job_no)


class ImportRetry(MakesImport):
    """Check the same file again."""

    scopes = {"POST": Scope.IMPORTS_WRITE}

    @documented(api_docs.RETRY_IMPORT)
    def post(self, request: Request, job_no: str) -> HttpResponseBase:
        """202 with the new import."""
        return self.answer(request, job_no=job_no)

    def make(self, request: Request, **names: Any) -> ImportJob:
        """In the same way."""
        read_body(request)
        return services.retry_import(names["job_no"], actor=person(request), client=client_of(request._request))


class ImportUndo(MakesImport):
    """Take it back."""

    scopes = {"POST": Scope.IMPORTS_WRITE}

    @documented(api_docs.UNDO_IMPORT)
    def post(self, request: Request, job_no: str) -> HttpResponseBase:
        """202 with the job that does so."""
        return self.answer(request, job_no=job_no)

    def make(self, request: Request, **names: Any) -> ImportJob:
        """A job of its own."""
        read_body(request)
        return services.undo_import(names["job_no"], actor=person(request), client=client_of(request._request))


def _loaded(viewer: User) -> "QuerySet[ImportJob]":
    """Imports that ``viewer`` sees, with what an item shows."""
    found: QuerySet[ImportJob] = ImportJob.objects.visible_to(viewer).select_related("owner", "file", "undoes")
    return found


def _shown(job: ImportJob, viewer: User) -> Response:
    return Response(presenting.present_detail(job, viewer=viewer))


def _walk(
    request: Request,
    rows: "QuerySet[Any]",
    key: Key,
    *,
    belongs_to: list[Any],
    present: Callable[[Any], dict[str, Any]],
) -> Response:
    """One page of ``rows`` in the order of ``key``, behind the cursor of the query string."""
    query = request.query_params
    size = whole_number(query, "page_size", PAGE_SIZE, LARGEST_PAGE)
    found = keyset.after(rows, [key], cursor=query.get("cursor", ""), size=size, belongs_to=belongs_to)
    body = {
        "items": [present(row) for row in found.items],
        "page_size": size,
        "next_cursor": found.next_cursor or None,
    }
    return Response(body, headers={"Link": next_link(request, cursor=found.next_cursor)} if found.next_cursor else {})


def _outcomes(given: list[str]) -> list[str]:
    """Raises InvalidParameters that says what is allowed."""
    known = ImportChange.Outcome.values
    if set(given) - set(known):
        raise InvalidParameters(details={"outcome": [_("Allowed: %(allowed)s.") % {"allowed": ", ".join(known)}]})
    return sorted(set(given))
