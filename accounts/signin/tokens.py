"""Personal access token → tenant → user (SPEC A8)."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from accounts import tenancy
from accounts.models import AccessToken, User
from accounts.signin.token_text import BEGINNING, TokenText, read_text
from exportcenter.common.client import client_of

NOTED_EVERY = timedelta(minutes=1)
"""The last use of a token is written this often at most."""


class AccessTokenAuthentication(BaseAuthentication):
    """``Authorization: Bearer ec_…``. Any other bearer is left to the classes behind this one.

    Whatever is wrong (shape, checksum, secret, expiry, revocation, the state of owner or tenant) is answered by the
    same 401. The rights of the user are read anew for every request; what of them the token is good for is asked by
    accounts.signin.scoping.
    """

    def authenticate(self, request: Request) -> tuple[User, AccessToken] | None:
        """The owner and the token."""
        scheme, _space, rest = get_authorization_header(request).decode("latin-1").strip().partition(" ")
        if scheme.lower() != "bearer" or not rest.strip().startswith(BEGINNING):
            return None
        text = read_text(rest.strip())
        token = _admitted(text) if text is not None else None
        if token is None:
            raise AuthenticationFailed(_("The token is not valid, or not any more."))
        address = client_of(request._request).address
        # After the commit, in a transaction of its own: a request that holds its token's row to its end would make
        # a revocation or a change of the password wait for it, or meet it in a deadlock.
        # Only a hint, by our own clock: note_use asks the database again.
        if token.last_used_at is None or token.last_used_at <= timezone.now() - NOTED_EVERY:
            transaction.on_commit(lambda: note_use(token, address), robust=True)
        request._request.user = token.owner  # the middleware's words (language, zone) follow the token, too
        return token.owner, token

    def authenticate_header(self, request: Request) -> str:
        """What a 401 asks for."""
        return 'Bearer realm="api"'


def is_alive(token_id: UUID) -> bool:
    """Whether the token still works, for streams that outlive their request. Call inside the tenant's scope."""
    return bool(AccessToken.objects.alive().filter(pk=token_id).exists())


def note_use(token: AccessToken, address: str) -> None:
    """Write down when and from where, once a minute at most. Waits for nobody: who holds the row knows as much."""
    stale = Q(last_used_at__isnull=True) | Q(last_used_at__lte=Now() - NOTED_EVERY)
    with tenancy.tenant_scope(token.tenant_id):
        rows = AccessToken.objects.filter(stale, pk=token.pk)
        if rows.exists() and rows.select_for_update(skip_locked=True).values_list("pk").first():
            AccessToken.objects.filter(pk=token.pk).update(last_used_at=Now(), last_used_ip=address)


def _admitted(text: TokenText) -> AccessToken | None:
    """The token behind ``text``, with its owner, if everything holds; then the transaction works for its tenant."""
    found = _find(text.public_id)
    if found is None or tenancy.current() not in (None, found[1]):
        return None
    token_id, tenant_id = found
    with tenancy.tenant_scope(tenant_id):
        tokens: Any = AccessToken.objects.alive().select_related("owner__tenant")
        token: AccessToken | None = tokens.filter(pk=token_id).first()
    if token is None or not text.proves(bytes(token.secret_hash)):
        return None
    if not token.owner.is_active or not token.owner.tenant.is_active:
        return None
    tenancy.adopt(tenant_id)
    return token


def _find(public_id: str) -> tuple[UUID, UUID] | None:
    """(token, tenant) of a public id, which says nothing yet about who is asking."""
    with transaction.atomic(), tenancy.role_scope(tenancy.SIGNIN_ROLE), connection.cursor() as cursor:
        cursor.execute("SELECT id, tenant_id FROM accounts_accesstoken WHERE public_id = %s", [public_id])
        row: tuple[UUID, UUID] | None = cursor.fetchone()
        return row
