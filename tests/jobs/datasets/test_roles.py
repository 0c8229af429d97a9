"""The roles of a company: who sees which, and what is said of them."""

from datetime import timedelta

import pytest
from django.utils import timezone, translation

from accounts import services
from accounts.models import Role, Tenant, User
from exportcenter.common.errors import InvalidParameters
from tests.jobs.datasets.cells import SHANGHAI, export

BUILT_IN = ["admin", "finance", "operator", "risk"]


@pytest.fixture
def platform(world):
    with world.scope("platform"):
        yield world


def keys(world, name="admin", **params):
    return [row[0] for row in export("roles", world.user(name), ["key"], **params)]


def test_each_sees_what_the_list_of_users_shows_him(platform):
    assert keys(platform) == BUILT_IN
    assert keys(platform, "operator") == ["operator"]
    assert keys(platform, "nobody") == []
    services.set_roles(user=platform.user("finance"), roles=["finance", "risk"], actor=None)
    assert keys(platform, "finance") == ["finance", "risk"]
    assert keys(platform, "finance", keyword="admin") == []


def test_client_companies_see_their_own(world):
    with world.scope("acme_admin"):
        assert keys(world, "acme_admin") == ["client_admin", "client_manager", "client_user"]
        assert keys(world, "acme_manager") == ["client_manager"]
        assert keys(world, "acme_admin", built_in=False) == []


def test_titles_are_translated_unless_somebody_wrote_them(platform):
    Role.objects.create(key="auditor", title="审计组 Audit")
    with translation.override("zh-hans"):
        chinese = dict(export("roles", platform.user("admin"), ["key", "title"]))
    with translation.override("en"):
        english = dict(export("roles", platform.user("admin"), ["key", "title"]))
    assert (english["finance"], english["auditor"]) == ("Finance", "审计组 Audit")
    assert (chinese["finance"], chinese["auditor"]) == ("财务", "审计组 Audit")


def test_numbers_do_not_multiply_each_other(platform):
    role = Role.objects.create(key="auditor", title="Audit")
    services.set_permissions(role=role, codes=["jobs.see.all", "admin.jobs.view", "data.all_regions"], actor=None)
    for name in ("operator", "operator2"):
        services.set_roles(user=platform.user(name), roles=["operator", "auditor"], actor=None)
    User.objects.filter(username="operator2").update(is_active=False)
    columns = ["users", "active_users", "permission_count", "permissions", "built_in"]
    assert export("roles", platform.user("admin"), columns, keyword="auditor") == [
        ("2", "1", "3", "admin.jobs.view、data.all_regions、jobs.see.all", "false")
    ]
    Role.objects.create(key="empty", title="Empty")
    assert export("roles", platform.user("admin"), columns, keyword="empty") == [("0", "0", "0", None, "false")]
    assert export("users", platform.user("admin"), ["role_keys"], keyword="operator2") == [("auditor、operator",)]


def test_the_last_change_is_that_of_the_audit_trail(platform):
    Tenant.objects.update(created_at=timezone.now() - timedelta(days=30))
    today = timezone.now().astimezone(SHANGHAI).date()
    assert keys(platform, start=today.isoformat()) == []
    services.set_permissions(role=Role.objects.get(key="risk"), codes=["jobs.see.all"], actor=None)
    # Giving the role to somebody changes the person, not the role.
    services.set_roles(user=platform.user("nobody"), roles=["operator"], actor=None)
    assert keys(platform, start=(today - timedelta(days=1)).isoformat()) == ["risk"]
    assert keys(platform, end=(today - timedelta(days=2)).isoformat()) == ["admin", "finance", "operator"]


def test_role_filters(platform):
    Role.objects.create(key="auditor", title="Audit")
    assert keys(platform, built_in=True) == BUILT_IN
    assert keys(platform, built_in=False) == ["auditor"]
    assert keys(platform, held=False) == ["auditor"]
    assert keys(platform, held=True) == BUILT_IN
    assert keys(platform, permission="data.contact") == ["admin", "risk"]
    assert keys(platform, permission="' OR ''='") == []
    assert keys(platform, keyword="fin") == ["finance"]


@pytest.mark.parametrize("params", [{"built_in": "both"}, {"held": [True]}, {"permission": {"a": 1}}, {"title": "x"}])
def test_wrong_values_are_refused_by_name(platform, params):
    with pytest.raises(InvalidParameters) as refused:
        export("roles", platform.user("admin"), **params)
    assert list(refused.value.details) == list(params)
