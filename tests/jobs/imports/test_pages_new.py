"""The page of a new import: what is offered, what is found, and that nothing is lost when something is wrong."""

import json
import uuid

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client, override_settings
from django.urls import reverse

from jobs.imports import files
from jobs.models import ImportFile, ImportJob
from tests.exports_helpers import ENGLISH, signed_in
from tests.jobs.exports.pages.html import Element, read
from tests.jobs.imports import runs

PAGE = "/admin/imports/new/"
UPLOAD = "/admin/imports/new/upload"
HEADER = "会员号,姓名,手机号,会员等级,地区,暗号\r\n"
CONTENT = (HEADER + "M00001,张三,13800000001,金卡,华东,x\r\nM00002,李四,13800000002,银卡,华东,\r\n").encode()
COLUMNS = {"column_0": "member_no", "column_1": "name", "column_2": "phone", "column_3": "level", "column_4": "region"}


def page(client, query: str = "", **more) -> Element:
    response = client.get(f"{PAGE}{query}", **more)
    assert response.status_code == 200, response.content[:500]
    return read(response)


def chosen(found: Element, name: str) -> str:
    """The value of the radio, or the option of the select, that is chosen."""
    options = found.one("select", name=name).all("option", selected=True) if found.all("select", name=name) else []
    if found.all("select", name=name):
        return options[0].attrs["value"] if options else ""
    return found.one("input", name=name, checked=True).attrs["value"]


@pytest.fixture
def client(world):
    return signed_in(world, "operator")


@pytest.fixture
def kept(world):
    return runs.send(world, "operator", CONTENT)


class TestChoice:
    def test_only_what_this_person_may_import_is_offered(self, client):
        found = page(client)
        offered = {box.attrs["value"] for box in found.all("input", name="dataset")}
        assert "members" in offered
        assert "wallet_ledger" not in offered
        refused = found.one("details", classes="im-closed-list").text
        assert "资金只能由记账产生" in refused or "流水" in refused

    def test_others_are_listed_with_the_reason_of_the_policy(self, world):
        found = page(signed_in(world, "risk"))
        offered = {box.attrs["value"] for box in found.all("input", name="dataset")}
        assert "members" not in offered
        assert "会员" in found.one("details", classes="im-closed-list").text

    def test_who_may_see_no_jobs_is_refused(self, world):
        client = signed_in(world, "nobody")
        assert client.get(PAGE).status_code == 403
        assert client.post(UPLOAD, {"file": SimpleUploadedFile("a.csv", CONTENT)}).status_code == 403

    def test_a_stranger_is_sent_to_sign_in(self, world, client):
        client.logout()
        assert "login" in client.get(PAGE)["Location"]

    def test_modes_and_templates_of_the_chosen_data(self, client):
        found = page(client, "?dataset=members")
        assert [box.attrs["value"] for box in found.all("input", name="mode", type="radio")] == [
            "create",
            "update",
            "upsert",
        ]
        links = [link.attrs["href"] for link in found.one("p", classes="im-templates").all("a")]
        assert links == [
            f"/api/v1/imports/template?dataset=members&mode=create&file_type={kind}" for kind in ("xlsx", "csv")
        ]
        found = page(client, "?dataset=members&mode=update")
        assert chosen(found, "mode") == "update"

    @pytest.mark.parametrize(
        "query",
        [
            "?dataset=nothing",
            "?dataset=wallet_ledger",
            "?dataset=members%00",
            "?file=no-uuid",
            f"?file={uuid.UUID(int=7)}",
        ],
    )
    def test_what_is_wrong_in_the_address_is_said(self, client, query):
        response = client.get(f"{PAGE}{query}")
        assert response.status_code in (200, 400)
        found = read(response)
        assert found.all("input", name="dataset")
        if response.status_code == 400:
            assert found.one(role="alert", id="problems").text

    def test_the_button_of_a_list_leads_here(self, client):
        found = read(client.get("/admin/records/member/"))
        (link,) = found.all("a", classes="ec-list-import")
        assert link.attrs["href"] == f"{PAGE}?dataset=members&source=/admin/records/member/"
        assert chosen(page(client, link.attrs["href"].removeprefix(PAGE)), "dataset") == "members"

    def test_the_button_says_why_not(self, world):
        found = read(signed_in(world, "risk").get("/admin/records/member/"))
        (button,) = found.all("button", classes="ec-list-import")
        assert "会员" in button.attrs["data-reason"]

    def test_no_button_where_files_write_nothing(self, world):
        found = read(signed_in(world, "admin").get("/admin/records/walletentry/"))
        assert not found.all(classes="ec-list-import")


