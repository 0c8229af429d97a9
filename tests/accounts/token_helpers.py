"""What tests of API tokens share."""

from datetime import timedelta
from typing import Any

from django.test import Client
from django.utils import timezone

from accounts.models import AccessToken
from accounts.scopes import Scope
from accounts.signin.token_text import new_text
from accounts.tokens import create_token

EVERYTHING = tuple(Scope)


def give(world: Any, name: str, *scopes: str, days: int = 90) -> str:
    """The text of a new token of that person, with these scopes or all of them."""
    with world.scope(name):
        return create_token(name="test", scopes=scopes or EVERYTHING, days=days, actor=world.user(name))[1]


def row_of(world: Any, name: str, text: str) -> AccessToken:
    """The row behind a text."""
    with world.scope(name):
        return AccessToken.objects.with_state().get(public_id=text.split("_")[1])


def outdated(world: Any, name: str) -> str:
    """The text of a token that has expired a second ago. The app role cannot move an expiry, so it is made that way."""
    text = new_text()
    with world.scope(name):
        AccessToken.objects.create(
            owner=world.user(name),
            name="old",
            public_id=text.public_id,
            secret_hash=text.secret_hash,
            scopes=list(EVERYTHING),
            expires_at=timezone.now() - timedelta(seconds=1),
        )
    return text.text


def bearer(text: str) -> dict[str, str]:
    """Headers of a request with that token."""
    return {"HTTP_AUTHORIZATION": f"Bearer {text}", "HTTP_ACCEPT_LANGUAGE": "en"}


def get(text: str, path: str = "/api/v1/exports") -> Any:
    """GET with that token."""
    return Client().get(path, **bearer(text))
