"""``"reuse": true``: an identical request joins a fresh job (SPEC E19)."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.audit import Operation
from accounts.models import User
from accounts.services import set_roles
from jobs.exports import planning
from jobs.models import ExportJob
from tests.exports_helpers import API, Trail, in_thread, post, reload, signed_in, twin

BODY = {"type": "orders", "params": {"start": "2025-09-01", "end": "2025-09-30"}, "reuse": True}


def ask(client, **more):
    return post(client, API, BODY | more)


def count(world, name="finance") -> int:
    with world.scope(name):
        return ExportJob.objects.count()


@pytest.fixture
def client(world, sign_in):
    return sign_in("finance")


@pytest.fixture
def job(world, client):
    """The first job, made through the door."""
    answer = ask(client)
    assert (answer.status_code, answer.json()["reused"]) == (201, False)
    with world.scope("finance"):
        return ExportJob.objects.get(job_no=answer.json()["job_id"])


def joins(answer, job) -> bool:
    """Whether the answer is that of ``job``; else it must be a new one."""
    body = answer.json()
    if answer.status_code == 200:
        assert (body["reused"], body["job_id"]) == (True, job.job_no)
        return True
    assert (answer.status_code, body["reused"]) == (201, False), body
    assert body["job_id"] != job.job_no
    return False


def publish(world, exports, job, *, left=3600, **rights):
    """The job's file is there, for ``left`` seconds more, made with the rights of its owner or those given."""
    with world.scope("finance"):
        plan = planning.plan_for(job, world.user("finance"))
        made_with = {"file_rights": list(plan.rights), "file_regions": plan.regions} | rights
        ExportJob.objects.filter(pk=job.pk).update(**made_with)
        job.refresh_from_db()
        exports.move(job, "ready", expires_at=timezone.now() + timedelta(seconds=left))


class TestJoins:
    @pytest.mark.parametrize("status", ["queued", "processing", "ready"])
    def test_what_waits_runs_or_is_there(self, world, exports, client, job, status):
        if status == "ready":
            publish(world, exports, job)
        else:
            with world.scope("finance"):
                exports.move(job, status)
        trail = Trail(world, "finance")
        answer = ask(client)
        assert joins(answer, job)
        assert (answer.json()["status"], count(world)) == (status, 1)
        assert ("Retry-After" in answer.headers) == (status != "ready")
        (entry,) = trail.entries()
        assert (entry.operation, entry.details["job_id"]) == (Operation.EXPORT_JOB_REUSE, job.job_no)

    @pytest.mark.parametrize("status", ["failed", "canceled", "expired"])
    def test_not_what_gives_no_file(self, world, exports, client, job, status):
        with world.scope("finance"):
            exports.move(job, status, expires_at=timezone.now() + timedelta(hours=1))
        assert not joins(ask(client), job)

    def test_not_what_is_being_canceled(self, world, exports, client, job):
        with world.scope("finance"):
            exports.move(job, "processing")
        post(client, f"{API}/{job.job_no}/cancel")
        assert not joins(ask(client), job)

    @pytest.mark.parametrize(("left", "enough"), [(901, True), (890, False), (-1, False)])
    def test_the_file_must_live_on_for_a_download(self, world, exports, client, job, left, enough):
        publish(world, exports, job, left=left)
        assert joins(ask(client), job) is enough

    @pytest.mark.parametrize(("age", "fresh"), [(590, True), (610, False)])
    def test_the_job_must_be_young(self, world, exports, client, age, fresh):
        with world.scope("finance"):
            user = world.user("finance")
        job = exports.make(
            "finance",
            owner_epoch=user.authz_epoch,
            time_zone=user.time_zone,
            created_at=timezone.now() - timedelta(seconds=age),
        )
        assert joins(ask(client), job) is fresh

    def test_how_young_is_a_setting(self, client, job, settings):
        settings.EXPORT_REUSE_SECONDS = 0
        assert not joins(ask(client), job)


