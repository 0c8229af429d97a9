"""Page events: what is taken, what is refused by name, how many a minute, and who sees them."""

import threading
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from jobs.models import UiEvent
from jobs.pages import recording, ui_events
from jobs.pages.recording import MOST_A_MINUTE
from tests.exports_helpers import ENGLISH, in_thread, post, signed_in, twin
from tests.world import PASSWORD

API = "/api/v1/ui-events"
SEEN = {"name": "page_view:exports", "data": {}}
FINE = [
    ("page_view:exports", {}),
    ("page_view:exports_usage", {}),
    ("filter_change:exports", {"field": "status", "from": "", "to": "ready,failed"}),
    ("filter_change:exports", {"field": "type", "from": "reports_custom", "to": "orders"}),
    ("filter_change:exports", {"field": "file_type", "to": "csv"}),
    ("filter_change:exports", {"field": "ordering", "from": "-created_at", "to": "file_size"}),
    ("filter_change:exports", {"field": "created_by"}),
    ("filter_change:exports", {"field": "q"}),
    ("job_retry_click", {"job_id": "E20261122014"}),
    ("download_click", {"job_id": "E202611220141"}),
    ("job_cancel_click", {"job_id": "I20261122014"}),
    ("export_create_click", {"type": "orders"}),
    ("view_open", {"view": "mine"}),
    ("view_open", {"view": "0b0e7a1e-6d1c-4b7b-9a51-000000000001"}),
    ("column_change", {}),
]
TEXT = "x" * 201
WRONG = [
    ({"name": "page_view:payroll", "data": {}}, "events.0.name"),
    ({"name": 7}, "events.0.name"),
    ({"data": {}}, "events.0.name"),
    ("page_view:exports", "events.0"),
    ({**SEEN, "at": "2026-01-01"}, "events.0.at"),
    ({"name": "page_view:exports", "data": []}, "events.0.data"),
    ({"name": "page_view:exports", "data": {"path": "/x"}}, "events.0.data.path"),
    ({"name": "job_retry_click", "data": {}}, "events.0.data.job_id"),
    ({"name": "job_retry_click", "data": {"job_id": 7}}, "events.0.data.job_id"),
    ({"name": "job_retry_click", "data": {"job_id": "13800001234"}}, "events.0.data.job_id"),
    ({"name": "job_retry_click", "data": {"job_id": "E" + "1" * 300}}, "events.0.data.job_id"),
    ({"name": "download_click", "data": {"job_id": "E20261122014\n"}}, "events.0.data.job_id"),
    ({"name": "export_create_click", "data": {"type": "salaries"}}, "events.0.data.type"),
    ({"name": "view_open", "data": {"view": "张三的视图"}}, "events.0.data.view"),
    ({"name": "view_open", "data": {"view": TEXT}}, "events.0.data.view"),
    ({"name": "filter_change:exports", "data": {"field": "phone"}}, "events.0.data.field"),
    ({"name": "filter_change:exports", "data": {"field": ["status"]}}, "events.0.data.field"),
    ({"name": "filter_change:exports", "data": {"to": "ready"}}, "events.0.data.field"),
    ({"name": "filter_change:exports", "data": {"field": "status", "to": "Zhang San"}}, "events.0.data.to"),
    ({"name": "filter_change:exports", "data": {"field": "status", "to": ["ready"]}}, "events.0.data.to"),
    ({"name": "filter_change:exports", "data": {"field": "status", "to": "ready," * 60}}, "events.0.data.to"),
    ({"name": "filter_change:exports", "data": {"field": "ordering", "from": "13800001234"}}, "events.0.data.from"),
    ({"name": "filter_change:exports", "data": {"field": "created_by", "to": "U1001"}}, "events.0.data.to"),
    ({"name": "filter_change:exports", "data": {"field": "q", "from": ""}}, "events.0.data.from"),
    ({"name": "filter_change:exports", "data": {"field": "source", "to": "/orders"}}, "events.0.data.to"),
]


def send(client, *events):
    return post(client, API, {"events": list(events)})


def stored(world, who: str) -> list[tuple[str, dict]]:
    with world.scope(who):
        return list(UiEvent.objects.order_by("id").values_list("name", "data"))


class TestTaken:
    def test_every_event_there_is(self, world):
        before = timezone.now() - timedelta(seconds=5)
        response = send(signed_in(world, "operator"), *({"name": name, "data": data} for name, data in FINE))
        assert (response.status_code, response.content) == (204, b"")
        assert stored(world, "operator") == FINE
        assert {name for name, _data in FINE} == set(ui_events.EVENTS)
        with world.scope("operator"):
            for event in UiEvent.objects.all():
                assert event.user_id == world.users["operator"][1]
                assert before < event.at < timezone.now() + timedelta(seconds=5)

    def test_data_may_be_left_out_where_there_is_none(self, world):
        assert send(signed_in(world, "acme_user"), {"name": "column_change"}).status_code == 204
        assert stored(world, "acme_user") == [("column_change", {})]
        assert stored(world, "admin") == []

    def test_with_a_token(self, world):
        client = Client(REMOTE_ADDR="127.0.0.1")
        token = post(client, "/api/v1/auth/token", {"username": "finance", "password": PASSWORD}).json()["access"]
        answer = client.post(
            API, {"events": [SEEN]}, content_type="application/json", headers={"Authorization": f"Bearer {token}"}
        )
        assert answer.status_code == 204
        assert stored(world, "finance") == [("page_view:exports", {})]


