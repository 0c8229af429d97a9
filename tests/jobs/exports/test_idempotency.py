"""The same request again, with the same Idempotency-Key: one job, and the first answer (SPEC E19)."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import Tenant
from accounts.services import set_roles
from jobs import idempotency
from jobs.exports import definitions
from jobs.models import ExportJob, KeptAnswer
from tests.exports_helpers import API, in_scope_of, in_thread, post, signed_in, twin

BODY = {"type": "orders", "params": {"start": "2025-09-01", "end": "2025-09-30"}}


def send(client, body=None, *, key="k-1", path=API, **headers):
    return post(client, path, BODY if body is None else body, HTTP_IDEMPOTENCY_KEY=key, **headers)


def jobs(world, name="finance") -> int:
    with world.scope(name):
        return ExportJob.objects.count()


def said(response) -> tuple:
    """What must be the same the second time."""
    names = ("Location", "Retry-After", "Content-Type")
    return response.status_code, response.content, [response.get(name) for name in names]


class TestCreate:
    def test_the_first_answer_comes_again_to_the_byte(self, world, sign_in):
        client = sign_in("finance")
        first = send(client)
        assert (first.status_code, first.get("Idempotency-Replayed")) == (201, None)
        assert first["Location"] == f"{API}/{first.json()['job_id']}"
        with world.scope("finance"):
            ExportJob.objects.update(rows_done=5)
        again = client.post(API, BODY, content_type="application/json", HTTP_IDEMPOTENCY_KEY="k-1")  # in Chinese
        assert said(again) == said(first)
        assert again["Idempotency-Replayed"] == "true"
        assert jobs(world) == 1

    def test_it_is_the_answer_that_comes_without_a_key(self, world, sign_in):
        client = sign_in("finance")
        with_key, without = send(client), post(client, API, BODY)
        assert list(with_key.json()) == list(without.json())
        assert with_key["Content-Type"] == without["Content-Type"]
        assert sorted(with_key.headers) == sorted(without.headers)
        assert jobs(world) == 2

    def test_bodies_are_compared_by_what_they_say(self, world, sign_in):
        client = sign_in("finance")
        first = send(client, BODY | {"source": "/ü"})
        text = '{ "source":"/\\u00fc", "params" : {"end":"2025-09-30","start":"2025-09-01"}, "type":"orders"}'
        again = client.post(API, text, content_type="application/json", HTTP_IDEMPOTENCY_KEY="k-1")
        assert again.content == first.content

    @pytest.mark.parametrize(
        "other",
        [
            {"type": "orders"},
            BODY | {"source": "/x"},
            BODY | {"params": {"start": "2025-09-01", "end": "2025-09-29"}},
            {"type": "nonsense"},
            {},
        ],
    )
    def test_another_body_under_the_same_key_is_refused(self, world, sign_in, other):
        client = sign_in("finance")
        send(client)
        response = send(client, other)
        assert (response.status_code, response.json()["code"]) == (422, "IDEMPOTENCY_MISMATCH")
        assert list(response.json()["details"]) == ["Idempotency-Key"]
        assert jobs(world) == 1
        assert send(client).status_code == 201  # and the first one still stands

    def test_another_key_is_another_request(self, world, sign_in):
        client = sign_in("finance")
        numbers = {send(client, key=key).json()["job_id"] for key in ("k-1", "k-2", "K-1", '"k-1"', "k-1 x", "k" * 255)}
        assert (len(numbers), jobs(world)) == (6, 6)

    @pytest.mark.parametrize("key", ["", " ", "k" * 256, "schlüssel", "a\tb", "a\x7fb", "密钥", "a\x00b"])
    def test_what_is_no_key_is_refused_by_name(self, world, sign_in, key):
        response = send(sign_in("finance"), key=key)
        assert (response.status_code, response.json()["code"]) == (400, "INVALID_PARAMETERS")
        assert list(response.json()["details"]) == ["Idempotency-Key"]
        assert jobs(world) == 0

    @pytest.mark.parametrize(("query", "name"), [("?wait=-1", "wait"), ("?colour=red", "colour")])
    def test_wrong_parameters_are_refused_even_where_an_answer_is_kept(self, world, sign_in, query, name):
        client = sign_in("finance")
        assert send(client).status_code == 201
        refused = post(client, API + query, BODY, HTTP_IDEMPOTENCY_KEY="k-1")
        assert (refused.status_code, list(refused.json()["details"])) == (400, [name])

    def test_nothing_is_kept_of_a_refusal(self, world, sign_in):
        client = sign_in("finance")
        with world.scope("finance"):
            Tenant.objects.update(max_queued_exports=0)
        assert send(client, {"type": "orders", "colour": 1}).status_code == 400
        assert client.post(API, b"{", content_type="application/json", HTTP_IDEMPOTENCY_KEY="k-1").status_code == 400
        assert client.post(API, {"type": "orders"}, HTTP_IDEMPOTENCY_KEY="k-1").status_code == 415
        assert send(client).status_code == 429
        with world.scope("finance"):
            assert KeptAnswer.objects.count() == 0
            Tenant.objects.update(max_queued_exports=10)
        assert send(client).status_code == 201
        assert jobs(world) == 1

    def test_who_was_not_allowed_may_come_again(self, world, sign_in):
        assert send(sign_in("nobody")).status_code == 403
        with world.scope("finance"):
            set_roles(user=world.user("nobody"), roles=["finance"], actor=world.user("admin"))
        assert send(signed_in(world, "nobody")).status_code == 201

    def test_nothing_is_kept_of_a_fault(self, live, sign_in, monkeypatch):
        """The transaction breaks at its very end: neither job nor answer."""
        client = sign_in("finance")
        client.raise_request_exception = False
        with monkeypatch.context() as breaking:
            breaking.setattr(idempotency, "_said", lambda *_args: 1 / 0)
            assert send(client).status_code == 500
        with live.scope("finance"):
            assert (KeptAnswer.objects.count(), ExportJob.objects.count()) == (0, 0)
        assert send(client).status_code == 201
        assert jobs(live) == 1


class TestWhose:
    def test_the_same_key_of_others_is_another(self, world, sign_in):
        people = ("finance", "admin", "acme_admin", "globex_admin")
        body = {"type": "members"}
        first = {name: send(sign_in(name), body).json()["job_id"] for name in people if name != "finance"}
        first["finance"] = send(sign_in("finance"), BODY).json()["job_id"]
        for name in people:
            again = send(sign_in(name), BODY if name == "finance" else body)
            assert again["Idempotency-Replayed"] == "true"
            assert again.json()["job_id"] == first[name]
        for name in ("acme_admin", "globex_admin"):
            with world.scope(name):
                assert KeptAnswer.objects.count() == 1
        with world.scope("finance"):
            assert KeptAnswer.objects.count() == 2

    def test_rows_of_another_company_are_walled_off(self, live, sign_in):
        send(sign_in("acme_admin"), {"type": "members"})
        with live.scope("globex"), connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM jobs_keptanswer")
            assert cursor.fetchone() == (0,)
            cursor.execute("UPDATE jobs_keptanswer SET key = 'x'")
            assert cursor.rowcount == 0
        with live.scope("acme"), connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM jobs_keptanswer")
            assert cursor.fetchone() == (1,)

    def test_the_address_belongs_to_the_request(self, world, exports, sign_in):
        client = sign_in("finance")
        one, two = exports.make("finance", status="failed"), exports.make("finance", status="failed")
        made = send(client).json()["job_id"]
        numbers = {send(client, {}, path=f"{API}/{job.job_no}/retry").json()["new_job_id"] for job in (one, two)}
        assert len({made, *numbers}) == 3

    def test_who_may_not_see_the_job_any_more_gets_404(self, world, exports, sign_in):
        """A retry of somebody else's job belongs to the one who retried; a job that is gone belongs to nobody."""
        client = sign_in("admin")
        send(client)
        with world.scope("admin"):
            KeptAnswer.objects.update(job_id=exports.make("acme_admin", "members").pk)
        response = send(client)
        assert (response.status_code, response.json()["code"]) == (404, "NOT_FOUND")
        assert "Idempotency-Replayed" not in response.headers

    def test_with_other_rights_the_answer_is_made_anew(self, world, sign_in):
        """Contact data in the filters: after the right is gone, the old words are not given again."""
        body = {
            "type": "reports_custom",
            "params": {"dataset": "members", "filters": [{"column": "phone", "op": "starts_with", "value": "1380013"}]},
        }
        client = sign_in("admin")
        first = send(client, body)
        assert first.status_code == 201, first.content
        assert b"1380013" in first.content
        assert b"1380013" in send(client, body).content
        with world.scope("admin"):
            set_roles(user=world.user("admin"), roles=["operator"], actor=world.user("admin"))
        again = send(signed_in(world, "admin"), body)
        assert (again.status_code, again["Idempotency-Replayed"]) == (201, "true")
        assert again.json()["job_id"] == first.json()["job_id"]
        assert b"1380013" not in again.content
        assert jobs(world, "admin") == 1


