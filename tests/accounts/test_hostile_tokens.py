"""Tokens that somebody made, changed, or kept too long: each is refused, none breaks anything."""

import base64
import json
import time

import jwt
import pytest
from django.conf import settings
from django.test import Client

from accounts.models import Tenant, TokenFamily, User
from accounts.services import set_roles
from accounts.signin import families
from tests.exports_helpers import post

REFRESH, LOGOUT, LIST = "/api/v1/auth/token/refresh", "/api/v1/auth/logout", "/api/v1/exports"
NOBODY = "00000000-0000-0000-0000-000000000000"
NESTED = 700
"""Deep enough to break a parser that calls itself, and short enough to be looked at."""


def encoded(value: object) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def claims(token: str) -> dict:
    return jwt.decode(token, options={"verify_signature": False})


def forged(token: str, *, key: str | None = None, algorithm: str = "HS256", without: str = "", **changes) -> str:
    """The token with other claims, signed with the true key unless told otherwise."""
    payload = claims(token) | changes
    payload.pop(without, None)
    return jwt.encode(payload, settings.SECRET_KEY if key is None else key, algorithm=algorithm)


def swap(token: str, part: int, text: str) -> str:
    parts = token.split(".")
    parts[part] = text
    return ".".join(parts)


def tampered(token: str) -> str:
    """The claims changed under the old signature."""
    return swap(token, 1, encoded(claims(token) | {"exp": claims(token)["exp"] + 3600}))


HOSTILE = {
    "expired": lambda token: forged(token, exp=int(time.time()) - 1),
    "not yet": lambda token: forged(token, nbf=int(time.time()) + 600),
    "endless": lambda token: forged(token, without="exp"),
    "ends never": lambda token: forged(token, exp=1e308),
    "ends in words": lambda token: forged(token, exp="tomorrow"),
    "HS384": lambda token: forged(token, algorithm="HS384"),
    "HS512": lambda token: forged(token, algorithm="HS512"),
    "none": lambda token: forged(token, key="", algorithm="none"),
    "none, signature kept": lambda token: swap(token, 0, encoded({"alg": "none", "typ": "JWT"})),
    "alg in odd case": lambda token: swap(token, 0, encoded({"alg": "nOnE", "typ": "JWT"})),
    "alg is no text": lambda token: swap(token, 0, encoded({"alg": ["HS256"], "typ": "JWT"})),
    "no alg": lambda token: swap(token, 0, encoded({"typ": "JWT"})),
    "critical extension": lambda token: swap(token, 0, encoded({"alg": "HS256", "crit": ["b64"], "b64": False})),
    "kid is no text": lambda token: swap(token, 0, encoded({"alg": "HS256", "kid": 7})),
    "another key": lambda token: forged(token, key="another key of sufficient length, 32 bytes"),
    "foreign audience": lambda token: forged(token, aud="somebody-else"),
    "one of many audiences": lambda token: forged(token, aud=["somebody-else"]),
    "no audience": lambda token: forged(token, without="aud"),
    "foreign issuer": lambda token: forged(token, iss="somebody-else"),
    "no issuer": lambda token: forged(token, without="iss"),
    "no kind": lambda token: forged(token, without="token_type"),
    "kind of nothing": lambda token: forged(token, token_type="sliding"),
    "no id": lambda token: forged(token, without="jti"),
    "no family": lambda token: forged(token, without="fam"),
    "family of nobody": lambda token: forged(token, fam=NOBODY),
    "family is no id": lambda token: forged(token, fam="'; DROP TABLE accounts_user; --"),
    "family is a number": lambda token: forged(token, fam=7),
    "no generation": lambda token: forged(token, without="gen"),
    "generation below zero": lambda token: forged(token, gen=-1),
    "generation beyond numbers": lambda token: forged(token, gen=2**63),
    "generation is no number": lambda token: forged(token, gen="first"),
    "generation of nothing": lambda token: forged(token, gen=None),
    "another epoch": lambda token: forged(token, epoch=claims(token)["epoch"] + 1),
    "no epoch": lambda token: forged(token, without="epoch"),
    "epoch beyond numbers": lambda token: forged(token, epoch=2**70),
    "no tenant": lambda token: forged(token, without="tenant"),
    "tenant of nobody": lambda token: forged(token, tenant=NOBODY),
    "tenant is no id": lambda token: forged(token, tenant="nonsense"),
    "no person": lambda token: forged(token, without="sub"),
    "person of nobody": lambda token: forged(token, sub=NOBODY),
    "tampered": tampered,
    "signature cut": lambda token: token[:-4],
    "no signature": lambda token: token.rsplit(".", 1)[0] + ".",
    "two parts": lambda token: token.rsplit(".", 1)[0],
    "four parts": lambda token: token + ".x",
    "no base64": lambda token: swap(token, 1, "%%%"),
    "claims are a list": lambda token: swap(token, 1, encoded([1])),
    "header is a list": lambda token: swap(token, 0, encoded([1])),
    "header nested": lambda token: swap(token, 0, encoded(b"[" * NESTED * 2 + b"]" * NESTED)),
    "header of bytes": lambda token: swap(token, 0, encoded(b"\xff\xfe\x00")),
    "huge": lambda token: token + "A" * 100_000,
    "word": lambda token: "x",
}
"""What → how it is made of a token that is good."""


