"""The API of imports, from sending a file to taking its rows back (SPEC B1–B4, A2–A4)."""

import json
import time
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from accounts.audit import Operation
from accounts.models import Role
from accounts.services import set_permissions, set_roles
from jobs.imports import services
from jobs.records.models import Member
from tests.exports_helpers import ENGLISH, Trail, body_of, post, signed_in
from tests.jobs.imports import runs

API = "/api/v1/imports"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
HEADER = "会员号,姓名,手机号,会员等级,地区,积分\r\n"
ROWS = [f"M{number:05d},张三{number},1380000{number:04d},金卡,华东,{number}\r\n" for number in range(1, 31)]
GOOD = (HEADER + "".join(ROWS)).encode()
FAULTY = (HEADER + "".join(ROWS[:3]) + "M00004,李四,12,金卡,华东,4\r\nM00005,王五,13800000005,黄金,华东,x\r\n").encode()


@pytest.fixture
def shop(live):
    return live


@pytest.fixture
def operator(live):
    return signed_in(live, "operator")


def send(client, content=GOOD, name="members.csv"):
    return client.post(f"{API}/files", {"file": SimpleUploadedFile(name, content)}, **ENGLISH)


def start(client, content=GOOD, **wish):
    file_id = send(client, content).json()["file_id"]
    return post(client, API, {"file_id": file_id, "dataset": "members", "mode": "create"} | wish)


def run(world, number):
    """Let a worker do the next half of the import of this number."""
    with world.scope("platform"):
        job = services.find_visible(number, world.user("admin"))
    return runs.run(world, job)


def see(client, number, rest=""):
    return client.get(f"{API}/{number}{rest}", **ENGLISH)


