"""Batch tasks (SPEC A4, S2): jobs of every kind in one list, seen and stopped by each kind's own rules."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.utils import timezone

from jobs.batch import BatchFacade, facade, register
from jobs.batch.checks import every_kind_is_declared
from jobs.engine import kinds
from jobs.models import ExportJob
from tests.echo.models import EchoJob
from tests.exports_helpers import API, ENGLISH, Trail, signed_in

TASKS = "/api/v1/batch-tasks"
FIELDS = [
    "id",
    "user_id",
    "task_type",
    "status",
    "progress",
    "total_records",
    "processed_records",
    "result_url",
    "error_message",
    "created_at",
    "completed_at",
]


def ids(client, **query) -> list[str]:
    response = client.get(TASKS, query, **ENGLISH)
    assert response.status_code == 200, response.content
    return [item["id"] for item in response.json()["items"]]


def echoes(world, name: str, count: int, start: datetime, step: timedelta = timedelta(minutes=1)) -> list[str]:
    """Waiting echoes, ``step`` apart, newest first."""
    with world.scope(name):
        owner = world.user(name)
        jobs = [
            EchoJob(
                id=(key := uuid.uuid4()),
                root_id=key,
                owner=owner,
                job_no=f"X{number:08d}{key.hex[:6]}",
                created_at=start + number * step,
                available_at=start,
            )
            for number in range(count)
        ]
        EchoJob.objects.bulk_create(jobs)
    return [job.job_no for job in reversed(jobs)]


class TestOneTask:
    def test_has_exactly_the_fields_of_the_story(self, world, exports):
        job = exports.make("finance", status="ready")
        body = signed_in(world, "finance").get(f"{TASKS}/{job.job_no}", **ENGLISH).json()
        assert list(body) == FIELDS
        with world.scope("finance"):
            owner = world.user("finance").code
        assert body["id"] == job.job_no
        assert body["user_id"] == owner
        assert (body["task_type"], body["status"], body["progress"]) == ("export", "completed", 100)
        assert body["total_records"] == body["processed_records"] > 0
        assert f"/api/v1/exports/{job.job_no}/download?token=" in body["result_url"]
        assert body["error_message"] is None
        assert datetime.fromisoformat(body["completed_at"]) >= datetime.fromisoformat(body["created_at"])

    @pytest.mark.parametrize(
        ("status", "shown"),
        [
            ("queued", "pending"),
            ("processing", "processing"),
            ("ready", "completed"),
            ("expired", "completed"),
            ("failed", "failed"),
            ("canceled", "canceled"),
        ],
    )
    def test_speaks_of_states_in_the_storys_words(self, world, exports, status, shown):
        job = exports.make("finance", status=status)
        body = signed_in(world, "finance").get(f"{TASKS}/{job.job_no}", **ENGLISH).json()
        assert body["status"] == shown
        assert (body["result_url"] is not None) == (status == "ready")
        assert (body["error_message"] is not None) == (status == "failed")
        assert (body["completed_at"] is None) == (status in ("queued", "processing"))

    def test_a_task_of_the_second_kind(self, world, echo):
        job = echo(world, "finance", steps=3)
        body = signed_in(world, "finance").get(f"{TASKS}/{job.job_no}", **ENGLISH).json()
        assert list(body) == FIELDS
        assert (body["task_type"], body["status"], body["progress"]) == ("echo", "pending", 0)
        assert (body["total_records"], body["processed_records"], body["result_url"]) == (None, 0, None)

    @pytest.mark.parametrize("number", ["E20200101001", "X1", "Z1", "C20200101001", "%00", "E%00", "x" * 400, "任务"])
    def test_what_does_not_exist_is_404(self, world, number):
        for ask in ("get", "delete"):
            response = getattr(signed_in(world, "admin"), ask)(f"{TASKS}/{number}", **ENGLISH)
            assert (response.status_code, response.json()["code"]) == (404, "NOT_FOUND")

    def test_another_companys_is_404(self, world, exports):
        job = exports.make("globex_admin", "members")
        for ask in ("get", "delete"):
            for who in ("admin", "acme_admin"):
                response = getattr(signed_in(world, who), ask)(f"{TASKS}/{job.job_no}", **ENGLISH)
                assert (response.status_code, response.json()["code"]) == (404, "NOT_FOUND")
        with world.scope("globex_admin"):
            assert ExportJob.objects.get(pk=job.pk).status == "queued"


class TestList:
    def test_shows_what_each_kinds_own_list_shows(self, world, exports, echo):
        for owner in ("admin", "finance", "risk", "operator", "nobody"):
            for dataset in ("orders", "risk_hits", "members"):
                exports.make(owner, dataset)
            echo(world, owner)
        for name in ("admin", "finance", "risk", "operator", "nobody"):
            client = signed_in(world, name)
            own = [item["job_id"] for item in client.get(API, {"page_size": 200}, **ENGLISH).json()["items"]]
            assert [number for number in ids(client, page_size=200) if number[0] == "E"] == own
            seen = [number for number in ids(client, page_size=200) if number[0] == "X"]
            assert len(seen) == (5 if name == "admin" else 1)
            assert len(own) >= 3

    def test_pages_over_kinds_are_one_list_without_gaps_or_doubles(self, world, exports):
        start = datetime(2025, 1, 1, tzinfo=UTC)
        made = echoes(world, "operator", 13, start)
        made += [
            exports.make("operator", "members", created_at=start + timedelta(minutes=number, seconds=30)).job_no
            for number in range(12)
        ]
        client = signed_in(world, "operator")
        whole = ids(client, page_size=200)
        assert sorted(whole) == sorted(made)
        times = {item["id"]: item["created_at"] for item in client.get(TASKS, {"page_size": 200}).json()["items"]}
        assert [times[number] for number in whole] == sorted(times.values(), reverse=True)
        assert {number[0] for number in whole[:4]} == {"E", "X"}
        pages = [client.get(TASKS, {"page": page, "page_size": 7}, **ENGLISH).json() for page in (1, 2, 3, 4, 5)]
        assert [item["id"] for page in pages for item in page["items"]] == whole
        assert {page["total"] for page in pages} == {25}
        assert ids(client, page_size=200, ordering="created_at") == whole[::-1]

    def test_of_equal_times_each_is_on_one_page(self, world):
        made = echoes(world, "operator", 9, datetime(2025, 1, 1, tzinfo=UTC), timedelta(0))
        client = signed_in(world, "operator")
        seen = [number for page in range(1, 6) for number in ids(client, page=page, page_size=2)]
        assert sorted(seen) == sorted(made)

    def test_filters(self, world, exports, echo):
        states = ("queued", "processing", "ready", "expired", "failed", "canceled")
        made = {status: exports.make("finance", status=status).job_no for status in states}
        waiting = echo(world, "finance").job_no
        client = signed_in(world, "finance")
        assert set(ids(client, status="completed")) == {made["ready"], made["expired"]}
        assert set(ids(client, status=["failed", "canceled"])) == {made["failed"], made["canceled"]}
        assert set(ids(client, status="pending")) == {made["queued"], waiting}
        assert set(ids(client, status="pending", task_type="echo")) == {waiting}
        assert set(ids(client, task_type="export")) == set(made.values())
        assert set(ids(client, task_type=["export", "echo"])) == {*made.values(), waiting}
        ended = ids(client, ordering="-completed_at")
        assert len(ended) == 7
        assert set(ended[-3:]) == {made["queued"], made["processing"], waiting}
        assert set(ids(client, ordering="completed_at")[:3]) == set(ended[-3:])
        hour_ago = (timezone.now() - timedelta(hours=1)).isoformat()
        soon = (timezone.now() + timedelta(hours=1)).isoformat()
        assert len(ids(client, created_from=hour_ago, created_to=soon)) == 7
        assert len(ids(client, created_from=hour_ago, created_to=soon, ordering="-completed_at")) == 7
        assert ids(client, created_to=hour_ago) == []
        assert ids(client, created_from=soon) == []

    @pytest.mark.parametrize(
        ("query", "field"),
        [
            ({"status": "ready"}, "status"),
            ({"status": ""}, "status"),
            ({"task_type": "chunk"}, "task_type"),
            ({"task_type": "a\0b"}, "task_type"),
            ({"created_from": "yesterday"}, "created_from"),
            ({"created_from": "a\0"}, "created_from"),
            ({"created_to": "2025-13-01T00:00:00Z"}, "created_to"),
            ({"ordering": "id"}, "ordering"),
            ({"ordering": "-created_at; DROP TABLE jobs_exportjob"}, "ordering"),
            ({"page": "0"}, "page"),
            ({"page": "1e3"}, "page"),
            ({"page_size": "201"}, "page_size"),
            ({"page": "999999999999"}, "page"),
            ({"colour": "red"}, "colour"),
            ({"format": "api"}, "format"),
        ],
    )
    def test_wrong_parameters_are_named(self, world, query, field):
        response = signed_in(world, "finance").get(TASKS, query, **ENGLISH)
        assert (response.status_code, response.json()["code"]) == (400, "INVALID_PARAMETERS")
        assert list(response.json()["details"]) == [field]

    @pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "0001-01-01T00:00"])
    def test_the_ends_of_time_are_no_fault(self, world, moment):
        for name in ("created_from", "created_to"):
            assert signed_in(world, "finance").get(TASKS, {name: moment}, **ENGLISH).status_code in (200, 400)

    def test_internal_kinds_are_no_tasks(self, world):
        assert [one.kind for one in facade.all_facades()] == ["export", "import", "echo"]

    def test_nobody_signed_in_is_401(self, client, world):
        assert client.get(TASKS).status_code == 401


class TestCancel:
    def test_a_waiting_one_has_stopped_in_the_answer(self, world, exports):
        job, trail = exports.make("finance"), Trail(world, "finance")
        response = signed_in(world, "finance").delete(f"{TASKS}/{job.job_no}", **ENGLISH)
        assert response.status_code == 200
        assert (response.json()["id"], response.json()["status"]) == (job.job_no, "canceled")
        assert response.json()["completed_at"]
        assert [entry.operation for entry in trail.entries() if "cancel" in entry.operation.lower()]

    def test_a_running_one_is_told_and_the_answer_says_so(self, world, exports):
        job = exports.make("finance", status="processing")
        response = signed_in(world, "finance").delete(f"{TASKS}/{job.job_no}", **ENGLISH)
        assert (response.status_code, response.json()["status"]) == (202, "processing")
        with world.scope("finance"):
            assert ExportJob.objects.get(pk=job.pk).cancel_requested_by == "finance"

    @pytest.mark.parametrize("status", ["ready", "failed", "canceled", "expired"])
    def test_what_has_ended_is_409(self, world, exports, status):
        job = exports.make("finance", status=status)
        response = signed_in(world, "finance").delete(f"{TASKS}/{job.job_no}", **ENGLISH)
        assert (response.status_code, response.json()["code"]) == (409, "STATE_CONFLICT")
        with world.scope("finance"):
            assert ExportJob.objects.get(pk=job.pk).status == status

    def test_each_kind_by_its_own_rule(self, world, exports, echo):
        job, export = echo(world, "finance"), exports.make("finance")
        admin, owner = signed_in(world, "admin"), signed_in(world, "finance")
        assert admin.delete(f"{TASKS}/{export.job_no}", **ENGLISH).status_code == 200
        assert admin.delete(f"{TASKS}/{job.job_no}", **ENGLISH).status_code == 403
        done = owner.delete(f"{TASKS}/{job.job_no}", **ENGLISH)
        assert (done.status_code, done.json()["status"]) == (200, "canceled")
        assert owner.delete(f"{TASKS}/{job.job_no}", **ENGLISH).status_code == 409

    def test_somebody_elses_that_one_sees_is_403(self, world, exports):
        job = exports.make("admin", "orders")
        response = signed_in(world, "finance").delete(f"{TASKS}/{job.job_no}", **ENGLISH)
        assert (response.status_code, response.json()["code"]) == (403, "FORBIDDEN")

    def test_a_field_in_the_body_is_refused(self, world, exports):
        job = exports.make("finance")
        response = signed_in(world, "finance").delete(
            f"{TASKS}/{job.job_no}", {"force": True}, content_type="application/json", **ENGLISH
        )
        assert (response.status_code, list(response.json()["details"])) == (400, ["force"])

    @pytest.mark.parametrize("method", ["post", "put", "patch"])
    def test_other_methods_are_405(self, world, exports, method):
        job = exports.make("finance")
        client = signed_in(world, "finance")
        for path, allowed in ((TASKS, "GET"), (f"{TASKS}/{job.job_no}", "DELETE")):
            response = getattr(client, method)(path, {}, content_type="application/json", **ENGLISH)
            assert (response.status_code, response.json()["code"]) == (405, "METHOD_NOT_ALLOWED")
            assert allowed in response["Allow"]
        assert client.delete(TASKS, **ENGLISH).status_code == 405


class TestDeclarations:
    def test_a_kind_without_one_stops_the_start(self, monkeypatch):
        assert every_kind_is_declared(None) == []
        monkeypatch.delitem(facade._facades, "echo")
        assert [(error.id, "'echo'" in error.msg) for error in every_kind_is_declared(None)] == [("jobs.E001", True)]

    def test_two_for_one_kind_are_refused(self):
        with pytest.raises(ValueError, match="twice"):

            @register
            class Again(BatchFacade):
                kind = "echo"

                def visible_to(self, user):
                    raise NotImplementedError

                def cancel(self, job_no, *, actor, client):
                    raise NotImplementedError

    def test_no_two_kinds_share_the_letter_that_tells_them_apart(self):
        assert len({kind.letter for kind in kinds.all_kinds()}) == len(kinds.all_kinds())
        with pytest.raises(ValueError, match="letter"):

            @kinds.register
            class Other(kinds.JobKind):
                key = "other"
                letter = "E"


def test_a_page_is_merged_from_indexes_and_not_sorted(world, exports):
    """What makes deep pages of a million jobs cheap: no arm of the union is read as a whole or sorted."""
    from jobs.batch.listing import _merged

    with world.scope("admin"), connection.cursor() as cursor:
        for way in ("seqscan", "bitmapscan", "sort"):  # small tables invite them; what must be sorted still is
            cursor.execute(f"SET LOCAL enable_{way} = off")
        found = {"export": ExportJob.objects.all(), "again": ExportJob.objects.all()}
        wish = {"ordering": "", "created_from": None, "created_to": None}
        plan = _merged(found, wish, 1_000)[980:].explain()
    assert "Merge Append" in plan
    assert plan.count("jobs_export_created") == 2
    assert "Sort  " not in plan
