"""Who gets what from a live stream, and for how long."""

import time
from datetime import timedelta

import httpx
import pytest
from django.db import connection
from django.test import Client
from rest_framework_simplejwt.tokens import AccessToken

from accounts.models import AccessToken as Token
from accounts.services import set_roles
from accounts.signin import families
from accounts.tokens import revoke_tokens
from jobs.events import signing
from jobs.events.facts import NOTIFICATION
from tests.accounts.token_helpers import give
from tests.exports_helpers import Web, post, signed_in
from tests.jobs.events.reader import PATH, SSE, Reader
from tests.jobs.events.test_signing import verifies

pytestmark = pytest.mark.processes

ROLES = {"operator": ["operator"], "finance": ["finance"]}
WITHIN = 5
"""Seconds in which a stream ends after a change of rights."""


@pytest.fixture
def set_right(live):
    """set_right("finance", roles=[]) or set_right("finance", is_active=False), committed, and undone afterwards."""

    def _change(name, *, roles=None, is_active=None):
        with live.scope(name):
            user = live.user(name)
            if roles is not None:
                set_roles(user=user, roles=roles, actor=live.user("admin"))
            if is_active is not None:
                user.is_active = is_active
                user.save(update_fields=["is_active"])

    yield _change
    for name, roles in ROLES.items():
        _change(name, roles=roles, is_active=True)


def test_everybody_gets_the_events_of_what_they_may_see(live, listen, tell):
    people = ("admin", "finance", "risk", "operator", "nobody", "acme_admin", "acme_user", "globex_admin")
    readers = {name: listen(name) for name in people}
    for reader in readers.values():
        assert reader.hello
    tell("platform", "amount of operator", owner="operator", sensitivity="amount")
    tell("platform", "risk of operator2", owner="operator2", sensitivity="risk")
    tell("platform", "general of nobody", owner="nobody", sensitivity="general")
    tell("platform", "note to finance", owner="finance", kind=NOTIFICATION, sensitivity="")
    tell("platform", "nobody's note", kind=NOTIFICATION, sensitivity="general")
    tell("acme", "general of acme_user", owner="acme_user", sensitivity="general")
    for name in people:  # the last event of each stream is one's own
        tell(name, f"end {name}", owner=name, kind=NOTIFICATION)
    for name, reader in readers.items():
        reader.wait(lambda reader=reader, name=name: reader.subjects()[-1:] == [f"end {name}"])
    assert {name: reader.subjects()[:-1] for name, reader in readers.items()} == {
        "admin": ["amount of operator", "risk of operator2", "general of nobody"],
        "finance": ["amount of operator", "note to finance"],
        "risk": ["risk of operator2"],
        "operator": ["amount of operator"],
        "nobody": ["general of nobody"],
        "acme_admin": ["general of acme_user"],
        "acme_user": ["general of acme_user"],
        "globex_admin": [],
    }
    for name, reader in readers.items():
        key = signing.key_of(live.users[name][1])
        assert all(verifies(event, key) for event in reader.events)


def test_a_replay_holds_nothing_that_one_may_not_see(live, listen, tell):
    start = listen("operator").hello.data["last"]
    tell("platform", "F", owner="finance", sensitivity="amount")
    tell("platform", "O", owner="operator", sensitivity="amount")
    tell("platform", "N", owner="finance", kind=NOTIFICATION)
    operator = listen("operator", **{"Last-Event-ID": start})
    finance = listen("finance", **{"Last-Event-ID": start})
    assert [event["subject"] for event in finance.wait_for_events(3)] == ["F", "O", "N"]
    assert [event["subject"] for event in operator.wait_for_events(1)] == ["O"]


def test_a_change_of_rights_ends_the_stream_and_the_next_one_is_judged_anew(listen, tell, set_right):
    finance, admin = listen("finance"), listen("admin")
    assert finance.hello.data == admin.hello.data
    changed = time.monotonic()
    set_right("finance", roles=["operator"])
    assert finance.wait_for_end() - changed < WITHIN
    tell("platform", "amount of risk", owner="risk", sensitivity="amount")
    admin.wait_for_events(1)
    again = listen("finance", **{"Last-Event-ID": finance.last_event_id})
    tell("platform", "own", owner="finance", sensitivity="amount")
    assert [event["subject"] for event in again.wait_for_events(1)] == ["own"]
    assert admin.ended_at is None


def test_a_disabled_person_is_cut_off_and_stays_out(web, cookie, set_right):
    headers = cookie("operator")
    reader = Reader(web.port, headers)
    try:
        assert reader.hello
        changed = time.monotonic()
        set_right("operator", is_active=False)
        assert reader.wait_for_end() - changed < WITHIN
        again = Reader(web.port, headers | {"Last-Event-ID": reader.last_event_id or ""})
        assert again.status in (401, 403)
    finally:
        reader.close()


def test_signing_out_ends_the_streams_of_that_session_alone(live, web):
    here, there = signed_in(live, "finance"), signed_in(live, "finance")
    readers = [Reader(web.port, _cookie(client)) for client in (here, there)]
    try:
        assert all(reader.hello for reader in readers)
        changed = time.monotonic()
        assert here.post("/accounts/logout/").status_code == 302
        connection.close()
        assert readers[0].wait_for_end() - changed < WITHIN
        time.sleep(1)
        assert readers[1].ended_at is None
        assert Reader(web.port, _cookie(here)).status == 401
    finally:
        for reader in readers:
            reader.close()


