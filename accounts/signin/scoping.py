"""Whether an API token is good for what it is used for: asked before every method of every view (SPEC A8)."""

from typing import Any

from django.utils.translation import gettext as _
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from accounts.models import AccessToken
from accounts.scopes import Scope, Scopes
from exportcenter.common.errors import PermissionRefused


class InsufficientScope(PermissionRefused):
    """403: the owner might, the token may not (RFC 6750, 3.1)."""

    def __init__(self, scope: Scope | None) -> None:
        if scope is None:
            super().__init__(_("API tokens are not accepted here."), advice=_("Sign in with your name and password."))
            self.challenge = 'Bearer realm="api", error="insufficient_scope"'
            return
        super().__init__(
            _("This API token does not have the scope “%(scope)s”.") % {"scope": scope},
            advice=_("Create a token with this scope. What a token may do cannot be changed."),
        )
        self.challenge = f'Bearer realm="api", error="insufficient_scope", scope="{scope}"'


class ScopeAllows(BasePermission):
    """Lets sessions and sign-in tokens pass. A personal token needs the scope that the view names for the method; where
    it names none, no token will do."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """True, or InsufficientScope is raised."""
        token = request.auth
        if not isinstance(token, AccessToken):
            return True
        method = "GET" if request.method == "HEAD" else str(request.method)
        if not hasattr(view, method.lower()):
            return True  # 405 says more than 403
        scopes: Scopes = getattr(view, "scopes", {})
        scope = scopes.get(method)
        if scope is None or scope not in token.scopes:
            raise InsufficientScope(scope)
        return True