class TestTheWholeWay:
    def test_a_file_becomes_rows_and_they_are_taken_back(self, shop, operator):
        sent = send(operator)
        assert sent.status_code == 201
        file = sent.json()
        assert (file["name"], file["size"], sent["Location"]) == (
            "members.csv",
            len(GOOD),
            f"{API}/files/{file['file_id']}",
        )

        glance = operator.get(
            f"{sent['Location']}?dataset=members&mode=create",
            **ENGLISH,
        ).json()
        assert (glance["kind"], glance["encoding"], glance["delimiter"], glance["header_row"]) == (
            "csv",
            "utf-8",
            ",",
            1,
        )
        assert glance["header"][0] == {"position": 0, "letter": "A", "label": "会员号"}
        assert len(glance["rows"]) == 20
        assert glance["rows"][0] == {"row": 2, "cells": ["M00001", "张三1", "13800000001", "金卡", "华东", "1"]}
        assert glance["problem"] is None
        assert glance["guess"]["mapping"] == {
            "0": "member_no",
            "1": "name",
            "2": "phone",
            "3": "level",
            "4": "region",
            "5": "points",
        }
        assert (glance["guess"]["missing"], glance["guess"]["left_out"]) == ([], [])

        made = post(operator, API, {"file_id": file["file_id"], "dataset": "members", "mode": "create"})
        assert made.status_code == 202
        number = made.json()["job_id"]
        assert made["Location"] == f"{API}/{number}"
        assert made.json()["status"] == "queued"
        assert made.json()["can"]["confirm"]["allowed"] is False

        run(shop, number)
        seen = see(operator, number).json()
        assert (seen["status"], seen["stage"], seen["counts"]["to_create"]) == ("review", "review", 30)
        assert seen["can"] == {
            "confirm": {"allowed": True, "reason": ""},
            "cancel": {"allowed": True, "reason": ""},
            "retry": {"allowed": False, "reason": "Only an import that has failed or was canceled can be retried."},
            "undo": {"allowed": False, "reason": "It has not ended yet."},
        }
        assert seen["mapping"][3] == {
            "position": 3,
            "letter": "D",
            "label": "会员等级",
            "key": "level",
            "title": "Level",
        }
        assert "30 rows checked" in seen["logs_tail"]

        confirmed = post(operator, f"{API}/{number}/confirm")
        assert (confirmed.status_code, confirmed.json()["status"]) == (200, "queued")
        assert confirmed.json()["confirmed_at"]
        run(shop, number)
        seen = see(operator, number).json()
        assert (seen["status"], seen["progress"], seen["counts"]["created"]) == ("ready", 100, 30)
        assert seen["can"]["undo"] == {"allowed": True, "reason": ""}
        changes = see(operator, number, "/changes?page_size=200").json()
        assert len(changes["items"]) == 30
        assert changes["items"][0] == {"row": 2, "key": "M00001", "action": "created", "outcome": None}

        with shop.scope("platform"):
            Member.objects.filter(member_no="M00003").update(points=99)
        undo = post(operator, f"{API}/{number}/undo")
        assert (undo.status_code, undo.json()["undoes"]) == (202, number)
        back = undo.json()["job_id"]
        assert undo["Location"] == f"{API}/{back}"
        run(shop, back)
        assert (
            see(operator, back).json()["counts"] | {"rows": 30, "removed": 29, "kept": 1}
            == see(operator, back).json()["counts"]
        )
        kept = see(operator, back, "/changes?outcome=edited&outcome=used").json()
        assert kept["items"] == [{"row": 4, "key": "M00003", "action": "created", "outcome": "edited"}]
        seen = see(operator, number).json()
        assert seen["undone_by"] == back
        assert seen["can"]["undo"] == {"allowed": False, "reason": f"It is taken back already: {back}."}

    def test_faults_are_told_in_the_language_of_the_reader(self, shop, operator):
        number = start(operator, FAULTY).json()["job_id"]
        run(shop, number)
        seen = see(operator, number).json()
        assert (seen["counts"]["rows"], seen["counts"]["faulty"]) == (5, 2)
        assert sorted(
            (one["column"], one["code"], one["count"], one["row"], one["text"]) for one in seen["problems"]
        ) == [
            ("level", "NOT_A_CHOICE", 1, 6, "黄金"),
            ("phone", "NOT_A_PHONE", 1, 5, "12"),
            ("points", "NOT_A_NUMBER", 1, 6, "x"),
        ]
        assert next(one for one in seen["problems"] if one["column"] == "phone")["message"].startswith(
            "“12” is no phone"
        )
        chinese = operator.get(f"{API}/{number}", HTTP_ACCEPT_LANGUAGE="zh-hans").json()
        assert "12" in next(one for one in chinese["problems"] if one["column"] == "phone")["message"]
        assert {one["message"] for one in chinese["problems"]}.isdisjoint({one["message"] for one in seen["problems"]})

        first = see(operator, number, "/rows?page_size=1").json()
        assert [one["row"] for one in first["items"]] == [5]
        assert first["items"][0]["cells"] == ["M00004", "李四", "12", "金卡", "华东", "4"]
        rest = see(operator, number, f"/rows?page_size=1&cursor={first['next_cursor']}").json()
        assert [(one["row"], sorted(problem["code"] for problem in one["problems"])) for one in rest["items"]] == [
            (6, ["NOT_A_CHOICE", "NOT_A_NUMBER"])
        ]
        assert rest["next_cursor"] is None

    def test_all_or_none_is_not_confirmed_with_faulty_rows(self, shop, operator):
        number = start(operator, FAULTY, on_error="stop").json()["job_id"]
        run(shop, number)
        told = see(operator, number).json()["can"]["confirm"]
        refused = post(operator, f"{API}/{number}/confirm")
        assert (refused.status_code, refused.json()["message"]) == (409, told["reason"])
        assert told["reason"].startswith("2 rows are faulty")

    def test_canceled_and_tried_again(self, shop, operator):
        number = start(operator).json()["job_id"]
        run(shop, number)
        canceled = post(operator, f"{API}/{number}/cancel")
        assert (canceled.status_code, canceled.json()["status"]) == (200, "canceled")
        assert post(operator, f"{API}/{number}/cancel").status_code == 409
        again = post(operator, f"{API}/{number}/retry")
        assert (again.status_code, again.json()["retry_of"]) == (202, number)
        assert again["Location"].endswith(again.json()["job_id"])
        told = see(operator, number).json()["can"]["retry"]
        refused = post(operator, f"{API}/{number}/retry")
        assert (refused.status_code, refused.json()["message"]) == (409, told["reason"])

    def test_a_mapping_of_ones_own(self, shop, operator):
        content = "号,名,区\r\nM1,张三,华东\r\n".encode()
        made = start(operator, content, mapping={"0": "member_no", "1": "name"})
        assert (made.status_code, made.json()["details"]) == (400, {"mapping": ["Columns are missing: Region."]})
        made = start(operator, content, mapping={"0": "member_no", "2": "region", "1": "name"})
        assert made.status_code == 202
        assert [(one["label"], one["key"]) for one in made.json()["mapping"]] == [
            ("号", "member_no"),
            ("名", "name"),
            ("区", "region"),
        ]
        # The next file with these headings is understood by itself.
        file_id = send(operator, content).json()["file_id"]
        glance = operator.get(f"{API}/files/{file_id}?dataset=members&mode=create", **ENGLISH).json()
        assert glance["guess"]["mapping"] == {"0": "member_no", "1": "name", "2": "region"}

    def test_what_the_headings_do_not_say_is_named(self, shop, operator):
        file_id = send(operator, "会员号,手机,颜色\r\nM1,13800000001,红\r\n".encode()).json()["file_id"]
        guess = operator.get(f"{API}/files/{file_id}?dataset=members&mode=create", **ENGLISH).json()["guess"]
        assert "name" in [one["key"] for one in guess["missing"]]
        assert guess["left_out"] == [{"position": 2, "letter": "C", "label": "颜色"}]

    def test_how_a_file_is_read_can_be_said(self, shop, operator):
        content = "会员号;姓名\r\nM1;张三\r\n".encode("gb18030")
        file_id = send(operator, content).json()["file_id"]
        at = f"{API}/files/{file_id}"
        seen = operator.get(f"{at}?encoding=gb18030&delimiter=%3B&kind=csv", **ENGLISH).json()
        assert (seen["encoding_by"], [one["label"] for one in seen["header"]]) == ("chosen", ["会员号", "姓名"])
        assert [one["label"] for one in operator.get(f"{at}?header_row=0", **ENGLISH).json()["header"]] == ["A", "B"]
        wrong = operator.get(f"{at}?delimiter=ab", **ENGLISH)
        assert (wrong.status_code, list(wrong.json()["details"])) == (400, ["delimiter"])

    def test_reading_that_ended_early_is_told(self, shop, operator):
        content = GOOD[:400] + b'\r\n"' + b"x" * 2000
        seen = operator.get(f"{API}/files/{send(operator, content).json()['file_id']}", **ENGLISH).json()
        assert seen["rows"]
        assert seen["problem"]["code"] == "OPEN_QUOTE" or seen["problem"]["message"]


