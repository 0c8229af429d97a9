"""Page preferences: what is allowed, what is refused by name, and who reads them."""

import threading

import pytest
from django.test import Client

from exportcenter.common.errors import InvalidParameters
from jobs.models import PagePreference, SavedView
from jobs.pages.preferences import LARGEST, PAGES, get_preference, set_preference
from tests.exports_helpers import ENGLISH, in_thread, signed_in

PATH = "/api/v1/me/preferences/exports"
BELL = "/api/v1/me/preferences/notifications"
DEFAULTS = {
    "columns": [],
    "density": "comfortable",
    "default_view": None,
    "folded": [],
    "drawer_width": None,
    "filters_open": True,
}
CHOSEN = {
    "columns": [{"key": "job_no", "width": 180, "shown": True}, {"key": "gone_by_now", "width": None, "shown": False}],
    "density": "compact",
    "default_view": "mine",
    "folded": ["log", "attempts"],
    "drawer_width": 520,
    "filters_open": False,
}


@pytest.fixture
def client(world, sign_in):
    return sign_in("finance")


def value_of(client, path=PATH):
    response = client.get(path, **ENGLISH)
    assert response.status_code == 200, response.content
    body = response.json()
    assert list(body) == ["value"]
    return body["value"]


class TestShape:
    def test_nothing_chosen_is_the_defaults(self, client):
        assert value_of(client) == DEFAULTS
        assert list(value_of(client)) == list(DEFAULTS)
        assert value_of(client, BELL) == {
            "bell": {"ready": True, "failed": True, "canceled": True},
            "mail": {"ready": False, "failed": False, "canceled": False},
        }

    def test_put_replaces_and_patch_merges(self, client, send):
        answer = send(client, "PUT", PATH, {"value": CHOSEN})
        assert (answer.status_code, answer.json()) == (200, {"value": CHOSEN})
        assert value_of(client) == CHOSEN
        answer = send(client, "PATCH", PATH, {"value": {"density": "comfortable", "columns": []}})
        assert (
            answer.json()
            == {"value": CHOSEN | {"density": "comfortable", "columns": []}}
            == {"value": value_of(client)}
        )
        answer = send(client, "PUT", PATH, {"value": {"drawer_width": 300}})
        assert answer.json() == {"value": DEFAULTS | {"drawer_width": 300}} == {"value": value_of(client)}
        assert send(client, "PUT", PATH, {"value": {}}).json() == {"value": DEFAULTS}

    def test_what_is_not_said_of_a_way_has_its_default(self, client, send):
        answer = send(client, "PATCH", BELL, {"value": {"bell": {"ready": False}, "mail": {"failed": True}}})
        assert answer.json()["value"] == {
            "bell": {"ready": False, "failed": True, "canceled": True},
            "mail": {"ready": False, "failed": True, "canceled": False},
        }

    def test_patch_before_anything_was_chosen(self, client, send):
        assert send(client, "PATCH", PATH, {"value": {"density": "compact"}}).json()["value"]["density"] == "compact"
        assert value_of(client) == DEFAULTS | {"density": "compact"}

    def test_every_page_is_own(self, world, client, send):
        send(client, "PUT", PATH, {"value": CHOSEN})
        assert value_of(client, BELL)["bell"]["ready"] is True
        with world.scope("finance"):
            assert PagePreference.objects.count() == 1


