"""The admin, page by page: every registered model, for somebody who may and for somebody who may not."""

import re
import uuid

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse

from accounts.admin_base import ReadOnlyAdmin
from accounts.audit import Operation
from accounts.models import AuditEntry, Role, RolePermission, Tenant, User
from accounts.services import set_roles
from exportcenter import urls  # noqa: F401 - registers and unregisters what the product shows
from tests.accounts import rows
from tests.world import PASSWORD

MODELS = sorted(admin.site._registry, key=lambda model: model._meta.label)
READ_ONLY = [model for model in MODELS if isinstance(admin.site._registry[model], ReadOnlyAdmin)]
LABELS = {model: model._meta.label for model in MODELS}
OPERATOR_SEES = {"jobs.ExportJob", "jobs.ExportDefinition", "jobs.DefinitionVersion", "jobs.ImportJob"}
OPERATOR_SEES |= {"jobs.Webhook", "jobs.WebhookDelivery", "jobs.WebhookSecret"}
OPERATOR_SEES |= {label for label in LABELS.values() if label.startswith("records.")}
"""Lists that open; which rows are in them is another matter."""
SEALED = "accounts.AuditEntry"


def url(model, page: str, *args) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


def details(world, operation: Operation, resource: str) -> dict:
    with world.scope("admin"):
        entry = AuditEntry.objects.filter(operation=operation, resource=resource, username="admin").first()
        assert entry is not None, f"no entry {operation} {resource}"
        return entry.details


@pytest.fixture
def row(world):
    """row(model) → a row of the platform's."""

    def _row(model):
        with world.scope("admin"):
            return rows.one_of(model, world.user("admin"))

    return _row


class TestEveryModel:
    @pytest.mark.parametrize("model", MODELS, ids=LABELS.get)
    def test_admin_opens_every_page(self, sign_in, row, model):
        client, one = sign_in("admin"), row(model)
        registered = admin.site._registry[model]
        assert client.get(url(model, "changelist")).status_code == 200
        assert client.get(url(model, "changelist"), {"q": "x"}).status_code == 200
        assert client.get(url(model, "change", one.pk)).status_code == 200
        request = client.get(url(model, "changelist")).wsgi_request
        adding = 200 if registered.has_add_permission(request) else 403
        assert client.get(url(model, "add")).status_code == adding
        assert client.get(url(model, "history", one.pk)).status_code == 302

    @pytest.mark.parametrize("model", MODELS, ids=LABELS.get)
    def test_operator_opens_what_the_role_allows(self, sign_in, row, model):
        client, one = sign_in("operator"), row(model)
        seen = 200 if model._meta.label in OPERATOR_SEES else 403
        assert client.get(url(model, "changelist")).status_code == seen
        assert client.get(url(model, "add")).status_code == 403
        assert client.post(url(model, "add"), {}).status_code == 403
        assert client.post(url(model, "change", one.pk), {}).status_code == 403
        assert client.post(url(model, "delete", one.pk), {"post": "yes"}).status_code == 403
        if seen == 403:
            assert client.get(url(model, "change", one.pk)).status_code == 403
        with_row = model._base_manager if model._meta.app_label == "django_celery_beat" else None
        assert with_row is None or with_row.filter(pk=one.pk).exists()

    @pytest.mark.parametrize("model", READ_ONLY, ids=LABELS.get)
    def test_read_only_refuses_the_admin_too(self, sign_in, row, model, world):
        client, one = sign_in("admin"), row(model)
        for page, args in (("add", []), ("change", [one.pk]), ("delete", [one.pk])):
            assert client.post(url(model, page, *args), {"post": "yes"}).status_code == 403
        client.post(
            url(model, "changelist"), {"action": "delete_selected", "_selected_action": [one.pk], "post": "yes"}
        )
        with world.scope("admin"):
            assert model._default_manager.filter(pk=one.pk).exists()

    @pytest.mark.parametrize("model", MODELS, ids=LABELS.get)
    def test_search_by_the_pages_own_filters(self, sign_in, row, model):
        """Each filter offered on the list works."""
        client = sign_in("admin")
        changelist = client.get(url(model, "changelist")).context["cl"]
        for spec in changelist.filter_specs:
            for choice in list(spec.choices(changelist))[:4]:
                query = choice.get("query_string", "?")
                assert client.get(url(model, "changelist") + query).status_code == 200

    def test_models_of_other_libraries_are_hidden(self):
        assert Group not in admin.site._registry
        assert not [
            label for label in LABELS.values() if label.startswith(("auth.", "account.", "admin.", "sessions."))
        ]


