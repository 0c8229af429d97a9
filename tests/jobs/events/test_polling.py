"""The JSON form: the same events, asked for from time to time."""

import pytest

from jobs.events import ids, signing
from jobs.events.facts import NOTIFICATION
from jobs.models import Event
from tests.exports_helpers import ENGLISH
from tests.jobs.events.reader import PATH, SSE
from tests.jobs.events.test_signing import verifies


@pytest.fixture
def poll(world, sign_in):
    """poll("finance", after="…") → the JSON answer, which must be 200."""

    def _poll(name, **query):
        response = sign_in(name).get(PATH, query)
        assert response.status_code == 200, response.content
        return response.json()

    return _poll


@pytest.fixture
def id_of(world):
    return lambda number, slug="platform": ids.event_id(world.tenants[slug], number)


def test_who_comes_new_learns_where_things_stand(poll, tell, id_of):
    *_before, last = tell("platform", "S1", "S2")
    assert poll("admin") == {"events": [], "last": id_of(last), "reset": None, "more": False}


def test_a_poll_gives_what_came_after_in_order(world, poll, tell, id_of):
    first, *more = tell("platform", *(f"S{number}" for number in range(7)))
    page = poll("admin", after=id_of(first), limit=4)
    assert ([event["subject"] for event in page["events"]], page["more"]) == (["S1", "S2", "S3", "S4"], True)
    assert page["last"] == page["events"][-1]["id"] == id_of(more[3])
    rest = poll("admin", after=page["last"], limit=4)
    assert ([event["subject"] for event in rest["events"]], rest["more"]) == (["S5", "S6"], False)
    assert rest["last"] == id_of(more[-1])
    assert poll("admin", last_event_id=rest["last"])["events"] == []
    key = signing.key_of(world.users["admin"][1])
    assert all(verifies(event, key) for event in page["events"] + rest["events"])


def test_exactly_as_many_as_asked_for_is_not_more(poll, tell, id_of):
    first, *_rest, last = tell("platform", "S0", "S1", "S2")
    page = poll("admin", after=id_of(first), limit=2)
    assert (len(page["events"]), page["more"], page["last"]) == (2, False, id_of(last))


def test_everybody_polls_what_they_may_see_and_passes_the_rest(poll, tell, id_of):
    (start,) = tell("platform", "start")
    tell("platform", "F", owner="finance", sensitivity="amount")
    tell("platform", "R", owner="risk", sensitivity="risk")
    (last,) = tell("platform", "N", owner="operator", kind=NOTIFICATION)
    seen = {}
    for name in ("admin", "finance", "risk", "operator", "nobody"):
        page = poll(name, after=id_of(start))
        seen[name] = [event["subject"] for event in page["events"]]
        assert page["last"] == id_of(last)
    assert seen == {"admin": ["F", "R"], "finance": ["F"], "risk": ["R"], "operator": ["N"], "nobody": []}


def test_ids_that_are_none_are_named_so(poll, tell, id_of):
    (last,) = tell("platform", "S")
    (theirs,) = tell("acme", "S")
    for after in ("", "x", id_of(last + 1), id_of(theirs, "acme"), id_of(last) + " ", "\0", f"{id_of(last)}\n"):
        assert poll("admin", after=after) == {"events": [], "last": id_of(last), "reset": "unknown", "more": False}


def test_what_was_deleted_is_never_passed_over_in_silence(world, poll, tell, id_of):
    first, second, third = tell("platform", "S0", "S1", "S2")
    with world.scope("platform"):
        Event.objects.filter(seq__lte=second).delete()
    assert poll("admin", after=id_of(first)) == {"events": [], "last": id_of(third), "reset": "too_old", "more": False}
    assert [event["subject"] for event in poll("admin", after=id_of(second))["events"]] == ["S2"]
    with world.scope("platform"):
        Event.objects.all().delete()
    assert poll("admin", after=id_of(second))["reset"] == "too_old"
    assert poll("admin", after=id_of(third))["reset"] is None


@pytest.mark.parametrize(
    "query", [{"limit": "0"}, {"limit": "501"}, {"limit": "x"}, {"limit": "-1"}, {"limit": "١"}, {"colour": "red"}]
)
def test_wrong_parameters_are_refused_by_name(world, sign_in, query):
    response = sign_in("admin").get(PATH, query, **ENGLISH)
    assert response.status_code == 400
    assert list(response.json()["details"]) == list(query)
    if "colour" in query:
        words = ["There is no parameter of this name. Allowed: after, last_event_id, limit."]
        assert response.json()["details"]["colour"] == words


def test_strangers_are_refused(world, client):
    for path in (PATH, f"{PATH}/key"):
        response = client.get(path, **ENGLISH)
        assert (response.status_code, response.json()["code"]) == (401, "NOT_AUTHENTICATED")
        assert client.get(path, HTTP_AUTHORIZATION="Bearer x.y.z", **ENGLISH).status_code == 401


@pytest.mark.parametrize("path", [PATH, f"{PATH}/key"])
@pytest.mark.parametrize("method", ["head", "post", "put", "patch", "delete"])
def test_other_methods_are_refused(world, sign_in, path, method):
    assert getattr(sign_in("admin"), method)(path).status_code == 405


def test_what_is_answered_depends_on_accept_and_is_asked_for_every_time(world, sign_in):
    response = sign_in("admin").get(PATH, HTTP_ACCEPT="text/html,*/*")
    assert response["Content-Type"] == "application/json"
    assert "Accept" in response["Vary"].split(", ")
    assert response["Cache-Control"] == "private, no-cache"


def test_a_server_that_cannot_stream_says_so(world, sign_in):
    """The test client is one: it is not ASGI."""
    response = sign_in("admin").get(PATH, HTTP_ACCEPT=SSE["Accept"], **ENGLISH)
    assert (response.status_code, response.json()["code"]) == (406, "NOT_ACCEPTABLE")


def test_everybody_gets_the_key_that_signs_their_events(world, sign_in, settings):
    settings.EVENT_KEYS = {"new": "n", "old": "o"}
    response = sign_in("finance").get(f"{PATH}/key")
    key = signing.key_of(world.users["finance"][1])
    assert response.json() == {"key_id": "new", "secret": key.text}
    assert response["Cache-Control"] == "private, no-store"
    old = signing.key_of(world.users["finance"][1], "old")
    assert sign_in("finance").get(f"{PATH}/key?key_id=old").json() == {"key_id": "old", "secret": old.text}
    assert sign_in("admin").get(f"{PATH}/key").json()["secret"] != key.text
    missing = sign_in("finance").get(f"{PATH}/key?key_id=none", **ENGLISH)
    assert (missing.status_code, missing.json()["message"]) == (404, "No such key.")
    assert sign_in("finance").get(f"{PATH}/key?user=admin").status_code == 400
