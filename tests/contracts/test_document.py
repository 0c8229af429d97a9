"""The API describes itself: completely, and as it is (SPEC A7, D1)."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from django.core.management import call_command
from django.core.management.base import CommandError
from django.urls import URLPattern, get_resolver
from openapi_spec_validator import OpenAPIV31SpecValidator

from exportcenter import api_document
from exportcenter.common.openapi import operation_of
from jobs.engine.states import PLAIN, Status
from tests.contracts import schema
from tests.contracts.document import conforms, operations, path_of, problems_of, resolved, violations, whole

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "docs" / "openapi"
FILES = sorted(path.name for path in FOLDER.glob("*.yaml"))


def routes(patterns=None, prefix="/"):
    """(path, view) of every route."""
    for one in get_resolver().url_patterns if patterns is None else patterns:
        path = prefix + str(one.pattern)
        if isinstance(one, URLPattern):
            yield path, one.callback
        else:
            yield from routes(one.url_patterns, path)


API_ROUTES = [(path, view) for path, view in routes() if path.startswith("/api/v1/")]
SILENT = {"options", "head"}
"""HEAD is GET without a body; OPTIONS says what the methods are."""


class TestCompleteness:
    @pytest.mark.parametrize(("path", "view"), API_ROUTES, ids=[path for path, _view in API_ROUTES])
    def test_every_method_of_every_route_is_described(self, path, view):
        answered = {method for method in view.cls.http_method_names if hasattr(view.cls, method)} - SILENT
        undescribed = {method for method in answered if operation_of(view.cls, method) is None}
        assert answered
        assert undescribed == set()

    def test_the_document_has_those_operations_and_no_others(self):
        count = sum(
            len({method for method in view.cls.http_method_names if hasattr(view.cls, method)} - SILENT)
            for _path, view in API_ROUTES
        )
        assert len(operations()) == count
        assert count > 40

    def test_names_are_unique_and_everybody_has_summary_chapter_and_success(self):
        ids = [operation["operationId"] for *_, operation in operations()]
        assert len(set(ids)) == len(ids)
        chapters = {tag["name"] for tag in whole()["tags"]}
        for _method, _path, _pattern, operation in operations():
            assert operation["summary"]
            assert set(operation["tags"]) <= chapters
            assert any(status.startswith("2") for status in operation["responses"])
            assert {"401", "429", "500", "503"} <= set(operation["responses"])

    def test_every_body_has_an_example_and_refuses_what_it_does_not_name(self):
        for _method, path, _pattern, operation in operations():
            body = operation.get("requestBody")
            if body is not None:
                (content,) = body["content"].values()
                assert content["examples"], path
                shape = resolved(content["schema"])
                shapes = shape.get("oneOf", [shape])
                assert all(one["additionalProperties"] is False for one in shapes), path

    def test_choices_are_those_of_the_code(self):
        components = whole()["components"]["schemas"]
        assert components["ExportStatus"]["enum"] == [status.value for status in PLAIN]
        assert components["ImportStatus"]["enum"] == Status.values
        assert set(components["ExportType"]["enum"]) >= schema.TYPES

    def test_who_may_call_is_said_everywhere(self):
        public = {operation["operationId"] for *_, operation in operations() if operation["security"] == [{}]}
        assert public == {"createToken", "refreshToken", "endTokens", "listErrors"}
        scopes = {
            operation_of(view.cls, method.lower()).id: str(scope)
            for _path, view in API_ROUTES
            for method, scope in getattr(view.cls, "scopes", {}).items()
        }
        for *_, operation in operations():
            name = operation["operationId"]
            if name not in public:
                token = [{"apiToken": [scopes[name]]}] if name in scopes else []
                assert operation["security"] == [{"bearer": []}, {"session": []}, *token]


class TestExamples:
    def test_every_example_keeps_to_its_schema(self):
        wrong = []
        for _method, path, _pattern, operation in operations():
            parts = [operation.get("requestBody", {}), *map(resolved, operation["responses"].values())]
            for part in parts:
                for content in part.get("content", {}).values():
                    for name, example in content.get("examples", {}).items():
                        said = violations(content["schema"], example["value"], closed=False)
                        wrong += [f"{path} {name}: {one}" for one in said]
        assert wrong == []

    @pytest.mark.parametrize(
        ("name", "component"),
        [
            ("list.page1.json", "ExportPage"),
            ("detail.ready.json", "ExportDetail"),
            ("detail.failed.json", "ExportDetail"),
            ("retry.json", "Retried"),
            ("cancel.json", "Ok"),
            ("batch_delete_expired.json", "Deleted"),
            ("error.409.json", "Error"),
        ],
    )
    def test_the_mocks_keep_to_it_but_for_what_we_tell_beyond_them(self, name, component):
        beyond = (schema.OUR_DETAIL.keys() - schema.DETAIL.keys()) | (schema.OUR_ERROR.keys() - schema.ERROR.keys())
        said = conforms(component, schema.mock(name))
        assert [one for one in said if one not in {f".: {word!r} is a required property" for word in beyond}] == []


class TestFiles:
    def test_they_are_those_of_the_code(self):
        """As a program of its own, since tests have datasets of their own."""
        environment = {name: value for name, value in os.environ.items() if name != "EXTRA_APPS"}
        done = subprocess.run(
            [sys.executable, "manage.py", "export_openapi", "--check"],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr

    def test_a_changed_file_is_noticed_and_written_anew(self, tmp_path):
        call_command("export_openapi", folder=tmp_path, verbosity=0)
        (tmp_path / "exports.list.yaml").write_text("openapi: 3.1.0\n")
        (tmp_path / "leftover.yaml").write_text("{}\n")
        with pytest.raises(CommandError, match=r"out of date: exports.list.yaml, leftover.yaml"):
            call_command("export_openapi", folder=tmp_path, check=True, verbosity=0)
        call_command("export_openapi", folder=tmp_path, verbosity=0)
        call_command("export_openapi", folder=tmp_path, check=True, verbosity=0)
        assert {path.name for path in tmp_path.iterdir()} == set(api_document.files())

    @pytest.mark.parametrize("name", FILES)
    def test_each_is_valid_by_itself(self, name):
        content = yaml.safe_load((FOLDER / name).read_text())
        assert content["openapi"] == "3.1.0"
        assert list(OpenAPIV31SpecValidator(content).iter_errors()) == []

    def test_the_parts_of_the_page_specification_are_there(self):
        wanted = {"exports.list", "exports.detail", "exports.retry", "exports.cancel", "exports.batch_delete_expired"}
        assert {f"{name}.yaml" for name in wanted} | {"openapi.yaml"} == set(FILES)
        listed = yaml.safe_load((FOLDER / "exports.list.yaml").read_text())
        assert list(listed["paths"]) == ["/api/v1/exports"]
        assert list(listed["paths"]["/api/v1/exports"]) == ["get"]
        assert "SavedView" not in listed["components"]["schemas"]


class TestServed:
    @pytest.mark.parametrize("name", ["finance", "acme_user", "nobody"])
    def test_as_json_and_as_yaml_to_everybody_signed_in(self, world, sign_in, name):
        client = sign_in(name)
        answer = client.get("/api/v1/openapi.json", HTTP_ACCEPT_LANGUAGE="en")
        assert (answer.status_code, answer["Content-Type"]) == (200, "application/json")
        assert answer.json()["openapi"] == "3.1.0"
        text = client.get("/api/v1/openapi.yaml", HTTP_ACCEPT_LANGUAGE="en")
        assert text["Content-Type"] == "application/yaml"
        assert yaml.safe_load(text.content) == answer.json()

    def test_titles_are_in_the_language_of_the_reader(self, world, sign_in):
        client = sign_in("finance")
        said = [
            client.get("/api/v1/openapi.json", HTTP_ACCEPT_LANGUAGE=language).json()["paths"]["/api/v1/exports"]["get"]
            for language in ("zh-hans", "en")
        ]
        assert [one["summary"] for one in said] == ["导出任务列表", "List exports"]

    @pytest.mark.parametrize("address", ["/api/v1/openapi.json", "/api/v1/openapi.yaml"])
    def test_not_to_strangers(self, world, client, address):
        assert client.get(address).status_code == 401

    @pytest.mark.parametrize("address", ["/api/docs/", "/api/redoc/"])
    def test_the_pages_send_strangers_to_sign_in(self, world, client, sign_in, address):
        away = client.get(address)
        assert (away.status_code, away["Location"]) == (302, f"/accounts/login/?next={address}")
        page = sign_in("acme_user").get(address)
        assert page.status_code == 200
        assert "unsafe" not in page["Content-Security-Policy"]
        assert "http" not in page.content.decode().replace("http://testserver", "").partition("<body")[2]


class TestTheCheckItself:
    """A check that cannot fail is none."""

    class Answer:
        streaming = False

        def __init__(self, status, body=None, media="application/json", **headers):
            self.status_code = status
            self.content = b"" if body is None else json.dumps(body).encode()
            self.headers = {"Content-Type": media, **headers}

        def get(self, name, default=""):
            return self.headers.get(name, default)

        def __contains__(self, name):
            return name in self.headers

    @pytest.mark.parametrize(
        ("asked", "answer", "word"),
        [
            (("GET", "/api/v1/exports", None), Answer(418, {}), "status 418 is not documented"),
            (("GET", "/api/v1/exports", None), Answer(200, {}), "'items' is a required property"),
            (("POST", "/api/v1/exports/E1/retry", None), Answer(200, {"new_job_id": 7}), "not of type 'string'"),
            (("POST", "/api/v1/exports/E1/cancel", None), Answer(200, {"ok": True, "x": 1}), "'x' was unexpected"),
            (("POST", "/api/v1/exports/E1/cancel", {"x": 1}), Answer(200, {"ok": True}), "body was taken"),
            (("POST", "/api/v1/exports/E1/cancel?x=1", {}), Answer(200, {"ok": True}), "parameter x was taken"),
            (("GET", "/api/v1/exports/E1/log", None), Answer(200, {}), "media type 'application/json'"),
            (("GET", "/api/v1/nothing", None), Answer(200, {}), "no such operation"),
            (("DELETE", "/api/v1/exports", None), Answer(200, {}), "no such operation"),
            (("POST", "/api/v1/export-definitions", None), Answer(201, {}), "header Location is missing"),
        ],
    )
    def test_deviations_are_found(self, asked, answer, word):
        said = problems_of(*asked, answer)
        assert any(word in one for one in said), said

    def test_what_is_right_passes(self):
        assert problems_of("POST", "/api/v1/exports/E1/cancel", {}, self.Answer(200, {"ok": True})) == []
        assert path_of("cancelExport") == ("POST", "/api/v1/exports/{job_no}/cancel")
