"""REST API of what is inside an export: its log as it grows, what its file is, its first rows (SPEC A2, E16, E22)."""

from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.scopes import Scope
from accounts.signin.person import person
from exportcenter.common.errors import NotFound, StateConflict
from exportcenter.common.openapi import documented
from exportcenter.common.paging import refuse_unknown, whole_number
from jobs.engine.states import CANCELABLE, Status
from jobs.exports import inside_docs, links, logs, planning, presenting, preview, services
from jobs.exports.view import ExportView
from jobs.models import ExportJob

LINES, MOST_LINES = 200, 1000
HIGHEST_LINE = 10**12 - 1


class ExportLogLines(ExportView):
    """The log, line by line, while the export runs and after."""

    scopes = {"GET": Scope.EXPORTS_READ}

    @documented(inside_docs.FOLLOW_LOG)
    def get(self, request: Request, job_no: str) -> Response:
        """{lines, next, more}: ask again with ``after`` = ``next``, at once while ``more`` is true."""
        query, viewer = request.query_params, person(request)
        refuse_unknown(query, ("after", "limit"))
        after = 0 if query.get("after") == "0" else whole_number(query, "after", 0, HIGHEST_LINE)
        limit = whole_number(query, "limit", LINES, MOST_LINES)
        job = services.find_visible(job_no, viewer)
        lines, more = logs.lines_after(job, viewer, after=after, most=limit)
        shown = presenting.present_lines(lines, viewer)
        return Response({"lines": shown, "next": lines[-1].pk if lines else after, "more": more})


class ExportFacts(ExportView):
    """What the file is, also after its time."""

    scopes = {"GET": Scope.EXPORTS_READ}

    @documented(inside_docs.GET_FACTS)
    def get(self, request: Request, job_no: str) -> Response:
        """200 the facts; 409 while there is no file, or when there will be none."""
        viewer = person(request)
        refuse_unknown(request.query_params, ())
        job = services.find_visible(job_no, viewer)
        facts = planning.shown_facts(job, viewer)
        if facts is None:
            _refuse(job)
            raise NotFound(_("Nothing was written down about this file."))
        return Response(facts)


class ExportPreview(ExportView):
    """The first rows of the file, masked for who reads."""

    scopes = {"GET": Scope.EXPORTS_DOWNLOAD}

    @documented(inside_docs.GET_PREVIEW)
    def get(self, request: Request, job_no: str) -> Response:
        """200 {columns, rows, more, masked}; 403; 409 while there is no file, 410 when its time is over."""
        viewer = person(request)
        refuse_unknown(request.query_params, ())
        job = services.find_visible(job_no, viewer)
        shown = preview.shown_to(viewer, job)
        links.refuse_without_file(job)
        if shown is None:
            _refuse(job)
            raise NotFound(_("This file has no preview."))
        return Response(presenting.present_first_rows(shown))


def _refuse(job: ExportJob) -> None:
    """Raise what says why there is no file; nothing when there is or was one."""
    if job.status in CANCELABLE:
        raise StateConflict(_("There is no file yet."), details={"status": job.status})
    if job.status not in (Status.READY, Status.EXPIRED):
        raise StateConflict(_("It ended without a file."), details={"status": job.status})