class TestSafeRepeats:
    def test_one_key_is_one_import(self, shop, operator):
        file_id = send(operator).json()["file_id"]
        wish = {"file_id": file_id, "dataset": "members", "mode": "create"}
        first = post(operator, API, wish, HTTP_IDEMPOTENCY_KEY="once")
        again = post(operator, API, wish, HTTP_IDEMPOTENCY_KEY="once")
        assert again.json() == first.json()
        assert again["Idempotency-Replayed"] == "true"
        assert operator.get(API).json()["total"] == 1
        other = post(operator, API, wish | {"mode": "upsert"}, HTTP_IDEMPOTENCY_KEY="once")
        assert (other.status_code, other.json()["code"]) == (422, "IDEMPOTENCY_MISMATCH")

    def test_an_undo_too(self, shop, operator):
        number = start(operator).json()["job_id"]
        run(shop, number)
        post(operator, f"{API}/{number}/confirm")
        run(shop, number)
        both = [post(operator, f"{API}/{number}/undo", HTTP_IDEMPOTENCY_KEY="back") for _time in range(2)]
        assert [one.status_code for one in both] == [202, 202]
        assert both[0].json()["job_id"] == both[1].json()["job_id"]


class TestTheList:
    def test_filters_order_pages_and_cursors(self, shop, operator):
        numbers = [start(operator).json()["job_id"] for _time in range(3)]
        admin = signed_in(shop, "admin")
        foreign = start(signed_in(shop, "admin")).json()["job_id"]
        run(shop, numbers[0])
        waiting = operator.get(f"{API}?status=review", **ENGLISH).json()
        assert [one["job_id"] for one in waiting["items"]] == numbers[:1]
        listed = operator.get(f"{API}?page_size=2", **ENGLISH)
        assert set(listed.json()) == {"total", "page", "page_size", "items"}
        assert (listed.json()["total"], len(listed.json()["items"])) == (3, 2)
        assert 'rel="next"' in listed["Link"]
        oldest = operator.get(f"{API}?ordering=created_at&q={numbers[0][:9]}&dataset=members", **ENGLISH).json()
        assert [one["job_id"] for one in oldest["items"]] == numbers
        page = operator.get(f"{API}?cursor=&page_size=2", **ENGLISH).json()
        rest = operator.get(f"{API}?cursor={page['next_cursor']}&page_size=2", **ENGLISH).json()
        assert [one["job_id"] for one in page["items"] + rest["items"]] == numbers[::-1]
        all_of_them = admin.get(f"{API}?page_size=200", **ENGLISH).json()
        assert {one["job_id"] for one in all_of_them["items"]} == {*numbers, foreign}
        mine = all_of_them["items"][0]["created_by"]
        assert admin.get(f"{API}?created_by={mine}", **ENGLISH).json()["total"] == 1
        assert admin.get(f"{API}?created_by=U999999", **ENGLISH).json()["total"] == 0
        assert operator.get(f"{API}?created_to=2020-01-01T00:00:00Z", **ENGLISH).json()["total"] == 0

    @pytest.mark.parametrize("address", ["", "/{number}"])
    def test_polls_cost_nothing_while_nothing_happens(self, shop, operator, address):
        number = start(operator).json()["job_id"]
        at = API + address.format(number=number)

        def poll(tag=""):
            answer = operator.get(at, HTTP_IF_NONE_MATCH=tag, **ENGLISH)
            return answer.status_code, answer["ETag"]

        status, tag = poll()
        assert status == 200
        assert poll(tag) == (304, tag)
        run(shop, number)
        status, reviewed = poll(tag)
        assert status == 200
        assert poll(reviewed) == (304, reviewed)
        post(operator, f"{API}/{number}/confirm")
        run(shop, number)
        status, done = poll(reviewed)
        assert status == 200
        post(operator, f"{API}/{number}/undo")
        assert poll(done)[0] == 200

    def test_the_detail_changes_when_the_way_back_is_gone(self, shop, operator):
        number = start(operator).json()["job_id"]
        run(shop, number)
        post(operator, f"{API}/{number}/confirm")
        job = run(shop, number)
        before = see(operator, number)
        with shop.scope("platform"):  # its time is over, before the sweep has come
            type(job.file).objects.filter(pk=job.file_id).update(expires_at=timezone.now() + timedelta(seconds=2))
        soon = see(operator, number)
        time.sleep(2.1)
        over = operator.get(f"{API}/{number}", HTTP_IF_NONE_MATCH=soon["ETag"], **ENGLISH)
        assert (soon.json()["can"]["undo"]["allowed"], over.status_code) == (True, 200)
        assert over.json()["can"]["undo"]["allowed"] is False
        with shop.scope("platform"):
            type(job.file).objects.filter(pk=job.file_id).update(removed_at=job.created_at)
        after = operator.get(f"{API}/{number}", HTTP_IF_NONE_MATCH=before["ETag"], **ENGLISH)
        assert after.status_code == 200
        assert (before.json()["can"]["undo"]["allowed"], after.json()["can"]["undo"]["allowed"]) == (True, False)
        assert after.json()["kept_until"] is None


