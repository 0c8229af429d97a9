"""The JSON of the export API against the contract (S0 §9) and its mocks (S0 §10)."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from jobs.models import ExportJob, JobLog
from tests.contracts.schema import (
    CANCEL,
    DELETED,
    DETAIL,
    ERROR,
    ITEM,
    OUR_DETAIL,
    OUR_ERROR,
    RETRY,
    conform,
    conform_page,
    mock,
)
from tests.exports_helpers import API, CONTENT, ENGLISH, JOB_NO, body_of, in_scope_of, link, post, reload

STATUSES = ["queued", "processing", "ready", "failed", "canceled", "expired"]


class TestMocks:
    """The mocks are what a front end is built against: they keep the contract, too."""

    def test_list(self):
        conform_page(mock("list.page1.json"))

    @pytest.mark.parametrize("name", ["detail.ready.json", "detail.failed.json"])
    def test_details(self, name):
        conform(mock(name), DETAIL)

    @pytest.mark.parametrize(
        ("name", "schema"),
        [
            ("retry.json", RETRY),
            ("cancel.json", CANCEL),
            ("batch_delete_expired.json", DELETED),
            ("error.409.json", ERROR),
        ],
    )
    def test_answers(self, name, schema):
        conform(mock(name), schema)


class TestShape:
    @pytest.mark.parametrize("status", STATUSES)
    def test_item_and_detail_in_every_status(self, world, exports, sign_in, status):
        job = exports.make("finance", status=status)
        client = sign_in("finance")
        page = client.get(API).json()
        conform_page(page)
        assert (page["total"], page["page"], page["page_size"]) == (1, 1, 20)
        detail = client.get(f"{API}/{job.job_no}").json()
        conform(detail, OUR_DETAIL)
        item = page["items"][0]
        assert item["download_url"] is None or status == "ready"  # its time of signing differs
        assert {name: detail[name] for name in ITEM if name != "download_url"} == {
            name: item[name] for name in ITEM if name != "download_url"
        }

    def test_processing_item_equals_the_mock_but_for_its_facts(self, world, exports, sign_in):
        exports.make("finance", status="processing", params={"start": "2025-09-01", "end": "2025-09-30"})
        item = sign_in("finance").get(API).json()["items"][0]
        expected = mock("list.page1.json")["items"][0]
        same = set(ITEM) - {"job_id", "params", "created_by", "created_at"}
        assert {name: item[name] for name in same} == {name: expected[name] for name in same}
        assert item["params"] == {"start": "2025-09-01", "end": "2025-09-30"}

    def test_ready_detail(self, world, exports, sign_in):
        expires_at = timezone.now() + timedelta(hours=1)
        job = exports.make("finance", status="ready", expires_at=expires_at)
        detail = sign_in("finance").get(f"{API}/{job.job_no}").json()
        assert detail["progress"] == 100
        assert detail["file_name"] == f"订单_{job.job_no}.csv"
        assert detail["file_size"] == job.file_size
        assert detail["download_url"].startswith(f"http://testserver{API}/{job.job_no}/download?token=v1.")
        assert detail["expires_at"] == timezone.localtime(expires_at).isoformat(timespec="seconds")
        assert detail["expires_at"].endswith("+08:00")

    def test_a_file_whose_time_is_over_has_no_address_before_the_sweep(self, world, exports, sign_in):
        job = exports.make("finance", status="ready", expires_at=timezone.now() - timedelta(seconds=1))
        detail = sign_in("finance").get(f"{API}/{job.job_no}").json()
        assert (detail["status"], detail["download_url"]) == ("ready", None)

    def test_who_may_not_download_gets_no_address(self, world, exports, sign_in):
        job = exports.make("operator", "orders", "ready")
        client = sign_in("operator")
        assert client.get(f"{API}/{job.job_no}").json()["download_url"] is None
        assert client.get(API).json()["items"][0]["download_url"] is None

    def test_failed_detail(self, world, exports, sign_in):
        job = exports.make("risk", "risk_hits", "failed")
        assert sign_in("risk").get(f"{API}/{job.job_no}").json()["error"] == {
            "code": "EXPORT_TIMEOUT",
            "message": "Job exceeded 20m limit",
            "advice": "Choose a shorter period.",
        }

    def test_logs_tail_is_the_last_hundred_lines_in_order(self, world, exports, sign_in):
        job = exports.make("finance")
        begin = timezone.now()
        with in_scope_of(job):
            JobLog.objects.bulk_create(
                [
                    JobLog(kind="export", job_id=job.pk, at=begin + timedelta(seconds=n), message=f"line {n}")
                    for n in range(130)
                ]
            )
        lines = sign_in("finance").get(f"{API}/{job.job_no}").json()["logs_tail"].split("\n")
        assert [line.partition(" INFO ")[2] for line in lines] == [f"line {n}" for n in range(30, 130)]
        assert all(re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d INFO ", line) for line in lines)

    def test_the_full_log_has_every_line(self, world, exports, sign_in):
        job = exports.make("finance")
        with in_scope_of(job):
            JobLog.objects.bulk_create(
                [JobLog(kind="export", job_id=job.pk, at=timezone.now(), message=f"line {n}") for n in range(130)]
            )
        response = sign_in("admin").get(f"{API}/{job.job_no}/log")
        assert response["Content-Type"] == "text/plain; charset=utf-8"
        assert response["Content-Disposition"] == f'attachment; filename="{job.job_no}.log"'
        lines = b"".join(response.streaming_content).decode().splitlines()
        assert [line.partition(" INFO ")[2] for line in lines] == [f"line {n}" for n in range(130)]


class TestActions:
    def test_create(self, world, sign_in):
        body = {"type": "orders", "file_type": "csv", "params": {"start": "2025-09-01"}, "source": "/orders"}
        response = post(sign_in("finance"), API, body)
        assert response.status_code == 201
        created = response.json()
        conform(created, OUR_DETAIL)
        assert JOB_NO.fullmatch(created["job_id"])
        assert response["Location"] == f"{API}/{created['job_id']}"
        wanted = {"status": "queued", "progress": 0, "params": {"start": "2025-09-01"}, "source": "/orders"}
        assert {name: created[name] for name in wanted} == wanted

    def test_create_with_the_type_alone(self, world, sign_in):
        created = post(sign_in("finance"), API, {"type": "orders"}).json()
        assert (created["file_type"], created["params"], created["source"]) == ("csv", {}, "")

    def test_retry(self, world, exports, sign_in):
        job = exports.make("finance", status="failed")
        client = sign_in("finance")
        response = post(client, f"{API}/{job.job_no}/retry")
        assert response.status_code == 200
        conform(response.json(), RETRY)
        child = client.get(f"{API}/{response.json()['new_job_id']}").json()
        assert (child["retry_of"], child["status"], child["params"]) == (job.job_no, "queued", job.params)

    def test_cancel(self, world, exports, sign_in):
        job = exports.make("finance")
        response = post(sign_in("finance"), f"{API}/{job.job_no}/cancel")
        assert response.status_code == 200
        conform(response.json(), CANCEL)
        assert reload(job).status == "canceled"

    def test_batch_delete_expired(self, world, exports, sign_in):
        for status in STATUSES:
            exports.make("finance", status=status)
        exports.make("risk", "risk_hits", "expired")
        foreign = exports.make("acme_admin", "members", "expired")
        response = post(sign_in("admin"), f"{API}/batch_delete_expired")
        conform(response.json(), DELETED)
        assert response.json() == {"deleted": 2}
        with world.scope("admin"):
            left = ExportJob.objects.values_list("status", flat=True)
            assert sorted(left) == sorted(set(STATUSES) - {"expired"})
        assert reload(foreign).status == "expired"

    @pytest.mark.parametrize("content_type", ["", "application/json", "application/x-www-form-urlencoded"])
    @pytest.mark.parametrize("path", ["retry", "cancel", "accelerate"])
    def test_actions_need_no_body(self, world, exports, sign_in, path, content_type):
        job = exports.make("admin")
        response = sign_in("admin").generic("POST", f"{API}/{job.job_no}/{path}", b"", content_type)
        assert response.status_code == 200


class TestErrors:
    def test_anonymous(self, world):
        response = Client().get(API, **ENGLISH)
        assert response.status_code == 401
        assert response["WWW-Authenticate"].startswith("Bearer")
        conform(response.json(), OUR_ERROR)
        assert response.json()["code"] == "NOT_AUTHENTICATED"

    def test_every_refusal_has_the_one_shape(self, world, exports, sign_in):
        client = sign_in("operator")
        own, foreign = exports.make("operator", "orders", "failed"), exports.make("admin")
        with world.scope("operator"):
            user = world.user("operator")
        answers = {
            (400, "INVALID_PARAMETERS"): client.get(f"{API}?page_size=0", **ENGLISH),
            (400, "INVALID_REQUEST"): client.post(API, b"{", content_type="application/json", **ENGLISH),
            (403, "FORBIDDEN"): client.get(link(own, user), **ENGLISH),
            (403, "LINK_INVALID"): client.get(f"{API}/{own.job_no}/download?token=x", **ENGLISH),
            (404, "NOT_FOUND"): client.get(f"{API}/{foreign.job_no}", **ENGLISH),
            (405, "METHOD_NOT_ALLOWED"): client.put(f"{API}/{own.job_no}", **ENGLISH),
            (409, "STATE_CONFLICT"): post(client, f"{API}/{own.job_no}/cancel"),
            (415, "UNSUPPORTED_MEDIA_TYPE"): client.post(API, {"type": "orders"}, **ENGLISH),
        }
        for (status, code), response in answers.items():
            body = response.json()
            assert (response.status_code, body["code"]) == (status, code)
            conform(body, OUR_ERROR)
            assert response["X-Request-ID"] == body["request_id"]

    def test_absent_and_foreign_jobs_look_alike(self, world, exports, sign_in):
        client = sign_in("finance")
        foreign, hidden = exports.make("acme_admin"), exports.make("operator", "members")
        bodies = []
        for number in (foreign.job_no, hidden.job_no, "E20200101001"):
            response = client.get(f"{API}/{number}", **ENGLISH)
            assert response.status_code == 404
            bodies.append({name: value for name, value in response.json().items() if name != "request_id"})
        assert bodies[0] == bodies[1] == bodies[2]

    def test_chinese_is_the_default_language_and_english_complete(self, world, sign_in):
        client = sign_in("finance")
        assert client.get(f"{API}?page=0").json()["message"] == "部分参数有误。"
        assert client.get(f"{API}?page=0", **ENGLISH).json()["message"] == "Some parameters are wrong."


class TestNegotiation:
    @pytest.mark.parametrize("accept", ["text/csv", "application/octet-stream", "text/html", "*/*", "nonsense", ""])
    def test_whatever_is_accepted_the_answer_is_json_or_the_file(self, world, exports, sign_in, accept):
        job = exports.make("finance", status="ready")
        client = sign_in("finance")
        with world.scope("finance"):
            user = world.user("finance")
        assert client.get(API, HTTP_ACCEPT=accept)["Content-Type"] == "application/json"
        response = client.get(link(job, user), HTTP_ACCEPT=accept)
        assert response.status_code == 200
        assert body_of(response) == CONTENT


class TestRequestId:
    def test_a_well_formed_one_comes_back_and_is_kept_on_the_job(self, world, sign_in):
        client = sign_in("finance")
        response = post(client, API, {"type": "orders"}, HTTP_X_REQUEST_ID="trace-2026.11_22")
        assert response["X-Request-ID"] == "trace-2026.11_22"
        with world.scope("finance"):
            assert ExportJob.objects.get(job_no=response.json()["job_id"]).request_id == "trace-2026.11_22"

    @pytest.mark.parametrize("offered", ["", "short", "x" * 65, "with space 123", "new\nline1234", "<script>alert(1)"])
    def test_anything_else_is_replaced(self, world, sign_in, offered):
        response = sign_in("finance").get(API, HTTP_X_REQUEST_ID=offered)
        assert re.fullmatch(r"req_[0-9a-f]{16}", response["X-Request-ID"])

    def test_every_request_has_its_own(self, world, sign_in):
        client = sign_in("finance")
        assert len({client.get(API)["X-Request-ID"] for _number in range(5)}) == 5