class TestRefused:
    @pytest.mark.parametrize(("event", "place"), WRONG)
    def test_by_name_and_nothing_is_stored(self, world, event, place):
        response = send(signed_in(world, "operator"), event)
        body = response.json()
        assert (response.status_code, body["code"]) == (400, "INVALID_PARAMETERS")
        assert list(body["details"]) == [place]
        assert stored(world, "operator") == []

    def test_one_wrong_event_refuses_all(self, world):
        client = signed_in(world, "operator")
        response = send(client, SEEN, {"name": "x"}, SEEN, {"name": "view_open", "data": {"view": "x", "name": "y"}})
        assert list(response.json()["details"]) == ["events.1.name", "events.3.data.name"]
        assert stored(world, "operator") == []

    @pytest.mark.parametrize("events", [[], [SEEN] * 51, None, {}, "x", 7])
    def test_a_list_of_1_to_50(self, world, events):
        response = post(signed_in(world, "operator"), API, {"events": events})
        assert (response.status_code, list(response.json()["details"])) == (400, ["events"])
        assert stored(world, "operator") == []

    def test_other_fields_and_bodies(self, world):
        client = signed_in(world, "operator")
        assert list(post(client, API, {"events": [SEEN], "user": "U1"}).json()["details"]) == ["user"]
        assert list(post(client, API, [SEEN]).json()["details"]) == ["body"]
        assert client.post(API, {"events": "x"}, **ENGLISH).status_code == 415
        assert client.post(API, "{", content_type="application/json", **ENGLISH).status_code == 400
        assert client.get(API, **ENGLISH).status_code == 405
        assert stored(world, "operator") == []

    def test_nobody_and_no_csrf_token(self, world):
        assert send(Client(REMOTE_ADDR="127.0.0.1"), SEEN).status_code == 401
        client = signed_in(world, "operator")
        strict = Client(REMOTE_ADDR="127.0.0.1", enforce_csrf_checks=True)
        strict.cookies = client.cookies.copy()
        assert send(strict, SEEN).status_code == 403
        assert stored(world, "operator") == []


class TestLimit:
    def fill(self, world, who: str, count: int, ago: float = 0) -> None:
        with world.scope(who):
            at = timezone.now() - timedelta(seconds=ago)
            user = world.user(who)
            UiEvent.objects.bulk_create(UiEvent(user=user, name="column_change", at=at) for _number in range(count))

    def test_over_it_nothing_is_stored(self, world):
        self.fill(world, "operator", MOST_A_MINUTE - 2, ago=20)
        client = signed_in(world, "operator")
        response = send(client, SEEN, SEEN, SEEN)
        assert (response.status_code, response.json()["code"]) == (429, "THROTTLED")
        assert 35 <= int(response["Retry-After"]) <= 41
        assert len(stored(world, "operator")) == MOST_A_MINUTE - 2
        assert send(client, SEEN, SEEN).status_code == 204
        assert send(client, SEEN).status_code == 429
        assert send(signed_in(world, "operator2"), SEEN).status_code == 204  # each person has an own one

    def test_what_is_older_than_a_minute_does_not_count(self, world):
        self.fill(world, "operator", MOST_A_MINUTE, ago=61)
        assert send(signed_in(world, "operator"), SEEN).status_code == 204

    def test_two_calls_at_once_do_not_both_find_room(self, live):
        self.fill(live, "operator", MOST_A_MINUTE - 3)
        client = signed_in(live, "operator")
        clients = [twin(client) for _number in range(4)]
        answers: list[int] = []

        def call(one: Client) -> None:
            answers.append(in_thread(send, one, SEEN, SEEN).status_code)

        threads = [threading.Thread(target=call, args=[one]) for one in clients]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(answers) == [204, 429, 429, 429]
        assert len(stored(live, "operator")) == MOST_A_MINUTE - 1


def test_the_whole_minute_counts(world):
    with world.scope("operator"):
        user = world.user("operator")
        happened = ui_events.read_events([SEEN] * 50)
        for _round in range(MOST_A_MINUTE // 50):
            recording.record_events(events=happened, actor=user)
        with pytest.raises(recording.Throttled) as refused:
            recording.record_events(events=happened[:1], actor=user)
        assert 1 <= refused.value.retry_after <= 60
        assert UiEvent.objects.count() == MOST_A_MINUTE


class TestAdmin:
    LIST = "/admin/jobs/uievent/"

    def test_shows_events_of_the_own_company(self, world):
        send(signed_in(world, "operator"), {"name": "job_retry_click", "data": {"job_id": "E20261122014"}})
        send(signed_in(world, "acme_admin"), {"name": "view_open", "data": {"view": "theirs"}})
        client = signed_in(world, "admin")
        page = client.get(self.LIST).content.decode()
        assert "E20261122014" in page
        assert "点击重试" in page
        assert "theirs" not in page
        counts = [len(client.get(self.LIST, {"name": name}).context["cl"].result_list) for name in ui_events.EVENTS]
        assert sum(counts) == 1
        with world.scope("admin"):
            event = UiEvent.objects.get()
        assert "job_retry_click" in client.get(f"{self.LIST}{event.pk}/change/").content.decode()
        assert client.post(f"{self.LIST}{event.pk}/delete/", {"post": "yes"}).status_code == 403

    @pytest.mark.parametrize("name", ["finance", "operator"])
    def test_for_people_who_see_everything_only(self, world, name):
        assert signed_in(world, name).get(self.LIST).status_code == 403