class TestTheCatalogue:
    def test_says_what_everybody_may_write(self, shop, operator):
        answer = operator.get(f"{API}/datasets", **ENGLISH)
        found = {one["key"]: one for one in answer.json()["items"]}
        members = found["members"]
        assert (members["importable"], members["key_column"]) == (True, "member_no")
        assert [one["value"] for one in members["modes"]] == ["create", "update", "upsert"]
        columns = {one["key"]: one for one in members["columns"]}
        assert (columns["member_no"]["required"], columns["note"]["required"]) == (True, False)
        assert [one["value"] for one in columns["region"]["choices"]] == ["华东"]  # the operator's own
        assert columns["phone"]["example"] == "13812345678"
        assert (found["wallet_ledger"]["importable"], found["wallet_ledger"]["columns"]) == (False, [])
        assert found["wallet_ledger"]["reason"]
        assert answer.json()["limits"]["chunk_rows"] == 1000
        assert operator.get(f"{API}/datasets", HTTP_IF_NONE_MATCH=answer["ETag"], **ENGLISH).status_code == 304

    def test_columns_with_contact_data_are_open_to_new_rows_only(self, shop, operator):
        members = next(
            one for one in operator.get(f"{API}/datasets", **ENGLISH).json()["items"] if one["key"] == "members"
        )
        hidden = {one["key"]: one for one in members["hidden_columns"]}
        assert set(hidden) == {"name", "phone", "email"}
        assert hidden["phone"]["modes"] == ["update", "upsert"]
        assert hidden["phone"]["reason"]
        phone = next(one for one in members["columns"] if one["key"] == "phone")
        assert phone["modes"] == ["create"]
        full = signed_in(shop, "admin").get(f"{API}/datasets", **ENGLISH).json()["items"]
        assert [one["hidden_columns"] for one in full if one["key"] == "members"] == [[]]

    def test_the_reason_is_the_policys(self, shop):
        found = signed_in(shop, "nobody").get(f"{API}/datasets", **ENGLISH).json()["items"]
        members = next(one for one in found if one["key"] == "members")
        assert (members["importable"], members["modes"], members["columns"]) == (False, [], [])
        assert "import · Members · create" in members["reason"]

    def test_references_and_examples(self, shop):
        found = signed_in(shop, "admin").get(f"{API}/datasets", **ENGLISH).json()["items"]
        orders = next(one for one in found if one["key"] == "orders")
        assert any(one["refers_to"] and one["refers_to"]["column"] == "member_no" for one in orders["columns"])
        assert all(one["example"] for dataset in found for one in dataset["columns"])


