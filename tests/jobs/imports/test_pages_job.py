"""The page of one import: what it says in every state, who sees it, and what can be done to it."""

import pytest
from django.test import Client
from django.urls import reverse

from accounts import policy
from accounts.models import User
from jobs.engine import lifecycle
from jobs.imports.pages import result
from jobs.imports.presenting import HIDDEN
from jobs.models import ImportChange, ImportFile, ImportJob, ImportRow, Notification
from jobs.notices import presenting
from jobs.records.models import Member
from tests.exports_helpers import signed_in
from tests.jobs.exports.pages.html import Element, read
from tests.jobs.imports import runs

HEADER = "会员号,姓名,手机号,会员等级,地区\r\n"
GOOD = HEADER + "".join(f"M{number:05d},张三{number},1380000{number:04d},金卡,华东\r\n" for number in range(1, 6))
BAD = GOOD + "".join(f"B{number:05d},李四,电话无,金卡,华东\r\n" for number in range(130)) + "M00002,王五,,银卡,华东\r\n"


def address(job: ImportJob, part: str = "") -> str:
    return f"/admin/imports/{job.job_no}/{part}"


def page(client: Client, job: ImportJob) -> Element:
    response = client.get(address(job))
    assert response.status_code == 200, response.content[:300]
    return read(response)


def figures(found: Element) -> dict[str, str]:
    return {one.one("dt").text: one.one("dd").text for one in found.all("div", classes="im-figure")}


def told(response) -> str:
    return " ".join(str(message) for message in response.context["messages"])


@pytest.fixture
def shop(live):
    return live


@pytest.fixture
def client(live):
    return signed_in(live, "operator")


def checked(shop, content: str = GOOD, **request) -> ImportJob:
    return runs.run(shop, runs.ask(shop, "operator", content.encode(), **request))


