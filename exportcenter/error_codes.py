"""What each error code means, from the one registry: GET /api/v1/errors and the page /docs/errors.

Every error answer links here. Everybody may read it: it says nothing about anybody.
"""

from collections.abc import Iterable
from importlib import import_module
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from exportcenter import error_docs
from exportcenter.common.api import DOCS, AnswersAnyway
from exportcenter.common.errors import ExportCenterError, all_errors
from exportcenter.common.openapi import documented
from exportcenter.common.paging import refuse_unknown
from exportcenter.common.result import MEANINGS
from jobs.engine.errors import JobError


def api_errors() -> list[dict[str, Any]]:
    """Every code that the API answers, in the language of now: code, status, client_code, message, advice, docs."""
    return [
        {
            "code": error.code,
            "status": error.status,
            "client_code": error.client_code,
            "message": _said(error.default_message),
            "advice": _said(error.default_advice),
            "docs": f"{DOCS}#{error.code}",
        }
        for error in all_errors()
    ]


def job_errors(*, only_ours: bool = False) -> list[dict[str, Any]]:
    """Every code that a failed job may show: code, message, advice, and whether it is tried again by itself."""
    import_module("jobs.exports.work")  # loaded by workers only, and brings errors of its own
    kinds: dict[str, type[JobError]] = {}
    for kind in _family(JobError):
        if ours(kind) or not only_ours:
            kinds.setdefault(kind.code, kind)
    return [
        {
            "code": code,
            "message": _said(kinds[code].default_message),
            "advice": _said(kinds[code].default_advice),
            "tried_again": kinds[code].transient,
        }
        for code in sorted(kinds)
    ]


def client_codes() -> list[dict[str, Any]]:
    """The client API's table (S3 §4.3.3): number, meaning, and which of our codes it stands for."""
    return [
        {
            "client_code": number,
            "message": _(meaning),
            "codes": [error.code for error in all_errors() if error.client_code == number],
        }
        for number, meaning in MEANINGS.items()
    ]


class ErrorList(APIView):
    """The codes, for programs."""

    content_negotiation_class = AnswersAnyway
    permission_classes = [AllowAny]

    @documented(error_docs.LIST_ERRORS)
    def get(self, request: Request) -> Response:
        """{items, jobs, client}"""
        refuse_unknown(request.query_params, ())
        return Response({"items": api_errors(), "jobs": job_errors(), "client": client_codes()})


@require_safe
def errors_page(request: HttpRequest) -> HttpResponse:
    """The codes, for people."""
    context = {"errors": api_errors(), "jobs": job_errors(), "client": client_codes()}
    return render(request, "pages/error_codes.html", context)


def _said(text: str) -> str:
    return _(text) if text else ""


def _family(base: type[JobError]) -> Iterable[type[JobError]]:
    yield base
    for child in base.__subclasses__():
        yield from _family(child)


def ours(error: type[ExportCenterError] | type[JobError]) -> bool:
    """Whether the product itself brings ``error``; a company's own apps bring more."""
    return error.__module__.partition(".")[0] in ("exportcenter", "accounts", "jobs", "reports")
