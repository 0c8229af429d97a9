"""REST API of signing in, refreshing and signing out, for programs."""

from typing import Any

from django.contrib.auth import authenticate
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework_simplejwt.exceptions import InvalidToken
from rest_framework_simplejwt.tokens import AccessToken, RefreshToken, Token

from accounts import api_docs
from accounts.audit import Operation, record
from accounts.limits.doors import spend_sign_in
from accounts.models import User
from accounts.signin import families
from accounts.signin.jwt import TenantJWTAuthentication, user_of, verified
from accounts.signin.refusals import TokenEnded, WrongPassword
from exportcenter.common.api import AnswersAnyway
from exportcenter.common.bodies import is_text, read_body
from exportcenter.common.client import client_of
from exportcenter.common.openapi import documented

NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}
"""Of every answer with tokens in it (RFC 6749 §5.1)."""


class TokenView(APIView):
    """Base of the doors below: whoever comes here has no valid access token, or need not have one."""

    authentication_classes = ()
    permission_classes = ()
    content_negotiation_class = AnswersAnyway


class TokenObtain(TokenView):
    """Name and password → tokens."""

    @documented(api_docs.OBTAIN)
    def post(self, request: Request) -> Response:
        """200 {access, refresh}"""
        body = read_body(request, username=is_text, password=is_text, required=("username", "password"))
        spend_sign_in(request._request, body["username"])
        user = authenticate(request._request, username=body["username"], password=body["password"])
        if not isinstance(user, User):
            raise WrongPassword()
        client = client_of(request._request)
        pair = families.begin(user, client)
        record(Operation.SIGN_IN, actor=user, resource=f"user:{user.code}", client=client, details={"by": "jwt"})
        return Response(pair.as_json(), headers=NO_STORE)


class TokenRefresh(TokenView):
    """The refresh token → the next pair; the old one is spent."""

    @documented(api_docs.REFRESH_TOKEN)
    def post(self, request: Request) -> Response:
        """200 {access, refresh}"""
        body = read_body(request, refresh=is_text, required=("refresh",))
        refresh, user = _spoken_for(RefreshToken, body["refresh"])
        return Response(families.rotate(refresh, user, client_of(request._request)).as_json(), headers=NO_STORE)


class SignOut(TokenView):
    """End everything that descends from the sign-in."""

    @documented(api_docs.SIGN_OUT)
    def post(self, request: Request) -> Response:
        """204. Says which sign-in by ``refresh`` in the body, or by the bearer."""
        body = read_body(request, refresh=is_text)
        kind: type[Token] = RefreshToken if "refresh" in body else AccessToken
        token, user = _spoken_for(kind, body["refresh"] if "refresh" in body else _bearer(request))
        families.sign_out(token, user, client_of(request._request))
        return Response(status=204)


def _spoken_for(kind: type[Any], raw: str | bytes) -> tuple[Any, User]:
    """A token of that kind and its user. Raises TokenEnded."""
    try:
        token = verified(kind, raw)
        return token, user_of(token, family_may_be_over=True)
    except InvalidToken as error:
        raise TokenEnded() from error


def _bearer(request: Request) -> bytes:
    """The token of the Authorization header, or nothing. Raises TokenEnded for a header that holds no single one."""
    reader = TenantJWTAuthentication()
    header = reader.get_header(request)
    try:
        return (reader.get_raw_token(header) if header is not None else None) or b""
    except AuthenticationFailed as error:
        raise TokenEnded() from error
