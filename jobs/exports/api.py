"""REST API of exports: thin doors to the services (S0 §9; SPEC A1–A3)."""

from typing import Any

from django.http import HttpResponseBase, StreamingHttpResponse
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import audit, policy
from accounts.audit import Operation
from accounts.signin.person import person
from exportcenter.common.api import AnswersAnyway
from exportcenter.common.client import client_of
from exportcenter.common.paging import paginate
from jobs.exports import links, presenting, services
from jobs.exports.bodies import is_list, is_object, is_text, is_use_count, is_yes_no, read_body
from jobs.exports.download import serve
from jobs.exports.estimating import accuracy
from jobs.exports.filters import narrow, ordering
from jobs.models import ExportJob, JobLog

PAGE_WORDS = frozenset({"page", "page_size", "ordering"})
WISH = {
    "type": is_text,
    "file_type": is_text,
    "params": is_object,
    "columns": is_list,
    "options": is_object,
    "source": is_text,
}
"""Fields of a request for an export."""


class ExportView(APIView):
    """Base of the doors below."""

    content_negotiation_class = AnswersAnyway


class ExportList(ExportView):
    """GET: list. POST: create."""

    def get(self, request: Request) -> Response:
        """{total, page, page_size, items}. Header X-Total-Estimated says when total is an estimate."""
        query = request.query_params
        rows = narrow(ExportJob.objects.visible_to(person(request)).select_related("owner"), query, also=PAGE_WORDS)
        page = paginate(rows.order_by(*ordering(query)), query, walk=("-created_at", "-id"))
        viewer = person(request)
        items = [presenting.present(job, viewer=viewer, request=request._request) for job in page.items]
        body = {"total": page.total, "page": page.number, "page_size": page.size, "items": items}
        return Response(body, headers={} if page.exact else {"X-Total-Estimated": "true"})

    def post(self, request: Request) -> Response:
        """201 with the new export."""
        body = read_body(request, **WISH, required=("type",))
        job = services.request_export(**_wish(body), actor=person(request), client=client_of(request._request))
        shown = presenting.present_detail(job, viewer=person(request), request=request._request)
        return Response(shown, status=201, headers={"Location": f"{request.path.rstrip('/')}/{job.job_no}"})


class ExportEstimate(ExportView):
    """What an export would be. Nothing is stored."""

    def post(self, request: Request) -> Response:
        """200; the body of a creation, and ``exact``: true to have the rows counted."""
        body = read_body(request, **WISH, exact=is_yes_no, required=("type",))
        seen = services.preview_export(**_wish(body), exact=body.get("exact", False), actor=person(request))
        return Response(presenting.present_preview(seen))


class EstimateAccuracy(ExportView):
    """How good estimates were lately (admin)."""

    def get(self, request: Request) -> Response:
        """{days, items: [{dataset, jobs, rows, bytes, seconds}]}: median absolute errors in percent."""
        policy.may(person(request), policy.Action.ESTIMATE_ACCURACY).or_refuse()
        items = [vars(item) for item in accuracy.overview()]
        return Response({"days": accuracy.DAYS, "items": items})


class ExportDetail(ExportView):
    """One export with the tail of its log."""

    def get(self, request: Request, job_no: str) -> Response:
        """200, or 404 for what the asker may not see."""
        job = services.find_visible(job_no, person(request))
        return Response(presenting.present_detail(job, viewer=person(request), request=request._request))


class ExportRetry(ExportView):
    """Queue it again with the same parameters."""

    def post(self, request: Request, job_no: str) -> Response:
        """{new_job_id}"""
        read_body(request)
        job = services.retry_export(job_no, actor=person(request), client=client_of(request._request))
        return Response({"new_job_id": job.job_no})


class ExportCancel(ExportView):
    """Stop it."""

    def post(self, request: Request, job_no: str) -> Response:
        """{ok: true}"""
        read_body(request)
        services.cancel_export(job_no, actor=person(request), client=client_of(request._request))
        return Response({"ok": True})


class ExportAccelerate(ExportView):
    """Move it to the fast lane."""

    def post(self, request: Request, job_no: str) -> Response:
        """{ok: true}"""
        read_body(request)
        services.accelerate_export(job_no, actor=person(request), client=client_of(request._request))
        return Response({"ok": True})


class DeleteExpired(ExportView):
    """Remove every expired export of the company (admin)."""

    def post(self, request: Request) -> Response:
        """{deleted: N}"""
        read_body(request)
        return Response({"deleted": services.delete_expired(actor=person(request), client=client_of(request._request))})


class ExportLinks(ExportView):
    """Links that are written down: limited in uses, revocable."""

    def post(self, request: Request, job_no: str) -> Response:
        """201 {download_url, expires_at, max_uses}. Works before the file is there: the link then answers 202."""
        body = read_body(request, max_uses=is_use_count)
        job, handle = links.make_link(
            job_no, actor=person(request), max_uses=body.get("max_uses"), client=client_of(request._request)
        )
        token = links.link_for(job, person(request), handle=handle)
        answer = {
            "download_url": links.absolute(request._request, job, token),
            "expires_at": presenting.local_iso(handle.expires_at, person(request)),
            "max_uses": handle.max_uses,
        }
        return Response(answer, status=201)

    def delete(self, request: Request, job_no: str) -> Response:
        """{revoked: N}: every link that exists now is worthless; new ones can be made."""
        count = links.revoke_links(job_no, actor=person(request), client=client_of(request._request))
        return Response({"revoked": count})


class ExportLog(ExportView):
    """The whole log, for admins."""

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
        lines = [presenting.log_line(line, viewer) + "\n" for line in JobLog.objects.filter(job_id=job.pk)]
        response = StreamingHttpResponse(iter(lines), content_type="text/plain; charset=utf-8")
        response["Content-Disposition"] = f'attachment; filename="{job.job_no}.log"'
        return response


class ExportDownload(ExportView):
    """The file."""

    def get(self, request: Request, job_no: str) -> HttpResponseBase:
        """200, 206; 202 not landed yet; 403, 404, 409, 410, 416."""
        return serve(request, job_no)

    head = get


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