@pytest.fixture
def pair(world):
    with world.scope("finance"):
        return families.begin(world.user("finance")).as_json()


def as_access(token: str):
    return Client().get(LIST, HTTP_AUTHORIZATION=f"Bearer {token}")


def as_refresh(token: str):
    return post(Client(), REFRESH, {"refresh": token})


def as_sign_out(token: str):
    return post(Client(), LOGOUT, {"refresh": token})


def refused(answer) -> None:
    assert (answer.status_code, answer.json()["code"]) == (401, "NOT_AUTHENTICATED"), answer.content
    assert list(answer.json()) == ["code", "message", "advice", "details", "request_id", "docs"]
    assert answer["WWW-Authenticate"].startswith("Bearer")


def test_a_forgery_that_changes_nothing_is_good(pair):
    """So that the refusals below are refusals of what is changed."""
    assert as_access(forged(pair["access"])).status_code == 200
    assert as_refresh(forged(pair["refresh"])).status_code == 200


@pytest.mark.parametrize("what", HOSTILE)
def test_hostile_tokens(world, pair, what):
    make = HOSTILE[what]
    refused(as_access(make(pair["access"])))
    refused(as_refresh(make(pair["refresh"])))
    refused(as_sign_out(make(pair["refresh"])))
    with world.scope("finance"):
        family = TokenFamily.objects.get()
        assert (family.generation, family.ended_at) == (0, None)  # nobody ends what is not theirs
    assert as_access(pair["access"]).status_code == 200


def test_each_kind_for_its_own_door_only(pair):
    refused(as_access(pair["refresh"]))
    refused(as_refresh(pair["access"]))
    refused(as_sign_out(pair["access"]))
    refused(post(Client(), LOGOUT, HTTP_AUTHORIZATION=f"Bearer {pair['refresh']}"))


def test_a_generation_from_the_future_is_refused_and_ends_nothing(pair):
    refused(as_refresh(forged(pair["refresh"], gen=5)))
    assert as_refresh(pair["refresh"]).status_code == 200


def test_the_family_of_somebody_else(world, pair):
    with world.scope("risk"):
        theirs = families.begin(world.user("risk")).as_json()
    for door, kind in ((as_access, "access"), (as_refresh, "refresh"), (as_sign_out, "refresh")):
        refused(door(forged(pair[kind], fam=claims(theirs[kind])["fam"])))
    assert as_access(theirs["access"]).status_code == 200


def test_the_tenant_of_somebody_else(world, pair):
    for door, kind in ((as_access, "access"), (as_refresh, "refresh"), (as_sign_out, "refresh")):
        refused(door(forged(pair[kind], tenant=str(world.tenants["acme"]))))


def test_a_token_beside_the_session_of_another_company(world, pair, sign_in):
    client = sign_in("acme_user")
    refused(client.get(LIST, HTTP_AUTHORIZATION=f"Bearer {pair['access']}"))
    refused(post(client, REFRESH, {"refresh": pair["refresh"]}))


def _disable_user(world):
    User.objects.filter(username="finance").update(is_active=False)


def _disable_tenant(world):
    Tenant.objects.update(is_active=False)


def _change_roles(world):
    set_roles(user=world.user("finance"), roles=["risk"], actor=None)


def _change_password(world):
    user = world.user("finance")
    user.set_password("Neues-Pferd-8")
    user.save()


@pytest.mark.parametrize("change", [_disable_user, _disable_tenant, _change_roles, _change_password])
def test_what_ends_every_token(world, pair, change):
    with world.scope("finance"):
        change(world)
    refused(as_access(pair["access"]))
    refused(as_refresh(pair["refresh"]))


@pytest.mark.parametrize(
    "header", ["Bearer", "Bearer a b", "Bearer ", "bearer x", "Basic eDp4", "Bearer \xe9", "x" * 5000]
)
def test_odd_headers(world, header):
    answer = Client().get(LIST, HTTP_AUTHORIZATION=header)
    assert (answer.status_code, answer.json()["code"]) == (401, "NOT_AUTHENTICATED")
    assert post(Client(), LOGOUT, HTTP_AUTHORIZATION=header).status_code == 401


@pytest.mark.parametrize(
    ("language", "words"), [("zh-hans", "令牌无效或已过期"), ("en", "Token is invalid or expired")], ids=["zh", "en"]
)
def test_the_refusal_speaks_the_readers_language(world, language, words):
    answer = Client().get(LIST, HTTP_AUTHORIZATION="Bearer a.b.c", HTTP_ACCEPT_LANGUAGE=language)
    assert (answer.status_code, answer.json()["message"]) == (401, words)