class TestDoor:
    def test_strangers_are_sent_to_the_one_sign_in_page(self, world):
        client = Client()
        assert client.get("/admin/accounts/user/")["Location"] == "/admin/login/?next=/admin/accounts/user/"
        door = client.get("/admin/login/?next=/admin/accounts/user/")
        assert door["Location"] == "/accounts/login/?next=%2Fadmin%2Faccounts%2Fuser%2F"
        post = client.post("/admin/login/", {"username": "admin", "password": PASSWORD})
        assert post["Location"].startswith("/accounts/login/")

    @pytest.mark.parametrize("path", ["/admin/", "/admin/login/", "/admin/accounts/user/", "/admin/nonsense/"])
    def test_client_people_get_a_clear_refusal(self, sign_in, path):
        response = sign_in("acme_admin").get(path)
        assert response.status_code == 403
        page = response.content.decode()
        assert response["X-Request-ID"] in page
        assert "/accounts/me/" in page

    def test_staff_without_roles_see_no_model(self, sign_in):
        client = sign_in("nobody")
        assert client.get("/admin/").status_code == 200
        assert {client.get(url(model, "changelist")).status_code for model in MODELS} == {403}

    def test_sidebar_shows_what_may_be_opened(self, sign_in):
        def links(name: str) -> set[str]:
            page = sign_in(name).get("/admin/")
            return {item["link"] for group in page.context["sidebar_navigation"] for item in group["items"]}

        assert url(User, "changelist") in links("admin")
        assert url(User, "changelist") not in links("operator")
        assert links("nobody") == {"/admin/", "/api/docs/"}
        client = sign_in("admin")
        assert {client.get(link).status_code for link in links("admin")} == {200}

    def test_password_change_is_the_pages_own(self, sign_in):
        assert sign_in("admin").get("/admin/password_change/")["Location"] == "/accounts/password/change/"

    def test_other_tenants_are_out_of_sight(self, sign_in, world):
        client = sign_in("admin")
        page = client.get(url(User, "changelist"), {"q": "acme"}).content.decode()
        assert "acme_admin" not in page
        assert client.get(url(User, "change", world.users["acme_admin"][1])).status_code == 302
        assert client.get(url(Tenant, "change", world.tenants["acme"])).status_code == 302


