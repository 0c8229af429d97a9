"""The registry of errors, and what is made from it: answers, list, page, document, the client API's numbers."""

import importlib
import json
import pkgutil
import re
from html import unescape
from pathlib import Path

import pytest
from django.core.exceptions import RequestDataTooBig
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import translation
from rest_framework import exceptions

from exportcenter import error_pages
from exportcenter.common import api, errors, result
from exportcenter.error_codes import ours
from exportcenter.management.commands import errors_document
from jobs.engine.errors import JobError
from tests import translations

ROOT = Path(__file__).resolve().parent.parent
NEEDED = {400, 401, 403, 404, 405, 409, 410, 413, 415, 422, 423, 429, 500, 503}
S3_CODES = {*range(40001, 40006), *range(41001, 41005), *range(50001, 50005)}
"""The list of S3 §4.3.3."""


def family(base):
    return [base, *(one for child in base.__subclasses__() for one in family(child))]


@pytest.fixture(scope="module", autouse=True)
def everything():
    """Load every module of the product: no exception may hide in one that a test would not load."""
    for package in ("exportcenter", "accounts", "jobs", "reports"):
        for module in pkgutil.walk_packages([str(ROOT / package)], f"{package}."):
            if ".migrations" not in module.name and module.name != "exportcenter.asgi":
                importlib.import_module(module.name)


def classes():
    return [one for one in family(errors.ExportCenterError)[1:] if ours(one)]


def test_every_exception_is_registered_under_a_code_of_its_own():
    own = [one for one in classes() if "code" in one.__dict__]
    assert len({one.code for one in own}) == len(own) >= 19
    assert set(own) <= set(errors.all_errors())
    assert all(one.code in {each.code for each in own} for one in classes())  # a special case has its parent's
    assert {one.status for one in own} >= NEEDED
    assert all(re.fullmatch("[A-Z_]+", one.code) for one in own)


def test_a_code_cannot_be_taken_twice():
    with pytest.raises(TypeError, match="LOCKED belongs to Locked"):
        type("Other", (errors.ExportCenterError,), {"code": "LOCKED", "client_code": 40001})
    assert {one.code: one for one in errors.all_errors()}["LOCKED"] is errors.Locked


def test_every_exception_has_a_number_of_the_client_api():
    wrong = {one.__name__: one.client_code for one in classes() if one.client_code not in result.MEANINGS}
    assert wrong == {}
    assert set(result.MEANINGS) >= S3_CODES
    kinds = {one: "5" if one.status >= 500 else "4" for one in classes()}
    assert [one for one, first in kinds.items() if str(one.client_code)[0] != first] == []


@pytest.mark.parametrize(
    ("error", "number"),
    [
        (errors.InvalidParameters, 40001),
        (errors.InvalidRequest, 40002),
        (errors.PermissionRefused, 40003),
        (errors.NotAuthenticated, 40004),
        (errors.Throttled, 40005),
        (errors.NotFound, 41001),
        (errors.StateConflict, 41002),
        (errors.BodyTooLarge, 41004),
        (errors.Unavailable, 50001),
    ],
)
def test_numbers_mean_what_the_table_of_the_requirements_says(error, number):
    assert error.client_code == number


def test_every_word_is_translated():
    chinese = translations.catalogue("zh_Hans")
    every = [*classes(), *(one for one in family(JobError) if ours(one))]
    words = (
        {one.default_message for one in every} | {one.default_advice for one in every} | set(result.MEANINGS.values())
    )
    assert [word for word in words if word and not chinese.get(("", word))] == []
    assert [one.__name__ for one in classes() if not one.default_message or not one.default_advice] == []


def test_the_document_is_what_the_classes_say():
    call_command("errors_document", "--check")
    text = errors_document.PATH.read_text()
    for one in classes():
        assert f"\n### {one.code}\n" in text
        assert one.default_message in text or "code" not in one.__dict__
    for one in family(JobError):
        assert (f"| `{one.code}` |" in text) == ours(one)
    assert "WRONG_ECHO" not in text  # what the tests' own app brings


def test_drift_is_told(monkeypatch, tmp_path):
    monkeypatch.setattr(errors_document, "PATH", tmp_path / "errors.md")
    with pytest.raises(CommandError, match="out of date"):
        call_command("errors_document", "--check")
    (tmp_path / "errors.md").write_text(errors_document.document().replace("LOCKED", "LOOKED"))
    with pytest.raises(CommandError, match="out of date"):
        call_command("errors_document", "--check")


def test_waiting_helps_after_429_and_503():
    assert errors.Throttled().retry_after == 60
    assert errors.Unavailable().retry_after == 5
    assert errors.Throttled(retry_after=7).retry_after == 7


