"""One thing done to several exports: each by itself, each decided by the policy, each in the trail."""

import json

import pytest

from accounts.audit import Operation
from jobs.models import ExportJob
from tests.exports_helpers import API, Trail, in_scope_of, post, reload

BULK = f"{API}/bulk"
FIELDS = ["job_id", "ok", "new_job_id", "code", "message", "advice"]
OPERATIONS = {
    "retry": Operation.EXPORT_JOB_RETRY,
    "cancel": Operation.EXPORT_JOB_CANCEL,
    "accelerate": Operation.EXPORT_JOB_ACCELERATE,
}


def bulk(client, action: str, *numbers: str) -> tuple[int, list[dict]]:
    """(how many were done, the results)."""
    response = post(client, BULK, {"action": action, "job_ids": list(numbers)})
    assert response.status_code == 200, response.content
    body = response.json()
    assert list(body) == ["done", "results"]
    assert all(list(result) == FIELDS for result in body["results"])
    assert [result["job_id"] for result in body["results"]] == list(numbers)
    assert body["done"] == sum(result["ok"] for result in body["results"])
    for result in body["results"]:
        assert (result["code"] is None) == (result["message"] is None) == result["ok"]
        assert result["ok"] or result["message"]
    return body["done"], body["results"]


def codes(results: list[dict]) -> list[str | None]:
    return [result["code"] for result in results]


class TestWhatIsDone:
    def test_retry_makes_a_new_export_of_each(self, world, exports, sign_in):
        jobs = [exports.make("finance", status=status) for status in ("failed", "canceled", "expired", "ready")]
        trail = Trail(world, "finance")
        done, results = bulk(sign_in("finance"), "retry", *(job.job_no for job in jobs))
        assert done == 4
        for job, result in zip(jobs, results, strict=True):
            with in_scope_of(job):
                new = ExportJob.objects.get(job_no=result["new_job_id"])
            assert (new.retry_of, new.status) == (job.job_no, "queued")
        entries = trail.entries(Operation.EXPORT_JOB_RETRY)
        assert [entry.details["retry_of"] for entry in entries] == [job.job_no for job in jobs]

    def test_cancel_ends_what_waits_and_stops_what_runs(self, world, exports, sign_in):
        waiting, running = exports.make("finance"), exports.make("finance", status="processing")
        trail = Trail(world, "finance")
        done, results = bulk(sign_in("finance"), "cancel", waiting.job_no, running.job_no)
        assert (done, [result["new_job_id"] for result in results]) == (2, [None, None])
        assert reload(waiting).status == "canceled"
        assert reload(running).cancel_requested_by == "finance"
        entries = trail.entries(Operation.EXPORT_JOB_CANCEL)
        assert [entry.details["status"] for entry in entries] == ["queued", "processing"]

    def test_accelerate_moves_each_to_the_fast_lane(self, world, exports, sign_in):
        jobs = [exports.make("finance"), exports.make("operator", "members")]
        trail = Trail(world, "admin")
        assert bulk(sign_in("admin"), "accelerate", *(job.job_no for job in jobs))[0] == 2
        assert [reload(job).priority for job in jobs] == [10, 10]
        assert len(trail.entries(Operation.EXPORT_JOB_ACCELERATE)) == 2

    def test_a_refusal_stops_none_of_the_others(self, world, exports, sign_in):
        """In the given order: done, ended, gone, hidden, forbidden, of another company, done."""
        own = [exports.make("finance") for _number in range(2)]
        numbers = [
            own[0].job_no,
            exports.make("finance", status="failed").job_no,
            "E20200101001",
            exports.make("operator", "members").job_no,
            exports.make("operator", "orders").job_no,
            exports.make("globex_admin", "members").job_no,
            own[1].job_no,
        ]
        trail = Trail(world, "finance")
        done, results = bulk(sign_in("finance"), "cancel", *numbers)
        assert done == 2
        assert codes(results) == [
            None, "STATE_CONFLICT", "NOT_FOUND", "NOT_FOUND", "FORBIDDEN", "NOT_FOUND", None,
        ]  # fmt: skip
        assert [reload(job).status for job in own] == ["canceled", "canceled"]
        assert [entry.resource for entry in trail.entries(Operation.EXPORT_JOB_CANCEL)] == [
            f"export:{job.job_no}" for job in own
        ]

    def test_hidden_and_missing_look_the_same(self, world, exports, sign_in):
        hidden = exports.make("admin", "members").job_no
        _done, results = bulk(sign_in("operator"), "cancel", hidden, "E20990101999")
        first, second = ({key: result[key] for key in FIELDS[1:]} for result in results)
        assert first == second

    def test_two_of_one_chain_are_one_retry(self, world, exports, sign_in):
        first = exports.make("finance", status="failed")
        client = sign_in("finance")
        _done, (result,) = bulk(client, "retry", first.job_no)
        second = result["new_job_id"]
        done, results = bulk(client, "retry", first.job_no, second)
        assert (done, codes(results)) == (0, ["STATE_CONFLICT", "STATE_CONFLICT"])
        with in_scope_of(first):
            assert ExportJob.objects.filter(root_id=first.pk).count() == 2

    def test_the_companys_cap_holds_inside_a_batch(self, world, exports, sign_in):
        jobs = [exports.make("acme_admin", "members", "failed") for _number in range(12)]
        done, results = bulk(sign_in("acme_admin"), "retry", *(job.job_no for job in jobs))
        assert done == 10
        assert codes(results) == [None] * 10 + ["THROTTLED"] * 2

    @pytest.mark.parametrize("action", OPERATIONS)
    def test_a_hundred_at_once(self, world, exports, sign_in, action, settings):
        settings.QUEUED_PER_USER = 1000
        status = "failed" if action == "retry" else "queued"
        with world.scope("platform"):
            type(world.user("admin").tenant).objects.update(max_queued_exports=1000)
        numbers = [exports.make("admin", "members", status).job_no for _number in range(100)]
        trail = Trail(world, "admin")
        assert bulk(sign_in("admin"), action, *numbers)[0] == 100
        assert len(trail.entries(OPERATIONS[action])) == 100


