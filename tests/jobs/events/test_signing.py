"""Signatures and ids: what verifies, what does not, and what rotation does to them."""

import base64
import hashlib
import hmac
import json
import uuid
from datetime import UTC, datetime

import pytest

from jobs import events
from jobs.events import ids, signing
from jobs.events.facts import Fact
from jobs.models import Event

TENANT, USER = uuid.UUID(int=1), uuid.UUID(int=2)
DATA = {
    "job_id": "E20251003001",
    "from": None,
    "rows": 3,
    "名称": "“x”\n\u2028</script>",
    "list": [True, {"b": 1, "a": 2}],
}


def fact(**changes):
    values = {
        "tenant_id": TENANT,
        "seq": 7,
        "type": "job.status",
        "subject": "E20251003001",
        "data": DATA,
        "owner_id": USER,
        "sensitivity": "amount",
        "at": datetime(2025, 10, 3, 2, 0, 0, 5, tzinfo=UTC),
    }
    return Fact(**values | changes)


def verifies(event, key):
    """The rule of docs/api.md, written a second time."""
    parts = {name: event[name] for name in ("data", "subject", "type")}
    said = json.dumps(parts, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    message = f"{event['id'] or ''}.{event['time']}.{said}".encode()
    wanted = base64.b64encode(hmac.new(key.secret, message, hashlib.sha256).digest()).decode()
    return event["key_id"] == key.key_id and hmac.compare_digest(wanted, event["signature"])


def test_text_and_object_say_the_same_in_one_line_of_ascii():
    key = signing.key_of(USER)
    text = fact().text(key)
    assert json.loads(text) == fact().signed(key)
    assert text.isascii()
    assert text.isprintable()
    assert list(fact().signed(key)) == ["id", "type", "time", "subject", "data", "key_id", "signature"]
    assert fact().body["time"] == "2025-10-03T02:00:00.000005Z"


@pytest.mark.parametrize("seq", [7, None])
def test_a_signature_verifies_after_a_round_trip_through_json(seq):
    key = signing.key_of(USER)
    assert verifies(json.loads(fact(seq=seq).text(key)), key)


@pytest.mark.parametrize(
    "touch",
    [
        {"id": "0" * 12 + "-7"},
        {"id": None},
        {"type": "notification"},
        {"time": "2025-10-03T02:00:00.000006Z"},
        {"subject": "E20251003002"},
        {"data": DATA | {"rows": 4}},
        {"data": {name: value for name, value in DATA.items() if name != "from"}},
        {"data": DATA | {"more": ""}},
        {"signature": base64.b64encode(bytes(32)).decode()},
    ],
)
def test_a_touched_event_does_not_verify(touch):
    key = signing.key_of(USER)
    assert not verifies(fact().signed(key) | touch, key)


def test_everybody_has_a_key_of_their_own_and_nobody_has_the_servers(settings):
    settings.EVENT_KEYS = {"k1": "one"}
    mine, theirs = signing.key_of(USER), signing.key_of(TENANT)
    assert mine == signing.key_of(USER)
    assert mine.secret != theirs.secret
    assert len(mine.secret) == 32
    assert base64.b64decode(mine.text) == mine.secret
    assert not verifies(fact().signed(mine), theirs)


def test_the_first_key_signs_and_the_others_can_still_be_asked_for(settings):
    settings.EVENT_KEYS = {"k1": "one"}
    old = signing.key_of(USER)
    settings.EVENT_KEYS = {"k2": "two", "k1": "one"}
    assert signing.key_of(USER).key_id == "k2"
    assert signing.key_of(USER, "k1") == old
    settings.EVENT_KEYS = {"k2": "two"}
    with pytest.raises(KeyError):
        signing.key_of(USER, "k1")


def test_ids_outlive_a_rotation_until_their_key_is_gone(settings):
    settings.EVENT_KEYS = {"k1": "one"}
    old = ids.event_id(TENANT, 7)
    settings.EVENT_KEYS = {"k2": "two", "k1": "one"}
    assert ids.event_id(TENANT, 7) != old
    assert ids.number_in(old, TENANT) == ids.number_in(ids.event_id(TENANT, 7), TENANT) == 7
    settings.EVENT_KEYS = {"k2": "two"}
    assert ids.number_in(old, TENANT) is None


def test_an_id_is_of_one_company_and_names_it_to_nobody():
    assert ids.number_in(ids.event_id(TENANT, 7), USER) is None
    assert TENANT.hex[:12] not in ids.event_id(TENANT, 7)


@pytest.mark.parametrize("data", [{"x": 0.5}, {"x": [1, {"y": 1.0}]}, {1: "x"}, {"x": object()}, {"x": float("nan")}])
def test_what_cannot_be_signed_is_not_published(world, data):
    with world.scope("platform"):
        before = events.last_id()
        with pytest.raises(TypeError):
            events.publish("job.status", "S", data)
        assert events.last_id() == before
        assert not Event.objects.exists()


@pytest.mark.parametrize("type_", ["", "hello", "reset", "job.status\n", "x\ndata: y", "Job", "job..status", "a b"])
def test_what_is_no_type_is_not_published(world, type_):
    with world.scope("platform"):
        with pytest.raises(ValueError, match="cannot be the type"):
            events.publish(type_, "S", {})
        assert not Event.objects.exists()


def test_the_last_id_is_that_of_the_newest_event(world):
    with world.scope("platform"):
        number = events.publish("job.status", "S", {})
        assert events.last_id() == ids.event_id(world.tenants["platform"], number)