class TestWords:
    def test_the_list_is_for_everybody(self, world):
        body = Client().get("/api/v1/errors", headers={"Accept-Language": "en"}).json()
        assert list(body) == ["items", "jobs", "client"]
        by_code = {item["code"]: item for item in body["items"]}
        assert set(by_code) == {one.code for one in errors.all_errors()}
        assert by_code["LOCKED"] == {
            "code": "LOCKED",
            "status": 423,
            "client_code": 41002,
            "message": "Somebody else is changing this job at this moment.",
            "advice": "Try again in a second.",
            "docs": "/docs/errors#LOCKED",
        }
        assert {"POISON", "CHUNK_FAILED", "ROWS_MISSING"} <= {item["code"] for item in body["jobs"]}
        assert {item["client_code"] for item in body["client"]} == set(result.MEANINGS)

    @pytest.mark.parametrize(
        ("asked", "chinese"),
        [
            ("zh", True),
            ("zh-CN,zh;q=0.9", True),
            ("zh-Hans", True),
            ("en", False),
            ("en-GB,en;q=0.8,zh;q=0.5", False),
            ("fr", True),
            ("", True),
            ("*;q=x,,;", True),
        ],
    )
    def test_somebody_unknown_is_answered_in_the_language_asked_for(self, world, asked, chinese):
        headers = {"Accept-Language": asked} if asked else {}
        for path in ("/api/v1/errors?x=1", "/api/v1/nowhere", "/api/v1/exports", "/api/v1/client/workspace"):
            body = Client().get(path, headers=headers).json()
            assert (re.search("[\u4e00-\u9fff]", body["message"]) is not None) == chinese, path

    def test_somebody_known_is_answered_in_their_own(self, sign_in):
        client = sign_in("finance")
        assert re.search("[\u4e00-\u9fff]", client.get("/api/v1/nowhere").json()["message"])
        client.post("/i18n/setlang/", {"language": "en"})
        assert client.get("/api/v1/nowhere").json()["message"] == "There is nothing at this address."

    @pytest.mark.parametrize("language", ["zh-hans", "en"])
    def test_the_page_has_a_place_for_every_link(self, world, language):
        page = Client().get("/docs/errors", headers={"Accept-Language": language}).content.decode()
        assert f'lang="{language}"' in page
        with translation.override(language):
            for one in errors.all_errors():
                address = api.error_body(one(*(["why"] if one.code == "LINK_INVALID" else [])))["docs"]
                assert address == f"/docs/errors#{one.code}"
                assert f'id="{one.code}"' in page
                assert translation.gettext(one.default_advice) in unescape(page)
        assert "style=" not in page

    def test_the_page_is_read_only(self, world):
        assert Client().post("/docs/errors").status_code == 405


class TestFrameworkHandlers:
    """Django's own handlers, which answer where no view of ours does. tests/test_error_shapes.py asks a real server."""

    @pytest.mark.parametrize("path", ["/api/v1/x", "/api/v1/client/x"])
    @pytest.mark.parametrize(
        ("handler", "code"),
        [
            ("bad_request", "INVALID_REQUEST"),
            ("forbidden", "FORBIDDEN"),
            ("csrf_failure", "CSRF_FAILED"),
            ("not_found", "NOT_FOUND"),
            ("too_many", "THROTTLED"),
            ("server_error", "INTERNAL_ERROR"),
        ],
    )
    def test_each_answers_in_the_shape_of_its_api(self, rf, path, handler, code):
        answer = getattr(error_pages, handler)(rf.get(path))
        kind = {one.code: one for one in errors.all_errors()}[code]
        body = json.loads(answer.content)
        assert answer.status_code == kind.status
        assert answer.has_header("Retry-After") == (code == "THROTTLED")
        if "client" in path:
            assert (body["code"], body["data"]) == (kind.client_code, None)
        else:
            assert list(body) == ["code", "message", "advice", "details", "request_id", "docs"]
            assert (body["code"], body["docs"]) == (code, f"/docs/errors#{code}")

    def test_a_body_that_is_too_large_is_413_wherever_it_is_noticed(self, rf):
        answer = error_pages.bad_request(rf.post("/api/v1/x"), RequestDataTooBig("x"))
        assert (answer.status_code, json.loads(answer.content)["code"]) == (413, "BODY_TOO_LARGE")

    def test_a_limit_of_the_framework_says_how_long_to_wait(self, rf):
        answer = api.exception_handler(exceptions.Throttled(wait=6.2), {"request": rf.get("/api/v1/x")})
        assert (answer.status_code, answer.data["code"], answer.headers["Retry-After"]) == (429, "THROTTLED", "7")