def _cookie(client: Client) -> dict[str, str]:
    return {"Cookie": f"sessionid={client.cookies['sessionid'].value}"}


def test_a_stream_ends_with_the_token_it_was_opened_with(live, web, tell):
    with live.scope("finance"):
        token = families.begin(live.user("finance")).access
    assert isinstance(token, AccessToken)
    token.set_exp(lifetime=timedelta(seconds=3))
    reader = Reader(web.port, {"Authorization": f"Bearer {token}"})
    try:
        assert reader.status == 200
        tell("platform", "S", owner="finance")
        reader.wait_for_events(1)
        assert reader.wait_for_end()
        assert Reader(web.port, {"Authorization": f"Bearer {token}"}).status == 401
    finally:
        reader.close()


def test_a_stream_ends_with_the_api_token_it_was_opened_with(live, web, tell):
    text = give(live, "finance", "events:read")
    headers = {"Authorization": f"Bearer {text}"}
    reader, other = Reader(web.port, headers), Reader(web.port, {"Authorization": f"Bearer {give(live, 'finance')}"})
    try:
        assert reader.status == other.status == 200
        tell("platform", "S", owner="finance")
        reader.wait_for_events(1)
        changed = time.monotonic()
        with live.scope("finance"):
            mine = Token.objects.filter(public_id=text.split("_")[1])
            assert revoke_tokens(tokens=mine, actor=live.user("finance")) == 1
        assert reader.wait_for_end() - changed < WITHIN
        assert Reader(web.port, headers).status == 401
        assert other.ended_at is None
    finally:
        reader.close()
        other.close()


def test_a_stream_ends_when_its_api_token_expires(live, web, superuser):
    text = give(live, "finance", "events:read")
    reader = Reader(web.port, {"Authorization": f"Bearer {text}"})
    try:
        assert reader.hello
        changed = time.monotonic()
        superuser.execute("UPDATE accounts_accesstoken SET expires_at = now()")
        assert reader.wait_for_end() - changed < WITHIN
    finally:
        reader.close()


def test_a_token_without_the_scope_opens_no_stream(live, web):
    reader = Reader(web.port, {"Authorization": f"Bearer {give(live, 'finance', 'exports:read')}"})
    try:
        assert reader.status == 403
    finally:
        reader.close()


def test_signing_out_by_token_ends_the_streams_of_that_sign_in_alone(live, web):
    with live.scope("finance"):
        here, there = (families.begin(live.user("finance")) for _number in range(2))
    readers = [Reader(web.port, {"Authorization": f"Bearer {pair.access}"}) for pair in (here, there)]
    try:
        assert all(reader.hello for reader in readers)
        changed = time.monotonic()
        assert post(Client(), "/api/v1/auth/logout", {"refresh": str(here.refresh)}).status_code == 204
        connection.close()
        assert readers[0].wait_for_end() - changed < WITHIN
        time.sleep(1)
        assert readers[1].ended_at is None
        assert Reader(web.port, {"Authorization": f"Bearer {here.access}"}).status == 401
    finally:
        for reader in readers:
            reader.close()


def test_a_token_dies_with_a_change_of_rights(live, web, set_right):
    with live.scope("finance"):
        token = families.begin(live.user("finance")).access
    reader = Reader(web.port, {"Authorization": f"Bearer {token}"})
    try:
        assert reader.hello
        set_right("finance", roles=["finance", "operator"])
        reader.wait_for_end()
        assert Reader(web.port, {"Authorization": f"Bearer {token}"}).status == 401
    finally:
        reader.close()


def test_streams_are_limited_per_person_and_per_process(live, tmp_path, cookie):
    web = Web(tmp_path, environment={"EVENT_STREAMS_PER_USER": "2", "EVENT_STREAMS_MOST": "3"})
    readers = []
    try:
        readers = [Reader(web.port, cookie("finance")) for _number in range(2)]
        assert all(reader.hello for reader in readers)
        with httpx.Client(base_url=web.address, headers=SSE | {"Accept-Language": "en"}, trust_env=False) as http:
            refused = http.get(PATH, headers=cookie("finance"))
            assert (refused.status_code, refused.json()["code"]) == (429, "THROTTLED")
            assert refused.headers["Retry-After"] == "5"
            assert refused.json()["message"] == "You have 2 live streams open already."
            readers.append(Reader(web.port, cookie("admin")))
            assert readers[2].hello
            full = http.get(PATH, headers=cookie("risk"))
            assert (full.status_code, full.json()["code"]) == (503, "UNAVAILABLE")
            assert full.headers["Retry-After"] == "5"
            polled = http.get(PATH, headers=cookie("finance") | {"Accept": "application/json"})
            assert polled.status_code == 200
        readers[0].close()
        readers.append(_soon(lambda: Reader(web.port, cookie("finance"))))
    finally:
        for reader in readers:
            reader.close()
        web.close()


def _soon(open_one, seconds=5):
    """A stream once there is room: the server hears of a client that has left with its next breath."""
    end = time.monotonic() + seconds
    while (reader := open_one()).status == 429:
        assert time.monotonic() < end
        time.sleep(0.1)
    assert reader.status == 200
    return reader