class TestUpload:
    def test_a_file_becomes_an_address(self, world, client):
        sent = {"file": SimpleUploadedFile("会员.csv", CONTENT), "dataset": "members", "mode": "upsert"}
        response = client.post(UPLOAD, sent)
        with world.scope("operator"):
            kept = ImportFile.objects.get()
        assert response["Location"] == f"{PAGE}?dataset=members&mode=upsert&file={kept.pk}"
        assert kept.name == "会员.csv"
        found = page(client, response["Location"].removeprefix(PAGE))
        assert found.one("span", classes="im-drop-name").text == "会员.csv"
        assert chosen(found, "mode") == "upsert"

    def test_scripts_get_it_as_json(self, client):
        response = client.post(UPLOAD, {"file": SimpleUploadedFile("a.csv", CONTENT)}, HTTP_X_PART="upload")
        assert json.loads(response.content)["address"].startswith(f"{PAGE}?file=")

    @pytest.mark.parametrize("by_script", [True, False])
    def test_what_is_no_table_is_refused_with_advice_and_nothing_stays(self, world, client, by_script):
        sent = {"file": SimpleUploadedFile("a.csv", b"\x89PNG\r\n\x1a\n" + b"\0" * 600), "dataset": "members"}
        response = client.post(UPLOAD, sent, **({"HTTP_X_PART": "upload"} if by_script else {}))
        assert response.status_code == 422
        if by_script:
            told = json.loads(response.content)
            assert told["message"]
            assert told["advice"]
        else:
            found = read(response)
            assert found.one(id="im-refused", hidden=None).text
            assert chosen(found, "dataset") == "members"
        with world.scope("operator"):
            assert not ImportFile.objects.exists()

    def test_no_file_at_all(self, client):
        response = client.post(UPLOAD, {"dataset": "members"}, HTTP_X_PART="upload")
        assert response.status_code == 400
        assert json.loads(response.content)["message"]

    @override_settings(IMPORT_FILE_BYTES=10)
    def test_too_large(self, client):
        response = client.post(UPLOAD, {"file": SimpleUploadedFile("a.csv", CONTENT)}, HTTP_X_PART="upload")
        assert response.status_code == 413

    @pytest.mark.parametrize("by_script", [True, False])
    def test_a_body_that_is_declared_too_large_is_not_read(self, world, client, by_script):
        strict = Client(REMOTE_ADDR="127.0.0.1", enforce_csrf_checks=True)
        strict.cookies = client.cookies
        declared = {"CONTENT_LENGTH": str(600 << 20), **({"HTTP_X_PART": "upload"} if by_script else {})}
        response = strict.generic("POST", UPLOAD, b"", "multipart/form-data; boundary=x", **declared)
        if by_script:
            assert response.status_code == 413
            assert "500 MB" in json.loads(response.content)["message"]
        else:
            assert "500 MB" in client.get(response["Location"]).content.decode()

    def test_an_upload_needs_the_token_of_our_pages(self, world, client):
        strict = Client(REMOTE_ADDR="127.0.0.1", enforce_csrf_checks=True)
        strict.cookies = client.cookies
        assert strict.post(UPLOAD, {"file": SimpleUploadedFile("a.csv", CONTENT)}).status_code == 403
        with world.scope("operator"):
            assert not ImportFile.objects.exists()

    @pytest.mark.parametrize("by_script", [True, False])
    def test_uploads_are_counted_like_those_by_the_api(self, world, client, settings, by_script):
        settings.LIMIT_CREATE_PER_MINUTE = 2
        extra = {"HTTP_X_PART": "upload"} if by_script else {}
        answers = [
            client.post(UPLOAD, {"file": SimpleUploadedFile("a.csv", CONTENT), "dataset": "members"}, **extra)
            for _number in range(4)  # the count outlives a test: it may be used up from the first
        ]
        refused = [answer for answer in answers if answer.status_code == 429]
        assert len(refused) >= 2
        assert int(refused[0]["Retry-After"]) > 0
        told = json.loads(refused[0].content)["message"] if by_script else read(refused[0]).one(id="im-refused").text
        assert "2" in told
        with world.scope("operator"):
            assert ImportFile.objects.count() == 4 - len(refused)

    def test_get_is_not_for_uploads(self, client):
        assert client.get(UPLOAD).status_code == 405


