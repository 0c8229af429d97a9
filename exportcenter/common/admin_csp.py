"""The admin theme needs a wider Content-Security-Policy than the rest; it gets it under /admin/ only."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse


class AdminCSPMiddleware:
    """Marks admin responses for django-csp, which writes the header."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.path.startswith("/admin/"):
            response._csp_update = settings.ADMIN_CSP_UPDATE  # type: ignore[attr-defined]
        return response
