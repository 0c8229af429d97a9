"""JWT bearer: access 2 h, refresh rotated within 7 days of the sign-in (SPEC X4).

A token carries tenant, user, the user's ``authz_epoch`` and the family (accounts.signin.families). All are compared at
every use, in the query that loads the user: disabling somebody, changing rights, signing out and a stolen refresh token
kill every token at once.
"""

from typing import Any, TypeVar
from uuid import UUID

from django.db.models import Exists, OuterRef
from django.db.models.functions import Now
from rest_framework.request import Request
from rest_framework_simplejwt.authentication import JWTAuthentication
from rest_framework_simplejwt.exceptions import InvalidToken, TokenError
from rest_framework_simplejwt.tokens import AccessToken, Token

from accounts import tenancy
from accounts.models import TokenFamily, User
from accounts.signin.families import FAMILY, GENERATION

LONGEST = 4096
"""Characters of a token that are looked at; ours have about 450."""
HIGHEST_GENERATION = 2**31 - 1
Kind = TypeVar("Kind", bound=Token)


class TenantJWTAuthentication(JWTAuthentication):
    """Verified access token → tenant → user."""

    def authenticate(self, request: Request) -> tuple[Any, Token] | None:
        header = self.get_header(request)
        raw = self.get_raw_token(header) if header is not None else None
        if raw is None:
            return None
        token = verified(AccessToken, raw)
        user = user_of(token)
        request._request.user = user  # the middleware's words (language, zone) follow the token, too
        return user, token


def verified(kind: type[Kind], raw: str | bytes) -> Kind:
    """The token behind ``raw``: our signature, algorithm, issuer, audience, kind and time. Raises InvalidToken.

    Whether it still means anything is for ``user_of`` to say.
    """
    if len(raw) > LONGEST:
        raise InvalidToken()
    try:
        token = kind(raw)  # type: ignore[arg-type]
        UUID(token[FAMILY])
        fine = 0 <= int(token[GENERATION]) <= HIGHEST_GENERATION
    except (TokenError, KeyError, ValueError, TypeError, AttributeError, OverflowError) as error:
        raise InvalidToken() from error
    if not fine:
        raise InvalidToken()
    return token


def user_of(token: Token, *, family_may_be_over: bool = False) -> User:
    """The user a verified token speaks for. Raises InvalidToken unless user, tenant, epoch and family still hold.

    The tenant is adopted by the running transaction. ``family_may_be_over``: the caller looks at the family itself.
    """
    try:
        tenant_id, user_id, family_id = UUID(token["tenant"]), UUID(token["sub"]), UUID(token[FAMILY])
        epoch = int(token["epoch"])
        tenancy.adopt(tenant_id)
    except (KeyError, ValueError, TypeError, AttributeError, OverflowError, tenancy.CrossTenant) as error:
        raise InvalidToken() from error
    people = User.objects.select_related("tenant").filter(pk=user_id)
    if not family_may_be_over:
        families = TokenFamily.objects.filter(pk=family_id, user=OuterRef("pk"))
        people = people.filter(Exists(families.filter(ended_at__isnull=True, expires_at__gt=Now())))
    user: User | None = people.first()
    if user is None or not user.is_active or not user.tenant.is_active or user.authz_epoch != epoch:
        raise InvalidToken()
    return user
