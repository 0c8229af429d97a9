"""The client API's first doors: what may I do, and where do I work (SPEC C4, A5; S3 §4.2.1, §4.3)."""

import logging

import pytest
from django.db import OperationalError
from django.test import Client
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory, force_authenticate

from accounts.client.base import ClientView
from accounts.models import Tenant, UserRole
from exportcenter.common import errors
from tests.exports_helpers import signed_in

PERMISSIONS = "/api/v1/client/auth/permissions"
WORKSPACE = "/api/v1/client/workspace"
ENGLISH = {"headers": {"Accept-Language": "en"}}
S3_ROLES = {
    # S3 §7.1.2, by hand
    "acme_admin": {
        "report": {"read": True, "write": True, "export": True},
        "dashboard": {"read": True, "write": True, "export": False},
        "sla": {"read": True, "write": False, "export": False},
        "user": {"read": True, "write": True, "export": False},
    },
    "acme_manager": {
        "report": {"read": True, "write": False, "export": True},
        "dashboard": {"read": True, "write": False, "export": False},
        "sla": {"read": True, "write": False, "export": False},
        "user": {"read": False, "write": False, "export": False},
    },
    "acme_user": {
        "report": {"read": True, "write": False, "export": False},
        "dashboard": {"read": True, "write": False, "export": False},
        "sla": {"read": False, "write": False, "export": False},
        "user": {"read": False, "write": False, "export": False},
    },
}


def data(response):
    body = response.json()
    assert response.status_code == 200
    assert list(body) == ["code", "message", "data"]
    assert (body["code"], body["message"]) == (200, "Found.")
    return body["data"]


class TestPermissions:
    @pytest.mark.parametrize("name", S3_ROLES)
    def test_each_role_has_what_the_requirements_give_it(self, world, name):
        found = data(signed_in(world, name).get(PERMISSIONS, **ENGLISH))
        assert found["permissions"] == S3_ROLES[name]
        with world.scope(name):
            user = world.user(name)
            assert found["grants"] == sorted(user.permissions)
            assert (found["user_id"], found["tenant_id"]) == (user.code, str(user.tenant_id))
        assert [role["key"] for role in found["roles"]] == [name.replace("acme", "client")]
        assert found["tenant"]["slug"] == "acme"

    def test_rows_are_those_of_the_own_regions_unless_all_are_allowed(self, world):
        scopes = {
            name: data(signed_in(world, name).get(PERMISSIONS, **ENGLISH))["data_scope"]
            for name in ("acme_admin", "acme_user")
        }
        assert scopes["acme_admin"] == {"departments": None, "projects": None, "regions": None}
        assert scopes["acme_user"]["regions"] == []

    def test_a_role_taken_away_is_gone_at_once(self, world):
        client = signed_in(world, "acme_manager")
        assert data(client.get(PERMISSIONS, **ENGLISH))["permissions"]["report"]["export"]
        with world.scope("acme_manager"):
            UserRole.objects.filter(user=world.user("acme_manager")).delete()
        found = data(client.get(PERMISSIONS, **ENGLISH))
        assert (found["roles"], found["grants"]) == ([], [])
        assert not any(any(verbs.values()) for verbs in found["permissions"].values())


class TestWorkspace:
    def test_is_the_own_company(self, world):
        for name, slug in (("acme_user", "acme"), ("globex_admin", "globex")):
            found = data(signed_in(world, name).get(WORKSPACE, **ENGLISH))
            with world.scope(name):
                tenant = Tenant.objects.mine()
            assert found["tenant_id"] == str(tenant.pk) == str(world.tenants[slug])
            assert (found["name"], found["slug"]) == (tenant.name, slug)
            assert found["settings"] == {"max_queued_exports": tenant.max_queued_exports}

    def test_another_company_cannot_be_named(self, world):
        response = signed_in(world, "acme_user").get(WORKSPACE, {"tenant_id": str(world.tenants["globex"])}, **ENGLISH)
        body = response.json()
        assert (response.status_code, body["code"], body["data"]) == (400, 40001, None)
        assert body["details"]["field"] == "tenant_id"
        assert body["details"]["error"] == body["details"]["fields"]["tenant_id"][0]


@pytest.mark.parametrize("path", [PERMISSIONS, WORKSPACE])
class TestDoor:
    @pytest.mark.parametrize("name", ["admin", "finance", "nobody"])
    def test_staff_are_refused_in_the_envelope(self, world, path, name):
        response = signed_in(world, name).get(path, **ENGLISH)
        assert response.status_code == 403
        assert list(response.json()) == ["code", "message", "data", "details", "advice", "timestamp", "request_id"]
        assert (response.json()["code"], response.json()["data"]) == (40003, None)
        assert response.json()["timestamp"].endswith("Z")

    def test_nobody_is_not_signed_in(self, world, path):
        response = Client().get(path, **ENGLISH)
        assert (response.status_code, response.json()["code"]) == (401, 40004)

    def test_other_methods(self, world, path):
        for method in ("post", "put", "patch", "delete"):
            response = getattr(signed_in(world, "acme_admin"), method)(path, **ENGLISH)
            assert (response.status_code, response.json()["code"]) == (405, 40002)

    def test_the_reader_is_spoken_to_in_chinese_unless_asked(self, world, path):
        assert signed_in(world, "acme_admin").get(path).json()["message"] == "查询成功"

    def test_json_whatever_is_asked_for(self, world, path):
        response = signed_in(world, "acme_admin").get(path, headers={"Accept": "text/csv"})
        assert response["Content-Type"] == "application/json"


class Raising(ClientView):
    """A door of a later issue, which raises what it is told."""

    error: Exception | None = None

    def get(self, request):
        raise self.error

    def post(self, request):
        return Response({"id": 1}, status=201)


def asked(world, error=None, method="get"):
    request = getattr(APIRequestFactory(), method)("/api/v1/somewhere/else", {}, format="json")
    with world.scope("acme_admin"):
        force_authenticate(request, world.user("acme_admin"))
        return Raising.as_view(error=error)(request).render()


class TestEveryError:
    def test_each_exception_is_answered_with_its_number_and_status(self, world):
        import json

        for kind in errors.all_errors():
            answer = asked(world, kind("why") if kind.code == "LINK_INVALID" else kind())
            body = json.loads(answer.content)
            assert (answer.status_code, body["code"], body["data"]) == (kind.status, kind.client_code, None)
            assert answer.has_header("Retry-After") == (kind.default_retry_after is not None)

    def test_a_bug_is_50000_and_shows_nothing(self, world, caplog):
        with caplog.at_level(logging.CRITICAL):
            answer = asked(world, ZeroDivisionError("secret"))
        assert answer.status_code == 500
        assert b'"code":50000' in answer.content
        assert b"secret" not in answer.content

    def test_a_silent_database_is_50001(self, world, caplog):
        with caplog.at_level(logging.CRITICAL):
            answer = asked(world, OperationalError("secret"))
        assert (answer.status_code, answer["Retry-After"]) == (503, "5")
        assert b'"code":50001' in answer.content

    def test_what_a_view_answers_is_wrapped_with_its_status(self, world):
        answer = asked(world, method="post")
        assert answer.status_code == 201
        assert b'"data":{"id":1}' in answer.content
