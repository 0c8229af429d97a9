"""Refusals and faults in the shape the asker reads: JSON under /api/, a page of the product's look elsewhere.

Every page says what happened, what to do, and the request id to quote.
"""

import sys
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import get_template
from django.utils.translation import gettext as _

from exportcenter.common import errors, request_id
from exportcenter.common.api import body_for, expected


def bad_request(request: HttpRequest, exception: Any = None) -> HttpResponse:
    """400: the request was refused before any view saw it; 413 when it was too large. Its host name may be a lie, so no
    request context."""
    error = expected(exception) if isinstance(exception, Exception) else None
    return _answer(request, error or errors.InvalidRequest(), template="400.html", plain=True)


def forbidden(request: HttpRequest, exception: Any = None) -> HttpResponse:
    """403; shows the reason when the refusal carries one."""
    reason = str(exception) if exception else ""
    return _answer(request, errors.PermissionRefused(reason), context={"reason": reason})


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403 for a form without a valid token (``CSRF_FAILURE_VIEW``). Django's English reason is for developers."""
    return _answer(request, errors.CsrfFailed(), template="403_csrf.html")


def not_found(request: HttpRequest, exception: Any = None) -> HttpResponse:
    """404."""
    return _answer(
        request, errors.NotFound(_("There is nothing at this address."), advice=_(errors.NotFound.default_advice))
    )


def too_many(request: HttpRequest) -> HttpResponse:
    """429 of the sign-in pages; every limit there is one per minute."""
    return _answer(request, errors.Throttled(retry_after=60))


def server_error(request: HttpRequest) -> HttpResponse:
    """500, or 503 when the database does not answer; the stack is in the log under the request id. Needs neither the
    database nor the session. Django calls it while it handles the exception, and hands it nothing but the request."""
    error = errors.unavailable(sys.exception())
    if error is None:
        return _answer(request, errors.InternalError(), plain=True)
    again = request.get_full_path() if request.method == "GET" else ""
    return _answer(request, error, plain=True, context={"again": again})


def _answer(
    request: HttpRequest,
    error: errors.ExportCenterError,
    *,
    template: str = "",
    plain: bool = False,
    context: dict[str, Any] | None = None,
) -> HttpResponse:
    answer = _body(request, error, template or f"{error.status}.html", plain, context or {})
    if error.retry_after is not None:
        answer["Retry-After"] = str(error.retry_after)
    return answer


def _body(
    request: HttpRequest, error: errors.ExportCenterError, template: str, plain: bool, context: dict[str, Any]
) -> HttpResponse:
    if request.path.startswith("/api/"):
        return JsonResponse(body_for(request.path, error), status=error.status)
    context = {"request_id": request_id.current(), **context}
    if plain:
        return HttpResponse(get_template(template).render(context), status=error.status)
    return render(request, template, context, status=error.status)
