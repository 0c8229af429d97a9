"""API tokens: who gets in by one, as whom, and everybody who must be kept out."""

import hashlib
import re
from datetime import timedelta

import psycopg
import pytest
from django.contrib.auth.hashers import make_password
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.utils import timezone

from accounts import tenancy, tokens
from accounts.models import AccessToken, AuditEntry, Tenant, User
from accounts.models.token import Reason, State
from accounts.services import set_active, set_roles
from accounts.signin import token_text
from accounts.signin import tokens as signin
from exportcenter.common.errors import InvalidParameters, NotFound, StateConflict
from tests.accounts.token_helpers import EVERYTHING, bearer, get, give, outdated, row_of
from tests.exports_helpers import API, Exports, post, signed_in
from tests.world import PASSWORD

MINE = "/api/v1/me/tokens"
REFUSED = {"code": "NOT_AUTHENTICATED", "message": "The token is not valid, or not any more."}


def refused(response) -> bool:
    """401 in the words that every reason has."""
    body = response.json()
    same = {name: body[name] for name in REFUSED} == REFUSED and body["details"] == {}
    return response.status_code == 401 and response["WWW-Authenticate"] == 'Bearer realm="api"' and same


class TestText:
    def test_scanners_can_find_it(self):
        text = token_text.new_text().text
        assert re.fullmatch(r"ec_[0-9A-Za-z]{12}_[0-9A-Za-z]{49}", text)

    def test_it_is_read_back(self):
        made = token_text.new_text()
        assert token_text.read_text(made.text) == made
        assert made.proves(hashlib.sha256(made.secret.encode()).digest())

    def test_any_single_wrong_character_is_refused_without_a_query(self, db, django_assert_num_queries):
        text = token_text.new_text().text
        with django_assert_num_queries(0):
            for place in range(len(text)):
                other = "x" if text[place] != "x" else "y"
                assert token_text.read_text(text[:place] + other + text[place + 1 :]) is None

    @pytest.mark.parametrize("wrong", ["", "ec_", "ec__", "ec_é", "ec_" + "1" * 12 + "_" + "１" * 49, "EC_"])
    def test_nonsense_is_refused(self, wrong):
        assert token_text.read_text(wrong) is None
        assert token_text.read_text(token_text.new_text().text + "\n") is None

    def test_its_repr_does_not_tell_the_secret(self):
        made = token_text.new_text()
        assert made.secret not in repr(made)
        assert made.public_id in repr(made)

    def test_two_hundred_differ(self):
        assert len({token_text.new_text() for _number in range(200)}) == 200

    def test_secrets_are_compared_in_constant_time(self, monkeypatch):
        compared = []
        real = token_text.hmac.compare_digest
        monkeypatch.setattr(token_text.hmac, "compare_digest", lambda *two: compared.append(two) or real(*two))
        made = token_text.new_text()
        assert made.proves(made.secret_hash)
        assert not made.proves(b"\0" * 32)
        assert compared == [(made.secret_hash, made.secret_hash), (made.secret_hash, b"\0" * 32)]


class TestUse:
    def test_it_speaks_for_its_owner(self, world):
        response = get(give(world, "finance"), "/api/v1/me/preferences/exports")
        assert response.status_code == 200

    @pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
    def test_the_scheme_is_not_case_sensitive(self, world, scheme):
        text = give(world, "finance")
        assert Client().get(API, HTTP_AUTHORIZATION=f"{scheme} {text}").status_code == 200

    def test_a_new_export_belongs_to_the_owner(self, world):
        response = post(Client(), API, {"type": "members"}, HTTP_AUTHORIZATION=f"Bearer {give(world, 'operator')}")
        assert response.status_code == 201
        with world.scope("operator"):
            assert response.json()["created_by"] == world.user("operator").code

    def test_no_csrf_token_is_asked_for(self, world):
        client = Client(enforce_csrf_checks=True)
        body = {"type": "members"}
        assert client.post(API, body, "application/json", **bearer(give(world, "operator"))).status_code == 201

    def test_other_bearers_are_left_to_the_others(self, world):
        answer = Client().post("/api/v1/auth/token", {"username": "finance", "password": PASSWORD}, "application/json")
        assert get(answer.json()["access"]).status_code == 200
        assert get("ed_x").status_code == 401


