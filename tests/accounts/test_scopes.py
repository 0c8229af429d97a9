"""Every address of the API names the scope of each method; tokens with and without it, at every one of them."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, get_resolver
from rest_framework.permissions import AllowAny

from accounts.scopes import TITLES, Scope
from accounts.signin.scoping import ScopeAllows
from accounts.signin.tokens import AccessTokenAuthentication
from tests.accounts.token_helpers import bearer, give
from tests.exports_helpers import signed_in, undone

METHODS = ("get", "post", "put", "patch", "delete")
SAMPLES = {
    "job_no": "E20260101001",
    "key": "00000000-0000-4000-8000-000000000000",
    "page": "exports",
    "number": "1",
    "message_id": "msg_1",
    "file_id": "00000000-0000-4000-8000-000000000000",
}
"""What stands in an address in the place of a variable."""


def routes(patterns: Any = None, before: str = "") -> Iterator[tuple[str, Any]]:
    """(address, view class) of everything under /api/."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        address = before + str(pattern.pattern)
        if not isinstance(pattern, URLPattern):
            yield from routes(pattern.url_patterns, address)
        elif address.startswith("api/"):
            yield address, getattr(pattern.callback, "cls", None) or getattr(pattern.callback, "view_class", None)


def is_public(view: Any) -> bool:
    return list(view.permission_classes) == [AllowAny]


ROUTES = list(routes())
VIEWS = [(address, view) for address, view in ROUTES if hasattr(view, "authentication_classes")]
"""Those of the API; the rest are pages, which know no tokens."""
DOORS = [(address, view) for address, view in VIEWS if view.authentication_classes and not is_public(view)]
"""Those that ask who one is. The others sign in, or are for everybody: no token makes a difference."""


def methods_of(view: Any) -> list[str]:
    return [name.upper() for name in METHODS if name in view.http_method_names and hasattr(view, name)]


CASES = [(address, method, view) for address, view in DOORS for method in methods_of(view)]
NAMES = [f"{method} {address}" for address, method, _view in CASES]


def path_of(address: str) -> str:
    filled = []
    for part in address.split("/"):
        name = part.strip("<>").rpartition(":")[2]
        filled.append(SAMPLES[name] if part.startswith("<") else part)
    return "/" + "/".join(filled)


def ask(text: str, method: str, address: str) -> Any:
    with undone():
        return Client().generic(method, path_of(address), "{}", content_type="application/json", **bearer(text))


def test_the_walk_finds_the_api():
    assert len(CASES) > 40
    assert {"api/v1/exports", "api/v1/events", "api/v1/me/tokens", "api/v1/saved-views"} <= {one[0] for one in DOORS}
    without = {address for address, view in VIEWS if (address, view) not in DOORS}
    assert without == {"api/v1/auth/token", "api/v1/auth/token/refresh", "api/v1/auth/logout", "api/v1/errors"}


@pytest.mark.parametrize(("address", "method", "view"), CASES, ids=NAMES)
def test_every_method_names_its_scope(address, method, view):
    """Add to the view: ``scopes = {"GET": Scope.…}``, or NEVER when it is for people only."""
    assert method in getattr(view, "scopes", {}), f"{view.__name__} names no scope for {method}"
    assert view.scopes[method] is None or isinstance(view.scopes[method], Scope)


@pytest.mark.parametrize(("address", "view"), DOORS, ids=[address for address, _view in DOORS])
def test_every_view_asks(address, view):
    assert AccessTokenAuthentication in view.authentication_classes
    assert ScopeAllows in view.permission_classes
    assert set(getattr(view, "scopes", {})) == set(methods_of(view)), "scopes of methods that are not there"


def test_every_scope_opens_something_and_has_words():
    assert {view.scopes[method] for _address, method, view in CASES} - {None} == set(Scope)
    assert set(TITLES) == set(Scope)
    assert all(str(title) for title in TITLES.values())


@pytest.mark.parametrize("scope", Scope)
def test_a_token_opens_the_doors_of_its_scope_and_no_other(world, scope):
    text = give(world, "admin", scope)
    wrong, opened = [], 0
    for address, method, view in CASES:
        answer = ask(text, method, address)
        challenge = answer.headers.get("WWW-Authenticate", "")
        shut = answer.status_code == 403 and "insufficient_scope" in challenge
        if view.scopes[method] == scope:
            opened += 1
            expected = not shut and answer.status_code not in (401, 500)
        else:
            needed = view.scopes[method]
            named = needed is None or (f'scope="{needed}"' in challenge and f"“{needed}”" in answer.json()["message"])
            expected = shut and named
        if not expected:
            wrong.append((method, address, answer.status_code, challenge))
    assert wrong == []
    assert opened > 0


def test_people_need_no_scope(world):
    client = signed_in(world, "admin")
    for address, method, _view in CASES:
        with undone():
            answer = client.generic(method, path_of(address), "{}", content_type="application/json")
        assert answer.status_code not in (401, 500)
        assert "WWW-Authenticate" not in answer.headers


@pytest.mark.urls("tests.accounts.whoami_urls")
def test_a_view_that_names_none_is_closed_to_tokens(world):
    answer = Client().get("/api/v1/whoami", **bearer(give(world, "admin")))
    assert answer.status_code == 403
    assert "insufficient_scope" in answer["WWW-Authenticate"]


def test_head_needs_the_scope_of_get_and_options_is_shut(world):
    reading, following = give(world, "admin", "exports:read"), give(world, "admin", "events:read")
    assert Client().head("/api/v1/exports", **bearer(reading)).status_code == 200
    assert Client().head("/api/v1/exports", **bearer(following)).status_code == 403
    assert Client().options("/api/v1/exports", **bearer(reading)).status_code == 403


def test_a_method_that_is_not_there_is_no_question_of_scope(world):
    assert Client().delete("/api/v1/exports", **bearer(give(world, "admin", "events:read"))).status_code == 405