class TestStates:
    def test_queued(self, shop, client):
        job = runs.ask(shop, "operator", GOOD.encode())
        found = page(client, job)
        head = found.one("header", classes="ec-detail-head")
        assert head.attrs["data-status"] == "queued"
        assert "data-moves" in head.attrs
        assert found.one("span", role="progressbar")
        assert [link.attrs["data-step"] for link in found.all("a", data_step=True)] == ["cancel"]

    def test_review_of_a_good_file(self, shop, client):
        job = checked(shop)
        found = page(client, job)
        assert figures(found) == {"将新增": "5", "将修改": "0", "不变": "0", "错误": "0"}
        confirm = found.one("section", classes="im-confirm")
        assert "新增 5 行。" in confirm.text
        assert confirm.one("form").attrs["action"] == address(job, "confirm")
        assert not found.all("section", id="faults")

    def test_review_of_a_faulty_file(self, shop, client):
        job = checked(shop, BAD)
        found = page(client, job)
        assert figures(found)["错误"] == "131"
        assert "跳过 131 行错误数据" in found.one("section", classes="im-confirm").text
        first, second = found.all("li", classes="im-group")
        assert "电话" in first.text
        assert "× 130" in first.text
        assert "首见第 7 行" in first.text
        assert "13812345678" in first.text  # what to do
        assert "会员号" in second.text
        assert len(found.one("tbody", data_more_rows=True).all("tr")) == result.PAGE_ROWS
        link = found.one("a", id="faulty-download")
        assert link.attrs["href"] == f"/api/v1/imports/{job.job_no}/faulty_rows"

    def test_more_faulty_rows(self, shop, client):
        job = checked(shop, BAD)
        first = page(client, job).one("tbody", data_more_rows=True)
        last = first.all("tr", data_row=True)[-1].attrs["data-row"]
        response = client.get(address(job, "faulty"), {"after": last})
        rows = read(response).all("tr", data_row=True)
        assert response["X-More"] == "0"
        assert [int(row.attrs["data-row"]) for row in rows] == list(range(int(last) + 1, 138))

    @pytest.mark.parametrize("after", ["x", "-1", "9" * 30, "٣", str(1 << 31)])
    def test_hostile_numbers(self, shop, client, after):
        job = checked(shop)
        for part in ("faulty", "kept"):
            assert client.get(address(job, part), {"after": after}).status_code == 400
        if after != str(1 << 31):
            assert client.get(address(job, "log"), {"after": after}).status_code == 400

    def test_all_or_none_with_faults_cannot_be_confirmed_and_says_why(self, shop, client):
        job = checked(shop, BAD, on_error="stop")
        button = page(client, job).one(id="im-confirm")
        assert button.attrs["aria-disabled"] == "true"
        assert "全部写入或全不写入" in button.attrs["data-reason"]
        response = client.post(address(job, "confirm"), follow=True)
        assert "错误" in told(response) or "有误" in told(response)
        assert runs.fresh(shop, job).status == "review"

    def test_confirmed_written_and_taken_back(self, shop, client):
        job = checked(shop, BAD)
        response = client.post(address(job, "confirm"))
        assert response["Location"] == address(job)
        job = runs.run(shop, job)
        found = page(client, job)
        assert figures(found) == {"新增": "5", "修改": "0", "不变": "0", "错误": "131"}
        assert found.one("p", classes="im-after").one("a").attrs["href"] == "/admin/records/member/"
        assert "可撤销" in found.one("p", classes="im-after").text
        with shop.scope("platform"):
            Member.objects.filter(member_no="M00003").update(points=99)
        asked = client.get(address(job, "undo"))
        assert job.job_no in asked.content.decode()
        assert not ImportJobs(shop).undoing(job)
        client.post(address(job, "undo"))
        undo = runs.run(shop, ImportJobs(shop).undoing(job))
        found = page(client, undo)
        assert figures(found) == {"已删除": "4", "已恢复": "0", "保留": "1"}
        (row,) = found.one("tbody", data_more_rows=True).all("tr")
        assert "M00003" in row.text
        assert "被修改" in row.text
        assert address(job) in {link.attrs.get("href") for link in found.all("a")}
        again = page(client, job)
        assert address(undo) in {link.attrs.get("href") for link in again.all("a")}
        (button,) = again.all("button", data_step="undo")
        assert undo.job_no in button.attrs["data-reason"]

    def test_failed_says_why_and_is_checked_again(self, shop, client):
        job = checked(shop)
        client.post(address(job, "confirm"))
        with shop.scope("platform"):
            User.objects.filter(pk=job.owner_id).update(authz_epoch=7_000)
        job = runs.run(shop, job)
        assert job.status == "failed"
        failure = page(client, job).one("section", classes="ec-failure").text
        assert "RIGHTS_CHANGED" in failure
        assert job.error_advice in failure
        response = client.post(address(job, "retry"))
        with shop.scope("platform"):
            new = ImportJob.objects.get(retry_of=job.job_no)
        assert response["Location"] == address(new)
        assert len(page(client, new).one("ol", classes="ec-chain").all("li")) == 2

    def test_canceled_before_it_was_confirmed(self, shop, client):
        job = checked(shop)
        client.post(address(job, "cancel"))
        found = page(client, job)
        assert found.one("header", classes="ec-detail-head").attrs["data-status"] == "canceled"
        assert "已取消" in found.one("span", classes="ec-status").text
        with shop.scope("platform"):
            assert not Member.objects.filter(member_no__startswith="M0000").exists()

    def test_expired_is_still_done_and_cannot_be_taken_back(self, shop, client):
        job = checked(shop)
        client.post(address(job, "confirm"))
        job = runs.run(shop, job)
        with shop.scope("platform"):
            lifecycle.expire(runs.kinds.get("import"), job)
            ImportFile.objects.filter(pk=job.file_id).update(removed_at=job.created_at)
        found = page(client, runs.fresh(shop, job))
        assert "完成" in found.one("span", classes="ec-status").text
        assert not found.all("a", data_step="undo")


class ImportJobs:
    """Looks at jobs as the platform."""

    def __init__(self, shop) -> None:
        self.shop = shop

    def undoing(self, job: ImportJob) -> ImportJob | None:
        with self.shop.scope("platform"):
            return ImportJob.objects.select_related("owner", "file").filter(undoes=job).first()


