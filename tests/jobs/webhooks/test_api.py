"""The doors of webhooks: who gets in, what they say, what they refuse."""

import json
import threading
import uuid

import pytest
from django.test import Client

from accounts.models import AuditEntry
from exportcenter.common import egress
from jobs.models import Webhook
from jobs.webhooks import sending, services
from jobs.webhooks.fanout import fan_out
from tests.exports_helpers import ENGLISH, body_of, in_thread, post
from tests.receiver import says

WEBHOOKS = "/api/v1/webhooks"
URL = "http://127.0.0.1:9/hook"


@pytest.fixture
def send():
    """send(client, "PATCH", path, body) → the answer, in English."""

    def _send(client, method: str, path: str, body=None):
        text = "" if body is None else json.dumps(body)
        return client.generic(method, path, text, content_type="application/json", **ENGLISH)

    return _send


@pytest.fixture
def made(sign_in):
    """made("finance", url=…) → (client, the answer's body, its path)."""

    def _made(name: str, **body):
        client = sign_in(name)
        answer = post(client, WEBHOOKS, {"url": URL} | body)
        assert answer.status_code == 201, answer.content
        return client, answer.json(), answer["Location"]

    return _made


class TestLife:
    def test_create_read_change_delete(self, world, made, send):
        client, body, path = made("finance", description="ERP", statuses=["ready", "failed"], datasets=["orders"])
        secret = body.pop("secret")
        assert secret.startswith("whsec_")
        assert path == f"{WEBHOOKS}/{body['id']}"
        assert (body["scope"], body["events"], body["statuses"]) == ("person", ["job.status"], ["failed", "ready"])
        assert (body["enabled"], body["disabled_reason"], body["failures"]) == (True, None, 0)
        assert [one["number"] for one in body["secrets"]] == [1]
        read = client.get(path).json()
        assert read == body
        assert client.get(WEBHOOKS).json() == {"items": [body]}
        changed = send(client, "PATCH", path, {"statuses": [], "enabled": False, "url": URL + "2"}).json()
        assert (changed["statuses"], changed["enabled"], changed["disabled_reason"]) == ([], False, "by_hand")
        assert changed["url"] == URL + "2"
        assert send(client, "PATCH", path, {"enabled": True}).json()["disabled_reason"] is None
        assert send(client, "DELETE", path).json() == {"ok": True}
        assert client.get(path).status_code == 404
        assert secret not in str([read, changed])
        with world.scope("finance"):
            entries = list(AuditEntry.objects.filter(operation__startswith="webhook").order_by("seq"))
            assert [entry.operation for entry in entries] == [
                "webhook_create", "webhook_update", "webhook_update", "webhook_delete",
            ]  # fmt: skip
            assert secret not in str([entry.details for entry in entries])
            assert "/hook" not in str([entry.details for entry in entries])

    def test_the_secret_is_shown_on_create_and_rotate_and_never_else(self, world, made):
        client, body, path = made("finance")
        answer = post(client, f"{path}/rotate")
        rotated = answer.json()
        assert rotated["secret"] != body["secret"]
        assert answer["Cache-Control"] == "private, no-store"
        assert [one["number"] for one in rotated["secrets"]] == [2, 1]
        assert [one["expires_at"] is None for one in rotated["secrets"]] == [True, False]
        pages = [client.get(path).content, client.get(WEBHOOKS).content, client.get(f"{path}/deliveries").content]
        assert not [page for page in pages if b"whsec_" in page]

    def test_limits_of_a_person_and_of_a_company(self, world, sign_in, monkeypatch):
        monkeypatch.setattr(services, "MOST", {"person": 2, "company": 3})
        client = sign_in("admin")
        for scope, most in (("person", 2), ("company", 3)):
            for _number in range(most):
                assert post(client, WEBHOOKS, {"url": URL, "scope": scope}).status_code == 201
            refused = post(client, WEBHOOKS, {"url": URL, "scope": scope})
            assert (refused.status_code, refused.json()["code"]) == (409, "STATE_CONFLICT")
        assert post(sign_in("finance"), WEBHOOKS, {"url": URL}).status_code == 201

    def test_the_limits_of_the_requirement(self):
        assert services.MOST == {"person": 20, "company": 50}

    def test_the_limit_holds_when_many_ask_at_once(self, live, monkeypatch):
        monkeypatch.setattr(services, "MOST", {"person": 3, "company": 3})

        def create() -> None:
            with live.scope("finance"):
                services.create_webhook(url=URL, actor=live.user("finance"))

        def attempt() -> None:
            try:
                in_thread(create)
            except services.StateConflict:
                refused.append(1)

        refused: list[int] = []
        threads = [threading.Thread(target=attempt) for _number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        with live.scope("finance"):
            assert (Webhook.objects.count(), len(refused)) == (3, 5)


class TestRights:
    DOORS = (
        ("GET", ""),
        ("PATCH", ""),
        ("DELETE", ""),
        ("POST", "/rotate"),
        ("POST", "/test"),
        ("GET", "/deliveries"),
        ("POST", "/deliveries/msg_x/resend"),
    )

    @pytest.mark.parametrize(
        ("name", "allowed"),
        [
            ("admin", True),
            ("finance", False),
            ("risk", False),
            ("operator", False),
            ("nobody", False),
            ("acme_admin", True),
            ("acme_manager", False),
            ("acme_user", False),
        ],
    )
    def test_who_may_register_for_the_company(self, world, sign_in, name, allowed):
        client = sign_in(name)
        assert post(client, WEBHOOKS, {"url": URL, "scope": "company"}).status_code == (201 if allowed else 403)
        assert post(client, WEBHOOKS, {"url": URL}).status_code == 201
        assert len(client.get(WEBHOOKS).json()["items"]) == 1 + allowed

    @pytest.mark.parametrize(("method", "suffix"), DOORS)
    @pytest.mark.parametrize("scope", ["person", "company"])
    def test_others_see_nothing(self, world, made, sign_in, send, scope, method, suffix):
        """A colleague's, and another company's: as if it did not exist."""
        _client, _body, path = made("admin", scope=scope)
        for stranger in ("finance", "acme_admin", "globex_admin"):
            client = sign_in(stranger)
            answer = send(client, method, path + suffix, None if method == "GET" else {})
            absent = send(client, method, f"{WEBHOOKS}/{uuid.uuid4()}{suffix}", None if method == "GET" else {})
            assert (answer.status_code, answer.json()["message"]) == (404, absent.json()["message"])
        with world.scope("admin"):
            assert Webhook.objects.count() == 1

    def test_an_admin_does_not_see_personal_ones_of_others(self, world, made, sign_in):
        _client, _body, path = made("finance")
        admin = sign_in("admin")
        assert admin.get(path).status_code == 404
        assert admin.get(WEBHOOKS).json() == {"items": []}

    @pytest.mark.parametrize(("method", "suffix"), [("GET", ""), ("POST", ""), *DOORS])
    def test_strangers(self, world, send, method, suffix):
        path = WEBHOOKS if suffix == "" else f"{WEBHOOKS}/{uuid.uuid4()}{suffix}"
        assert send(Client(), method, path).status_code in (401, 403)


class TestRefusals:
    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({}, "url"),
            ({"url": 1}, "url"),
            ({"url": ""}, "url"),
            ({"url": "ftp://x.example.com"}, "url"),
            ({"url": "javascript:alert(1)"}, "url"),
            ({"url": "https://u:p@x.example.com/"}, "url"),
            ({"url": "https://x.example.com/\u0000"}, None),
            ({"url": "https://x.example.com/" + "a" * 3000}, "url"),
            ({"url": URL, "scope": "world"}, "scope"),
            ({"url": URL, "events": []}, "events"),
            ({"url": URL, "events": ["notification"]}, "events"),
            ({"url": URL, "events": "job.status"}, "events"),
            ({"url": URL, "events": None}, "events"),
            ({"url": URL, "statuses": ["done"]}, "statuses"),
            ({"url": URL, "statuses": [1]}, "statuses"),
            ({"url": URL, "statuses": [["ready"]]}, "statuses"),
            ({"url": URL, "kinds": ["chunk"]}, "kinds"),
            ({"url": URL, "datasets": ["x"]}, "datasets"),
            ({"url": URL, "datasets": {}}, "datasets"),
            ({"url": URL, "description": "x" * 201}, "description"),
            ({"url": URL, "description": "a\nb"}, "description"),
            ({"url": URL, "enabled": 1}, "enabled"),
            ({"url": URL, "secret": "mine"}, "secret"),
            ({"url": URL, "owner": "U1"}, "owner"),
            (["x"], "body"),
        ],
    )
    def test_bodies(self, world, sign_in, body, field):
        answer = post(sign_in("finance"), WEBHOOKS, body)
        assert answer.status_code == 400
        assert field is None or field in answer.json()["details"]
        with world.scope("finance"):
            assert not Webhook.objects.exists()

    @pytest.mark.parametrize("address", ["10.0.0.1", "169.254.169.254", "::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1"])
    def test_an_address_inside_is_refused_when_it_is_typed_in(
        self, world, made, sign_in, send, settings, monkeypatch, address
    ):
        client, _body, path = made("finance")
        settings.WEBHOOK_ALLOW_PRIVATE = False
        monkeypatch.setattr(egress, "system_resolver", lambda _host, _port: ["1.1.1.1", address])
        body = {"url": "https://hooks.example.com/"}
        for answer in (post(client, WEBHOOKS, body), send(client, "PATCH", path, body)):
            assert answer.status_code == 400
            assert answer.json()["details"] == {"url": ["The name leads to an address that is not public."]}
        monkeypatch.setattr(egress, "system_resolver", lambda _host, _port: ["1.1.1.1"])
        assert post(client, WEBHOOKS, body).status_code == 201

    @pytest.mark.parametrize("url", ["http://127.0.0.1:9/hook", "https://127.0.0.1/", "https://localhost/"])
    def test_this_machine_only_where_the_setting_says_so(self, world, sign_in, settings, url):
        settings.WEBHOOK_ALLOW_PRIVATE = False
        assert post(sign_in("finance"), WEBHOOKS, {"url": url}).status_code == 400

    def test_scope_does_not_change(self, world, made, send):
        client, _body, path = made("admin")
        assert send(client, "PATCH", path, {"scope": "company"}).json()["details"].keys() == {"scope"}

    @pytest.mark.parametrize("key", ["x", "0", "%00", "../exports", "00000000-0000-0000-0000-000000000000"])
    def test_keys_that_are_none(self, world, sign_in, key):
        assert sign_in("finance").get(f"{WEBHOOKS}/{key}").status_code == 404

    @pytest.mark.parametrize(
        "query", ["?x=1", "?status=gone", "?page_size=0", "?page_size=201", "?cursor=x", "?type=%00", "?page=2"]
    )
    def test_queries_of_the_log(self, world, made, query):
        client, _body, path = made("finance")
        assert client.get(f"{path}/deliveries{query}").status_code == 400

    def test_queries_of_the_list(self, world, sign_in):
        assert sign_in("finance").get(f"{WEBHOOKS}?x=1").status_code == 400

    @pytest.mark.parametrize("suffix", ["/rotate", "/test", "/deliveries/msg_x/resend"])
    def test_actions_take_no_fields(self, world, made, suffix):
        client, _body, path = made("finance")
        assert post(client, path + suffix, {"x": 1}).status_code == 400


