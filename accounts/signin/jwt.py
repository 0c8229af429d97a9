"""JWT bearer: access 2 h, refresh 7 d (SPEC X4).

A token carries the tenant and the user's ``authz_epoch``; both are checked at every use, so that disabling a
user or changing rights kills every token at once.
"""

from typing import Any
from uuid import UUID

from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request
from rest_framework_simplejwt.authentication import JWTAuthentication
from rest_framework_simplejwt.exceptions import InvalidToken
from rest_framework_simplejwt.serializers import TokenObtainPairSerializer, TokenRefreshSerializer
from rest_framework_simplejwt.tokens import RefreshToken, Token

from accounts import tenancy
from accounts.audit import Operation, record
from accounts.models import User
from exportcenter.common.client import client_of


class TenantJWTAuthentication(JWTAuthentication):
    """Verified token → tenant → user."""

    def authenticate(self, request: Request) -> tuple[Any, Token] | None:
        header = self.get_header(request)
        raw = self.get_raw_token(header) if header is not None else None
        if raw is None:
            return None
        token = self.get_validated_token(raw)
        user = user_of(token)
        request._request.user = user  # the middleware's words (language, zone) follow the token, too
        return user, token


def user_of(token: Token) -> User:
    """The user a verified token speaks for. Raises InvalidToken unless user, tenant and epoch still hold.

    The tenant is adopted by the running transaction.
    """
    try:
        tenant_id, user_id, epoch = UUID(token["tenant"]), UUID(token["sub"]), int(token["epoch"])
        tenancy.adopt(tenant_id)
    except (KeyError, ValueError, TypeError, AttributeError, tenancy.CrossTenant) as error:
        raise InvalidToken() from error
    user: User | None = User.objects.select_related("tenant").filter(pk=user_id).first()
    if user is None or not user.is_active or not user.tenant.is_active or user.authz_epoch != epoch:
        raise InvalidToken()
    return user


class ObtainSerializer(TokenObtainPairSerializer):
    """Name and password → access and refresh token."""

    @classmethod
    def get_token(cls, user: User) -> Token:  # type: ignore[override]
        token = RefreshToken()
        token["sub"], token["tenant"], token["epoch"] = str(user.pk), str(user.tenant_id), user.authz_epoch
        return token

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        tokens = super().validate(attrs)
        assert isinstance(self.user, User)
        request = self.context["request"]
        record(
            Operation.SIGN_IN,
            actor=self.user,
            resource=f"user:{self.user.code}",
            client=client_of(request),
            details={"by": "jwt"},
        )
        return tokens


class RefreshSerializer(TokenRefreshSerializer):
    """Refresh token → access token, if user, tenant and rights are still what they were."""

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        refresh = RefreshToken(attrs["refresh"])
        try:
            user_of(refresh)
        except InvalidToken as error:
            raise AuthenticationFailed("Sign in again.") from error
        return {"access": str(refresh.access_token)}