class TestFiles:
    @pytest.mark.parametrize(("file_type", "media"), [("csv", "text/csv"), ("xlsx", XLSX)])
    def test_a_template_is_filled_in_and_sent(self, shop, operator, file_type, media):
        answer = operator.get(f"{API}/template?dataset=members&mode=create&file_type={file_type}", **ENGLISH)
        assert (answer.status_code, answer["Content-Type"].partition(";")[0]) == (200, media)
        assert f'filename="import-members-create.{file_type}"' in answer["Content-Disposition"]
        assert "filename*=UTF-8''" in answer["Content-Disposition"]
        kept = send(operator, answer.content, f"template.{file_type}").json()["file_id"]
        glance = operator.get(f"{API}/files/{kept}?dataset=members&mode=create", **ENGLISH).json()
        assert (glance["guess"]["missing"], glance["guess"]["left_out"]) == ([], [])

    @pytest.mark.parametrize(
        "query", ["", "dataset=members", "mode=create", "dataset=members&mode=x", "dataset=x&mode=create"]
    )
    def test_templates_that_are_not_there(self, shop, operator, query):
        assert operator.get(f"{API}/template?{query}", **ENGLISH).status_code == 400

    def test_templates_are_for_those_who_may_import(self, shop, operator):
        at = f"{API}/template?dataset=members&mode=create"
        assert operator.get(f"{at}&file_type=pdf", **ENGLISH).status_code == 400
        assert signed_in(shop, "finance").get(at, **ENGLISH).status_code == 403

    def test_faulty_rows_come_back_corrected(self, shop, operator):
        number = start(operator, FAULTY).json()["job_id"]
        run(shop, number)
        trail = Trail(shop, "operator")
        before = set(Path(settings.SPOOL_DIR).glob("*.part"))  # what killed workers of other tests have left
        answer = see(operator, number, "/faulty_rows")
        content = body_of(answer)
        assert (answer.status_code, answer["Content-Type"]) == (200, "text/csv; charset=utf-8")
        assert int(answer["Content-Length"]) == len(content)
        assert f'filename="{number}-faulty.csv"' in answer["Content-Disposition"]
        lines = content.decode("utf-8-sig").splitlines()
        assert lines[0].startswith("会员号,姓名,手机号,会员等级,地区,积分,")
        assert [line.partition(",")[0] for line in lines[1:]] == ["M00004", "M00005"]
        assert set(Path(settings.SPOOL_DIR).glob("*.part")) == before
        (entry,) = trail.entries(Operation.IMPORT_ROWS_DOWNLOAD)
        assert (entry.resource, entry.details["bytes"]) == (f"import:{number}", len(content))

        corrected = (
            content.decode("utf-8-sig").replace(",12,", ",13800000004,").replace("黄金", "金卡").replace(",x,", ",5,")
        )
        again = start(operator, corrected.encode()).json()["job_id"]
        run(shop, again)
        assert see(operator, again).json()["counts"]["faulty"] == 0
        assert see(operator, again, "/faulty_rows").status_code == 404

    def test_they_are_gone_with_the_file(self, shop, operator):
        number = start(operator, FAULTY).json()["job_id"]
        job = run(shop, number)
        with shop.scope("platform"):
            type(job.file).objects.filter(pk=job.file_id).update(removed_at=job.created_at)
        assert see(operator, number, "/faulty_rows").status_code == 410


