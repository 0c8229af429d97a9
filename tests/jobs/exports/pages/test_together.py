"""Two people at the same export at the same moment: each gets a true answer, and what happened, happened once."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from accounts.audit import Operation
from jobs.models import ExportJob
from tests.exports_helpers import API, Trail, in_scope_of, in_thread, post, reload
from tests.jobs.exports.pages.html import read
from tests.jobs.exports.pages.test_page import PAGE, buttons

ROUNDS = 6


def at_once(*requests) -> list:
    """The answers to (client, path, body) that were sent at the same moment, each from a thread of its own."""
    gate = Barrier(len(requests))

    def send(request):
        gate.wait(10)
        return in_thread(post, *request)

    with ThreadPoolExecutor(len(requests)) as pool:
        answers = list(pool.map(send, requests))
    assert [answer.status_code for answer in answers if answer.status_code >= 500] == []
    for answer in answers:
        assert answer.status_code == 200 or answer.json()["message"], answer.content
    return answers


def codes(answers: list) -> list[int]:
    return [answer.status_code for answer in answers]


@pytest.fixture
def two(live, sign_in):
    """The owner and an admin, each with a session of their own."""
    return sign_in("operator"), sign_in("admin")


@pytest.mark.parametrize("round_no", range(ROUNDS))
class TestTheSame:
    def test_retry_makes_one_new_export(self, live, exports, two, round_no):
        job = exports.make("operator", "members", "failed")
        trail = Trail(live, "operator")
        answers = at_once(*((client, f"{API}/{job.job_no}/retry", {}) for client in two))
        assert sorted(codes(answers)) == [200, 409]
        (won,) = (answer.json()["new_job_id"] for answer in answers if answer.status_code == 200)
        (lost,) = (answer.json() for answer in answers if answer.status_code == 409)
        assert lost["code"] == "STATE_CONFLICT"
        assert lost["details"]["latest"] == won
        with in_scope_of(job):
            assert ExportJob.objects.filter(root_id=job.pk).count() == 2
        assert len(trail.entries(Operation.EXPORT_JOB_RETRY)) == 1

    @pytest.mark.parametrize("status", ["queued", "processing"])
    def test_cancel_is_done_once(self, live, exports, two, round_no, status):
        job = exports.make("operator", "members", status)
        trail = Trail(live, "operator")
        answers = at_once(*((client, f"{API}/{job.job_no}/cancel", {}) for client in two))
        after = reload(job)
        if status == "queued":
            assert sorted(codes(answers)) == [200, 409]
            assert after.status == "canceled"
            assert len(trail.entries(Operation.EXPORT_JOB_CANCEL)) == 1
        else:  # whoever comes second asks for what has been asked for: it is true to both that it will stop
            assert codes(answers) == [200, 200]
            assert (after.status, after.cancel_requested_at is not None) == ("processing", True)
        assert after.cancel_requested_by in ("operator", "admin")


@pytest.mark.parametrize("round_no", range(ROUNDS))
class TestDifferentThings:
    def test_cancel_and_accelerate_both_or_the_cancel_alone(self, live, exports, two, round_no):
        job = exports.make("operator", "members")
        owner, admin = two
        cancel, accelerate = at_once(
            (owner, f"{API}/{job.job_no}/cancel", {}), (admin, f"{API}/{job.job_no}/accelerate", {})
        )
        after = reload(job)
        assert (cancel.status_code, after.status) == (200, "canceled")
        assert (accelerate.status_code, after.priority) in [(200, 10), (409, 0)]

    def test_cancel_and_retry_of_one_that_waits(self, live, exports, two, round_no):
        job = exports.make("operator", "members")
        owner, admin = two
        cancel, retry = at_once((owner, f"{API}/{job.job_no}/cancel", {}), (admin, f"{API}/{job.job_no}/retry", {}))
        assert codes([cancel, retry]) == [200, 200]
        assert reload(job).status == "canceled"
        with in_scope_of(job):
            new = ExportJob.objects.get(job_no=retry.json()["new_job_id"])
        assert (new.status, new.retry_of) == ("queued", job.job_no)

    def test_one_by_one_and_in_bulk(self, live, exports, two, round_no):
        jobs = [exports.make("operator", "members") for _number in range(4)]
        numbers = [job.job_no for job in jobs]
        owner, admin = two
        bulk, single = at_once(
            (owner, f"{API}/bulk", {"action": "cancel", "job_ids": numbers}),
            (admin, f"{API}/{numbers[2]}/cancel", {}),
        )
        results = {result["job_id"]: result["ok"] for result in bulk.json()["results"]}
        assert [reload(job).status for job in jobs] == ["canceled"] * 4
        # 423: the row was held by the batch for over a second
        assert (results.pop(numbers[2]), single.status_code) in [(True, 409), (False, 200), (True, 423)]
        assert set(results.values()) == {True}

    def test_two_batches_in_opposite_order_do_not_stop_each_other(self, live, exports, two, round_no):
        jobs = [exports.make("operator", "members") for _number in range(6)]
        numbers = [job.job_no for job in jobs]
        trail = Trail(live, "operator")
        answers = at_once(
            *(
                (client, f"{API}/bulk", {"action": "cancel", "job_ids": order})
                for client, order in zip(two, (numbers, numbers[::-1]), strict=True)
            )
        )
        assert codes(answers) == [200, 200]
        done = [result["job_id"] for answer in answers for result in answer.json()["results"] if result["ok"]]
        assert len(done) == len(set(done))
        assert [reload(job).status for job in jobs] == ["canceled" if job.job_no in done else "queued" for job in jobs]
        assert len(trail.entries(Operation.EXPORT_JOB_CANCEL)) == len(done)


def test_the_page_tells_the_second_person_at_once(live, exports, two):
    job = exports.make("operator", "members")
    owner, admin = two
    assert post(owner, f"{API}/{job.job_no}/cancel").status_code == 200
    row = read(admin.get(f"{PAGE}rows", {"only": job.job_no})).one("tr", data_job=job.job_no)
    assert row.attrs["data-status"] == "canceled"
    assert row.one("span", classes="ec-note").text == "由 operator 取消"
    assert buttons(row)[1]["cancel"] == "任务已结束，或正在取消。"
    late = admin.post(f"{API}/{job.job_no}/cancel", {}, content_type="application/json")
    assert (late.status_code, late.json()["message"]) == (409, "任务已结束：已取消。")