class TestLook:
    def test_the_file_is_shown_as_it_was_found(self, client, kept):
        found = page(client, f"?dataset=members&mode=create&file={kept.pk}")
        assert chosen(found, "encoding") == "utf-8"
        assert chosen(found, "delimiter") == ","
        preview = found.one(classes="im-preview")
        assert [cell.text for cell in preview.one("thead").all("th")][1:] == HEADER.strip().split(",")
        assert "李四" in preview.text
        assert [chosen(found, f"column_{number}") for number in range(6)] == [*COLUMNS.values(), ""]
        assert found.one(id="im-missing").attrs.get("hidden") is not None
        assert found.one("button", id="im-go")

    def test_missing_columns_are_named(self, world, client):
        kept = runs.send(world, "operator", "姓名,手机号\r\n张三,13800000001\r\n".encode())
        found = page(client, f"?dataset=members&mode=create&file={kept.pk}")
        assert "会员号" in found.one(id="im-missing", hidden=None).text

    def test_read_in_another_way(self, world, client):
        kept = runs.send(world, "operator", "会员号;姓名\r\nM1;张三\r\n".encode("gb18030"))
        address = f"?dataset=members&file={kept.pk}"
        assert chosen(page(client, address), "encoding") == "gb18030"
        found = page(client, f"{address}&encoding=gb18030&delimiter=%7C&header_row=0")
        assert [chosen(found, name) for name in ("encoding", "delimiter")] == ["gb18030", "|"]
        assert "会员号;姓名" in found.one(classes="im-preview").one("tbody").text

    def test_a_way_in_which_it_cannot_be_read_says_so_and_can_be_changed(self, world, client):
        kept = runs.send(world, "operator", "会员号,姓名\r\nM1,张三\r\n".encode("gb18030"))
        found = page(client, f"?dataset=members&file={kept.pk}&encoding=utf-8")
        assert found.one(id="step-look").one("div", classes="ec-failure").text
        assert found.one(id="step-look").one("select", name="encoding")
        assert not found.all("button", id="im-go")

    @pytest.mark.parametrize(
        "wrong", ["encoding=klingon", "delimiter=%22", "header_row=x", "header_row=5000", "sheet=A"]
    )
    def test_wrong_choices_are_no_error_of_the_server(self, client, kept, wrong):
        response = client.get(f"{PAGE}?dataset=members&file={kept.pk}&{wrong}")
        assert response.status_code == 200
        assert read(response).all(role="alert")

    def test_somebody_elses_file_is_not_shown(self, world, kept):
        response = signed_in(world, "admin").get(f"{PAGE}?dataset=members&file={kept.pk}")
        assert response.status_code == 400
        assert "李四" not in response.content.decode()

    def test_without_data_the_file_is_shown_all_the_same(self, client, kept):
        found = page(client, f"?file={kept.pk}")
        assert "李四" in found.one(classes="im-preview").text
        assert found.one(classes="im-hint")
        assert not found.all("button", id="im-go")

    def test_cells_are_text(self, world, client):
        kept = runs.send(world, "operator", "会员号,姓名\r\nM1,<script>alert(1)</script>\r\n".encode())
        response = client.get(f"{PAGE}?dataset=members&file={kept.pk}")
        assert b"<script>alert" not in response.content

    def test_the_steps_alone(self, client, kept):
        response = client.get(f"{PAGE}?dataset=members&file={kept.pk}", HTTP_X_PART="steps")
        assert b"<html" not in response.content
        assert read(response).one("button", id="im-go")


