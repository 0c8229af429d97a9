"""REST API of exports: thin doors to the services (S0 §9; SPEC A1–A3)."""

from collections.abc import Callable
from typing import Any

from django.http import HttpResponseBase, StreamingHttpResponse
from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import audit, policy
from accounts.audit import Operation
from accounts.signin.person import person
from exportcenter.common.api import AnswersAnyway
from exportcenter.common.client import client_of
from exportcenter.common.errors import InvalidParameters
from exportcenter.common.paging import paginate
from jobs.exports import links, presenting, services
from jobs.exports.download import serve
from jobs.exports.filters import narrow, ordering
from jobs.models import ExportJob, JobLog

PAGE_WORDS = frozenset({"page", "page_size", "ordering"})


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
        body = _body(
            request,
            type=_text,
            file_type=_text,
            params=_object,
            columns=_list,
            options=_object,
            source=_text,
            required=("type",),
        )
        job = services.request_export(
            dataset=body["type"],
            file_type=body.get("file_type", "csv"),
            params=body.get("params") or {},
            columns=body.get("columns"),
            options=body.get("options") or {},
            source=body.get("source") or "",
            actor=person(request),
            client=client_of(request._request),
        )
        shown = presenting.present_detail(job, viewer=person(request), request=request._request)
        return Response(shown, status=201, headers={"Location": f"{request.path.rstrip('/')}/{job.job_no}"})


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
        _body(request)
        job = services.retry_export(job_no, actor=person(request), client=client_of(request._request))
        return Response({"new_job_id": job.job_no})


class ExportCancel(ExportView):
    """Stop it."""

    def post(self, request: Request, job_no: str) -> Response:
        """{ok: true}"""
        _body(request)
        services.cancel_export(job_no, actor=person(request), client=client_of(request._request))
        return Response({"ok": True})


class ExportAccelerate(ExportView):
    """Move it to the fast lane."""

    def post(self, request: Request, job_no: str) -> Response:
        """{ok: true}"""
        _body(request)
        services.accelerate_export(job_no, actor=person(request), client=client_of(request._request))
        return Response({"ok": True})


class DeleteExpired(ExportView):
    """Remove every expired export of the company (admin)."""

    def post(self, request: Request) -> Response:
        """{deleted: N}"""
        _body(request)
        return Response({"deleted": services.delete_expired(actor=person(request), client=client_of(request._request))})


class ExportLinks(ExportView):
    """Links that are written down: limited in uses, revocable."""

    def post(self, request: Request, job_no: str) -> Response:
        """201 {download_url, expires_at, max_uses}. Works before the file is there: the link then answers 202."""
        body = _body(request, max_uses=_uses)
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


# --- bodies: small on purpose; what a field means is checked by the services ------------------------------
def _body(request: Request, *, required: tuple[str, ...] = (), **fields: Callable[[Any], str]) -> dict[str, Any]:
    """The JSON body with exactly the ``fields`` named. Raises InvalidParameters by field."""
    body = request.data if request.data or not fields else {}
    if not isinstance(body, dict):
        raise InvalidParameters(details={"body": [_("A JSON object is expected.")]})
    problems = {
        name[:100]: [_("There is no such field. Allowed: %(allowed)s.") % {"allowed": ", ".join(fields) or "-"}]
        for name in body
        if name not in fields
    }
    problems |= {name: [_("This field is required.")] for name in required if name not in body}
    for name, check in fields.items():
        if name in body and (problem := check(body[name])):
            problems[name] = [problem]
    if problems:
        raise InvalidParameters(details=problems)
    return dict(body)


def _text(value: Any) -> str:
    return "" if isinstance(value, str) else _("A text is expected.")


def _object(value: Any) -> str:
    return "" if isinstance(value, dict) else _("A JSON object is expected.")


def _list(value: Any) -> str:
    return "" if value is None or isinstance(value, list) else _("A list is expected.")


def _uses(value: Any) -> str:
    fine = value is None or (isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 1000)
    return "" if fine else _("A whole number from 1 to %(most)d is expected.") % {"most": 1000}