class TestRefusals:
    def test_expired(self, world):
        assert refused(get(outdated(world, "finance")))

    def test_revoked(self, world):
        text = give(world, "finance")
        with world.scope("finance"):
            assert tokens.revoke_tokens(tokens=AccessToken.objects.all(), actor=world.user("finance")) == 1
        assert refused(get(text))
        assert row_of(world, "finance", text).state == State.REVOKED

    def test_disabled_owner(self, world):
        text = give(world, "risk")
        with world.scope("admin"):
            set_active(users=[world.user("risk")], active=False, actor=world.user("admin"))
        assert refused(get(text))

    def test_disabled_company(self, world):
        text = give(world, "acme_admin")
        with world.scope("acme"):
            Tenant.objects.update(is_active=False)
        assert refused(get(text))

    def test_right_name_wrong_secret(self, world):
        public_id = give(world, "finance").split("_")[1]
        forged = token_text.TokenText(public_id, token_text.new_text().secret)
        assert token_text.read_text(forged.text) == forged
        assert refused(get(forged.text))

    def test_unknown(self, world):
        assert refused(get(token_text.new_text().text))

    @pytest.mark.parametrize("spoil", ["{}x", "{} ", "{}\t{}", "ec_{}", "{} extra"])
    def test_malformed(self, world, spoil):
        text = give(world, "finance")
        response = get(spoil.format(text, text))
        assert refused(response) if spoil != "{} " else response.status_code == 200  # blanks end no header

    @pytest.mark.parametrize("wrong", ["ec_", "ec_x", "ec_é", "ec_" + "a" * 5000, "ec_\0"])
    def test_nonsense(self, world, wrong):
        assert refused(get(wrong))

    def test_of_another_company_than_the_session(self, world):
        client = signed_in(world, "acme_admin")
        assert refused(client.get(API, **bearer(give(world, "finance"))))

    def test_beside_a_session_of_the_same_company_the_token_counts(self, world):
        client = signed_in(world, "admin")
        exports = Exports(world)
        exports.make("finance")
        told = client.get(API, **bearer(give(world, "nobody"))).json()
        assert told["total"] == 0
        assert client.get(API).json()["total"] == 1
        exports.close()

    def test_a_refusal_leaves_no_company_in_charge(self, world, superuser):
        """What is refused was asked within a savepoint: nothing of the token's company is seen afterwards."""
        with world.scope("finance"):
            row = AccessToken.objects.count()
        assert row == 0
        public_id = give(world, "finance").split("_")[1]
        forged = token_text.TokenText(public_id, token_text.new_text().secret)
        with tenancy.tenant_scope(None):
            assert signin._admitted(forged) is None
            assert tenancy.current() is None
            with connection.cursor() as cursor:
                cursor.execute("SELECT current_setting('app.tenant_id', true), current_user")
                assert cursor.fetchone() == ("", "exportcenter_app")


