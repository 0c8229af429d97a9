"""Exports and the engine in the admin: who sees what, and that nothing changes but by POST through a service."""

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from accounts.audit import Operation
from jobs import models
from jobs.engine.states import Status
from jobs.models import Attempt, ExportJob, JobLog
from jobs.models.job import Lane
from tests.accounts import rows
from tests.exports_helpers import ENGLISH, Trail, path_of, reload, signed_in

LIST = "/admin/jobs/exportjob/"
DELETE_EXPIRED = f"{LIST}delete-expired/"
ENGINE_LISTS = ["exportchunk", "attempt", "joblog", "event", "downloadhandle", "fileremoval", "turn", "daynumber"]
ENGINE_LISTS += ["uievent"]
STATUSES = ["queued", "processing", "ready", "failed", "canceled", "expired"]


@pytest.fixture
def sign_in(world):
    return lambda name: signed_in(world, name)


def page_of(job: ExportJob, step: str = "change") -> str:
    return reverse(f"admin:jobs_exportjob_{step}", args=[job.pk])


def text_of(client: Client, path: str) -> str:
    response = client.get(path)
    assert response.status_code == 200, (path, response.status_code)
    return response.content.decode()


def told(response) -> list[str]:
    """The messages that the next page shows."""
    return [str(message) for message in response.context["messages"]]


def buttons(client: Client, job: ExportJob) -> set[str]:
    """Last parts of the addresses behind the buttons of a job's page."""
    context = client.get(page_of(job)).context
    return {button["path"].rstrip("/").rpartition("/")[2] for button in context["actions_detail"]}


class TestList:
    def test_every_model_of_jobs_has_a_page(self):
        registered = {model for model in admin.site._registry if model._meta.app_label == "jobs"}
        assert registered == {getattr(models, name) for name in models.__all__ if name != "Job"}

    def test_operator_sees_own_jobs_only(self, sign_in, world, exports):
        mine, other = exports.make("operator"), exports.make("operator2")
        client = sign_in("operator")
        page = text_of(client, LIST)
        assert mine.job_no in page
        assert other.job_no not in page
        assert client.get(page_of(other))["Location"] == "/admin/"
        for step in ("download", "retry", "cancel", "accelerate"):
            assert client.post(page_of(other, step)).status_code == 302
        assert reload(other).status == Status.QUEUED

    def test_admin_sees_all_and_no_other_company(self, sign_in, world, exports):
        ours, theirs = exports.make("operator"), exports.make("acme_admin", "members")
        page = text_of(sign_in("admin"), LIST)
        assert ours.job_no in page
        assert theirs.job_no not in page

    @pytest.mark.parametrize("status", STATUSES)
    def test_status_is_said_in_words(self, sign_in, exports, status):
        job = exports.make("finance", status=status)
        client = sign_in("finance")
        sign, word = {
            "queued": ("◷", "排队中"),
            "processing": ("◔", "处理中"),
            "ready": ("✓", "完成"),
            "failed": ("✕", "失败"),
            "canceled": ("⊘", "已取消"),
            "expired": ("◌", "已过期"),
        }[status]
        for path in (LIST, page_of(job)):
            assert f"{sign} {word}" in text_of(client, path)

    def test_search_by_the_beginning_of_the_number(self, sign_in, exports):
        job = exports.make("finance")
        client = sign_in("finance")
        found = [client.get(LIST, {"q": text}).context["cl"].result_list for text in (job.job_no, job.job_no[1:])]
        assert [len(result) for result in found] == [1, 0]

    @pytest.mark.parametrize(
        ("name", "value", "count"),
        [
            ("status__exact", "failed", 1),
            ("type", "orders", 2),
            ("file_type__exact", "csv", 3),
            ("sensitivity", "general", 1),
        ],
    )
    def test_filters(self, sign_in, exports, name, value, count):
        exports.make("finance", status="failed")
        exports.make("finance")
        exports.make("finance", "members")
        assert len(sign_in("finance").get(LIST, {name: value}).context["cl"].result_list) == count

    def test_filters_do_not_reach_the_stack(self, sign_in, exports):
        """A lookup in the address would answer letter by letter what the page hides."""
        exports.make("operator", status="failed")
        assert sign_in("operator").get(LIST, {"error_stack__startswith": "T"}).status_code in (302, 400)

    def test_queries_do_not_grow_with_rows(self, sign_in, exports, django_assert_max_num_queries):
        client = sign_in("finance")
        for _number in range(12):
            exports.make("finance", status="failed")
        client.get(LIST)
        with django_assert_max_num_queries(15):
            page = text_of(client, LIST)
        assert page.count("✕ 失败") >= 12

    def test_the_one_next_step_of_a_row(self, sign_in, exports):
        jobs = {status: exports.make("finance", status=status) for status in STATUSES}
        page = text_of(sign_in("finance"), LIST)
        steps = {"queued": "cancel", "processing": "cancel", "ready": "download", "failed": "retry"}
        for status, job in jobs.items():
            offered = {key for key in ("cancel", "download", "retry") if page_of(job, key) in page}
            assert offered == {steps.get(status, "retry")}


