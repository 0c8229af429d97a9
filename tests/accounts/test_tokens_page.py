"""The pages of API tokens: one's own, and everybody's in the admin."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import AccessToken, AuditEntry
from accounts.models.token import State
from tests.accounts.token_helpers import bearer, get, give, outdated, row_of
from tests.exports_helpers import signed_in
from tests.world import PASSWORD

PAGE = "/accounts/tokens/"
LIST = "/admin/accounts/accesstoken/"
WISH = {"name": "nightly", "scopes": ["exports:read", "exports:write"], "days": "30"}
ENGLISH = {"HTTP_ACCEPT_LANGUAGE": "en"}


def speak_english(world, name: str) -> Client:
    client = signed_in(world, name)
    with world.scope(name):
        user = world.user(name)
        user.language = "en"
        user.save(update_fields=["language"])
    return client


def page_of(client: Client, address: str = PAGE) -> str:
    response = client.get(address)
    assert response.status_code == 200
    return response.content.decode()


class TestOwn:
    @pytest.mark.parametrize("name", ["admin", "operator", "nobody", "acme_user"])
    def test_everybody_has_one(self, world, name):
        page = page_of(speak_english(world, name))
        assert "You have no working token." in page
        assert "Ended tokens" not in page

    def test_strangers_are_sent_to_sign_in(self, world):
        for address in (PAGE, f"{PAGE}00000000-0000-4000-8000-000000000000/revoke/"):
            assert Client().get(address)["Location"].startswith("/accounts/login/")
            assert Client().post(address, WISH).status_code == 302
        with world.scope("finance"):
            assert AccessToken.objects.count() == 0

    def test_the_text_is_shown_once_and_not_stored_by_browsers(self, world):
        client = speak_english(world, "finance")
        response = client.post(PAGE, WISH)
        assert response.status_code == 200
        assert "no-store" in response["Cache-Control"]
        (text,) = re.findall(r'value="(ec_\w+)"', response.content.decode())
        assert get(text).status_code == 200
        page = page_of(client)
        assert text not in page
        assert text.rpartition("_")[0] in page
        token = row_of(world, "finance", text)
        assert (token.name, token.scopes) == ("nightly", ["exports:read", "exports:write"])
        assert (token.expires_at - token.created_at).days == 30

    @pytest.mark.parametrize(
        "wrong",
        [
            {"name": " "},
            {"name": "x" * 61},
            {"scopes": []},
            {"scopes": ["tokens:write"]},
            {"days": "9999"},
            {"name": "a\u200bb"},
        ],
    )
    def test_what_is_wrong_is_said_and_the_dialog_stays_open(self, world, wrong):
        client = speak_english(world, "finance")
        response = client.post(PAGE, WISH | wrong)
        page = response.content.decode()
        assert response.status_code == 200
        assert 'role="alert"' in page
        assert re.search(r"<dialog[^>]* open>", page)
        if "scopes" not in wrong:
            assert page.count(" checked>") == 2
        with world.scope("finance"):
            assert AccessToken.objects.count() == 0

    def test_the_dialog_is_there_without_a_script(self, world):
        client = speak_english(world, "finance")
        assert re.search(r"<dialog[^>]* open>", page_of(client, f"{PAGE}?new"))
        assert not re.search(r"<dialog[^>]* open>", page_of(client))

    def test_revoking_is_asked_first(self, world):
        client, text = speak_english(world, "finance"), give(world, "finance")
        address = f"{PAGE}{row_of(world, 'finance', text).pk}/revoke/"
        assert address in page_of(client)
        assert "Revoke “test”?" in page_of(client, address)
        assert get(text).status_code == 200
        response = client.post(address, follow=True)
        assert "“test” is revoked." in response.content.decode()
        assert "Ended tokens" in response.content.decode()
        assert get(text).status_code == 401

    @pytest.mark.parametrize("stranger", ["admin", "operator", "globex_admin"])
    def test_those_of_others_are_not_there(self, world, stranger):
        text = give(world, "finance")
        address = f"{PAGE}{row_of(world, 'finance', text).pk}/revoke/"
        client = signed_in(world, stranger)
        assert text.split("_")[1] not in page_of(client)
        assert client.get(address).status_code == client.post(address).status_code == 404
        assert get(text).status_code == 200

    def test_both_posts_need_the_csrf_token(self, world):
        text = give(world, "finance")
        client = Client(enforce_csrf_checks=True)
        with world.scope("finance"):
            client.force_login(world.user("finance"))
        assert client.post(PAGE, WISH).status_code == 403
        assert client.post(f"{PAGE}{row_of(world, 'finance', text).pk}/revoke/").status_code == 403
        with world.scope("finance"):
            assert AccessToken.objects.alive().count() == 1

    def test_it_says_why_a_token_has_ended(self, world, sign_in):
        give(world, "risk"), outdated(world, "risk")
        client = sign_in("risk")
        new = {"oldpassword": PASSWORD, "password1": "Neues-Pferd-8", "password2": "Neues-Pferd-8"}
        assert client.post("/accounts/password/change/", new).status_code == 302
        page = page_of(client)
        assert "密码已更改" in page
        assert "已过期" in page
        assert "您没有有效的令牌" in page

    def test_names_are_escaped(self, world):
        client = signed_in(world, "finance")
        response = client.post(PAGE, WISH | {"name": "<b>x</b>"})
        assert "<b>x</b>" not in response.content.decode() + page_of(client)
        assert "&lt;b&gt;x&lt;/b&gt;" in page_of(client)

    def test_too_many_is_said(self, world, monkeypatch):
        monkeypatch.setattr("accounts.tokens.MOST_TOKENS", 0)
        response = speak_english(world, "finance").post(PAGE, WISH)
        assert "You have 0 API tokens already. Revoke some of them first." in response.content.decode()

    def test_both_ways_lead_there(self, world):
        client = signed_in(world, "admin")
        assert f'href="{PAGE}"' in page_of(client, "/accounts/me/")
        assert f'href="{PAGE}"' in page_of(client, "/admin/")


class TestEverybodys:
    @pytest.fixture
    def texts(self, world):
        return {name: give(world, name) for name in ("finance", "risk", "acme_admin")}

    def test_of_the_own_company_without_secrets(self, world, texts):
        page = page_of(signed_in(world, "admin"), LIST)
        assert texts["finance"].split("_")[1] in page
        assert texts["risk"].split("_")[1] in page
        assert texts["acme_admin"].split("_")[1] not in page
        row = row_of(world, "finance", texts["finance"])
        shown = page + page_of(signed_in(world, "admin"), reverse("admin:accounts_accesstoken_change", args=[row.pk]))
        assert bytes(row.secret_hash).hex() not in shown
        assert texts["finance"] not in shown

    def test_found_by_owner_and_state(self, world, texts):
        outdated(world, "operator")
        client = signed_in(world, "admin")

        def found(**query: str) -> set[str]:
            rows = client.get(LIST, query).context["cl"].result_list
            return {row.owner.username for row in rows}

        assert found(q="finance") == {"finance"}
        assert found(q=texts["risk"].split("_")[1]) == {"risk"}
        assert found(state=State.ACTIVE) == {"finance", "risk"}
        assert found(state=State.EXPIRED) == {"operator"}
        assert found(state=State.REVOKED) == set()

    def test_hashes_cannot_be_asked_for(self, world, texts):
        client = signed_in(world, "admin")
        for lookup in ("secret_hash__gt", "owner__password__startswith", "tenant__slug"):
            assert client.get(LIST, {lookup: "x"}).status_code in (302, 400)

    def test_administrators_revoke(self, world, texts):
        client = signed_in(world, "admin")
        keys = [str(row_of(world, name, texts[name]).pk) for name in ("finance", "risk")]
        response = client.post(LIST, {"action": "revoke_selected", "_selected_action": keys, "index": "0"}, follow=True)
        assert "已撤销 2 个 API 令牌" in response.content.decode()
        assert get(texts["finance"]).status_code == get(texts["risk"]).status_code == 401
        with world.scope("admin"):
            entries = AuditEntry.objects.filter(operation="token_revoke", username="admin")
            assert {entry.details["owner"] for entry in entries} == {
                world.user("finance").code,
                world.user("risk").code,
            }

    @pytest.mark.parametrize("name", ["finance", "operator"])
    def test_others_do_not_get_there(self, world, texts, name):
        client = signed_in(world, name)
        keys = [str(row_of(world, "risk", texts["risk"]).pk)]
        assert client.get(LIST).status_code == 403
        wish = {"action": "revoke_selected", "_selected_action": keys, "index": "0"}
        assert client.post(LIST, wish).status_code == 403
        assert get(texts["risk"]).status_code == 200

    def test_a_token_of_another_company_is_not_revoked(self, world, texts):
        keys = [str(row_of(world, "acme_admin", texts["acme_admin"]).pk)]
        signed_in(world, "admin").post(LIST, {"action": "revoke_selected", "_selected_action": keys, "index": "0"})
        assert Client().get("/api/v1/exports", **bearer(texts["acme_admin"])).status_code == 200