class TestDoorsThatStayShut:
    def test_the_admin_and_other_pages(self, world):
        text = give(world, "admin")
        for path in ("/admin/", "/admin/exports/", "/admin/accounts/user/", "/accounts/me/", "/accounts/tokens/"):
            response = get(text, path)
            assert (response.status_code, response["Location"].split("?")[0].rstrip("/").split("/")[-1]) == (
                302,
                "login",
            )

    def test_managing_tokens(self, world):
        text = give(world, "admin")
        key = row_of(world, "admin", text).pk
        body = {"name": "more", "scopes": ["exports:read"]}
        answers = [
            get(text, MINE),
            Client().post(MINE, body, "application/json", **bearer(text)),
            Client().delete(f"{MINE}/{key}", **bearer(text)),
        ]
        for answer in answers:
            assert (answer.status_code, answer.json()["code"]) == (403, "FORBIDDEN")
            assert answer["WWW-Authenticate"] == 'Bearer realm="api", error="insufficient_scope"'
            assert answer.json()["message"] == "API tokens are not accepted here."
        with world.scope("admin"):
            assert AccessToken.objects.alive().count() == 1

    def test_signing_in(self, world):
        """It is no password, no refresh token, and opens no session."""
        text = give(world, "finance")
        client = Client()
        assert client.get(API, **bearer(text)).status_code == 200
        assert "sessionid" not in client.cookies
        assert client.get(API).status_code == 401
        for path, body in (
            ("token", {"username": "finance", "password": text}),
            ("token/refresh", {"refresh": text}),
            ("token", {}),
        ):
            answer = Client().post(f"/api/v1/auth/{path}", body, "application/json", **bearer(text))
            assert answer.status_code in (400, 401)


class TestRights:
    """What a token may: what its owner may at that moment, and of that what its scopes name."""

    def test_not_more_than_the_owner(self, world):
        client = Client()
        text = give(world, "operator")
        assert client.get(f"{API}/usage", **bearer(text)).status_code == 403
        answer = client.post(f"{API}/batch_delete_expired", {}, "application/json", **bearer(text))
        assert answer.json()["message"] == "Only an admin may delete expired exports."
        assert "WWW-Authenticate" not in answer

    def test_not_more_than_its_scopes(self, world):
        answer = get(give(world, "admin", "exports:write", "definitions:read"))
        assert answer.status_code == 403
        assert answer.json()["code"] == "FORBIDDEN"
        assert "“exports:read”" in answer.json()["message"]
        assert answer["WWW-Authenticate"] == 'Bearer realm="api", error="insufficient_scope", scope="exports:read"'

    def test_rights_are_those_of_the_moment(self, world):
        exports = Exports(world)
        exports.make("risk", "risk_hits")
        text = give(world, "operator")
        assert get(text).json()["total"] == 0
        with world.scope("operator"):
            set_roles(user=world.user("operator"), roles=["admin"], actor=None)
        assert get(text).json()["total"] == 1
        with world.scope("operator"):
            set_roles(user=world.user("operator"), roles=[], actor=None)
        assert get(text).json()["total"] == 0
        exports.close()

    def test_nothing_of_another_company(self, world):
        exports = Exports(world)
        job = exports.make("globex_admin", "members")
        text = give(world, "acme_admin")
        assert get(text).json()["total"] == 0
        assert get(text, f"{API}/{job.job_no}").status_code == 404
        exports.close()