class TestPage:
    @pytest.mark.parametrize("status", STATUSES)
    def test_opens_in_every_state(self, sign_in, exports, status):
        job = exports.make("operator", status=status)
        for name in ("operator", "admin"):
            assert job.job_no in text_of(sign_in(name), page_of(job))

    def test_stack_is_for_those_who_may(self, sign_in, exports):
        job = exports.make("operator", status="failed")
        assert "secret stack" in text_of(sign_in("admin"), page_of(job))
        page = text_of(sign_in("operator"), page_of(job))
        assert "secret stack" not in page
        assert "Job exceeded 20m limit" in page
        assert "Choose a shorter period." in page

    def test_attempts_and_log(self, sign_in, world, exports):
        job = exports.make("operator")
        with world.scope("operator"):
            common = {"kind": "export", "job_id": job.pk}
            Attempt.objects.create(
                **common,
                number=1,
                fence=7,
                worker="host:1",
                started_at=job.created_at,
                outcome="lost",
                error_code="WORKER_LOST",
            )
            for number in range(102):
                JobLog.objects.create(**common, at=job.created_at, level="error", message=f"<b>line {number}.</b>")
        page = text_of(sign_in("operator"), page_of(job))
        assert "WORKER_LOST" in page
        assert "<b>line" not in page
        shown = [number for number in range(102) if f"line {number}." in page]
        assert shown == list(range(2, 102))
        assert reverse("exports-log", args=[job.job_no]) not in page
        assert reverse("exports-log", args=[job.job_no]) in text_of(sign_in("admin"), page_of(job))

    def test_finance_downloads_what_an_operator_may_not(self, sign_in, exports):
        """Orders are of class amount: the operator may make the file, not fetch it."""
        for owner in ("finance", "operator"):
            job = exports.make(owner, status="ready")
            address = reverse("exports-download", args=[job.job_no])
            client = sign_in(owner)
            page = text_of(client, page_of(job))
            if owner == "finance":
                assert f"{address}?token=" in page
                assert "download" in buttons(client, job)
                link = client.get(page_of(job, "download"))["Location"]
                assert client.get(path_of(link)).status_code == 200
            else:
                assert address not in page
                assert "download" not in buttons(client, job)
                assert "金额类文件仅财务与管理员可下载" in page
                refused = client.get(page_of(job, "download"), follow=True)
                assert "金额类文件仅财务与管理员可下载" in told(refused)[0]
                assert address not in refused.content.decode()

    def test_no_link_to_an_expired_file(self, sign_in, exports):
        job = exports.make("finance", status="expired")
        assert "?token=" not in text_of(sign_in("finance"), page_of(job))

    def test_change_and_delete_are_refused(self, sign_in, exports):
        job = exports.make("admin", status="failed")
        client = sign_in("admin")
        for page in ("change", "delete"):
            assert client.post(page_of(job, page), {"post": "yes", "status": "ready"}).status_code == 403
        assert reload(job).status == Status.FAILED

    def test_buttons_fit_state_and_person(self, sign_in, exports):
        queued, failed = exports.make("operator"), exports.make("operator", status="failed")
        assert buttons(sign_in("operator"), queued) == {"cancel"}
        assert buttons(sign_in("operator"), failed) == {"retry"}
        assert buttons(sign_in("admin"), queued) == {"cancel", "accelerate"}

    def test_history_is_the_audit_trail(self, sign_in, exports):
        job = exports.make("admin")
        assert sign_in("admin").get(page_of(job, "history"))["Location"].endswith(f"?q=export%3A{job.job_no}")


