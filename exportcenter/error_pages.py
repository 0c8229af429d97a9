"""Refusals and faults in the shape the asker reads: JSON under /api/, a page of the product's look elsewhere.

Every page says what happened, what to do, and the request id to quote.
"""

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import get_template
from django.utils.translation import gettext as _

from exportcenter.common import request_id
from exportcenter.common.api import error_body


def bad_request(request: HttpRequest, exception: Any = None) -> HttpResponse:
    """400: the request was refused before any view saw it. Its host name may be a lie, so no request context."""
    return _answer(request, 400, "INVALID_REQUEST", _("Some parameters are wrong."), plain=True)


def forbidden(request: HttpRequest, exception: Any = None) -> HttpResponse:
    """403; shows the reason when the refusal carries one."""
    reason = str(exception) if exception else ""
    message = reason or _("You do not have the right to do this.")
    return _answer(request, 403, "FORBIDDEN", message, context={"reason": reason})


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403 for a form without a valid token (``CSRF_FAILURE_VIEW``). Django's English reason is for developers."""
    message = _("The CSRF token is missing or wrong. Load the page again.")
    return _answer(request, 403, "CSRF_FAILED", message, template="403_csrf.html")


def not_found(request: HttpRequest, exception: Any = None) -> HttpResponse:
    """404."""
    return _answer(request, 404, "NOT_FOUND", _("There is nothing at this address."))


def server_error(request: HttpRequest) -> HttpResponse:
    """500; the stack is in the log under the request id. Needs neither the database nor the session."""
    message = _("Something went wrong on our side. Quote the request id.")
    return _answer(request, 500, "INTERNAL_ERROR", message, plain=True)


def _answer(
    request: HttpRequest,
    status: int,
    code: str,
    message: str,
    *,
    template: str = "",
    plain: bool = False,
    context: dict[str, Any] | None = None,
) -> HttpResponse:
    if request.path.startswith("/api/"):
        return JsonResponse(error_body(code, message), status=status)
    template = template or f"{status}.html"
    context = {"request_id": request_id.current(), **(context or {})}
    if plain:
        return HttpResponse(get_template(template).render(context), status=status)
    return render(request, template, context, status=status)
