"""Creating, retrying, canceling and accelerating: states, limits, and many people at once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from django.test import override_settings

from accounts.audit import Operation
from accounts.models import Tenant
from jobs.engine.numbers import next_job_no
from jobs.models import DayNumber, ExportJob
from tests.exports_helpers import (
    API,
    CONTENT,
    JOB_NO,
    Trail,
    body_of,
    in_scope_of,
    in_thread,
    path_of,
    post,
    reload,
    twin,
)

PARALLEL = 20


def many(client, path: str, body=None) -> list:
    """The same request from twenty threads, each with a client of its own."""
    with ThreadPoolExecutor(8) as pool:
        clients = [twin(client) for _number in range(PARALLEL)]
        return list(pool.map(lambda one: in_thread(post, one, path, body), clients))


def codes(answers: list) -> dict[int, int]:
    found = [answer.status_code for answer in answers]
    return {code: found.count(code) for code in sorted(set(found))}


class TestCancel:
    def test_queued_ends_at_once(self, world, exports, sign_in):
        job = exports.make("finance")
        trail = Trail(world, "finance")
        assert post(sign_in("finance"), f"{API}/{job.job_no}/cancel").json() == {"ok": True}
        after = reload(job)
        assert (after.status, after.stage, after.cancel_requested_by) == ("canceled", "done", "finance")
        assert after.finished_at is not None
        change, cancel = trail.entries(Operation.EXPORT_JOB_STATUS_CHANGE, Operation.EXPORT_JOB_CANCEL)
        assert (change.details["from"], change.details["to"]) == ("queued", "canceled")
        assert cancel.details == {"job_id": job.job_no, "status": "queued"}

    def test_processing_is_told_to_stop(self, world, exports, sign_in):
        job = exports.make("finance", status="processing")
        client = sign_in("finance")
        assert post(client, f"{API}/{job.job_no}/cancel").json() == {"ok": True}
        after = reload(job)
        assert (after.status, after.cancel_requested_by) == ("processing", "finance")
        assert after.cancel_requested_at is not None

    @pytest.mark.parametrize("status", ["ready", "failed", "canceled", "expired"])
    def test_what_has_ended_stays(self, world, exports, sign_in, status):
        job = exports.make("finance", status=status)
        client = sign_in("finance")
        trail = Trail(world, "finance")
        response = post(client, f"{API}/{job.job_no}/cancel")
        assert (response.status_code, response.json()["code"]) == (409, "STATE_CONFLICT")
        after = reload(job)
        assert (after.status, after.version, after.cancel_requested_at) == (status, job.version, None)
        assert trail.entries() == []

    def test_twenty_at_once_cancel_once(self, live, exports, sign_in):
        job = exports.make("finance")
        client = sign_in("finance")
        trail = Trail(live, "finance")
        assert codes(many(client, f"{API}/{job.job_no}/cancel")) == {200: 1, 409: PARALLEL - 1}
        assert len(trail.entries(Operation.EXPORT_JOB_CANCEL)) == 1


class TestRetry:
    @pytest.mark.parametrize("status", ["queued", "ready", "failed", "canceled", "expired"])
    def test_makes_a_new_job_of_the_same_request(self, world, exports, sign_in, status):
        fields = {"params": {"status": ["paid"]}, "columns": ["order_no"], "options": {"raw": True}, "source": "/o"}
        old = exports.make("finance", status=status, **fields)
        trail = Trail(world, "finance")
        number = post(sign_in("finance"), f"{API}/{old.job_no}/retry").json()["new_job_id"]
        with in_scope_of(old):
            new = ExportJob.objects.get(job_no=number)
        assert {name: getattr(new, name) for name in fields} == fields
        assert (new.status, new.retry_of, new.root_id, new.retry_no) == ("queued", old.job_no, old.pk, 1)
        assert (new.type, new.file_type, new.attempt) == (old.type, old.file_type, 0)
        (entry,) = trail.entries(Operation.EXPORT_JOB_RETRY)
        assert (entry.details["job_id"], entry.details["retry_of"]) == (number, old.job_no)
        assert len(entry.details["params_hash"]) == 64
        assert reload(old).status == status

    def test_a_running_job_is_not_repeated(self, world, exports, sign_in):
        job = exports.make("finance", status="processing")
        response = post(sign_in("finance"), f"{API}/{job.job_no}/retry")
        assert (response.status_code, response.json()["code"]) == (409, "STATE_CONFLICT")
        with in_scope_of(job):
            assert ExportJob.objects.count() == 1

    def test_once_in_five_minutes_for_the_whole_chain(self, world, exports, sign_in):
        first = exports.make("finance", status="failed")
        client = sign_in("finance")
        second = post(client, f"{API}/{first.job_no}/retry").json()["new_job_id"]
        for number in (first.job_no, second):
            response = post(client, f"{API}/{number}/retry")
            assert response.status_code == 409
            details = response.json()["details"]
            assert details["latest"] == second
            assert 295 <= details["retry_after"] <= 300
            assert response["Retry-After"] == str(details["retry_after"])
        with in_scope_of(first):
            assert ExportJob.objects.count() == 2

    def test_two_failed_jobs_do_not_share_the_pause(self, world, exports, sign_in):
        client = sign_in("finance")
        for _number in range(3):
            job = exports.make("finance", status="failed")
            assert post(client, f"{API}/{job.job_no}/retry").status_code == 200

    def test_allowed_again_when_the_five_minutes_are_over(self, live, exports, sign_in, superuser):
        first = exports.make("finance", status="failed")
        client = sign_in("finance")
        second = post(client, f"{API}/{first.job_no}/retry").json()["new_job_id"]
        self._age(superuser, second, timedelta(minutes=4, seconds=50))
        early = post(client, f"{API}/{second}/retry")
        assert early.status_code == 409
        assert 1 <= int(early["Retry-After"]) <= 10
        self._age(superuser, second, timedelta(seconds=10))
        third = post(client, f"{API}/{first.job_no}/retry")
        assert third.status_code == 200
        with in_scope_of(first):
            newest = ExportJob.objects.get(job_no=third.json()["new_job_id"])
        assert (newest.retry_no, newest.root_id, newest.retry_of) == (2, first.pk, first.job_no)

    @staticmethod
    def _age(superuser, number: str, by: timedelta) -> None:
        with superuser.transaction():
            superuser.execute("SET LOCAL session_replication_role = replica")  # the guard freezes created_at
            superuser.execute("UPDATE jobs_exportjob SET created_at = created_at - %s WHERE job_no = %s", [by, number])

    def test_twenty_at_once_make_one_child(self, live, exports, sign_in):
        job = exports.make("finance", status="failed")
        answers = many(sign_in("finance"), f"{API}/{job.job_no}/retry")
        assert codes(answers) == {200: 1, 409: PARALLEL - 1}
        with in_scope_of(job):
            assert list(ExportJob.objects.filter(root_id=job.pk).values_list("retry_no", flat=True)) == [1, 0]

    def test_an_admin_repeats_a_colleagues_job_under_the_own_name(self, world, exports, sign_in):
        job = exports.make("operator", "members", "failed")
        number = post(sign_in("admin"), f"{API}/{job.job_no}/retry").json()["new_job_id"]
        with in_scope_of(job):
            assert ExportJob.objects.get(job_no=number).owner_id == world.users["admin"][1]


class TestAccelerate:
    def test_a_queued_job_goes_to_the_fast_lane(self, world, exports, sign_in):
        job = exports.make("finance")
        trail = Trail(world, "finance")
        assert post(sign_in("admin"), f"{API}/{job.job_no}/accelerate").json() == {"ok": True}
        assert reload(job).priority == 10
        assert len(trail.entries(Operation.EXPORT_JOB_ACCELERATE)) == 1


class TestLock:
    @pytest.mark.parametrize("path", ["retry", "cancel", "accelerate"])
    def test_a_job_that_somebody_holds_answers_423(self, live, exports, sign_in, superuser, path):
        job = exports.make("admin")
        client = sign_in("admin")
        with superuser.transaction():
            superuser.execute("SELECT 1 FROM jobs_exportjob WHERE id = %s FOR UPDATE", [job.pk])
            response = post(client, f"{API}/{job.job_no}/{path}")
        assert (response.status_code, response.json()["code"]) == (423, "LOCKED")
        assert response["Retry-After"] == "1"
        after = reload(job)
        assert (after.status, after.priority, after.version) == ("queued", 0, job.version)
        assert post(client, f"{API}/{job.job_no}/{path}").status_code == 200

    def test_reading_never_waits(self, live, exports, sign_in, superuser):
        job = exports.make("finance", status="ready")
        client = sign_in("finance")
        with superuser.transaction():
            superuser.execute("SELECT 1 FROM jobs_exportjob WHERE id = %s FOR UPDATE", [job.pk])
            url = path_of(client.get(f"{API}/{job.job_no}").json()["download_url"])
            assert body_of(client.get(url)) == CONTENT


class TestQueueCaps:
    def test_a_company_may_have_ten_waiting(self, world, sign_in):
        client = sign_in("acme_admin")
        for _number in range(10):
            assert post(client, API, {"type": "members"}).status_code == 201
        response = post(client, API, {"type": "members"})
        assert (response.status_code, response.json()["code"]) == (429, "THROTTLED")
        assert response["Retry-After"] == "30"
        assert response.json()["message"] == (
            "Your company already has 10 exports waiting. Try again when some have finished."
        )
        with world.scope("acme"):
            assert ExportJob.objects.count() == 10

    def test_only_waiting_jobs_count(self, world, exports, sign_in):
        for status in ["ready", "failed", "canceled", "expired"] * 3 + ["processing"] * 3:
            exports.make("acme_admin", "members", status)
        assert post(sign_in("acme_admin"), API, {"type": "members"}).status_code == 201

    def test_colleagues_share_the_companys_cap_and_others_do_not(self, world, exports, sign_in):
        for _number in range(10):
            exports.make("acme_manager", "members")
        assert post(sign_in("acme_admin"), API, {"type": "members"}).status_code == 429
        assert post(sign_in("globex_admin"), API, {"type": "members"}).status_code == 201

    def test_retries_count_too(self, world, exports, sign_in):
        for _number in range(10):
            exports.make("acme_admin", "members")
        failed = exports.make("acme_admin", "members", "failed")
        assert post(sign_in("acme_admin"), f"{API}/{failed.job_no}/retry").status_code == 429

    def test_one_person_may_have_so_many_waiting(self, world, sign_in):
        client = sign_in("finance")
        with override_settings(QUEUED_PER_USER=3):
            made = [post(client, API, {"type": "orders"}).status_code for _number in range(4)]
            assert made == [201, 201, 201, 429]
            assert post(sign_in("risk"), API, {"type": "orders"}).status_code == 201

    def test_a_canceled_job_makes_room(self, world, sign_in):
        client = sign_in("acme_admin")
        numbers = [post(client, API, {"type": "members"}).json()["job_id"] for _number in range(10)]
        assert post(client, f"{API}/{numbers[4]}/cancel").status_code == 200
        assert [post(client, API, {"type": "members"}).status_code for _number in range(2)] == [201, 429]

    def test_twenty_at_once_never_exceed_it(self, live, exports, sign_in):
        for _number in range(4):
            exports.make("acme_admin", "members")
        assert codes(many(sign_in("acme_admin"), API, {"type": "members"})) == {201: 6, 429: 14}
        with live.scope("acme"):
            assert ExportJob.objects.filter(status="queued").count() == 10


class TestNumbers:
    def test_twenty_at_once_are_all_different(self, live, sign_in):
        answers = many(sign_in("finance"), API, {"type": "orders"})
        assert codes(answers) == {201: PARALLEL}
        numbers = sorted(answer.json()["job_id"] for answer in answers)
        assert all(JOB_NO.fullmatch(number) for number in numbers)
        assert [int(number[9:]) for number in numbers] == list(range(1, PARALLEL + 1))

    def test_the_number_grows_past_three_digits(self, world):
        moment = datetime(2026, 11, 22, 3, tzinfo=UTC)
        with world.scope("platform"):
            DayNumber.objects.create(letter="E", day=moment.date(), last=998)
            assert [next_job_no("E", moment) for _number in range(2)] == ["E20261122999", "E202611221000"]

    def test_the_day_is_the_product_time_zones(self, world):
        with world.scope("platform"):
            last_minute = datetime(2026, 10, 3, 15, 59, tzinfo=UTC)
            assert next_job_no("E", last_minute) == "E20261003001"
            assert next_job_no("E", last_minute + timedelta(minutes=1)) == "E20261004001"

    def test_a_refused_request_leaves_a_gap_at_most(self, world, sign_in):
        client = sign_in("finance")
        first = post(client, API, {"type": "orders"}).json()["job_id"]
        assert post(client, API, {"type": "orders", "params": {"colour": 1}}).status_code == 400
        second = post(client, API, {"type": "orders"}).json()["job_id"]
        assert int(second[9:]) > int(first[9:])

    def test_companies_count_by_themselves(self, world, sign_in):
        numbers = [
            post(sign_in(name), API, {"type": "members"}).json()["job_id"] for name in ("acme_admin", "globex_admin")
        ]
        assert numbers[0] == numbers[1]


class TestDatabaseRefuses:
    """What no code of ours may do, because PostgreSQL does not."""

    @pytest.mark.parametrize("statement", ["UPDATE {t} SET status = 'ready'", "DELETE FROM {t}"])
    def test_illegal_changes(self, live, exports, superuser, statement):
        job = exports.make("finance", status="failed")
        with pytest.raises(psycopg.errors.CheckViolation):
            superuser.execute(statement.replace("{t}", "jobs_exportjob") + " WHERE id = %s", [job.pk])
        assert reload(job).status == "failed"


def test_cap_of_a_company_is_its_own_setting(world, sign_in):
    with world.scope("acme"):
        Tenant.objects.update(max_queued_exports=1)
    client = sign_in("acme_admin")
    assert [post(client, API, {"type": "members"}).status_code for _number in range(2)] == [201, 429]
