"""A browser's session at the API."""

from typing import Any

from rest_framework import exceptions
from rest_framework.authentication import SessionAuthentication

from exportcenter.common.errors import CsrfFailed


class SignedInBySession(SessionAuthentication):
    """Django's session. A change without the token of our pages is CSRF_FAILED, as on a page."""

    def enforce_csrf(self, request: Any) -> None:
        """Raise CsrfFailed (403) unless the token is right."""
        try:
            super().enforce_csrf(request)
        except exceptions.PermissionDenied as refusal:
            raise CsrfFailed() from refusal