class TestRefusals:
    @pytest.mark.parametrize("method", ["PUT", "PATCH"])
    @pytest.mark.parametrize(
        ("value", "field"),
        [
            ({"colour": "red"}, "value.colour"),
            ({"<script>": 1}, "value.<script>"),
            ({"density": "wide"}, "value.density"),
            ({"density": None}, "value.density"),
            ({"density": ["compact"]}, "value.density"),
            ({"columns": {}}, "value.columns"),
            ({"columns": [7]}, "value.columns.0"),
            ({"columns": [{"key": "a", "shown": True}]}, "value.columns.0.width"),
            ({"columns": [{"key": "", "width": 90, "shown": True}]}, "value.columns.0.key"),
            ({"columns": [{"key": "x" * 64, "width": 90, "shown": True}]}, "value.columns.0.key"),
            ({"columns": [{"key": "a\n", "width": 90, "shown": True}]}, "value.columns.0.key"),
            ({"columns": [{"key": "a", "width": 39, "shown": True}]}, "value.columns.0.width"),
            ({"columns": [{"key": "a", "width": 2001, "shown": True}]}, "value.columns.0.width"),
            ({"columns": [{"key": "a", "width": 90.5, "shown": True}]}, "value.columns.0.width"),
            ({"columns": [{"key": "a", "width": True, "shown": True}]}, "value.columns.0.width"),
            ({"columns": [{"key": "a", "width": 90, "shown": 1}]}, "value.columns.0.shown"),
            ({"columns": [{"key": "a", "width": 90, "shown": True, "x": 1}]}, "value.columns.0.x"),
            ({"columns": [{"key": "a", "width": 90, "shown": True}] * 2}, "value.columns"),
            ({"columns": [{"key": f"c{n}", "width": 90, "shown": True} for n in range(101)]}, "value.columns"),
            ({"default_view": 7}, "value.default_view"),
            ({"default_view": "x" * 41}, "value.default_view"),
            ({"folded": "log"}, "value.folded"),
            ({"folded": ["log", "log"]}, "value.folded"),
            ({"folded": [None]}, "value.folded.0"),
            ({"folded": [f"s{n}" for n in range(51)]}, "value.folded"),
            ({"drawer_width": "520"}, "value.drawer_width"),
            ({"drawer_width": 10**30}, "value.drawer_width"),
            ({"filters_open": "yes"}, "value.filters_open"),
        ],
    )
    def test_what_is_wrong_is_named_and_nothing_is_stored(self, world, client, send, method, value, field):
        answer = send(client, method, PATH, {"value": value})
        assert (answer.status_code, answer.json()["code"]) == (400, "INVALID_PARAMETERS")
        assert list(answer.json()["details"]) == [field]
        with world.scope("finance"):
            assert PagePreference.objects.count() == 0

    @pytest.mark.parametrize(
        ("value", "field"),
        [
            ({"bell": True}, "value.bell"),
            ({"bell": {"expired": True}}, "value.bell.expired"),
            ({"mail": {"ready": "yes"}}, "value.mail.ready"),
            ({"mail": {"ready": None}}, "value.mail.ready"),
            ({"sms": {"ready": True}}, "value.sms"),
        ],
    )
    def test_wrong_wishes(self, client, send, value, field):
        answer = send(client, "PUT", BELL, {"value": value})
        assert (answer.status_code, list(answer.json()["details"])) == (400, [field])

    @pytest.mark.parametrize("body", [{}, {"value": None}, {"value": []}, {"value": "x"}, {"other": {}}, []])
    def test_wrong_bodies(self, client, send, body):
        answer = send(client, "PUT", PATH, body)
        assert answer.status_code == 400
        assert set(answer.json()["details"]) <= {"value", "other", "body"}

    @pytest.mark.parametrize("page", ["payroll", "x" * 3000, "exports%00", "Exports", "%3Cscript%3E"])
    @pytest.mark.parametrize("method", ["GET", "PUT", "PATCH"])
    def test_an_unknown_page_is_named(self, client, send, method, page):
        answer = send(client, method, f"/api/v1/me/preferences/{page}", None if method == "GET" else {"value": {}})
        assert (answer.status_code, list(answer.json()["details"])) == (400, ["page"])

    def test_the_size_is_capped(self, client, send):
        columns = [{"key": f"{n:03}{'列' * 60}", "width": None, "shown": True} for n in range(100)]
        answer = send(client, "PUT", PATH, {"value": {"columns": columns}})
        assert (answer.status_code, answer.json()["details"]) == (400, {"value": [f"At most {LARGEST} bytes."]})
        assert value_of(client) == DEFAULTS

    def test_the_size_is_capped_over_several_patches(self, client, send):
        columns = [{"key": f"{n:03}{'列' * 55}", "width": None, "shown": True} for n in range(70)]
        folded = [f"{n:02}{'节' * 60}" for n in range(50)]
        assert send(client, "PATCH", PATH, {"value": {"columns": columns}}).status_code == 200
        assert send(client, "PATCH", PATH, {"value": {"folded": folded}}).status_code == 400
        assert value_of(client)["folded"] == []

    def test_nobody_without_a_session(self, world):
        assert Client().get(PATH).status_code == 401