class TestPing:
    def test_a_test_says_what_came_back(self, world, made, receive, jobs, log):
        receiver = receive(says(201, b"hello"))
        client, body, path = made("finance", url=receiver.url)
        jobs.become("finance")
        answer = post(client, f"{path}/test")
        assert answer.status_code == 200
        shown = json.loads(body_of(answer))
        assert (shown["type"], shown["status"], shown["response_code"], shown["answer"]) == (
            "ping",
            "sent",
            201,
            "hello",
        )
        (got,) = receiver.received
        assert got.json["type"] == "ping"
        assert got.json["data"] == {"webhook_id": body["id"]}
        assert got.id == shown["id"]
        assert got.is_genuine(body["secret"])
        assert client.get(f"{path}/deliveries").json()["items"] == [shown]

    @pytest.mark.parametrize(("status", "error"), [(500, "status"), (302, "status"), (410, "status")])
    def test_a_test_that_fails_says_so_and_has_no_other_effect(self, world, made, receive, status, error):
        receiver = receive(says(status))
        client, _body, path = made("finance", url=receiver.url)
        shown = json.loads(body_of(post(client, f"{path}/test")))
        assert (shown["status"], shown["error"], shown["response_code"]) == ("failed", error, status)
        assert "2xx" in shown["error_message"]
        after = client.get(path).json()
        assert (after["enabled"], after["failures"], after["failing_since"]) == (True, 0, None)
        assert post(client, f"{path}/deliveries/{shown['id']}/resend").status_code == 409

    def test_while_a_message_is_on_its_way(self, world, made, receive, jobs):
        receiver = receive()
        client, _body, path = made("finance", url=receiver.url)
        jobs.become("finance")
        fan_out()
        attempt = sending.take()
        assert post(client, f"{path}/test").status_code == 423
        sending.settle(attempt, sending.deliver(attempt.message))
        assert post(client, f"{path}/test").status_code == 200

    def test_nothing_is_held_while_it_is_sent(self, live, sign_in, receive, superuser):
        """Through a real connection: no transaction of ours is open while the receiver takes its time."""
        open_ones = """SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
                       AND usename = 'exportcenter_app' AND xact_start IS NOT NULL"""
        seen = []

        def look(handler, _number):
            seen.append(superuser.execute(open_ones).fetchone()[0])
            says(200)(handler, 0)

        receiver = receive(look)
        client = sign_in("finance")
        path = post(client, WEBHOOKS, {"url": receiver.url})["Location"]
        assert json.loads(body_of(post(client, f"{path}/test")))["status"] == "sent"
        assert seen == [0]