class TestMaking:
    @pytest.fixture
    def client(self, world):
        return signed_in(world, "operator")

    def test_the_text_is_told_once(self, world, client):
        made = post(client, MINE, {"name": " 夜间任务 ", "scopes": ["exports:write", "exports:read"]})
        assert made.status_code == 201
        assert made["Cache-Control"] == "private, no-store"
        body = made.json()
        text = body.pop("token")
        assert body["name"] == "夜间任务"
        assert body["scopes"] == ["exports:read", "exports:write"]
        assert (body["state"], body["last_used_at"], body["revoked_for"]) == ("active", None, None)
        assert text.startswith(body["prefix"] + "_")
        listed = client.get(MINE).json()
        assert listed["items"] == [body]
        assert get(text).status_code == 200

    def test_ninety_days_unless_one_says_otherwise(self, world, client):
        for days, more in ((90, {}), (1, {"expires_in_days": 1}), (366, {"expires_in_days": 366})):
            post(client, MINE, {"name": "x", "scopes": ["events:read"], **more})
            with world.scope("operator"):
                left = AccessToken.objects.first().expires_at - timezone.now()
            assert abs(left - timedelta(days=days)) < timedelta(minutes=1)

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("name", ""),
            ("name", "  "),
            ("name", "x" * 61),
            ("name", "a\u200bb"),
            ("name", "a\nb"),
            ("name", 7),
            ("scopes", []),
            ("scopes", None),
            ("scopes", "exports:read"),
            ("scopes", ["exports:admin"]),
            ("scopes", ["exports:read", "exports:read"]),
            ("scopes", [["exports:read"]]),
            ("scopes", [None]),
            ("expires_in_days", 0),
            ("expires_in_days", 367),
            ("expires_in_days", -1),
            ("expires_in_days", 10**30),
            ("expires_in_days", True),
            ("expires_in_days", "90"),
            ("expires_in_days", 1.5),
            ("expires_at", "2030-01-01"),
            ("owner", "admin"),
        ],
    )
    def test_what_is_wrong_is_named(self, world, client, field, value):
        answer = post(client, MINE, {"name": "x", "scopes": ["exports:read"]} | {field: value})
        assert (answer.status_code, list(answer.json()["details"])) == (400, [field])
        with world.scope("operator"):
            assert AccessToken.objects.count() == 0

    @pytest.mark.parametrize("missing", ["name", "scopes"])
    def test_what_is_missing_is_named(self, client, missing):
        body = {"name": "x", "scopes": ["exports:read"]}
        del body[missing]
        assert list(post(client, MINE, body).json()["details"]) == [missing]

    def test_fifty_at_most(self, world, monkeypatch):
        monkeypatch.setattr(tokens, "MOST_TOKENS", 2)
        client = signed_in(world, "operator")
        outdated(world, "operator")
        answers = [post(client, MINE, {"name": "x", "scopes": ["exports:read"]}) for _number in range(3)]
        assert [answer.status_code for answer in answers] == [201, 201, 409]
        key = answers[0].json()["id"]
        assert client.delete(f"{MINE}/{key}").status_code == 200
        assert post(client, MINE, {"name": "x", "scopes": ["exports:read"]}).status_code == 201

    def test_jwt_may_make_them_too(self, world):
        answer = Client().post("/api/v1/auth/token", {"username": "risk", "password": PASSWORD}, "application/json")
        headers = {"HTTP_AUTHORIZATION": f"Bearer {answer.json()['access']}"}
        assert post(Client(), MINE, {"name": "x", "scopes": ["exports:read"]}, **headers).status_code == 201

    def test_a_session_needs_the_csrf_token(self, world):
        client = Client(enforce_csrf_checks=True)
        with world.scope("risk"):
            client.force_login(world.user("risk"))
        assert post(client, MINE, {"name": "x", "scopes": ["exports:read"]}).status_code == 403

    def test_strangers_get_nothing(self, world):
        for answer in (
            Client().get(MINE),
            post(Client(), MINE, {}),
            Client().delete(f"{MINE}/{'0' * 8}-0000-4000-8000-{'0' * 12}"),
        ):
            assert answer.status_code == 401

    def test_the_list_has_pages_and_no_other_words(self, world, client):
        for _number in range(3):
            give(world, "operator")
        page = client.get(MINE, {"page_size": 2, "page": 2}).json()
        assert (page["total"], page["page"], page["page_size"], len(page["items"])) == (3, 2, 2, 1)
        assert client.get(MINE, {"owner": "x"}).status_code == 400
        assert client.get(MINE, {"page_size": "x"}).status_code == 400

    def test_no_secret_is_kept_told_or_recorded(self, world, client, superuser, caplog):
        with caplog.at_level("DEBUG"):
            text = post(client, MINE, {"name": "x", "scopes": ["exports:read"]}).json()["token"]
            get(text)
            get(text[:-1] + ("a" if text[-1] != "a" else "b"))
            get(text, MINE)
        secret = text.split("_")[2]
        token = row_of(world, "operator", text)
        assert bytes(token.secret_hash) == hashlib.sha256(secret[:43].encode()).digest()
        assert secret not in caplog.text
        with world.scope("operator"), connection.cursor() as cursor:
            for table in ("accounts_accesstoken", "accounts_auditentry", "django_session"):
                cursor.execute(f"SELECT count(*) FROM {table} t WHERE to_jsonb(t)::text LIKE %s", [f"%{secret[:20]}%"])
                assert cursor.fetchone() == (0,)