class TestEyes:
    """What people without the right to contact data see of the imports of others."""

    @pytest.fixture
    def auditor(self, shop):
        """Sees every import, and no contact data."""
        with shop.scope("nobody"):
            role = Role.objects.create(key="auditor", title="Audit")
            set_permissions(role=role, codes=["jobs.see.all"], actor=None)
            set_roles(user=shop.user("nobody"), roles=["auditor"], actor=None)
        yield signed_in(shop, "nobody")
        with shop.scope("nobody"):
            set_roles(user=shop.user("nobody"), roles=[], actor=None)
            role.grants.all().delete()
            role.delete()

    def test_values_of_masked_columns_are_not_shown(self, shop, operator, auditor):
        number = start(
            operator, FAULTY, mapping={"0": "member_no", "1": "name", "2": "phone", "3": "level", "4": "region"}
        ).json()["job_id"]
        run(shop, number)
        seen = see(auditor, number).json()
        phone = next(one for one in seen["problems"] if one["column"] == "phone")
        level = next(one for one in seen["problems"] if one["column"] == "level")
        assert phone["text"] is None
        assert "12" not in phone["message"].split("Write")[0]
        assert (level["text"], "黄金" in level["message"]) == ("黄金", True)
        rows = see(auditor, number, "/rows").json()["items"]
        # Name and phone are masked, and of the last column nobody has said what it holds.
        assert rows[0]["cells"] == ["M00004", None, None, "金卡", "华东", None]
        text = json.dumps([seen, rows], ensure_ascii=False)
        assert "李四" not in text
        assert "13800000005" not in text
        assert "李四" in json.dumps(see(operator, number, "/rows").json(), ensure_ascii=False)
        assert see(signed_in(shop, "admin"), number, "/rows").json()["items"][0]["cells"][1] == "李四"

    def test_they_do_not_change_it(self, shop, operator, auditor):
        number = start(operator).json()["job_id"]
        run(shop, number)
        assert {one["allowed"] for one in see(auditor, number).json()["can"].values()} == {False}
        assert see(auditor, number, "/faulty_rows").status_code == 403
        for step in ("confirm", "cancel", "retry", "undo"):
            assert post(auditor, f"{API}/{number}/{step}").status_code == 403


class TestTasks:
    def test_an_import_is_a_task_at_every_stage(self, shop, operator):
        number = start(operator).json()["job_id"]

        def task():
            return operator.get(f"/api/v1/batch-tasks/{number}", **ENGLISH).json()

        assert (task()["status"], task()["task_type"]) == ("pending", "import")
        run(shop, number)
        assert (task()["status"], task()["total_records"]) == ("pending", task()["total_records"])
        listed = operator.get("/api/v1/batch-tasks?status=pending", **ENGLISH).json()["items"]
        assert [one["id"] for one in listed] == [number]
        post(operator, f"{API}/{number}/confirm")
        run(shop, number)
        assert (task()["status"], task()["progress"], task()["result_url"]) == ("completed", 100, None)

    def test_one_that_waits_is_canceled_as_a_task(self, shop, operator):
        number = start(operator).json()["job_id"]
        run(shop, number)
        gone = operator.delete(f"/api/v1/batch-tasks/{number}", content_type="application/json", **ENGLISH)
        assert (gone.status_code, gone.json()["status"]) == (200, "canceled")
