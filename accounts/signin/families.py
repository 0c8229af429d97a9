"""Families of tokens: sign-in, rotation, reuse detection, sign-out (SPEC X4; RFC 9700 §4.14.2).

A sign-in begins a family. Every refresh spends the refresh token and answers with the next one. Who uses a spent one
holds a copy, and nobody can tell which of the two holders is the thief: the whole family ends, access tokens included.

A client that never got its answer may ask again: for TOKEN_REPLAY_SECONDS the token spent last gives the very answer
that it gave, byte for byte. All claims come from the family's row, so there is one successor, however often and however
many at once ask.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import NAMESPACE_OID, UUID, uuid5

from django.conf import settings
from rest_framework_simplejwt.tokens import AccessToken, RefreshToken, Token

from accounts.audit import Operation, record
from accounts.models import TokenFamily, User
from accounts.models.token_family import EndReason
from accounts.signin.refusals import TokenEnded, TokenReused
from exportcenter.common import clock
from exportcenter.common.client import Client

FAMILY, GENERATION = "fam", "gen"
"""Claims: id of the family, and which of its refresh tokens this is (or came with)."""


@dataclass(frozen=True)
class Pair:
    """What a sign-in and a refresh answer with."""

    access: AccessToken
    refresh: RefreshToken

    def as_json(self) -> dict[str, str]:
        """{access, refresh}"""
        return {"access": str(self.access), "refresh": str(self.refresh)}


def begin(user: User, client: Client | None = None) -> Pair:
    """A new family of ``user``, who has just shown a password, in the current tenant and transaction."""
    now = clock.this_moment()
    family = TokenFamily.objects.create(
        user=user,
        created_at=now,
        rotated_at=now,
        expires_at=now + timedelta(seconds=settings.TOKEN_FAMILY_SECONDS),
        ip_address=client.address if client else "",
        user_agent=client.user_agent if client else "",
    )
    return _pair(family, user)


def rotate(refresh: Token, user: User, client: Client) -> Pair:
    """The next pair for a verified refresh token of ``user``. Raises TokenEnded and TokenReused.

    The family's row is locked until the transaction ends: of parallel refreshes one spends the token, the others find
    it spent a moment ago. Whoever raises here must let the transaction commit, for the end and its audit entry.
    """
    family, generation = _locked(refresh, user), int(refresh[GENERATION])
    now = clock.this_moment()  # after the wait for the lock, and not the time at which the transaction began
    if family.ended_at is not None or family.expires_at <= now or generation > family.generation:
        raise TokenEnded()
    if generation == family.generation:
        family.generation, family.rotated_at = generation + 1, now
        family.save(update_fields=["generation", "rotated_at"])
        return _pair(family, user)
    grace = timedelta(seconds=settings.TOKEN_REPLAY_SECONDS)
    if generation == family.generation - 1 and now < family.rotated_at + grace:
        return _pair(family, user)
    _close(family, EndReason.REUSE, now)
    details = {"by": "jwt", "token": generation, "spent": family.generation}
    record(
        Operation.TOKEN_REUSE,
        actor=user,
        resource=resource_of(family),
        details=details,
        result="refused",
        client=client,
    )
    raise TokenReused()


def sign_out(token: Token, user: User, client: Client) -> None:
    """End the family of a verified token. Once more is no error; it leaves no second entry. Raises TokenEnded when
    there is no such family."""
    family = _locked(token, user)
    if family.ended_at is None:
        _close(family, EndReason.SIGN_OUT, clock.this_moment())
        record(Operation.SIGN_OUT, actor=user, resource=f"user:{user.code}", client=client, details={"by": "jwt"})


def end(families: list[UUID], *, actor: User, client: Client | None = None) -> int:
    """An administrator ends sign-ins of the current tenant, by id; how many were not over yet."""
    # In one order for everybody, and audit entries last (docs/architecture.md, lock order).
    found = TokenFamily.objects.select_related("user").select_for_update(of=("self",)).order_by("pk")
    ending = list(found.filter(pk__in=families, ended_at__isnull=True))
    now = clock.this_moment()
    for family in ending:
        _close(family, EndReason.ADMIN, now)
    for family in ending:
        details = {"user": family.user.code, "began": family.created_at.isoformat()}
        record(Operation.SIGN_IN_END, actor=actor, resource=resource_of(family), details=details, client=client)
    return len(ending)


def resource_of(family: TokenFamily) -> str:
    """How the audit trail names a family."""
    return f"tokenfamily:{family.pk}"


def _locked(token: Token, user: User) -> TokenFamily:
    found = TokenFamily.objects.select_for_update(of=("self",)).filter(pk=UUID(token[FAMILY]), user=user)
    family: TokenFamily | None = found.first()
    if family is None:
        raise TokenEnded()
    return family


def _close(family: TokenFamily, reason: EndReason, now: datetime) -> None:
    family.ended_at, family.end_reason = now, reason
    family.save(update_fields=["ended_at", "end_reason"])


def _pair(family: TokenFamily, user: User) -> Pair:
    """The tokens of the family's present generation, the same at every call."""
    refresh, access = RefreshToken(), AccessToken()
    life = timedelta(seconds=settings.TOKEN_ACCESS_SECONDS)
    ends = {refresh: family.expires_at, access: min(family.rotated_at + life, family.expires_at)}
    for token, moment in ends.items():
        token["sub"], token["tenant"], token["epoch"] = str(user.pk), str(user.tenant_id), user.authz_epoch
        token[FAMILY], token[GENERATION] = str(family.pk), family.generation
        token["jti"] = uuid5(NAMESPACE_OID, f"{family.pk}/{family.generation}/{token.token_type}").hex
        token.set_iat(at_time=family.rotated_at)
        token.set_exp(from_time=moment, lifetime=timedelta())
    return Pair(access, refresh)