class TestEnding:
    def test_revoking_ones_own(self, world):
        client, text = signed_in(world, "finance"), give(world, "finance")
        key = row_of(world, "finance", text).pk
        for _time in range(2):  # once more does no harm
            answer = client.delete(f"{MINE}/{key}")
            assert (answer.status_code, answer.json()) == (200, {"ok": True})
        token = row_of(world, "finance", text)
        assert (token.revoked_for, token.revoked_by_id, token.state) == (Reason.BY_HAND, token.owner_id, State.REVOKED)
        assert refused(get(text))
        with world.scope("finance"):
            entries = AuditEntry.objects.filter(operation="token_revoke", username="finance")
            assert [(entry.resource, entry.details["name"]) for entry in entries] == [
                (f"token:{token.public_id}", "test")
            ]

    @pytest.mark.parametrize("stranger", ["operator", "admin", "acme_admin"])
    def test_those_of_others_look_absent(self, world, stranger):
        text = give(world, "finance")
        key = row_of(world, "finance", text).pk
        client = signed_in(world, stranger)
        assert client.delete(f"{MINE}/{key}").status_code == 404
        assert client.get(MINE).json()["total"] == 0
        assert get(text).status_code == 200

    def test_the_service_refuses_strangers_and_obeys_administrators(self, world):
        text = give(world, "finance")
        with world.scope("finance"):
            with pytest.raises(NotFound):
                tokens.revoke_tokens(tokens=AccessToken.objects.all(), actor=world.user("operator"))
            assert AccessToken.objects.alive().count() == 1
            assert tokens.revoke_tokens(tokens=AccessToken.objects.all(), actor=world.user("admin")) == 1
        assert row_of(world, "finance", text).revoked_by_id == world.users["admin"][1]

    @pytest.mark.parametrize("key", ["x", "1", "00000000-0000-4000-8000-000000000000"])
    def test_what_is_not_there(self, world, key):
        assert signed_in(world, "finance").delete(f"{MINE}/{key}").status_code == 404

    def test_an_end_is_final(self, world):
        text = give(world, "finance")
        with world.scope("finance"):
            tokens.revoke_tokens(tokens=AccessToken.objects.all(), actor=world.user("finance"))
            for change in ({"revoked_at": None, "revoked_for": ""}, {"revoked_by": None}):
                with pytest.raises(Exception, match="stays ended"), transaction.atomic():
                    AccessToken.objects.update(**change)
        assert refused(get(text))

    @pytest.mark.parametrize(
        "change", [{"scopes": ["exports:read"]}, {"expires_at": timezone.now()}, {"secret_hash": b"x"}, {"name": "x"}]
    )
    def test_what_a_token_is_good_for_never_changes(self, world, change):
        give(world, "finance")
        with world.scope("finance"), transaction.atomic(), pytest.raises(Exception, match="permission denied"):
            AccessToken.objects.update(**change)

    def test_rows_are_not_deleted(self, world):
        give(world, "finance")
        with world.scope("finance"), transaction.atomic(), pytest.raises(Exception, match="permission denied"):
            AccessToken.objects.all().delete()