@pytest.mark.parametrize("action", OPERATIONS)
def test_one_that_somebody_holds_does_not_stop_the_others(live, exports, sign_in, superuser, action):
    status = "failed" if action == "retry" else "queued"
    held, free = (exports.make("admin", "members", status) for _number in range(2))
    with superuser.transaction():
        superuser.execute("SELECT 1 FROM jobs_exportjob WHERE id = %s FOR UPDATE", [held.pk])
        done, results = bulk(sign_in("admin"), action, held.job_no, free.job_no)
    assert (done, codes(results)) == (1, ["LOCKED", None])
    assert bulk(sign_in("admin"), action, held.job_no)[0] == 1


BODIES = [
    ({}, {"action", "job_ids"}),
    ([], {"body"}),
    ([1], {"body"}),
    ("retry", {"body"}),
    (None, {"body"}),
    ({"action": "retry"}, {"job_ids"}),
    ({"job_ids": ["E1"]}, {"action"}),
    ({"action": "delete", "job_ids": ["E1"]}, {"action"}),
    ({"action": "download", "job_ids": ["E1"]}, {"action"}),
    ({"action": "", "job_ids": ["E1"]}, {"action"}),
    ({"action": "RETRY", "job_ids": ["E1"]}, {"action"}),
    ({"action": "__class__", "job_ids": ["E1"]}, {"action"}),
    ({"action": None, "job_ids": ["E1"]}, {"action"}),
    ({"action": ["retry"], "job_ids": ["E1"]}, {"action"}),
    ({"action": 1, "job_ids": ["E1"]}, {"action"}),
    ({"action": "retry", "job_ids": []}, {"job_ids"}),
    ({"action": "retry", "job_ids": None}, {"job_ids"}),
    ({"action": "retry", "job_ids": "E1"}, {"job_ids"}),
    ({"action": "retry", "job_ids": {"0": "E1"}}, {"job_ids"}),
    ({"action": "retry", "job_ids": [1]}, {"job_ids"}),
    ({"action": "retry", "job_ids": ["E1", None]}, {"job_ids"}),
    ({"action": "retry", "job_ids": [["E1"]]}, {"job_ids"}),
    ({"action": "retry", "job_ids": [True]}, {"job_ids"}),
    ({"action": "retry", "job_ids": ["E1", "E2", "E1"]}, {"job_ids"}),
    ({"action": "retry", "job_ids": [f"E{number}" for number in range(101)]}, {"job_ids"}),
    ({"action": "retry", "job_ids": ["E1"], "colour": 1}, {"colour"}),
    ({"action": "retry", "job_ids": ["E1"], "job_nos": ["E1"]}, {"job_nos"}),
    ({"action": "x" * 10_000, "job_ids": ["x" * 100] * 200}, {"action", "job_ids"}),
]


@pytest.mark.parametrize(
    ("body", "wrong"), BODIES, ids=lambda value: str(sorted(value) if isinstance(value, set) else value)[:40]
)
def test_a_body_of_another_shape_is_refused_as_a_whole(world, exports, sign_in, body, wrong):
    job = exports.make("finance", status="failed", job_no="E1")
    client = sign_in("finance")
    trail = Trail(world, "finance")
    response = client.post(BULK, json.dumps(body), content_type="application/json", HTTP_ACCEPT_LANGUAGE="en")
    assert (response.status_code, response.json()["code"]) == (400, "INVALID_PARAMETERS")
    details = response.json()["details"]
    assert set(details) == wrong
    assert all(words and all(isinstance(word, str) and word for word in words) for words in details.values())
    assert trail.entries() == []
    with in_scope_of(job):
        assert ExportJob.objects.count() == 1


NO_JSON = ["{", "[[", '{"action": NaN}', "\x00", '{"action":"retry","job_ids":["E1"']
NO_TEXT = ['{"action":"retry","job_ids":["E1\\u0000"]}', '{"action":"retry","job_ids":["\\ud800"]}']


@pytest.mark.parametrize("text", [*NO_JSON, *NO_TEXT])
def test_what_is_no_json_or_no_text_is_refused(world, sign_in, text):
    response = sign_in("finance").post(BULK, text, content_type="application/json")
    assert (response.status_code, response.json()["code"]) == (400, "INVALID_REQUEST")


def test_a_body_that_is_too_large_is_refused(world, sign_in):
    response = post(sign_in("finance"), BULK, {"action": "retry", "job_ids": ["x" * 10_000] * 200})
    assert (response.status_code, response.json()["code"]) == (413, "BODY_TOO_LARGE")


@pytest.mark.parametrize("number", ["", " ", "x" * 1000, "💥", "%", "' OR 1=1 --", "\u202e", "../"])
@pytest.mark.parametrize("action", OPERATIONS)
def test_numbers_that_cannot_be_are_not_found(world, exports, sign_in, action, number):
    exports.make("admin")
    _done, results = bulk(sign_in("admin"), action, number)
    assert codes(results) == ["NOT_FOUND"]


@pytest.mark.parametrize("method", ["get", "put", "patch", "delete"])
def test_only_to_be_posted_to(world, sign_in, method):
    assert getattr(sign_in("finance"), method)(BULK, content_type="application/json").status_code == 405


def test_strangers_are_refused(world, client):
    assert post(client, BULK, {"action": "retry", "job_ids": ["E1"]}).status_code == 401