class TestOtherDoors:
    def test_retry(self, world, exports, sign_in):
        client = sign_in("finance")
        job = exports.make("finance", status="failed")
        path = f"{API}/{job.job_no}/retry"
        first = send(client, {}, path=path)
        again = client.post(path, b"", content_type="application/json", HTTP_IDEMPOTENCY_KEY="k-1")
        assert list(first.json()) == ["new_job_id"]
        assert said(again) == said(first)
        assert again["Idempotency-Replayed"] == "true"
        assert jobs(world) == 2

    def test_a_retry_that_was_too_soon_runs_later(self, world, exports, sign_in):
        client = sign_in("finance")
        job = exports.make("finance", status="processing")
        path = f"{API}/{job.job_no}/retry"
        assert send(client, {}, path=path).status_code == 409
        with in_scope_of(job):
            exports.fail(job)
        assert send(client, {}, path=path).status_code == 200

    def test_run_of_a_definition(self, world, sign_in):
        with world.scope("finance"):
            made = definitions.create_definition(
                dataset="orders", name="n", body={"columns": [{"key": "order_no"}]}, actor=world.user("finance")
            )
        client = sign_in("finance")
        path = f"/api/v1/export-definitions/{made.pk}/run"
        first, again = send(client, {}, path=path), send(client, {}, path=path)
        assert first.status_code == 201
        assert said(again) == said(first)
        assert send(client, {"file_type": "json"}, path=path).status_code == 422
        assert jobs(world) == 1

    def test_an_address_of_any_length(self, world, sign_in):
        with world.scope("finance"):
            made = definitions.create_definition(
                dataset="orders", name="n", body={"columns": [{"key": "order_no"}]}, actor=world.user("finance")
            )
        path = f"/api/v1/export-definitions/{'-' * 4000}{made.pk.hex}/run"
        client = sign_in("finance")
        assert {send(client, {}, path=path).status_code for _number in range(2)} == {201}
        assert jobs(world) == 1


