"""Making and ending personal access tokens (SPEC A8). Doors: accounts.tokens_api, accounts.tokens_page, the admin."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from accounts import policy
from accounts.audit import Operation, record
from accounts.models import AccessToken, User
from accounts.models.token import LONGEST_NAME, MOST_DAYS, USUAL_DAYS, Reason
from accounts.scopes import Scope
from accounts.signin.token_text import new_text
from exportcenter.common.client import Client
from exportcenter.common.errors import InvalidParameters, NotFound, StateConflict

MOST_TOKENS = 50
"""Working tokens that one person may have."""


def own_tokens(actor: User) -> Any:
    """Every token of ``actor`` with its state, the newest first."""
    return AccessToken.objects.filter(owner=actor).with_state().select_related("revoked_by")


@transaction.atomic
def create_token(
    *, name: str, scopes: Iterable[Any], days: int = USUAL_DAYS, actor: User, client: Client | None = None
) -> tuple[AccessToken, str]:
    """A token of ``actor``'s, and its text, which nobody can learn again.

    Raises InvalidParameters (400), and StateConflict (409) when there are too many, or when the actor's password or
    rights have changed since the request began.
    """
    name, wanted = name.strip(), [str(scope) for scope in scopes]
    _refuse_wrong(name, wanted, days)
    _hold(actor)
    if AccessToken.objects.alive().filter(owner=actor).count() >= MOST_TOKENS:
        raise StateConflict(
            _("You have %(most)d API tokens already.") % {"most": MOST_TOKENS}, advice=_("Revoke some of them first.")
        )
    text = new_text()
    made = AccessToken.objects.create(
        owner=actor,
        name=name,
        public_id=text.public_id,
        secret_hash=text.secret_hash,
        scopes=[scope for scope in Scope if scope in wanted],
        expires_at=Now() + timedelta(days=days),
    )
    token: AccessToken = own_tokens(actor).get(pk=made.pk)
    record(
        Operation.TOKEN_CREATE,
        actor=actor,
        resource=resource_of(token),
        details={"name": name, "scopes": token.scopes, "expires_at": token.expires_at.isoformat()},
        client=client,
    )
    return token, text.text


@transaction.atomic
def revoke_tokens(*, tokens: Iterable[AccessToken], actor: User, client: Client | None = None) -> int:
    """End the tokens at once; returns how many still worked. Raises NotFound when one is none of ``actor``'s business,
    and then ends none."""
    keys = [token.pk for token in tokens]
    # Rows first, audit last; in one order for everybody.
    rows = list(AccessToken.objects.filter(pk__in=keys).order_by("pk").select_for_update(of=("self",)))
    for token in rows:
        if not policy.may(actor, policy.Action.TOKEN_REVOKE, token):
            raise NotFound(_("No such token."))
    ending = list(AccessToken.objects.alive().filter(pk__in=keys).select_related("owner").order_by("pk"))
    AccessToken.objects.filter(pk__in=[token.pk for token in ending]).update(
        revoked_at=Now(), revoked_by=actor, revoked_for=Reason.BY_HAND
    )
    for token in ending:
        details = {"name": token.name, "owner": token.owner.code}
        record(Operation.TOKEN_REVOKE, actor=actor, resource=resource_of(token), details=details, client=client)
    return len(ending)


def find_own(key: Any, actor: User) -> AccessToken:
    """The token of ``actor``'s with this id. Raises NotFound, for those of others, too."""
    token: AccessToken | None = own_tokens(actor).filter(pk=key).first()
    if token is None:
        raise NotFound(_("No such token."))
    return token


def resource_of(token: AccessToken) -> str:
    """How the audit trail names it, e.g. ``token:k3Jd81Qz9xYp``."""
    return f"token:{token.public_id}"


def _refuse_wrong(name: str, scopes: list[str], days: int) -> None:
    problems = {}
    if not 0 < len(name) <= LONGEST_NAME or not name.isprintable():
        words = _("A text of 1 to %(most)d printable characters is expected.")
        problems["name"] = [words % {"most": LONGEST_NAME}]
    if not scopes or len(scopes) != len(set(scopes)) or not set(scopes) <= set(Scope):
        words = _("A list of one or more of these is expected: %(allowed)s.")
        problems["scopes"] = [words % {"allowed": ", ".join(Scope)}]
    if not 1 <= days <= MOST_DAYS:
        problems["expires_in_days"] = [_("A whole number from 1 to %(most)d is expected.") % {"most": MOST_DAYS}]
    if problems:
        raise InvalidParameters(details=problems)


def _hold(actor: User) -> None:
    """Lock the actor's row: the count of tokens is exact, and no token slips past a change of the password that ends
    all others at this moment."""
    rows: Any = User.objects.select_for_update(of=("self",), no_key=True)
    if rows.values_list("authz_epoch", flat=True).get(pk=actor.pk) != actor.authz_epoch:
        raise StateConflict(_("Your password or your rights have just changed."), advice=_("Sign in again."))