class TestLog:
    def test_pages_and_filters(self, world, made, receive, jobs, run, log):
        receiver = receive()
        client, _body, path = made("finance", url=receiver.url)
        numbers = [jobs.become("finance", status).job_no for status in ("ready", "failed") * 3]
        run()
        first = client.get(f"{path}/deliveries?page_size=4").json()
        assert [item["job_id"] for item in first["items"]] == numbers[:1:-1]
        second = client.get(f"{path}/deliveries?page_size=4&cursor={first['next_cursor']}").json()
        assert [item["job_id"] for item in second["items"]] == numbers[1::-1]
        assert second["next_cursor"] is None
        one = client.get(f"{path}/deliveries?job_id={numbers[0]}").json()["items"]
        assert [(item["job_id"], item["job_status"], item["status"]) for item in one] == [(numbers[0], "ready", "sent")]
        assert client.get(f"{path}/deliveries?status=failed").json()["items"] == []
        assert client.get(f"{path}/deliveries?status=failed&cursor={first['next_cursor']}").status_code == 400

    def test_sending_again(self, world, made, receive, jobs, run, send):
        receiver = receive(says(410))
        client, body, path = made("finance", url=receiver.url)
        jobs.become("finance")
        run()
        (item,) = client.get(f"{path}/deliveries").json()["items"]
        assert item["status"] == "failed"
        again = f"{path}/deliveries/{item['id']}/resend"
        assert post(client, again).status_code == 409, "it is off"
        receiver.manner = says(200)
        send(client, "PATCH", path, {"enabled": True})
        answer = post(client, again)
        assert (answer.status_code, answer.json()["status"], answer.json()["attempts"]) == (202, "queued", 0)
        assert run() == 1
        (item,) = client.get(f"{path}/deliveries").json()["items"]
        assert (item["status"], item["attempts"]) == ("sent", 1)
        assert len({got.id for got in receiver.received}) == 1
        assert all(got.is_genuine(body["secret"]) for got in receiver.received)
        for name in ("msg_x", "%00", "x" * 500):
            assert post(client, f"{path}/deliveries/{name}/resend").status_code == 404