class TestIdentical:
    @pytest.mark.parametrize(
        "other",
        [
            {"params": {"start": "2025-09-01", "end": "2025-09-29"}},
            {"params": {}},
            {"type": "withdraws", "params": {}},
            {"file_type": "json"},
            {"columns": ["order_no"]},
            {"options": {"raw": True}},
            {"options": {"compression": "zip"}},
        ],
    )
    def test_another_file_is_another_job(self, client, job, other):
        assert not joins(ask(client, **other), job)

    @pytest.mark.parametrize(
        "same",
        [{"file_type": "csv"}, {"options": {"bom": True}}, {"options": {"raw": False}}, {"source": "/else"}],
    )
    def test_the_same_file_said_in_other_words(self, client, job, same):
        assert joins(ask(client, **same), job)

    def test_the_usual_columns_by_name(self, client, job):
        from jobs import datasets

        keys = [column.key for column in datasets.get("orders").default_columns()]
        assert joins(ask(client, columns=keys), job)
        assert not joins(ask(client, columns=keys[::-1]), job)

    def test_custom_exports_by_the_days_they_mean(self, client, world):
        def selection(*filters):
            params = {"dataset": "orders", "columns": [{"key": "order_no"}], "filters": list(filters)}
            return {"type": "reports_custom", "params": params}

        month = {"column": "created_at", "op": "last_month"}
        first = ask(client, **selection(month))
        assert first.status_code == 201, first.content
        again = ask(client, **selection(month))
        assert (again.status_code, again.json()["job_id"]) == (200, first.json()["job_id"])
        assert ask(client, **selection({"column": "created_at", "op": "last_week"})).status_code == 201

    @pytest.mark.parametrize(("field", "value"), [("language", "en"), ("time_zone", "Europe/Paris")])
    def test_the_words_and_hours_in_it(self, world, job, field, value):
        with world.scope("finance"):
            User.objects.filter(pk=world.users["finance"][1]).update(**{field: value})
        assert not joins(ask(signed_in(world, "finance")), job)

    def test_only_ones_own(self, world, sign_in, job):
        with world.scope("finance"):
            set_roles(user=world.user("operator"), roles=["finance"], actor=world.user("admin"))
        assert not joins(ask(sign_in("operator")), job)
        assert not joins(ask(sign_in("admin")), job)


class TestRights:
    def test_never_after_a_change_of_rights(self, world, exports, job):
        publish(world, exports, job)
        with world.scope("finance"):
            set_roles(user=world.user("finance"), roles=["finance", "risk"], actor=world.user("admin"))
        assert not joins(ask(signed_in(world, "finance")), job)

    def test_never_after_a_change_of_regions(self, world, sign_in):
        body = {"type": "members", "reuse": True}
        first = post(sign_in("operator"), API, body).json()["job_id"]
        assert post(sign_in("operator"), API, body).json()["job_id"] == first
        with world.scope("operator"):
            User.objects.filter(pk=world.users["operator"][1]).update(regions=["华北"])
        assert post(signed_in(world, "operator"), API, body).json()["job_id"] != first

    @pytest.mark.parametrize("rights", [{"file_regions": ["华东"]}, {"file_rights": ["data.contact"]}])
    def test_never_a_file_of_other_rights(self, world, exports, client, job, rights):
        """Whatever the epoch says, the file itself says with which rights it was made."""
        publish(world, exports, job, **rights)
        assert not joins(ask(client), job)

    def test_the_rights_it_was_asked_with_never_change(self, world, job):
        from django.db import IntegrityError, transaction

        with world.scope("finance"), pytest.raises(IntegrityError, match="frozen"), transaction.atomic():
            ExportJob.objects.filter(pk=job.pk).update(owner_epoch=99)
        assert reload(job).owner_epoch == job.owner_epoch

    def test_jobs_from_before_are_never_joined(self, exports, client):
        assert not joins(ask(client), exports.make("finance"))


class TestAsked:
    def test_only_who_asks_is_told(self, client, job):
        for body in ({**BODY, "reuse": False}, {name: BODY[name] for name in ("type", "params")}):
            answer = post(client, API, body)
            assert (answer.status_code, "reused" in answer.json()) == (201, False)
            assert answer.json()["job_id"] != job.job_no

    @pytest.mark.parametrize("value", [1, "true", None, []])
    def test_anything_else_is_refused_by_name(self, client, value):
        answer = ask(client, reuse=value)
        assert (answer.status_code, list(answer.json()["details"])) == (400, ["reuse"])

    def test_an_estimate_knows_no_such_field(self, client):
        assert post(client, f"{API}/estimate", BODY).status_code == 400

    def test_joining_needs_the_right_to_make_it(self, world, job):
        with world.scope("finance"):
            set_roles(user=world.user("finance"), roles=[], actor=world.user("admin"))
        assert ask(signed_in(world, "finance")).status_code == 403

    def test_with_a_key_the_joined_answer_is_kept(self, world, exports, client, job):
        first = post(client, API, BODY, HTTP_IDEMPOTENCY_KEY="k")
        with world.scope("finance"):
            exports.move(job, "failed")
        again = post(client, API, BODY, HTTP_IDEMPOTENCY_KEY="k")
        assert (first.status_code, again.status_code, again.content) == (200, 200, first.content)


def test_of_many_at_once_one_makes_the_job(live, sign_in):
    client = sign_in("finance")
    with ThreadPoolExecutor(10) as pool:
        clients = [twin(client) for _number in range(10)]
        answers = list(pool.map(lambda one: in_thread(ask, one), clients))
    assert sorted(answer.status_code for answer in answers) == [200] * 9 + [201]
    assert len({answer.json()["job_id"] for answer in answers}) == count(live) == 1
