"""One request = one transaction that works for one tenant."""

from collections.abc import Callable
from uuid import UUID

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation

from accounts import tenancy
from accounts.signin.session import TENANT_KEY

WITHOUT_TRANSACTION = ("/static/", "/healthz", "/readyz", "/service-worker.js", "/offline/")


class TenantMiddleware:
    """Opens tenant_scope for the tenant that the session belongs to.

    Sits after AuthenticationMiddleware, whose ``request.user`` is lazy and so is loaded inside the scope. The
    tenant comes from the session that sign-in wrote, never from the request's own words. Token requests start
    without a tenant; their authentication class adopts the one in the verified token. An answer of 5xx rolls
    everything back; a refusal (4xx) commits, because refusals are audited.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path.startswith(WITHOUT_TRANSACTION):
            return self.get_response(request)
        stored = request.session.get(TENANT_KEY)
        with tenancy.tenant_scope(UUID(stored) if stored else None):
            if stored:
                self._speak_for(request)
            try:
                response = self.get_response(request)
            finally:
                timezone.deactivate()
            if response.status_code >= 500:
                transaction.set_rollback(True)
        return response

    @staticmethod
    def _speak_for(request: HttpRequest) -> None:
        """Use the signed-in user's language and time zone."""
        user = request.user
        if user.is_authenticated:
            timezone.activate(user.zone)
            if not request.headers.get("Accept-Language") or not request.path.startswith("/api/"):
                translation.activate(user.language)
                request.LANGUAGE_CODE = user.language