class TestUsers:
    ADD = {
        "username": "Newcomer",
        "display_name": "新人",
        "email": "",
        "password1": "Frisches-Pferd-9",
        "password2": "Frisches-Pferd-9",
    }

    def change(self, client, world, name: str, **data):
        """Post the change form of a user with some fields changed."""
        with world.scope(name):
            user = world.user(name)
            form = {
                "username": user.username,
                "display_name": user.display_name,
                "regions": ",".join(user.regions),
                "email": user.email,
                "phone": "",
                "department": "",
                "language": user.language,
                "time_zone": user.time_zone,
                "is_active": "on",
                "held_roles": [str(role.pk) for role in user.roles.all()],
            }
        form |= data
        return client.post(
            url(User, "change", world.users[name][1]), {key: value for key, value in form.items() if value is not None}
        )

    def test_add_with_a_role(self, sign_in, world):
        client = sign_in("admin")
        with world.scope("admin"):
            role = Role.objects.get(key="finance")
        response = client.post(url(User, "add"), {**self.ADD, "held_roles": [str(role.pk)]})
        assert response.status_code == 302, response.context["adminform"].form.errors
        with world.scope("admin"):
            user = User.objects.get(username="newcomer")
            assert [held.key for held in user.roles.all()] == ["finance"]
            assert user.check_password(self.ADD["password1"])
        assert details(world, Operation.USER_CHANGE, f"user:{user.code}") == {"action": "add"}
        assert details(world, Operation.ROLE_CHANGE, f"user:{user.code}") == {"before": [], "after": ["finance"]}

    @pytest.mark.parametrize("taken", ["finance", "FINANCE", "acme_user"])
    def test_taken_names_are_refused_in_words(self, sign_in, world, taken):
        response = sign_in("admin").post(url(User, "add"), {**self.ADD, "username": taken})
        assert response.status_code == 200
        assert "username" in response.context["adminform"].form.errors

    def test_change_records_names_of_fields_not_values(self, sign_in, world):
        response = self.change(sign_in("admin"), world, "risk", phone="13800000000", time_zone="UTC")
        assert response.status_code == 302
        with world.scope("risk"):
            user = world.user("risk")
        assert (user.phone, user.time_zone) == ("13800000000", "UTC")
        noted = details(world, Operation.USER_CHANGE, f"user:{user.code}")
        assert noted == {"action": "change", "changed": ["phone", "time_zone"]}

    def test_roles_go_through_the_service(self, sign_in, world):
        with world.scope("risk"):
            before = world.user("risk")
            wanted = [str(role.pk) for role in Role.objects.filter(key__in=["risk", "operator"])]
        assert self.change(sign_in("admin"), world, "risk", held_roles=wanted).status_code == 302
        with world.scope("risk"):
            after = world.user("risk")
        assert after.authz_epoch > before.authz_epoch
        noted = details(world, Operation.ROLE_CHANGE, f"user:{after.code}")
        assert noted == {"before": ["risk"], "after": ["operator", "risk"]}

    def test_password_set_by_an_admin(self, sign_in, world):
        client = sign_in("admin")
        page = reverse("admin:auth_user_password_change", args=[world.users["risk"][1]])
        assert client.get(page).status_code == 200
        new = "Anderes-Pferd-5"
        data = {"password1": new, "password2": new, "usable_password": "true", "set-password": "1"}
        assert client.post(page, data).status_code == 302
        with world.scope("risk"):
            user = world.user("risk")
            assert user.check_password(new)
        assert "password" in details(world, Operation.USER_CHANGE, f"user:{user.code}")["changed"]

    def test_nobody_is_deleted(self, sign_in, world):
        client = sign_in("admin")
        assert client.post(url(User, "delete", world.users["risk"][1]), {"post": "yes"}).status_code == 403
        with world.scope("risk"):
            assert world.user("risk").username == "risk"

    def act(self, client, world, action: str, *names: str):
        chosen = [str(world.users[name][1]) for name in names]
        return client.post(url(User, "changelist"), {"action": action, "_selected_action": chosen})

    def test_deactivate_and_activate(self, sign_in, world):
        client, victim = sign_in("admin"), sign_in("risk")
        self.act(client, world, "deactivate", "risk")
        assert victim.get("/accounts/me/").status_code == 302
        self.act(client, world, "activate", "risk")
        with world.scope("risk"):
            assert world.user("risk").is_active
            mine = AuditEntry.objects.filter(operation=Operation.USER_CHANGE, username="admin").order_by("seq")
            assert [entry.details["is_active"] for entry in mine][-2:] == [False, True]

    def test_readers_see_and_change_nothing(self, sign_in, world):
        with world.scope("admin"):
            role = Role.objects.create(key="auditor", title="审计员")
            RolePermission.objects.create(role=role, permission_id="admin.accounts.view")
            set_roles(user=world.user("nobody"), roles=["auditor"], actor=None)
        client = sign_in("nobody")
        page = client.get(url(User, "change", world.users["finance"][1]))
        assert page.status_code == 200
        assert "财务" in page.content.decode() or "Finance" in page.content.decode()
        assert "/password/" not in page.content.decode().replace("/accounts/password/change/", "")
        assert client.get(reverse("admin:auth_user_password_change", args=[world.users["risk"][1]])).status_code == 403
        assert client.get(url(Role, "change", role.pk)).status_code == 200
        assert self.change(client, world, "risk", phone="1").status_code == 403
        self.act(client, world, "deactivate", "risk")
        with world.scope("risk"):
            assert (world.user("risk").is_active, world.user("risk").phone) == (True, "")

    def test_unlock(self, sign_in, world):
        client = sign_in("admin")
        for _attempt in range(5):
            Client().post("/accounts/login/", {"login": "risk", "password": "no"})
        self.act(client, world, "unlock", "risk")
        assert Client().post("/accounts/login/", {"login": "risk", "password": PASSWORD}).status_code == 302

    def test_nobody_locks_everybody_out(self, sign_in, world):
        client = sign_in("admin")
        self.act(client, world, "deactivate", "admin")
        self.change(client, world, "admin", is_active=None)
        self.change(client, world, "admin", held_roles=[])
        with world.scope("admin"):
            admin_user = world.user("admin")
            assert admin_user.is_active
            assert admin_user.has_perm("accounts.change_user")


