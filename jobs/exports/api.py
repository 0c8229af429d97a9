"""REST API of exports: thin doors to the services (S0 §9; SPEC A1–A3)."""

from typing import Any

from django.http import HttpResponseBase
from django.utils import translation
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import audit, policy
from accounts.audit import Operation
from accounts.limits.doors import spend
from accounts.limits.rates import CREATE
from accounts.models import User
from accounts.scopes import Scope
from accounts.signin.person import local_iso, person, reader
from exportcenter.common.bodies import is_list, is_object, is_text, is_yes_no, read_body
from exportcenter.common.client import client_of
from exportcenter.common.etag import conditional, link_window, tag_of
from exportcenter.common.listing import PAGING, Listing
from exportcenter.common.openapi import documented
from exportcenter.common.streaming import stream
from jobs.exports import api_docs, bulk, links, marks, presenting, reuse, services
from jobs.exports.bodies import is_use_count
from jobs.exports.download import serve
from jobs.exports.download_pages import page_instead, wants_page
from jobs.exports.estimating import accuracy
from jobs.exports.filters import narrow, sort_keys
from jobs.exports.making import Made, MakesExport
from jobs.exports.view import ExportView
from jobs.models import ExportJob, JobLog

PAGE_WORDS = PAGING | {"ordering"}
WISH = {
    "type": is_text,
    "file_type": is_text,
    "params": is_object,
    "columns": is_list,
    "options": is_object,
    "source": is_text,
}
"""Fields of a request for an export."""


class ExportList(MakesExport):
    """GET: list. POST: create."""

    scopes = {"GET": Scope.EXPORTS_READ, "POST": Scope.EXPORTS_WRITE}

    @documented(api_docs.LIST_EXPORTS)
    def get(self, request: Request) -> Response:
        """{total, page, page_size, items}, or by cursor; 304 to whoever has it already."""
        viewer = person(request)
        tag = tag_of(request, reader(viewer), marks.of_list(), link_window())
        return conditional(request, tag, lambda: self._answer(request, viewer))

    @staticmethod
    def _answer(request: Request, viewer: User) -> Response:
        query = request.query_params
        # What items do not show, and what is long: reading it took half of the time of a page of 200.
        visible = ExportJob.objects.visible_to(viewer).select_related("owner").defer("facts", "parts", "error_stack")
        listing = Listing(
            keys=sort_keys(query),
            walk=("-created_at", "-id"),
            belongs_to=("exports", str(viewer.pk)),
            present=lambda job: presenting.present(job, viewer=viewer, request=request._request),
        )
        return listing.answer(request, narrow(visible, query, also=PAGE_WORDS))

    @documented(api_docs.CREATE_EXPORT)
    def post(self, request: Request, **names: Any) -> HttpResponseBase:
        """See MakesExport."""
        return super().post(request, **names)

    def make(self, request: Request, **names: Any) -> Made:
        """201 with the new export; 200 with an identical fresh one for who asks for ``reuse``."""
        body = read_body(request, **WISH, reuse=is_yes_no, required=("type",))
        order = _wish(body) | {"actor": person(request), "client": client_of(request._request)}
        if not body.get("reuse", False):
            return Made(services.request_export(**order))
        job, joined = reuse.request_or_join(**order)
        return Made(job, status=200 if joined else 201, extra={"reused": joined})


class ExportEstimate(ExportView):
    """What an export would be. Nothing is stored."""

    scopes = {"POST": Scope.EXPORTS_WRITE}

    @documented(api_docs.ESTIMATE_EXPORT)
    def post(self, request: Request) -> Response:
        """200; the body of a creation, and ``exact``: true to have the rows counted."""
        body = read_body(request, **WISH, exact=is_yes_no, required=("type",))
        if body.get("exact"):
            spend(request, CREATE)
        seen = services.preview_export(**_wish(body), exact=body.get("exact", False), actor=person(request))
        return Response(presenting.present_preview(seen))


class EstimateAccuracy(ExportView):
    """How good estimates were lately (admin)."""

    scopes = {"GET": Scope.EXPORTS_READ}

    @documented(api_docs.ESTIMATE_ACCURACY)
    def get(self, request: Request) -> Response:
        """{days, items: [{dataset, jobs, rows, bytes, seconds}]}: median absolute errors in percent."""
        policy.may(person(request), policy.Action.ESTIMATE_ACCURACY).or_refuse()
        items = [vars(item) for item in accuracy.overview()]
        return Response({"days": accuracy.DAYS, "items": items})


class ExportDetail(ExportView):
    """One export with the tail of its log."""

    scopes = {"GET": Scope.EXPORTS_READ}

    @documented(api_docs.GET_EXPORT)
    def get(self, request: Request, job_no: str) -> Response:
        """200, or 404 for what the asker may not see; 304 to whoever has it already."""
        viewer = person(request)

        def make() -> Response:
            job = services.find_visible(job_no, viewer)
            return Response(presenting.present_detail(job, viewer=viewer, request=request._request))

        tag = tag_of(request, reader(viewer), marks.of_job(job_no), link_window())
        return conditional(request, tag, make)


class ExportRetry(MakesExport):
    """Queue it again with the same parameters."""

    scopes = {"POST": Scope.EXPORTS_WRITE}

    @documented(api_docs.RETRY_EXPORT)
    def post(self, request: Request, **names: Any) -> HttpResponseBase:
        """See MakesExport."""
        return super().post(request, **names)

    def make(self, request: Request, **names: Any) -> Made:
        """200 {new_job_id}; with ``wait`` the new export's fields stand before it."""
        read_body(request)
        job = services.retry_export(names["job_no"], actor=person(request), client=client_of(request._request))
        return Made(job, status=200, extra={"new_job_id": job.job_no}, brief=True)


