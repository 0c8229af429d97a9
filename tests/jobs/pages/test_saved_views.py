"""Saved views: shape, sharing, limits, defaults; a view gives no right to what it shows."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from urllib.parse import urlencode

import pytest
from django.test import Client

from accounts import policy
from accounts.audit import Operation
from accounts.models import User
from accounts.services import set_roles
from exportcenter.common import clock
from jobs.datasets import all_datasets
from jobs.models import SavedView
from jobs.pages import saved_views
from tests.exports_helpers import API, ENGLISH, Trail, in_thread, signed_in

PATH = "/api/v1/saved-views"
NAMES = [
    "id", "name", "builtin", "page", "query", "shared", "roles", "owner", "mine", "may_change", "default",
]  # fmt: skip
NEW = {"page": "exports", "name": "Failed orders", "query": {"status": ["failed", "canceled"], "type": ["orders"]}}


@pytest.fixture
def client(world, sign_in):
    return sign_in("finance")


@pytest.fixture
def make(send):
    """make(client, name="…") → the new view."""

    def _make(client, **changes):
        answer = send(client, "POST", PATH, NEW | changes)
        assert answer.status_code == 201, answer.content
        return answer.json()

    return _make


def listed(client, query="?page=exports"):
    response = client.get(f"{PATH}{query}", **ENGLISH)
    assert response.status_code == 200, response.content
    body = response.json()
    assert list(body) == ["items", "roles"]
    assert body["roles"]
    assert all(list(role) == ["key", "title"] and all(role.values()) for role in body["roles"])
    assert all(list(item) == NAMES for item in body["items"])
    return body["items"]


def saved(client):
    return [item for item in listed(client) if not item["builtin"]]


class TestShape:
    def test_create_read_change_delete(self, world, client, send):
        answer = send(client, "POST", PATH, NEW)
        body = answer.json()
        assert (answer.status_code, answer["Location"]) == (201, f"{PATH}/{body['id']}")
        with world.scope("finance"):
            code = world.user("finance").code
        assert body == {
            "id": body["id"],
            "name": "Failed orders",
            "builtin": False,
            "page": "exports",
            "query": NEW["query"],
            "shared": "private",
            "roles": [],
            "owner": {"code": code, "name": "finance"},
            "mine": True,
            "may_change": True,
            "default": False,
        }
        assert list(body) == NAMES
        path = f"{PATH}/{body['id']}"
        assert client.get(path, **ENGLISH).json() == body
        changed = send(client, "PATCH", path, {"name": "Other", "query": {"q": ["E2026"]}})
        assert (changed.status_code, changed.json()) == (200, body | {"name": "Other", "query": {"q": ["E2026"]}})
        gone = send(client, "DELETE", path)
        assert (gone.status_code, gone.json()) == (200, {"ok": True})
        assert client.get(path).status_code == send(client, "DELETE", path).status_code == 404

    def test_undo_of_a_deletion_is_the_same_body_again(self, client, send, make):
        first = make(client, shared="tenant")
        send(client, "DELETE", f"{PATH}/{first['id']}")
        again = {name: first[name] for name in ("page", "name", "query", "shared", "roles")}
        second = make(client, **again)
        assert second | {"id": ""} == first | {"id": ""}

    def test_the_products_then_the_own_ones_then_those_of_others(self, client, sign_in, make):
        for name in ("b", "a"):
            make(client, name=name)
            make(sign_in("operator"), name=f"{name} of operator", shared="tenant")
        assert [item["name"] for item in listed(client)] == [
            "Started by me", "Amount only", "Failed today", "a", "b", "a of operator", "b of operator",
        ]  # fmt: skip
        assert listed(client, "") == listed(client)

    @pytest.mark.parametrize(
        ("query", "field"), [("?page=payroll", "page"), ("?page=", "page"), ("?owner=1", "owner"), ("?q=%00", "q")]
    )
    def test_a_wrong_query_is_named(self, client, query, field):
        response = client.get(f"{PATH}{query}", **ENGLISH)
        assert (response.status_code, list(response.json()["details"])) == (400, [field])

    def test_markup_in_names_and_queries_is_data(self, client, sign_in, make):
        evil = "<script>alert(1)</script>"
        made = make(client, name=evil, query={evil: ["\"'><img src=x onerror=alert(1)>", "{{ 7*7 }}"]}, shared="tenant")
        for reader in (client, sign_in("operator")):
            response = reader.get(f"{PATH}/{made['id']}")
            assert response["Content-Type"] == "application/json"
            assert (response.json()["name"], list(response.json()["query"])) == (evil, [evil])
        page = sign_in("admin").get(f"/admin/jobs/savedview/{made['id']}/change/").content.decode()
        assert evil not in page
        assert "&lt;script&gt;alert(1)" in page

    def test_filters_that_are_gone_are_passed_on(self, client, make):
        made = make(client, query={"a_filter_of_last_year": ["x"]})
        assert saved(client)[0]["query"] == made["query"] == {"a_filter_of_last_year": ["x"]}


class TestBuiltIn:
    def test_they_are_made_for_the_reader(self, world, client, monkeypatch):
        monkeypatch.setattr(clock, "now", lambda: datetime(2026, 10, 3, 20, tzinfo=UTC))
        with world.scope("finance"):
            user = world.user("finance")
            User.objects.filter(pk=user.pk).update(time_zone="America/New_York")
        items = {item["id"]: item for item in listed(client) if item["builtin"]}
        amount = ["orders", "stats_annual", "stats_monthly", "wallet_ledger", "wallet_summary", "withdraws"]
        assert {key: item["query"] for key, item in items.items()} == {
            "mine": {"created_by": [user.code]},
            "amount": {"type": amount},
            "failed_today": {"status": ["failed"], "created_from": ["2026-10-03T00:00:00-04:00"]},
        }
        assert amount == [one.key for one in all_datasets() if one.sensitivity == "amount"]
        for item in items.values():
            assert (item["owner"], item["mine"], item["may_change"], item["roles"]) == (None, False, False, [])
            assert (item["shared"], item["default"]) == ("tenant", False)

    @pytest.mark.parametrize(("zone", "day"), [("Asia/Shanghai", "2026-10-04T00:00:00+08:00"), ("UTC", "2026-10-03")])
    def test_today_is_the_readers(self, world, client, monkeypatch, zone, day):
        monkeypatch.setattr(clock, "now", lambda: datetime(2026, 10, 3, 20, tzinfo=UTC))
        with world.scope("finance"):
            User.objects.filter(pk=world.users["finance"][1]).update(time_zone=zone)
        assert client.get(f"{PATH}/failed_today").json()["query"]["created_from"][0].startswith(day)

    def test_the_list_of_exports_takes_them_as_they_are(self, client, exports):
        exports.make("finance", status="failed")
        exports.make("finance", "members")
        exports.make("operator", status="failed")
        counts = {}
        for item in listed(client):
            page = client.get(f"{API}?{urlencode(item['query'], doseq=True)}")
            assert page.status_code == 200, page.content
            counts[item["id"]] = page.json()["total"]
        assert counts == {"mine": 2, "amount": 2, "failed_today": 2}

    @pytest.mark.parametrize("method", ["PATCH", "DELETE"])
    def test_nobody_changes_them(self, sign_in, send, method):
        answer = send(sign_in("admin"), method, f"{PATH}/mine", {"name": "x"} if method == "PATCH" else None)
        assert (answer.status_code, answer.json()["code"]) == (403, "FORBIDDEN")

    def test_names_are_in_the_language_of_the_reader(self, client):
        names = [item["name"] for item in client.get(PATH, HTTP_ACCEPT_LANGUAGE="").json()["items"]]
        assert names == ["我发起的", "仅金额类", "今日失败"]


class TestSharing:
    SEEN_BY = {
        "private": {"operator"},
        "roles": {"operator", "finance"},
        "tenant": {"operator", "finance", "operator2", "risk", "nobody", "admin"},
    }
    PEOPLE = ("operator", "operator2", "finance", "risk", "nobody", "admin", "acme_admin", "globex_admin")

    @pytest.mark.parametrize("shared", SEEN_BY)
    def test_who_sees_it_and_who_changes_it(self, world, sign_in, send, make, shared):
        made = make(sign_in("operator"), shared=shared, roles=["finance"] if shared == "roles" else [])
        path = f"{PATH}/{made['id']}"
        for name in self.PEOPLE:
            reader, seen, own = sign_in(name), name in self.SEEN_BY[shared], name == "operator"
            items = saved(reader)
            assert [item["id"] for item in items] == ([made["id"]] if seen else []), name
            if seen:
                assert (items[0]["mine"], items[0]["may_change"]) == (own, own), name
                assert items[0]["owner"]["name"] == "operator"
            assert reader.get(path).status_code == (200 if seen else 404), name
            if not own:
                expected = 403 if seen else 404
                assert send(reader, "PATCH", path, {"name": "stolen"}).status_code == expected, name
                assert send(reader, "DELETE", path).status_code == expected, name
        assert saved(sign_in("operator"))[0] == made

    def test_the_policy_and_the_lists_agree(self, world):
        for shared, roles in (("private", []), ("roles", ["finance"]), ("tenant", [])):
            with world.scope("operator"):
                actor = world.user("operator")
                view = saved_views.create_view(
                    page="exports", name=shared, query={}, shared=shared, roles=roles, actor=actor
                )
            for name in self.PEOPLE:
                with world.scope(name):
                    user = world.user(name)
                    there = SavedView.objects.visible_to(user).filter(pk=view.pk).exists()
                    decision = policy.may(user, policy.Action.SAVED_VIEW_SEE, view)
                    assert (bool(decision), decision.hidden) == (there, not there), (shared, name)
                    changes = policy.may(user, policy.Action.SAVED_VIEW_CHANGE, view)
                    assert bool(changes) == (name == "operator")
                    assert changes.allowed or changes.reason

    def test_a_role_that_is_taken_away_takes_the_view(self, world, sign_in, make):
        make(sign_in("operator"), shared="roles", roles=["finance"])
        assert len(saved(sign_in("finance"))) == 1
        with world.scope("finance"):
            set_roles(user=world.user("finance"), roles=[], actor=None)
        assert saved(sign_in("finance")) == []

    def test_client_people_share_in_their_company(self, sign_in, make):
        make(sign_in("acme_admin"), shared="roles", roles=["client_manager"])
        counts = {name: len(saved(sign_in(name))) for name in ("acme_manager", "acme_user", "globex_admin", "admin")}
        assert counts == {"acme_manager": 1, "acme_user": 0, "globex_admin": 0, "admin": 0}

    @pytest.mark.parametrize(
        ("shared", "roles", "field"),
        [
            ("everybody", [], "shared"),
            ("roles", [], "roles"),
            ("roles", ["no such role"], "roles"),
            ("roles", ["client_admin"], "roles"),
            ("tenant", ["finance"], "roles"),
            ("private", ["finance"], "roles"),
            ("roles", [None], "roles"),
            ("roles", ["finance"] * 51, "roles"),
        ],
    )
    def test_sharing_is_checked(self, client, send, make, shared, roles, field):
        answer = send(client, "POST", PATH, NEW | {"shared": shared, "roles": roles})
        assert (answer.status_code, list(answer.json()["details"])) == (400, [field])
        made = make(client)
        answer = send(client, "PATCH", f"{PATH}/{made['id']}", {"shared": shared, "roles": roles})
        assert (answer.status_code, list(answer.json()["details"])) == (400, [field])
        assert saved(client) == [made]

    def test_roles_go_with_sharing(self, client, send, make):
        path = f"{PATH}/{make(client, shared='roles', roles=['risk', 'finance', 'risk'])['id']}"

        def change(**body):
            answer = send(client, "PATCH", path, body).json()
            return answer["shared"], answer["roles"]

        assert change(name="x") == ("roles", ["finance", "risk"])
        assert change(roles=["operator"]) == ("roles", ["operator"])
        assert change(roles=None) == ("roles", ["operator"])
        assert change(shared="tenant") == ("tenant", [])
        assert change(shared="private") == ("private", [])

    def test_a_view_gives_no_right_to_data(self, sign_in, exports, make):
        exports.make("finance")
        made = make(sign_in("finance"), query={"type": ["orders"]}, shared="tenant")
        page = sign_in("operator").get(f"{API}?{urlencode(made['query'], doseq=True)}").json()
        assert (page["total"], page["items"]) == (0, [])

    def test_the_trail_tells_sharing_and_nothing_else(self, world, client, send, make):
        trail = Trail(world, "finance")
        key = make(client)["id"]
        path = f"{PATH}/{key}"
        send(client, "PATCH", path, {"name": "renamed", "query": {}})
        assert trail.entries() == []
        send(client, "PATCH", path, {"shared": "roles", "roles": ["risk"]})
        send(client, "PATCH", path, {"shared": "roles", "roles": ["risk"]})
        send(client, "PATCH", path, {"shared": "tenant"})
        send(client, "DELETE", path)
        make(client, name="second", shared="tenant")
        told = [(entry.details["name"], entry.details["shared"], entry.details["roles"]) for entry in trail.entries()]
        assert told == [
            ("renamed", "roles", ["risk"]),
            ("renamed", "tenant", []),
            ("renamed", "private", []),
            ("second", "tenant", []),
        ]
        first = trail.entries()[0]
        assert (first.operation, first.resource) == (
            Operation.SAVED_VIEW_SHARE,
            f"saved_view:{path.rsplit('/', maxsplit=1)[-1]}",
        )
        assert first.username == "finance"
        assert first.ip_address == "127.0.0.1"


class TestRefusals:
    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"name": ""}, "name"),
            ({"name": " x"}, "name"),
            ({"name": "x" * 61}, "name"),
            ({"name": "a\nb"}, "name"),
            ({"name": 7}, "name"),
            ({"name": None}, "name"),
            ({"page": "payroll"}, "page"),
            ({"page": ["exports"]}, "page"),
            ({"query": []}, "query"),
            ({"query": None}, "query"),
            ({"query": {"": ["x"]}}, "query."),
            ({"query": {"x" * 61: ["x"]}}, f"query.{'x' * 61}"),
            ({"query": {"a\tb": ["x"]}}, "query.a\tb"),
            ({"query": {"status": "failed"}}, "query.status"),
            ({"query": {"status": []}}, "query.status"),
            ({"query": {"status": [7]}}, "query.status"),
            ({"query": {"status": [None]}}, "query.status"),
            ({"query": {"status": {"$gt": ""}}}, "query.status"),
            ({"query": {"status": ["x" * 501]}}, "query.status"),
            ({"query": {"status": ["x"] * 101}}, "query.status"),
            ({"query": {f"f{n}": ["x"] for n in range(41)}}, "query"),
            ({"query": {f"f{n}": ["x" * 500] for n in range(20)}}, "query"),
            ({"owner": "U1"}, "owner"),
            ({"shared": None}, "shared"),
            ({"roles": "finance"}, "roles"),
        ],
    )
    def test_what_is_wrong_is_named_and_nothing_is_stored(self, world, client, send, change, field):
        answer = send(client, "POST", PATH, NEW | change)
        assert (answer.status_code, answer.json()["code"]) == (400, "INVALID_PARAMETERS")
        assert list(answer.json()["details"]) == [field]
        assert saved(client) == []

    @pytest.mark.parametrize("missing", ["page", "name", "query"])
    def test_what_is_missing_is_named(self, client, send, missing):
        body = {name: value for name, value in NEW.items() if name != missing}
        answer = send(client, "POST", PATH, body)
        assert (answer.status_code, list(answer.json()["details"])) == (400, [missing])

    @pytest.mark.parametrize(
        "change", [{"page": "exports"}, {"id": "x"}, {"name": None}, {"query": None}, {"owner": {}}]
    )
    def test_changes_are_checked_too(self, client, send, make, change):
        made = make(client)
        answer = send(client, "PATCH", f"{PATH}/{made['id']}", change)
        assert (answer.status_code, list(answer.json()["details"])) == (400, list(change))
        assert saved(client) == [made]

    def test_names_are_unique_for_one_person(self, client, sign_in, send, make):
        first = make(client)
        make(sign_in("operator"))
        second = make(client, name="other")
        for answer in (
            send(client, "POST", PATH, NEW),
            send(client, "PATCH", f"{PATH}/{second['id']}", {"name": first["name"]}),
        ):
            assert (answer.status_code, list(answer.json()["details"])) == (409, ["name"])
        assert [item["name"] for item in saved(client)] == [first["name"], "other"]
        assert send(client, "PATCH", f"{PATH}/{first['id']}", {"name": first["name"]}).status_code == 200

    @pytest.mark.parametrize(
        "key", ["x", "Mine", str(uuid.UUID(int=0)), "5f0c2c1e-8f0a-4d6e-9b1d-2f7f6f1f3a10", "x" * 3000, "%00", "%F0"]
    )
    @pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
    def test_what_is_not_there(self, client, send, method, key):
        answer = send(client, method, f"{PATH}/{key}", {} if method == "PATCH" else None)
        assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")
        assert send(client, "POST", f"{PATH}/{key}/default").status_code == 404

    def test_nobody_without_a_session(self, world):
        assert Client().get(PATH).status_code == 401
        assert Client().post(PATH, NEW, content_type="application/json").status_code == 401

    def test_a_hundred_of_one_person(self, world, client, sign_in, send, make):
        with world.scope("finance"):
            user = world.user("finance")
            now = clock.now()
            common = {"owner": user, "page": "exports", "created_at": now, "updated_at": now}
            SavedView.objects.bulk_create([SavedView(name=f"n{number}", **common) for number in range(99)])
        last = make(client, name="last")
        answer = send(client, "POST", PATH, NEW | {"name": "one too many"})
        assert (answer.status_code, answer.json()["code"]) == (409, "STATE_CONFLICT")
        assert "100" in answer.json()["message"]
        assert len(saved(client)) == 100
        make(sign_in("operator"))
        send(client, "DELETE", f"{PATH}/{last['id']}")
        make(client, name="room again")

    def test_the_list_of_others_is_cut(self, world, client, monkeypatch, make, sign_in):
        monkeypatch.setattr(saved_views, "MOST_SHARED", 2)
        for number in range(4):
            make(sign_in("operator"), name=f"n{number}", shared="tenant")
        assert [item["name"] for item in saved(client)] == ["n0", "n1"]


class TestDefault:
    def test_set_and_unset(self, client, send, make):
        made = make(client)
        for key in (made["id"], "failed_today"):
            path = f"{PATH}/{key}/default"
            answer = send(client, "POST", path)
            assert (answer.status_code, answer.json()["id"], answer.json()["default"]) == (200, key, True)
            assert [item["id"] for item in listed(client) if item["default"]] == [key]
            assert client.get("/api/v1/me/preferences/exports").json()["value"]["default_view"] == key
        other = send(client, "DELETE", f"{PATH}/{made['id']}/default")
        assert (other.status_code, other.json()["default"]) == (200, False)
        assert [item["id"] for item in listed(client) if item["default"]] == ["failed_today"]
        assert send(client, "DELETE", f"{PATH}/failed_today/default").json()["default"] is False
        assert [item for item in listed(client) if item["default"]] == []

    def test_it_keeps_the_other_choices(self, client, send, make):
        send(client, "PUT", "/api/v1/me/preferences/exports", {"value": {"density": "compact"}})
        send(client, "POST", f"{PATH}/mine/default")
        value = client.get("/api/v1/me/preferences/exports").json()["value"]
        assert (value["density"], value["default_view"]) == ("compact", "mine")

    def test_each_person_has_an_own_one(self, client, sign_in, send, make):
        made = make(client, shared="tenant")
        send(sign_in("operator"), "POST", f"{PATH}/{made['id']}/default")
        assert saved(sign_in("operator"))[0]["default"] is True
        assert saved(client)[0]["default"] is False

    def test_deleted_or_hidden_it_is_none(self, client, sign_in, send, make):
        made = make(client, shared="tenant")
        operator = sign_in("operator")
        for person in (client, operator):
            send(person, "POST", f"{PATH}/{made['id']}/default")
        send(client, "PATCH", f"{PATH}/{made['id']}", {"shared": "private"})
        assert [item["default"] for item in listed(operator)] == [False] * 3
        assert [item["id"] for item in listed(client) if item["default"]] == [made["id"]]
        send(client, "DELETE", f"{PATH}/{made['id']}")
        assert [item["default"] for item in listed(client)] == [False] * 3

    def test_what_one_may_not_see_cannot_be_it(self, client, sign_in, send, make):
        made = make(client)
        for method in ("POST", "DELETE"):
            assert send(sign_in("operator"), method, f"{PATH}/{made['id']}/default").status_code == 404

    def test_its_body_is_empty(self, client, send):
        assert send(client, "POST", f"{PATH}/mine/default", {"page": "exports"}).status_code == 400


def test_twenty_tabs_cannot_pass_the_limit_together(live, send):
    with live.scope("finance"):
        user, now = live.user("finance"), clock.now()
        common = {"owner": user, "page": "exports", "created_at": now, "updated_at": now}
        SavedView.objects.bulk_create([SavedView(name=f"n{number}", **common) for number in range(97)])
    clients = [signed_in(live, "finance") for _number in range(20)]

    def create(number: int) -> int:
        return in_thread(send, clients[number], "POST", PATH, NEW | {"name": f"tab {number}"}).status_code

    with ThreadPoolExecutor(20) as pool:
        statuses = list(pool.map(create, range(20)))
    assert sorted(statuses) == [201] * 3 + [409] * 17
    with live.scope("finance"):
        assert SavedView.objects.count() == 100


def test_queries_do_not_grow_with_views(client, sign_in, make, django_assert_max_num_queries):
    for number in range(8):
        make(client, name=f"mine {number}")
        make(sign_in("operator"), name=f"theirs {number}", shared="roles", roles=["finance"])
    listed(client)
    with django_assert_max_num_queries(12):
        assert len(saved(client)) == 16