class TestParts:
    def test_what_moves(self, shop, client):
        job = checked(shop, BAD)
        found = read(client.get(address(job, "live")))
        assert found.one("header", classes="ec-detail-head").attrs["data-version"] == str(job.version)
        assert not found.all("html")

    def test_the_log(self, shop, client):
        job = checked(shop)
        response = client.get(address(job, "log"))
        assert "5 rows checked" in response.content.decode()
        assert not read(client.get(address(job, "log"), {"after": response["X-Last"]})).all("li")

    def test_the_list_of_imports_is_a_part_of_the_tasks(self, client):
        assert client.get("/admin/imports/")["Location"] == "/admin/tasks/?kind=import"


class TestWho:
    def test_strangers_learn_nothing(self, shop):
        job = checked(shop)
        for name in ("operator2", "finance"):
            other = signed_in(shop, name)
            for part in ("", "live", "log", "faulty", "kept", "confirm", "undo"):
                assert other.get(address(job, part)).status_code == 404, (name, part)
            assert other.post(address(job, "confirm")).status_code == 404
        assert signed_in(shop, "nobody").get(address(job)).status_code == 403
        assert runs.fresh(shop, job).status == "review"

    def test_admins_see_it(self, shop):
        assert signed_in(shop, "admin").get(address(checked(shop))).status_code == 200

    def test_contact_data_of_others_is_hidden_from_who_sees_it_masked(self, shop, monkeypatch):
        job = checked(shop, HEADER + "M1,张三,电话一二三,金卡,华东\r\n")
        admin = signed_in(shop, "admin")
        assert "电话一二三" in admin.get(address(job)).content.decode()
        ours = policy.may

        def without_contacts(user, action, target=None):
            refused = policy.Decision(False, "nur für andere")
            return refused if action is policy.Action.IMPORT_CONTENT else ours(user, action, target)

        monkeypatch.setattr(policy, "may", without_contacts)
        text = admin.get(address(job)).content.decode()
        assert "电话一二三" not in text
        assert HIDDEN in text
        assert "nur für andere" in text  # the file of them is locked, too

    def test_no_such_step_or_import(self, shop, client):
        job = checked(shop)
        assert client.get(address(job, "explode")).status_code == 404
        assert client.post(address(job, "explode")).status_code == 404
        assert client.get("/admin/imports/I20200101001/").status_code == 404
        assert client.get("/admin/imports/%00/").status_code == 404

    def test_a_deed_needs_the_token_of_our_pages(self, shop, client):
        job = checked(shop)
        strict = Client(REMOTE_ADDR="127.0.0.1", enforce_csrf_checks=True)
        strict.cookies = client.cookies
        assert strict.post(address(job, "confirm")).status_code == 403
        assert runs.fresh(shop, job).status == "review"

    def test_asking_changes_nothing(self, shop, client):
        job = checked(shop)
        for key in ("confirm", "cancel", "retry", "undo"):
            assert client.get(address(job, key)).status_code == 200
        assert runs.fresh(shop, job).status == "review"

    def test_what_cannot_be_done_becomes_a_message(self, shop, client):
        job = checked(shop)
        for key in ("retry", "undo"):
            assert told(client.post(address(job, key), follow=True))


def test_cells_are_text(shop, client):
    job = checked(shop, HEADER + "M1,张三,<script>alert(1)</script>,金卡,华东\r\n")
    assert b"<script>alert" not in client.get(address(job)).content
    with shop.scope("platform"):
        assert ImportRow.objects.filter(job_id=job.pk).count() == 1


def test_notifications_lead_here(shop, client):
    job = checked(shop, BAD)
    with shop.scope("platform"):
        (row,) = Notification.objects.filter(subject=job.job_no)
        words = presenting.words_of(row)
    assert words.path == reverse("imports-page", args=[job.job_no])
    assert "等待您确认" in words.title
    assert "131" in words.text
    assert client.get(words.path).status_code == 200


def test_queries_do_not_grow_with_faults(shop, client, django_assert_max_num_queries):
    job = checked(shop, BAD)
    client.get(address(job))
    with django_assert_max_num_queries(25):
        client.get(address(job))
    with shop.scope("platform"):
        assert not ImportChange.objects.exists()