class ExportCancel(ExportView):
    """Stop it."""

    scopes = {"POST": Scope.EXPORTS_WRITE}

    @documented(api_docs.CANCEL_EXPORT)
    def post(self, request: Request, job_no: str) -> Response:
        """{ok: true}"""
        read_body(request)
        services.cancel_export(job_no, actor=person(request), client=client_of(request._request))
        return Response({"ok": True})


class ExportAccelerate(ExportView):
    """Move it to the fast lane."""

    scopes = {"POST": Scope.EXPORTS_WRITE}

    @documented(api_docs.ACCELERATE_EXPORT)
    def post(self, request: Request, job_no: str) -> Response:
        """{ok: true}"""
        read_body(request)
        services.accelerate_export(job_no, actor=person(request), client=client_of(request._request))
        return Response({"ok": True})


class ExportBulk(ExportView):
    """One thing done to several exports."""

    scopes = {"POST": Scope.EXPORTS_WRITE}

    @documented(api_docs.BULK_EXPORTS)
    def post(self, request: Request) -> Response:
        """200 {done, results: [{job_id, ok, new_job_id, code, message, advice}]}, in the order of job_ids."""
        body = read_body(request, action=is_text, job_ids=is_list, required=("action", "job_ids"))
        if body["action"] == "retry":
            spend(request, CREATE)
        outcomes = bulk.run(
            action=body["action"],
            job_nos=body["job_ids"] or [],
            actor=person(request),
            client=client_of(request._request),
        )
        return Response(bulk.present(outcomes))


class DeleteExpired(ExportView):
    """Remove every expired export of the company (admin)."""

    scopes = {"POST": Scope.EXPORTS_WRITE}

    @documented(api_docs.DELETE_EXPIRED)
    def post(self, request: Request) -> Response:
        """{deleted: N}"""
        read_body(request)
        return Response({"deleted": services.delete_expired(actor=person(request), client=client_of(request._request))})


class ExportLinks(ExportView):
    """Links that are written down: limited in uses, revocable."""

    scopes = {"POST": Scope.EXPORTS_DOWNLOAD, "DELETE": Scope.EXPORTS_WRITE}

    @documented(api_docs.MAKE_LINK)
    def post(self, request: Request, job_no: str) -> Response:
        """201 {download_url, expires_at, max_uses}. Works before the file is there: the link then answers 202."""
        body = read_body(request, max_uses=is_use_count)
        job, handle = links.make_link(
            job_no, actor=person(request), max_uses=body.get("max_uses"), client=client_of(request._request)
        )
        token = links.link_for(job, person(request), handle=handle)
        answer = {
            "download_url": links.absolute(request._request, job, token),
            "expires_at": local_iso(handle.expires_at, person(request)),
            "max_uses": handle.max_uses,
        }
        return Response(answer, status=201)

    @documented(api_docs.REVOKE_LINKS)
    def delete(self, request: Request, job_no: str) -> Response:
        """{revoked: N}: every link that exists now is worthless; new ones can be made."""
        count = links.revoke_links(job_no, actor=person(request), client=client_of(request._request))
        return Response({"revoked": count})


class ExportLog(ExportView):
    """The whole log, for admins."""

    scopes = {"GET": Scope.EXPORTS_READ}

    @documented(api_docs.GET_LOG)
    def get(self, request: Request, job_no: str) -> HttpResponseBase:
        """text/plain"""
        job = services.find_visible(job_no, person(request))
        policy.may(person(request), policy.Action.LOG_DOWNLOAD, job).or_refuse()
        audit.record(
            Operation.EXPORT_LOG_DOWNLOAD,
            actor=person(request),
            resource=f"export:{job.job_no}",
            client=client_of(request._request),
            policy_tag=job.policy_tag,
        )
        viewer = person(request)
        whole = "".join(presenting.log_line(line, viewer) + "\n" for line in JobLog.objects.filter(job_id=job.pk))
        headers = {
            "Content-Type": "text/plain; charset=utf-8",
            "Content-Disposition": f'attachment; filename="{job.job_no}.log"',
        }
        return stream(request._request, (block for block in [whole.encode()]), headers=headers)


class ExportDownload(ExportView):
    """The file; what is not a file is JSON for programs and a page for browsers."""

    scopes = {"GET": Scope.EXPORTS_DOWNLOAD}

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """A page speaks the person's language, whatever the browser's."""
        super().initial(request, *args, **kwargs)
        if wants_page(request._request):
            translation.activate(person(request).language)

    @documented(api_docs.DOWNLOAD)
    def get(self, request: Request, job_no: str) -> HttpResponseBase:
        """200, 206; 202 not landed yet; 403, 404, 409, 410, 416."""
        return serve(request, job_no)

    head = get

    def finalize_response(  # type: ignore[override]
        self, request: Request, response: Any, *args: Any, **kwargs: Any
    ) -> HttpResponseBase:
        """Anything that is not a file, for somebody who looks at it in a browser."""
        final = super().finalize_response(request, response, *args, **kwargs)
        if isinstance(final, Response) and wants_page(request._request):
            return page_instead(request._request, final, job_no=self.kwargs["job_no"], user=request.user)
        return final


def _wish(body: dict[str, Any]) -> dict[str, Any]:
    """A body of the fields WISH as the services take it."""
    return {
        "dataset": body["type"],
        "file_type": body.get("file_type"),
        "params": body.get("params") or {},
        "columns": body.get("columns"),
        "options": body.get("options"),
        "source": body.get("source") or "",
    }