class TestPassword:
    NEW = "Neues-Pferd-8"

    def test_a_new_password_ends_every_token_of_that_person_alone(self, world, sign_in):
        client = sign_in("risk")
        mine, old, theirs = give(world, "risk"), outdated(world, "risk"), give(world, "finance")
        data = {"oldpassword": PASSWORD, "password1": self.NEW, "password2": self.NEW}
        assert client.post("/accounts/password/change/", data).status_code == 302
        assert refused(get(mine))
        assert get(theirs).status_code == 200
        token = row_of(world, "risk", mine)
        assert (token.state, token.revoked_for, token.revoked_by_id) == (State.REVOKED, Reason.PASSWORD, None)
        assert row_of(world, "risk", old).state == State.EXPIRED

    def test_by_whatever_way(self, world):
        text = give(world, "risk")
        with world.scope("risk"):
            User.objects.filter(username="risk").update(password="!")
        assert refused(get(text))

    def test_a_renewed_hash_of_the_same_password_does_not(self, world):
        """Neither API tokens nor the token of the sign-in that renews the hash."""
        text = give(world, "risk")
        with world.scope("risk"):
            old = make_password(PASSWORD, hasher="pbkdf2_sha256")
            with connection.cursor() as cursor:
                cursor.execute("SELECT set_config('app.same_password', 'yes', true)")
                User.objects.filter(username="risk").update(password=old)
                cursor.execute("SELECT set_config('app.same_password', '', true)")
        answer = Client().post("/api/v1/auth/token", {"username": "risk", "password": PASSWORD}, "application/json")
        with world.scope("risk"):
            assert world.user("risk").password.startswith("argon2")
        assert get(text).status_code == 200
        assert get(answer.json()["access"]).status_code == 200
        with world.scope("risk"):
            User.objects.filter(username="risk").update(password="!")  # and the next new password counts again
        assert refused(get(text))
        assert get(answer.json()["access"]).status_code == 401

    def test_other_changes_of_the_person_do_not(self, world):
        text = give(world, "risk")
        with world.scope("risk"):
            user = world.user("risk")
            user.display_name = "Other"
            user.save()
        assert get(text).status_code == 200

    def test_a_token_cannot_slip_past_it(self, world):
        with world.scope("risk"):
            actor = world.user("risk")
            User.objects.filter(username="risk").update(password="!")
            with pytest.raises(StateConflict):
                tokens.create_token(name="late", scopes=["exports:read"], actor=actor)
            assert AccessToken.objects.count() == 0


class TestWalls:
    def test_a_token_names_a_person_of_its_own_company(self, world):
        text = give(world, "acme_admin")
        stranger = world.users["admin"][1]

        def revoke_as_stranger() -> None:
            with transaction.atomic(), connection.cursor() as cursor:
                AccessToken.objects.update(revoked_at=timezone.now(), revoked_for="by_hand", revoked_by_id=stranger)
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")

        with world.scope("acme"), pytest.raises(IntegrityError, match="accounts_accesstoken_revoked_by_id_tenant_fk"):
            revoke_as_stranger()
        assert get(text).status_code == 200

    @pytest.mark.parametrize("column", ["secret_hash", "name", "scopes", "owner_id"])
    @pytest.mark.parametrize("role", ["exportcenter_signin", "exportcenter_engine"])
    def test_helper_roles_read_no_more_than_they_need(self, world, role, column):
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL ROLE {role}")
            with pytest.raises(Exception, match="permission denied") as caught:
                cursor.execute(f"SELECT {column} FROM accounts_accesstoken")
            assert isinstance(caught.value.__cause__, psycopg.errors.InsufficientPrivilege)
            transaction.set_rollback(True)

    def test_rows_of_other_companies_are_unseen(self, world):
        give(world, "acme_admin")
        with world.scope("globex_admin"), connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM accounts_accesstoken")
            assert cursor.fetchone() == (0,)

    def test_services_check_by_themselves(self, world):
        with world.scope("finance"), pytest.raises(InvalidParameters) as caught:
            tokens.create_token(name="", scopes=[*EVERYTHING, "x"], days=367, actor=world.user("finance"))
        assert set(caught.value.details) == {"name", "scopes", "expires_in_days"}