class TestSteps:
    CASES = [("retry", "failed"), ("cancel", "queued"), ("accelerate", "queued")]

    @pytest.mark.parametrize(("step", "status"), CASES)
    def test_get_asks_and_changes_nothing(self, sign_in, world, exports, step, status):
        job = exports.make("finance", status=status)
        client = sign_in("admin")
        trail = Trail(world, "admin")
        page = text_of(client, page_of(job, step))
        assert 'name="csrfmiddlewaretoken"' in page
        assert job.job_no in page
        after = reload(job)
        assert (after.status, after.priority, after.cancel_requested_at) == (status, Lane.NORMAL, None)
        with world.scope("admin"):
            assert ExportJob.objects.count() == 1
        assert trail.entries() == []

    @pytest.mark.parametrize(("step", "status"), CASES)
    def test_post_without_the_token_is_refused(self, world, exports, step, status):
        job = exports.make("admin", status=status)
        strict = Client(REMOTE_ADDR="127.0.0.1", enforce_csrf_checks=True)
        strict.cookies = signed_in(world, "admin").cookies
        trail = Trail(world, "admin")
        assert strict.post(page_of(job, step)).status_code == 403
        assert trail.entries() == []

    def test_retry(self, sign_in, world, exports):
        job = exports.make("operator", "members", status="failed")
        trail = Trail(world, "operator")
        response = sign_in("operator").post(page_of(job, "retry"), **ENGLISH)
        with world.scope("operator"):
            new = ExportJob.objects.get(retry_of=job.job_no)
        assert response["Location"] == page_of(new)
        (entry,) = trail.entries(Operation.EXPORT_JOB_RETRY)
        assert (entry.username, entry.resource, entry.ip_address) == ("operator", f"export:{new.job_no}", "127.0.0.1")
        assert reload(job).status == Status.FAILED

    def test_retry_twice_shows_the_services_words(self, sign_in, world, exports):
        job = exports.make("operator", "members", status="failed")
        client = sign_in("operator")
        client.post(page_of(job, "retry"))
        again = client.post(page_of(job, "retry"), follow=True)
        assert again.redirect_chain == [(page_of(job), 302)]
        assert "5 分钟" in told(again)[-1]
        with world.scope("operator"):
            assert ExportJob.objects.count() == 2

    def test_cancel(self, sign_in, world, exports):
        job = exports.make("operator")
        trail = Trail(world, "operator")
        response = sign_in("operator").post(page_of(job, "cancel"))
        assert response["Location"] == page_of(job)
        assert reload(job).status == Status.CANCELED
        assert [entry.resource for entry in trail.entries(Operation.EXPORT_JOB_CANCEL)] == [f"export:{job.job_no}"]

    def test_cancel_of_what_has_ended(self, sign_in, exports):
        job = exports.make("operator", status="failed")
        response = sign_in("operator").post(page_of(job, "cancel"), follow=True)
        assert "失败" in told(response)[0]
        assert reload(job).status == Status.FAILED

    def test_accelerate(self, sign_in, world, exports):
        job = exports.make("operator")
        refused = sign_in("operator").post(page_of(job, "accelerate"), follow=True)
        assert told(refused)
        assert reload(job).priority == Lane.NORMAL
        trail = Trail(world, "admin")
        sign_in("admin").post(page_of(job, "accelerate"))
        assert reload(job).priority == Lane.FAST
        assert len(trail.entries(Operation.EXPORT_JOB_ACCELERATE)) == 1

    def test_colleagues_jobs_are_seen_but_not_touched(self, sign_in, exports):
        """Finance sees amount exports of others, and may not cancel them."""
        job = exports.make("operator")
        client = sign_in("finance")
        assert job.job_no in text_of(client, LIST)
        assert buttons(client, job) == set()
        assert told(client.post(page_of(job, "cancel"), follow=True))
        assert reload(job).status == Status.QUEUED

    def test_staff_without_the_right_to_look_are_refused(self, sign_in, exports):
        job = exports.make("nobody")
        client = sign_in("nobody")
        for step in ("download", "retry", "cancel", "accelerate"):
            assert client.post(page_of(job, step)).status_code == 403
        assert client.post(DELETE_EXPIRED).status_code == 403
        assert reload(job).status == Status.QUEUED