class TestTime:
    def test_after_a_day_the_key_is_free_again(self, world, sign_in):
        client = sign_in("finance")
        first = send(client)
        self.age(world, hours=23.9)
        assert send(client)["Idempotency-Replayed"] == "true"
        self.age(world, hours=24.1)
        second = send(client, {"type": "orders"})
        assert second.status_code == 201
        assert second.json()["job_id"] != first.json()["job_id"]
        assert "Idempotency-Replayed" not in second.headers
        assert (jobs(world), send(client, {"type": "orders"}).content) == (2, second.content)

    def test_how_long_is_a_setting(self, world, sign_in, settings):
        settings.IDEMPOTENCY_KEEP_HOURS = 1
        client = sign_in("finance")
        send(client)
        self.age(world, hours=1.1)
        assert "Idempotency-Replayed" not in send(client).headers

    @pytest.mark.parametrize("batch", [1, 5000])
    def test_old_answers_are_swept(self, world, sign_in, monkeypatch, batch):
        monkeypatch.setattr(idempotency, "BATCH", batch)
        for name in ("admin", "acme_admin"):
            for key in ("old-1", "old-2"):
                send(sign_in(name), {"type": "members"}, key=key)
            self.age(world, name, hours=25)
            send(sign_in(name), {"type": "members"}, key="new")
        assert idempotency.prune() == 4
        assert idempotency.prune() == 0
        for name in ("admin", "acme_admin"):
            with world.scope(name):
                assert set(KeptAnswer.objects.values_list("key", flat=True)) == {"new"}

    def test_the_timetable_sweeps(self, world):
        from django_celery_beat.models import PeriodicTask

        from jobs.exports.tasks import prune_answers

        assert PeriodicTask.objects.get(task="jobs.prune_answers").enabled
        prune_answers()

    @staticmethod
    def age(world, name="finance", *, hours):
        with world.scope(name):
            KeptAnswer.objects.update(created_at=timezone.now() - timedelta(hours=hours))


class TestAtOnce:
    def test_twenty_at_once_make_one_job(self, live, sign_in):
        client = sign_in("finance")
        with ThreadPoolExecutor(20) as pool:
            clients = [twin(client) for _number in range(20)]
            answers = list(pool.map(lambda one: in_thread(send, one), clients))
        one_at_a_time(live, answers)

    def test_the_key_is_free_when_the_first_has_failed(self, live, sign_in):
        client = sign_in("finance")
        with ThreadPoolExecutor(8) as pool:
            clients = [twin(client) for _number in range(8)]
            answers = list(pool.map(lambda one: in_thread(send, one, {"type": "x"}), clients))
        assert {answer.status_code for answer in answers} <= {400, 409}
        assert send(client).status_code == 201


def one_at_a_time(world, answers, *, jobs_before=0) -> None:
    """One job; everybody has its answer or was told to come again."""
    codes = [answer.status_code for answer in answers]
    assert set(codes) <= {201, 409}
    bodies = {bytes(answer.content) for answer in answers if answer.status_code == 201}
    assert len(bodies) == 1
    first = [a for a in answers if a.status_code == 201 and "Idempotency-Replayed" not in a.headers]
    assert len(first) == 1
    for answer in answers:
        if answer.status_code == 409:
            body = json.loads(answer.content)
            assert (body["code"], answer.headers["Retry-After"]) == ("IDEMPOTENCY_IN_PROGRESS", "1")
    assert jobs(world) == jobs_before + 1


def test_a_deleted_job_is_not_made_again(world, exports, sign_in):
    client = sign_in("admin")
    number = send(client).json()["job_id"]
    with world.scope("admin"):
        job = ExportJob.objects.get(job_no=number)
        exports.move(job, "expired", expires_at=timezone.now())
    assert post(client, f"{API}/batch_delete_expired").json() == {"deleted": 1}
    assert send(client).status_code == 404
    assert jobs(world, "admin") == 0
