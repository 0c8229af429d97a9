"""404 and 500 in the shape the asker reads: JSON under /api/, a page elsewhere."""

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from exportcenter.common.api import error_body


def not_found(request: HttpRequest, exception: Any = None) -> HttpResponse:
    """404."""
    if request.path.startswith("/api/"):
        return JsonResponse(error_body("NOT_FOUND", _("There is nothing at this address.")), status=404)
    return render(request, "404.html", status=404)


def server_error(request: HttpRequest) -> HttpResponse:
    """500; the stack is in the log under the request id."""
    if request.path.startswith("/api/"):
        body = error_body("INTERNAL_ERROR", _("Something went wrong on our side. Quote the request id."))
        return JsonResponse(body, status=500)
    return render(request, "500.html", status=500)