class TestDeleteExpired:
    def test_asks_then_deletes(self, sign_in, world, exports):
        gone, kept = exports.make("finance", status="expired"), exports.make("finance", status="ready")
        client = sign_in("admin")
        assert "1" in client.get(DELETE_EXPIRED).context["question"]
        assert reload(gone).status == Status.EXPIRED
        trail = Trail(world, "admin")
        assert client.post(DELETE_EXPIRED)["Location"] == LIST
        with world.scope("admin"):
            assert list(ExportJob.objects.values_list("pk", flat=True)) == [kept.pk]
        (entry,) = trail.entries(Operation.EXPORT_JOB_DELETE_EXPIRED)
        assert entry.details["count"] == 1

    def test_only_for_those_who_may(self, sign_in, exports):
        job = exports.make("finance", status="expired")
        client = sign_in("finance")
        assert DELETE_EXPIRED not in text_of(client, LIST)
        assert told(client.post(DELETE_EXPIRED, follow=True))
        assert reload(job).status == Status.EXPIRED
        assert DELETE_EXPIRED in text_of(sign_in("admin"), LIST)


class TestEngine:
    @pytest.mark.parametrize("name", ENGINE_LISTS)
    def test_only_for_people_who_see_every_job(self, sign_in, world, name):
        model = getattr(models, {model._meta.model_name: model.__name__ for model in admin.site._registry}[name])
        with world.scope("admin"):
            row = rows.one_of(model, world.user("admin"))
        paths = [reverse(f"admin:jobs_{name}_changelist"), reverse(f"admin:jobs_{name}_change", args=[row.pk])]
        assert {sign_in("admin").get(path).status_code for path in paths} == {200}
        for person in ("finance", "risk", "operator"):
            client = sign_in(person)
            assert {client.get(path).status_code for path in paths} == {403}
            assert paths[0] not in text_of(client, LIST)
        assert paths[0] in text_of(sign_in("admin"), LIST)

    @pytest.mark.parametrize("name", ["attempt", "joblog", "event", "downloadhandle"])
    def test_search_by_job_number(self, sign_in, world, name):
        model = getattr(models, {model._meta.model_name: model.__name__ for model in admin.site._registry}[name])
        with world.scope("admin"):
            rows.one_of(model, world.user("admin"))
            job_no = ExportJob.objects.get().job_no
        client = sign_in("admin")
        path = reverse(f"admin:jobs_{name}_changelist")
        found = [client.get(path, {"q": text}) for text in (job_no, job_no[:-1])]
        assert [len(response.context["cl"].result_list) for response in found] == [1, 0]
        assert job_no in found[0].content.decode()