class TestWhose:
    def test_own_only(self, world, sign_in, send):
        assert send(sign_in("finance"), "PUT", PATH, {"value": CHOSEN}).status_code == 200
        for name in ("admin", "operator", "acme_admin"):
            assert value_of(sign_in(name)) == DEFAULTS, name
        assert value_of(sign_in("finance")) == CHOSEN

    def test_services_speak_of_the_current_company(self, world):
        with world.scope("acme_admin"):
            set_preference(page="exports", value={"density": "compact"}, actor=world.user("acme_admin"))
        with world.scope("finance"):
            acme = world.users["acme_admin"][1]
            assert get_preference(page="exports", user_id=acme)["density"] == "comfortable"
            with pytest.raises(InvalidParameters):
                get_preference(page="payroll", user_id=acme)


class TestReading:
    def test_what_an_older_release_allowed_counts_as_not_said(self, world, client, send):
        send(client, "PUT", PATH, {"value": CHOSEN})
        with world.scope("finance"):
            PagePreference.objects.update(value=CHOSEN | {"density": "tiny", "colour": "red", "columns": [{"k": 1}]})
        assert value_of(client) == CHOSEN | {"density": "comfortable", "columns": []}
        send(client, "PATCH", PATH, {"value": {"density": "compact"}})
        with world.scope("finance"):
            assert "colour" not in PagePreference.objects.get().value

    def test_a_default_view_that_is_gone_or_hidden_is_none(self, world, sign_in, send):
        finance, operator = sign_in("finance"), sign_in("operator")
        view = {"page": "exports", "name": "n", "query": {"q": ["E"]}, "shared": "tenant"}
        key = send(finance, "POST", "/api/v1/saved-views", view).json()["id"]
        for client in (finance, operator):
            send(client, "PATCH", PATH, {"value": {"default_view": key}})
            assert value_of(client)["default_view"] == key
        send(finance, "PATCH", f"/api/v1/saved-views/{key}", {"shared": "private"})
        assert [value_of(client)["default_view"] for client in (finance, operator)] == [key, None]
        send(finance, "PATCH", f"/api/v1/saved-views/{key}", {"shared": "roles", "roles": ["operator"]})
        assert value_of(operator)["default_view"] == key
        with world.scope("finance"):
            SavedView.objects.all().delete()
        assert [value_of(client)["default_view"] for client in (finance, operator)] == [None, None]
        assert send(finance, "PATCH", PATH, {"value": {"default_view": "nonsense"}}).status_code == 200
        assert value_of(finance)["default_view"] is None

    def test_defaults_are_not_shared_between_readers(self, world):
        with world.scope("finance"):
            user = world.users["finance"][1]
            first = get_preference(page="exports", user_id=user)
            first["columns"].append("x")
            get_preference(page="notifications", user_id=user)["bell"]["ready"] = False
            assert get_preference(page="exports", user_id=user)["columns"] == []
            assert get_preference(page="notifications", user_id=user)["bell"]["ready"] is True

    def test_every_default_is_allowed(self):
        for page, keys in PAGES.items():
            for name, key in keys.items():
                assert list(key.check(key.default, name)) == [], (page, name)


def test_four_tabs_at_once_leave_one_row_and_lose_no_key(live, send):
    """Each writes a key of its own, all on the first write: no error, no second row."""
    clients = [signed_in(live, "finance") for _number in range(4)]
    parts = [{"density": "compact"}, {"folded": ["log"]}, {"drawer_width": 400}, {"filters_open": False}]
    start = threading.Barrier(4)
    statuses = []

    def write(client, part) -> None:
        start.wait(10)
        statuses.append(send(client, "PATCH", PATH, {"value": part}).status_code)

    threads = [
        threading.Thread(target=in_thread, args=[write, client, part])
        for client, part in zip(clients, parts, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert statuses == [200] * 4
    with live.scope("finance"):
        assert PagePreference.objects.count() == 1
    expected = DEFAULTS | {"density": "compact", "folded": ["log"], "drawer_width": 400, "filters_open": False}
    assert value_of(clients[0]) == expected