class TestRoles:
    def post(self, client, world, key: str, granted: list[str]):
        with world.scope("admin"):
            role = Role.objects.get(key=key)
        return client.post(url(Role, "change", role.pk), {"title": role.title, "granted": granted})

    def held(self, world, key: str) -> set[str]:
        with world.scope("admin"):
            return set(RolePermission.objects.filter(role__key=key).values_list("permission_id", flat=True))

    def test_edit_changes_rows_bumps_the_epoch_and_is_recorded(self, sign_in, world):
        before = self.held(world, "finance")
        with world.scope("finance"):
            epoch = world.user("finance").authz_epoch
        wanted = (before - {"export.class.amount"}) | {"jobs.manage"}
        assert self.post(sign_in("admin"), world, "finance", sorted(wanted)).status_code == 302
        assert self.held(world, "finance") == wanted
        with world.scope("finance"):
            user = world.user("finance")
            assert user.authz_epoch > epoch
            assert "export.class.amount" not in user.permissions
        noted = details(world, Operation.ROLE_CHANGE, "role:finance")
        assert noted == {"granted": ["jobs.manage"], "withdrawn": ["export.class.amount"]}

    def test_save_without_change_leaves_no_trace(self, sign_in, world):
        with world.scope("admin"):
            before = AuditEntry.objects.filter(operation=Operation.ROLE_CHANGE).count()
            epoch = world.user("finance").authz_epoch
        self.post(sign_in("admin"), world, "finance", sorted(self.held(world, "finance")))
        with world.scope("admin"):
            assert AuditEntry.objects.filter(operation=Operation.ROLE_CHANGE).count() == before
            assert world.user("finance").authz_epoch == epoch

    def test_unknown_permission_is_refused(self, sign_in, world):
        before = self.held(world, "finance")
        assert self.post(sign_in("admin"), world, "finance", ["everything"]).status_code == 200
        assert self.held(world, "finance") == before

    def test_last_right_to_give_rights_stays(self, sign_in, world):
        before = self.held(world, "admin")
        self.post(sign_in("admin"), world, "admin", sorted(before - {"admin.accounts.change"}))
        assert self.held(world, "admin") == before

    def test_add_and_delete_an_own_role(self, sign_in, world):
        client = sign_in("admin")
        client.post(url(Role, "add"), {"key": "auditor", "title": "审计员", "granted": ["admin.accounts.view"]})
        assert self.held(world, "auditor") == {"admin.accounts.view"}
        assert client.post(url(Role, "add"), {"key": "auditor", "title": "again"}).status_code == 200
        with world.scope("admin"):
            role = Role.objects.get(key="auditor")
        assert client.post(url(Role, "delete", role.pk), {"post": "yes"}).status_code == 302
        with world.scope("admin"):
            assert not Role.objects.filter(key="auditor").exists()
        assert details(world, Operation.ROLE_CHANGE, "role:auditor")["action"] == "delete"

    def test_built_in_and_held_roles_stay(self, sign_in, world):
        client = sign_in("admin")
        with world.scope("admin"):
            ids = list(Role.objects.values_list("pk", flat=True))
        assert {client.post(url(Role, "delete", pk), {"post": "yes"}).status_code for pk in ids} == {403}

    def test_operator_cannot_grant(self, sign_in, world):
        before = self.held(world, "operator")
        assert self.post(sign_in("operator"), world, "operator", ["admin.accounts.change"]).status_code == 403
        assert self.held(world, "operator") == before


class TestErrorPages:
    def test_not_found(self, world):
        response = Client().get("/nowhere/")
        assert response.status_code == 404
        assert response["X-Request-ID"] in response.content.decode()

    def test_not_found_speaks_json_under_api(self, world):
        response = Client().get("/api/v1/nowhere")
        assert response.status_code == 404
        assert response.json()["request_id"] == response["X-Request-ID"]

    def test_fault_page_needs_no_database(self, rf, django_db_blocker):
        from exportcenter.error_pages import server_error

        with django_db_blocker.block():
            response = server_error(rf.get("/x/"))
        assert response.status_code == 500
        assert b"<h1>" in response.content

    def test_pages_load_nothing_from_elsewhere(self, world):
        for path in ("/accounts/login/", "/nowhere/"):
            page = Client().get(path).content.decode()
            assert "//" not in page.replace("</", "").replace("http://www.w3.org", "")
            assert "style=" not in page
            assert re.findall("<script[^>]*>", page) == ['<script src="/static/js/offline.js" defer>']

    def test_no_row_of_a_stranger_is_named(self, sign_in):
        assert sign_in("admin").get(url(User, "change", uuid.uuid4())).status_code == 302