class TestStart:
    def test_the_check_is_queued(self, world, client, kept):
        form = {"file": kept.pk, "dataset": "members", "mode": "create", "on_error": "stop", **COLUMNS, "column_5": ""}
        response = client.post(PAGE, form | {"source": "/admin/records/member/"})
        with world.scope("operator"):
            job = ImportJob.objects.get()
        assert response["Location"] == reverse("imports-page", args=[job.job_no])
        assert (job.mode, job.on_error, job.source) == ("create", "stop", "/admin/records/member/")
        assert job.mapping == {str(number): key for number, key in enumerate(COLUMNS.values())}

    def test_what_is_wrong_is_said_and_everything_stays(self, world, client, kept):
        form = {"file": kept.pk, "dataset": "members", "mode": "create", "on_error": "stop"}
        form |= COLUMNS | {"column_0": "", "column_5": "name"}
        response = client.post(PAGE, form)
        assert response.status_code == 400
        found = read(response)
        assert "会员号" in found.one(id="problems").text
        assert chosen(found, "mode") == "create"
        assert chosen(found, "on_error") == "stop"
        assert [chosen(found, f"column_{number}") for number in range(6)] == [
            "",
            "name",
            "phone",
            "level",
            "region",
            "name",
        ]
        with world.scope("operator"):
            assert not ImportJob.objects.exists()

    @pytest.mark.parametrize(
        ("name", "value"),
        [("column_0", "password"), ("column_99999", "name"), ("on_error", "maybe"), ("encoding", "klingon")],
    )
    def test_hostile_fields_are_refused(self, client, kept, name, value):
        form = {"file": kept.pk, "dataset": "members", "mode": "create", **COLUMNS, name: value}
        response = client.post(PAGE, form)
        assert response.status_code in (400, 422)
        assert read(response).one(id="problems").text

    def test_without_data_or_file(self, client, kept):
        for form in ({"file": kept.pk}, {"dataset": "members"}, {}):
            assert client.post(PAGE, form).status_code == 400

    def test_the_file_is_gone_meanwhile(self, world, client, kept):
        with world.scope("operator"):
            ImportFile.objects.update(removed_at=kept.created_at)
        response = client.post(PAGE, {"file": kept.pk, "dataset": "members", "mode": "create", **COLUMNS})
        assert response.status_code == 400
        assert "不再保留" in read(response).one(id="problems").text

    def test_a_thousand_columns(self, world, client):
        heads = [f"列{number}" for number in range(994)]
        lines = [",".join(["会员号", "姓名", "地区", *heads]), ",".join(["M1", "张三", "华东", *["x"] * 994])]
        kept = runs.send(world, "operator", "\r\n".join(lines).encode())
        form = {"file": kept.pk, "dataset": "members", "mode": "create"} | {f"column_{n}": "" for n in range(997)}
        form |= {"column_0": "member_no", "column_1": "name", "column_2": "region"}
        assert client.get(PAGE, {"file": kept.pk, "dataset": "members"}).status_code == 200
        assert client.post(PAGE, form).status_code == 302

    def test_the_choice_is_remembered(self, world, client, kept):
        form = {"file": kept.pk, "dataset": "members", "mode": "create", **COLUMNS, "column_5": "note"}
        assert client.post(PAGE, form).status_code == 302
        again = runs.send(world, "operator", CONTENT)
        assert chosen(page(client, f"?dataset=members&file={again.pk}"), "column_5") == "note"

    def test_too_many_waiting(self, client, kept, settings):
        settings.QUEUED_PER_USER = 0
        response = client.post(PAGE, {"file": kept.pk, "dataset": "members", "mode": "create", **COLUMNS})
        assert response.status_code == 429
        assert read(response).one(id="problems").text


def test_in_english(world, client, kept):
    with world.scope("operator"):
        user = world.user("operator")
        user.language = "en"
        user.save(update_fields=["language"])
    found = page(client, f"?dataset=members&file={kept.pk}", **ENGLISH)
    assert "Which column is which?" in found.text
    assert files.PREVIEW_ROWS == 20
