"""Refresh tokens are used once: rotation, reuse, sign-out, and what the admin does about sign-ins."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import jwt
import pytest
from django.db import connection
from django.db.models.functions import Now
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.audit import Operation
from accounts.models import TokenFamily
from accounts.signin import families, retention
from tests.exports_helpers import Trail, in_thread, post
from tests.world import PASSWORD

TOKEN, REFRESH, LOGOUT = (f"/api/v1/auth/{name}" for name in ("token", "token/refresh", "logout"))
LIST = "/api/v1/exports"
THREADS = 8


def refresh(token: str):
    return post(Client(), REFRESH, {"refresh": token})


def bearer(token: str) -> dict[str, str]:
    return {"HTTP_AUTHORIZATION": f"Bearer {token}"}


def status_of(token: str) -> int:
    """What an access token is worth: 200 or 401."""
    return Client().get(LIST, **bearer(token)).status_code


def claims(token: str) -> dict:
    return jwt.decode(token, options={"verify_signature": False})


def spend(token: str) -> dict:
    answer = refresh(token)
    assert answer.status_code == 200, answer.content
    return answer.json()


@pytest.fixture
def tokens(world):
    """A fresh sign-in of finance."""
    answer = post(Client(), TOKEN, {"username": "finance", "password": PASSWORD})
    assert answer.status_code == 200
    assert answer["Cache-Control"] == "no-store"
    return answer.json()


@pytest.fixture
def begun(live):
    """A fresh committed sign-in of finance."""
    with live.scope("finance"):
        return families.begin(live.user("finance")).as_json()


class TestRotation:
    def test_every_refresh_answers_two_new_tokens(self, tokens):
        seen = [tokens]
        for _time in range(3):
            seen.append(spend(seen[-1]["refresh"]))
        assert len({pair["refresh"] for pair in seen} | {pair["access"] for pair in seen}) == 8
        assert [status_of(pair["access"]) for pair in seen] == [200] * 4

    def test_a_refresh_prolongs_nothing_beyond_the_sign_in(self, tokens, settings):
        first = claims(tokens["refresh"])
        assert first["exp"] - first["iat"] == pytest.approx(settings.TOKEN_FAMILY_SECONDS, abs=1)
        assert claims(spend(tokens["refresh"])["refresh"])["exp"] == first["exp"]

    def test_an_access_token_ends_with_the_sign_in_at_the_latest(self, world, settings):
        settings.TOKEN_FAMILY_SECONDS = 600
        pair = post(Client(), TOKEN, {"username": "finance", "password": PASSWORD}).json()
        assert claims(pair["access"])["exp"] == claims(pair["refresh"])["exp"]

    def test_everything_ends_with_the_sign_ins_time(self, tokens, world):
        with world.scope("finance"):
            TokenFamily.objects.update(expires_at=Now() - timedelta(seconds=1))
        assert status_of(tokens["access"]) == 401
        assert refresh(tokens["refresh"]).status_code == 401

    def test_the_family_says_where_from(self, world):
        agent = {"HTTP_USER_AGENT": "nightly/1", "REMOTE_ADDR": "192.0.2.7"}
        post(Client(), TOKEN, {"username": "finance", "password": PASSWORD}, **agent)
        with world.scope("finance"):
            family = TokenFamily.objects.get()
            assert (family.ip_address, family.user_agent, family.user_id) == (
                "192.0.2.7",
                "nightly/1",
                world.users["finance"][1],
            )


class TestReuse:
    def test_a_lost_answer_is_given_again_to_the_byte(self, tokens):
        first = spend(tokens["refresh"])
        assert spend(tokens["refresh"]) == first
        time.sleep(1.1)  # the next second: no claim depends on the clock of the request
        assert spend(tokens["refresh"]) == first
        assert spend(first["refresh"])["refresh"] not in (tokens["refresh"], first["refresh"])

    def test_a_spent_token_ends_everything_of_its_sign_in(self, tokens, world, settings):
        settings.TOKEN_REPLAY_SECONDS = 0
        other = post(Client(), TOKEN, {"username": "finance", "password": PASSWORD}).json()
        trail = Trail(world, "finance")
        new = spend(tokens["refresh"])
        answer = refresh(tokens["refresh"])
        assert (answer.status_code, answer.json()["code"]) == (401, "NOT_AUTHENTICATED")
        assert answer.json()["message"] == "This refresh token was used before. Everything from this sign-in has ended."
        assert answer["WWW-Authenticate"] == 'Bearer realm="api"'
        assert [status_of(token) for token in (tokens["access"], new["access"])] == [401, 401]
        assert refresh(new["refresh"]).status_code == 401
        assert status_of(other["access"]) == 200
        (entry,) = trail.entries(Operation.TOKEN_REUSE)
        assert (entry.username, entry.result, entry.ip_address) == ("finance", "refused", "127.0.0.1")
        assert entry.resource == f"tokenfamily:{claims(new['refresh'])['fam']}"

    def test_the_reader_is_told_in_chinese(self, tokens, settings):
        settings.TOKEN_REPLAY_SECONDS = 0
        spend(tokens["refresh"])
        answer = Client().post(
            REFRESH, {"refresh": tokens["refresh"]}, "application/json", HTTP_ACCEPT_LANGUAGE="zh-hans"
        )
        assert answer.json()["message"] == "该刷新令牌已被使用过，本次登录产生的所有令牌均已终止。"

    def test_the_last_but_one_has_no_grace(self, tokens):
        spend(spend(tokens["refresh"])["refresh"])
        answer = refresh(tokens["refresh"])
        assert answer.status_code == 401
        assert "used before" in answer.json()["message"]

    def test_the_grace_ends(self, tokens, world):
        new = spend(tokens["refresh"])
        with world.scope("finance"):
            TokenFamily.objects.update(rotated_at=Now() - timedelta(seconds=11))
        assert refresh(tokens["refresh"]).status_code == 401
        assert status_of(new["access"]) == 401

    def test_once_more_leaves_no_second_entry(self, tokens, world, settings):
        settings.TOKEN_REPLAY_SECONDS = 0
        trail = Trail(world, "finance")
        spend(tokens["refresh"])
        assert [refresh(tokens["refresh"]).status_code for _time in range(3)] == [401] * 3
        assert len(trail.entries(Operation.TOKEN_REUSE)) == 1


class TestRaces:
    def test_parallel_refreshes_have_one_successor(self, begun, live):
        with ThreadPoolExecutor(THREADS) as pool:
            answers = list(pool.map(lambda _number: in_thread(refresh, begun["refresh"]), range(THREADS)))
        assert [answer.status_code for answer in answers] == [200] * THREADS
        assert len({answer.content for answer in answers}) == 1
        with live.scope("finance"):
            assert TokenFamily.objects.get().generation == 1

    def test_without_a_grace_one_wins_and_all_end(self, begun, live, settings):
        settings.TOKEN_REPLAY_SECONDS = 0
        trail = Trail(live, "finance")
        with ThreadPoolExecutor(THREADS) as pool:
            answers = list(pool.map(lambda _number: in_thread(refresh, begun["refresh"]), range(THREADS)))
        assert sorted(answer.status_code for answer in answers) == [200] + [401] * (THREADS - 1)
        assert len(trail.entries(Operation.TOKEN_REUSE)) == 1
        (winner,) = (answer.json() for answer in answers if answer.status_code == 200)
        assert status_of(winner["access"]) == 401

    def test_refreshing_while_signing_out(self, begun, live):
        """Whoever comes first: nothing is left alive, and nothing breaks."""

        def act(number: int):
            return refresh(begun["refresh"]) if number % 2 else post(Client(), LOGOUT, {"refresh": begun["refresh"]})

        trail = Trail(live, "finance")
        with ThreadPoolExecutor(THREADS) as pool:
            answers = list(pool.map(lambda number: in_thread(act, number), range(THREADS)))
        assert {answer.status_code for answer in answers[::2]} == {204}
        assert {answer.status_code for answer in answers[1::2]} <= {200, 401}
        assert status_of(begun["access"]) == 401
        assert len(trail.entries(Operation.SIGN_OUT)) == 1


class TestSignOut:
    def test_by_the_bearer(self, tokens, world):
        other = post(Client(), TOKEN, {"username": "finance", "password": PASSWORD}).json()
        trail = Trail(world, "finance")
        answer = post(Client(), LOGOUT, **bearer(tokens["access"]))
        assert (answer.status_code, answer.content) == (204, b"")
        assert status_of(tokens["access"]) == 401
        assert refresh(tokens["refresh"]).status_code == 401
        assert status_of(other["access"]) == 200
        assert [entry.details for entry in trail.entries(Operation.SIGN_OUT)] == [{"by": "jwt"}]

    def test_by_a_refresh_token_and_twice(self, tokens, world):
        new = spend(tokens["refresh"])
        trail = Trail(world, "finance")
        assert [post(Client(), LOGOUT, {"refresh": new["refresh"]}).status_code for _time in range(2)] == [204, 204]
        assert status_of(new["access"]) == 401
        assert len(trail.entries(Operation.SIGN_OUT)) == 1

    def test_a_lost_answer_is_not_given_again_after_it(self, tokens):
        new = spend(tokens["refresh"])
        assert post(Client(), LOGOUT, {"refresh": new["refresh"]}).status_code == 204
        assert refresh(tokens["refresh"]).status_code == 401

    def test_without_a_token(self, world, sign_in):
        assert post(Client(), LOGOUT).status_code == 401
        assert post(sign_in("finance"), LOGOUT).status_code == 401  # a browser signs out on its page
        assert Client().get(LOGOUT).status_code == 405


@pytest.mark.parametrize(("path", "whole"), [
    (TOKEN, {"username": "finance", "password": PASSWORD}),
    (REFRESH, {"refresh": "x"}),
])  # fmt: skip
class TestBodies:
    def test_unknown_fields_are_refused_by_name(self, world, path, whole):
        answer = post(Client(), path, whole | {"scope": "all"})
        assert (answer.status_code, answer.json()["code"]) == (400, "INVALID_PARAMETERS")
        assert list(answer.json()["details"]) == ["scope"]

    def test_each_field_is_required(self, world, path, whole):
        answer = post(Client(), path, {})
        assert (answer.status_code, set(answer.json()["details"])) == (400, set(whole))

    @pytest.mark.parametrize("value", [None, 7, True, ["finance"], {"a": "b"}])
    def test_only_text(self, world, path, whole, value):
        for name in whole:
            answer = post(Client(), path, whole | {name: value})
            assert (answer.status_code, list(answer.json()["details"])) == (400, [name])

    @pytest.mark.parametrize(
        "raw", ["[]", "7", '"x"', "null", "{", '{"a": NaN}', "\ud800".encode("utf-8", "surrogatepass")]
    )
    def test_only_objects(self, world, path, whole, raw):
        answer = Client().post(path, raw, content_type="application/json")
        assert answer.status_code == 400
        assert list(answer.json()) == ["code", "message", "advice", "details", "request_id", "docs"]

    def test_only_json(self, world, path, whole):
        assert Client().post(path, whole).status_code == 415


class TestAdmin:
    def test_ending_a_sign_in(self, tokens, world, sign_in):
        client, trail = sign_in("admin"), Trail(world, "admin")
        family = claims(tokens["access"])["fam"]
        page = reverse("admin:accounts_tokenfamily_changelist")
        answer = client.post(page, {"action": "end", "_selected_action": [family]})
        assert answer.status_code == 302
        assert status_of(tokens["access"]) == 401
        (entry,) = trail.entries(Operation.SIGN_IN_END)
        assert (entry.username, entry.resource) == ("admin", f"tokenfamily:{family}")
        assert client.get(page, {"state": "ended"}).context["cl"].result_count == 1
        assert client.get(page, {"state": "live"}).context["cl"].result_count == 0

    def test_people_without_the_right_end_nothing(self, tokens, world, sign_in):
        family = claims(tokens["access"])["fam"]
        page = reverse("admin:accounts_tokenfamily_changelist")
        answer = sign_in("operator").post(page, {"action": "end", "_selected_action": [family]})
        assert answer.status_code == 403
        assert status_of(tokens["access"]) == 200

    def test_other_companies_are_out_of_reach(self, world, sign_in):
        with world.scope("acme_user"):
            pair = families.begin(world.user("acme_user")).as_json()
        page = reverse("admin:accounts_tokenfamily_changelist")
        client = sign_in("admin")
        client.post(page, {"action": "end", "_selected_action": [claims(pair["access"])["fam"]]})
        assert status_of(pair["access"]) == 200
        assert "acme_user" not in client.get(page).content.decode()


def test_the_family_costs_no_query_of_its_own(tokens):
    with CaptureQueriesContext(connection) as asked:
        assert status_of(tokens["access"]) == 200
    about = [query["sql"] for query in asked if "accounts_tokenfamily" in query["sql"]]
    assert len(about) == 1
    assert 'FROM "accounts_user"' in about[0]
    assert sum('FROM "accounts_user"' in query["sql"] and "password" in query["sql"] for query in asked) == 1


def test_old_sign_ins_are_forgotten(live):
    with live.scope("finance"):
        kept, ended, expired = (families.begin(live.user("finance")) for _number in range(3))
        long_ago = Now() - retention.KEEP - timedelta(minutes=1)
        TokenFamily.objects.filter(pk=ended.access["fam"]).update(ended_at=long_ago)
        TokenFamily.objects.filter(pk=expired.access["fam"]).update(expires_at=long_ago)
    assert retention.prune() == 2
    with live.scope("finance"):
        assert [str(family.pk) for family in TokenFamily.objects.all()] == [kept.access["fam"]]
