"""Signing in: by page and by token, and everybody who must be kept out."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import jwt
import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts.audit import Operation
from accounts.models import AuditEntry, RolePermission, Tenant, User
from accounts.services import set_active, set_roles
from accounts.signin import lockout
from tests.world import PASSWORD

LOGIN = "/accounts/login/"
REFUSED = "or the account is locked"
ENGLISH = {"HTTP_ACCEPT_LANGUAGE": "en"}


def post_login(name: str, password: str = PASSWORD, client: Client | None = None, **data: str):
    return (client or Client()).post(LOGIN, {"login": name, "password": password, **data}, **ENGLISH)


def bearer(token: str) -> dict[str, str]:
    return {"HTTP_AUTHORIZATION": f"Bearer {token}"}


class TestPage:
    def test_staff_land_in_the_admin(self, world):
        response = post_login("finance")
        assert (response.status_code, response["Location"]) == (302, "/admin/")

    def test_client_people_land_on_their_own_page(self, world):
        client = Client()
        response = post_login("acme_user", client=client)
        assert (response.status_code, response["Location"]) == (302, "/accounts/me/")
        page = client.get("/accounts/me/")
        assert page.status_code == 200
        assert "acme 有限公司" in page.content.decode()

    def test_next_is_kept(self, world):
        response = post_login("admin", next="/admin/accounts/user/?q=x")
        assert response["Location"] == "/admin/accounts/user/?q=x"

    @pytest.mark.parametrize(
        "target",
        ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)", "https:///evil.example"],
    )
    def test_open_redirect_is_refused(self, world, target):
        assert post_login("admin", next=target)["Location"] == "/admin/"
        page = Client().get(LOGIN, {"next": target})
        assert page.status_code == 200

    @pytest.mark.parametrize(
        ("name", "password"),
        [("admin", "Wrong-Password-1"), ("stranger", PASSWORD), ("admin\0", PASSWORD), ("admin", " ")],
    )
    def test_wrong_name_and_wrong_password_read_alike(self, world, name, password):
        response = post_login(name, password)
        assert response.status_code == 200
        page = response.content.decode()
        assert 'role="alert"' in page
        assert REFUSED in page or "Enter your sign-in name" in page
        assert "for 30 minutes" in page
        assert "sessionid" not in response.cookies

    def test_sign_in_and_out_are_recorded(self, world, sign_in):
        client = sign_in("risk")
        client.post("/accounts/logout/")
        with world.scope("risk"):
            mine = AuditEntry.objects.filter(username="risk").order_by("seq").values_list("operation", flat=True)
            assert list(mine)[-2:] == [Operation.SIGN_IN, Operation.SIGN_OUT]

    def test_get_does_not_sign_out(self, sign_in):
        client = sign_in("risk")
        assert client.get("/accounts/logout/").status_code == 200
        assert client.get("/accounts/me/").status_code == 200

    @pytest.mark.parametrize("path", ["/accounts/signup/", "/accounts/password/reset/", "/accounts/email/"])
    def test_there_is_no_signup(self, world, path):
        assert Client().get(path).status_code == 404
        assert Client().post(path, {"username": "x"}).status_code == 404

    def test_home_leads_to_the_right_place(self, world, sign_in):
        assert Client().get("/")["Location"] == "/accounts/login/?next=/"
        assert sign_in("admin").get("/")["Location"] == "/admin/"
        assert sign_in("acme_user").get("/")["Location"] == "/accounts/me/"

    def test_form_without_token_is_refused_in_words(self, world):
        response = Client(enforce_csrf_checks=True).post(LOGIN, {"login": "admin", "password": PASSWORD})
        assert response.status_code == 403
        assert response["X-Request-ID"] in response.content.decode()


class TestLock:
    def test_five_failures_lock_for_thirty_minutes(self, world):
        for _attempt in range(lockout.ATTEMPTS):
            post_login("finance", "Wrong-Password-1")
        response = post_login("finance")
        assert response.status_code == 200
        assert REFUSED in response.content.decode()
        with world.scope("finance"):
            left = world.user("finance").locked_until - timezone.now()
            assert timedelta(minutes=29) < left <= timedelta(minutes=30)
            assert AuditEntry.objects.filter(operation=Operation.SIGN_IN_LOCKED, username="finance").count() == 1

    def test_lock_ends_by_itself(self, world):
        with world.scope("finance"):
            past = timezone.now() - timedelta(seconds=1)
            User.objects.filter(username="finance").update(failed_logins=5, locked_until=past)
        assert post_login("finance").status_code == 302
        with world.scope("finance"):
            assert world.user("finance").failed_logins == 0

    def test_a_right_password_starts_the_count_anew(self, world):
        for _round in range(2):
            for _attempt in range(lockout.ATTEMPTS - 1):
                post_login("finance", "Wrong-Password-1")
            assert post_login("finance").status_code == 302

    def test_spellings_share_one_lock(self, world):
        for name in ("finance", "FINANCE", "Finance ", "ｆｉｎａｎｃｅ", "ﬁnance"):
            post_login(name, "Wrong-Password-1")
        assert post_login("finance").status_code == 200

    def test_tokens_share_the_lock(self, world):
        for _attempt in range(lockout.ATTEMPTS):
            Client().post("/api/v1/auth/token", {"username": "finance", "password": "no"}, "application/json")
        assert post_login("finance").status_code == 200

    def test_reauthentication_shares_the_lock(self, world, sign_in):
        client = sign_in("finance")
        for _attempt in range(lockout.ATTEMPTS):
            assert client.post("/accounts/reauthenticate/", {"password": "no"}).status_code == 200
        assert client.post("/accounts/reauthenticate/", {"password": PASSWORD}).status_code == 200
        assert post_login("finance").status_code == 200

    def test_parallel_guesses_get_five_hashes(self, live, superuser):
        def guess(_number: int) -> int:
            try:
                return post_login("operator2", "Wrong-Password-1").status_code
            finally:
                connection.close()

        before = self._refusals(live)
        try:
            with ThreadPoolExecutor(6) as pool:
                assert set(pool.map(guess, range(12))) == {200}
            checked, locked = (after - first for after, first in zip(self._refusals(live), before, strict=True))
            assert (checked, locked) == (lockout.ATTEMPTS, 12 - lockout.ATTEMPTS)
            assert post_login("operator2").status_code == 200
        finally:
            superuser.execute(
                "UPDATE accounts_user SET failed_logins = 0, locked_until = NULL WHERE username = 'operator2'"
            )

    @staticmethod
    def _refusals(world) -> tuple[int, int]:
        with world.scope("operator2"):
            mine = AuditEntry.objects.filter(username="operator2", result="refused")
            return (
                mine.filter(operation=Operation.SIGN_IN).count(),
                mine.filter(operation=Operation.SIGN_IN_LOCKED).count(),
            )


class TestAccountsThatAreOff:
    def test_inactive_user_cannot_enter(self, world):
        with world.scope("risk"):
            User.objects.filter(username="risk").update(is_active=False)
        assert post_login("risk").status_code == 200

    def test_people_of_an_inactive_tenant_cannot_enter(self, world):
        with world.scope("acme"):
            Tenant.objects.update(is_active=False)
        assert post_login("acme_admin").status_code == 200

    def test_session_ends_with_the_user(self, world, sign_in):
        client = sign_in("risk")
        with world.scope("admin"):
            set_active(users=[world.user("risk")], active=False, actor=world.user("admin"))
        assert client.get("/accounts/me/")["Location"].startswith(LOGIN)

    def test_session_ends_with_the_tenant(self, world, sign_in):
        client = sign_in("acme_admin")
        with world.scope("acme"):
            Tenant.objects.update(is_active=False)
        assert client.get("/accounts/me/")["Location"].startswith(LOGIN)

    def test_password_change_ends_other_sessions(self, world, sign_in):
        here, elsewhere = sign_in("risk"), sign_in("risk")
        new = {"oldpassword": PASSWORD, "password1": "Neues-Pferd-8", "password2": "Neues-Pferd-8"}
        assert here.post("/accounts/password/change/", new)["Location"] == "/accounts/me/"
        assert here.get("/accounts/me/").status_code == 200
        assert elsewhere.get("/accounts/me/").status_code == 302
        with world.scope("risk"):
            entry = AuditEntry.objects.get(operation=Operation.USER_CHANGE, username="risk")
            assert entry.details == {"changed": ["password"]}

    @pytest.mark.parametrize("weak", ["Kurz-1", "ohnegross-77", "OHNEKLEIN-77", "Ohne-Ziffer", "OhneZeichen77"])
    def test_weak_passwords_are_refused(self, sign_in, weak):
        client = sign_in("risk")
        data = {"oldpassword": PASSWORD, "password1": weak, "password2": weak}
        assert client.post("/accounts/password/change/", data).status_code == 200
        assert post_login("risk").status_code == 302


class TestPreferences:
    def test_language_and_zone_are_saved(self, world, sign_in):
        client = sign_in("acme_user")
        client.post("/accounts/me/", {"language": "en", "time_zone": "Europe/Berlin"})
        with world.scope("acme_user"):
            user = world.user("acme_user")
            assert (user.language, user.time_zone) == ("en", "Europe/Berlin")
        assert "Your preferences are saved." in client.get("/accounts/me/").content.decode()

    @pytest.mark.parametrize("wrong", [{"language": "tlh"}, {"time_zone": "Mars/Olympus"}, {"time_zone": "../etc"}])
    def test_nonsense_is_refused(self, world, sign_in, wrong):
        client = sign_in("acme_user")
        response = client.post("/accounts/me/", {"language": "en", "time_zone": "Europe/Berlin", **wrong})
        assert response.status_code == 200
        with world.scope("acme_user"):
            assert world.user("acme_user").language == "zh-hans"

    def test_switch_works_before_and_after_sign_in(self, world, sign_in):
        stranger = Client()
        stranger.post("/i18n/setlang/", {"language": "en", "next": LOGIN})
        assert "Sign in" in stranger.get(LOGIN).content.decode()
        client = sign_in("acme_user")
        client.post("/i18n/setlang/", {"language": "en", "next": "/accounts/me/"})
        assert "Preferences" in client.get("/accounts/me/").content.decode()

    def test_switch_does_not_lead_away(self, world):
        response = Client().post("/i18n/setlang/", {"language": "en", "next": "https://evil.example/"})
        assert response["Location"] == "/"


@pytest.mark.urls("tests.accounts.whoami_urls")
class TestToken:
    @pytest.fixture
    def tokens(self, world):
        response = Client().post(
            "/api/v1/auth/token", {"username": "finance", "password": PASSWORD}, "application/json"
        )
        assert response.status_code == 200
        return response.json()

    def whoami(self, token: str):
        return Client().get("/api/v1/whoami", **bearer(token))

    def forged(self, token: str, *, key: str | None = None, algorithm: str = "HS256", **claims: object) -> str:
        payload = jwt.decode(token, options={"verify_signature": False}) | claims
        return jwt.encode(payload, settings.SECRET_KEY if key is None else key, algorithm=algorithm)

    def test_obtain_and_use(self, tokens):
        assert self.whoami(tokens["access"]).json() == {"username": "finance"}

    def test_a_forgery_with_true_claims_and_key_is_accepted(self, tokens):
        """So that the refusals below are refusals of what they say."""
        assert self.whoami(self.forged(tokens["access"])).status_code == 200

    def test_refresh(self, tokens):
        response = Client().post("/api/v1/auth/token/refresh", {"refresh": tokens["refresh"]}, "application/json")
        assert self.whoami(response.json()["access"]).status_code == 200

    def test_refresh_token_is_no_access_token(self, tokens):
        assert self.whoami(tokens["refresh"]).status_code == 401
        response = Client().post("/api/v1/auth/token/refresh", {"refresh": tokens["access"]}, "application/json")
        assert response.status_code == 401

    def test_wrong_password(self, world):
        response = Client().post("/api/v1/auth/token", {"username": "finance", "password": "no"}, "application/json")
        assert response.status_code == 401

    @pytest.mark.parametrize(
        "claims",
        [
            {"exp": 1},
            {"aud": "somebody-else"},
            {"iss": "somebody-else"},
            {"epoch": 0},
            {"epoch": "x"},
            {"tenant": "nonsense"},
            {"tenant": None},
            {"sub": "00000000-0000-0000-0000-000000000000"},
        ],
    )
    def test_wrong_claims(self, tokens, claims):
        assert self.whoami(self.forged(tokens["access"], **claims)).status_code == 401

    def test_tenant_of_somebody_else(self, tokens, world):
        token = self.forged(tokens["access"], tenant=str(world.tenants["acme"]))
        assert self.whoami(token).status_code == 401

    def test_tampered(self, tokens):
        head, body, signature = tokens["access"].split(".")
        assert self.whoami(f"{head}.{body[:-2]}AA.{signature}").status_code == 401
        assert self.whoami(self.forged(tokens["access"], key="another key of sufficient length")).status_code == 401

    def test_without_signature(self, tokens):
        assert self.whoami(self.forged(tokens["access"], key="", algorithm="none")).status_code == 401

    @pytest.mark.parametrize("token", ["", "x", "a.b.c", "é"])
    def test_nonsense(self, world, token):
        assert self.whoami(token).status_code == 401

    def test_disabled_user(self, tokens, world):
        with world.scope("finance"):
            User.objects.filter(username="finance").update(is_active=False)
        self._dead(tokens)

    def test_disabled_tenant(self, tokens, world):
        with world.scope("finance"):
            Tenant.objects.update(is_active=False)
        self._dead(tokens)

    def test_changed_roles(self, tokens, world):
        with world.scope("finance"):
            set_roles(user=world.user("finance"), roles=["finance", "risk"], actor=None)
        self._dead(tokens)

    def test_changed_permissions_of_a_role(self, tokens, world):
        with world.scope("finance"):
            RolePermission.objects.filter(role__key="finance", permission_id="export.class.amount").delete()
        self._dead(tokens)

    def _dead(self, tokens) -> None:
        assert self.whoami(tokens["access"]).status_code == 401
        response = Client().post("/api/v1/auth/token/refresh", {"refresh": tokens["refresh"]}, "application/json")
        assert response.status_code == 401
