"""Limits as people and programs meet them: 429, Retry-After, headers, and who shares what with whom."""

import re
import time

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.limits import doors
from accounts.models import AccessToken
from accounts.signin import families
from tests.exports_helpers import ENGLISH, Exports, post
from tests.world import PASSWORD

LIST, ESTIMATE, TOKEN = "/api/v1/exports", "/api/v1/exports/estimate", "/api/v1/auth/token"
WISH = {"type": "members"}
LOGIN = "/accounts/login/"
CHINESE = {"HTTP_ACCEPT_LANGUAGE": "zh-hans"}


@pytest.fixture
def exports(live):
    maker = Exports(live)
    yield maker
    maker.close()


def throttled(answer) -> dict:
    assert (answer.status_code, answer.json()["code"]) == (429, "THROTTLED"), answer.content
    assert list(answer.json()) == ["code", "message", "advice", "details", "request_id", "docs"]
    assert 1 <= int(answer["Retry-After"]) <= 60
    return answer.json()


def sign_in_as(name: str, password: str = PASSWORD, address: str = "192.0.2.1", **headers: str):
    return post(Client(REMOTE_ADDR=address), TOKEN, {"username": name, "password": password}, **headers)


class TestGeneral:
    @pytest.fixture(autouse=True)
    def _limit(self, settings):
        settings.LIMIT_GENERAL_PER_MINUTE = 3

    def test_one_too_many_in_both_languages(self, world, sign_in):
        client = sign_in("finance")
        assert [client.get(LIST).status_code for _number in range(3)] == [200] * 3
        said = throttled(client.get(LIST, **ENGLISH))
        assert said["message"] == "Too many requests: at most 3 a minute."
        assert re.fullmatch(r"Try again in \d+ s\.", said["advice"])
        said = throttled(client.get(LIST, **CHINESE))
        assert said["message"] == "请求过于频繁：每分钟最多 3 次。"
        assert re.fullmatch(r"请在 \d+ 秒后重试。", said["advice"])

    def test_retry_after_is_true(self, world, sign_in, settings):
        settings.LIMIT_GENERAL_PER_MINUTE = 60
        client = sign_in("finance")
        while (answer := client.get(LIST)).status_code == 200:
            pass
        time.sleep(int(answer["Retry-After"]))
        assert client.get(LIST).status_code == 200

    def test_headers(self, world, sign_in):
        client = sign_in("finance")
        answers = [client.get(LIST) for _number in range(4)]
        assert {answer["RateLimit-Policy"] for answer in answers} == {'"general";q=3;w=60'}
        said = [re.fullmatch(r'"general";r=(\d);t=(\d+)', answer["RateLimit"]).groups() for answer in answers]
        assert [int(left) for left, _seconds in said] == [2, 1, 0, 0]
        assert 18 <= int(said[0][1]) <= 20
        assert 55 <= int(said[3][1]) <= 60

    def test_each_person_has_their_own_and_all_their_sessions_share_it(self, world, sign_in):
        for _number in range(2):
            assert sign_in("finance").get(LIST).status_code == 200
        with world.scope("finance"):
            bearer = {"HTTP_AUTHORIZATION": f"Bearer {families.begin(world.user('finance')).access}"}
        assert Client().get(LIST, **bearer).status_code == 200
        throttled(Client().get(LIST, **bearer))
        throttled(sign_in("finance").get(LIST))
        for other in ("risk", "acme_admin", "globex_admin"):
            assert sign_in(other).get(LIST).status_code == 200

    def test_strangers_count_by_address_whatever_they_try(self, world, sign_in):
        stranger = Client(REMOTE_ADDR="192.0.2.9")
        tries = [
            stranger.get(LIST),
            stranger.get(LIST, HTTP_AUTHORIZATION="Bearer x"),
            post(stranger, "/api/v1/auth/token/refresh", {"refresh": "x"}),
        ]
        assert [answer.status_code for answer in tries] == [401, 401, 401]
        for answer in (
            stranger.get(LIST, **ENGLISH),
            stranger.get("/api/v1/nothing"),
            stranger.get(LIST, HTTP_AUTHORIZATION="Bearer y"),
            post(stranger, "/api/v1/auth/token/refresh", {"refresh": "x"}),
        ):
            throttled(answer)
        assert Client(REMOTE_ADDR="192.0.2.10").get(LIST).status_code == 401
        finance = sign_in("finance")  # a colleague behind the same address
        assert finance.get(LIST, REMOTE_ADDR="192.0.2.9").status_code == 200

    def test_a_kept_token_counts_by_itself(self, world, rf):
        """What carries an id of its own is not its person."""

        class Asked:
            auth, user, _request = AccessToken(public_id="tk_1"), None, None

        assert doors._who(Asked()) == ("token", "tk_1")

    def test_every_api_answer_says_where_one_stands(self, world, sign_in, settings):
        settings.LIMIT_GENERAL_PER_MINUTE = 100
        client = sign_in("finance")
        paths = ("exports", "exports/E1", "export-definitions", "notifications", "saved-views?page=exports",
                 "me/preferences/exports", "events", "events/key", "exports/usage", "nothing")  # fmt: skip
        answers = [client.get(f"/api/v1/{path}", HTTP_ACCEPT="application/json") for path in paths]
        answers += [
            client.put(LIST),
            post(client, LIST, {"type": "nothing"}),
            post(client, TOKEN, {}),
            Client().get(LIST),
        ]
        assert {answer.status_code for answer in answers} >= {200, 400, 401, 403, 404, 405}
        assert [answer for answer in answers if not answer["RateLimit"].startswith('"general";r=')] == []
        assert "RateLimit" not in client.get("/accounts/me/")

    def test_off_says_nothing(self, world, sign_in, settings):
        settings.LIMIT_GENERAL_PER_MINUTE = 0
        answer = sign_in("finance").get(LIST)
        assert not {"RateLimit", "RateLimit-Policy"} & set(answer.headers)

    def test_it_costs_no_query(self, world, sign_in, settings):
        client = sign_in("finance")
        settings.LIMIT_GENERAL_PER_MINUTE = 0
        client.get(LIST)
        with CaptureQueriesContext(connection) as without:
            assert client.get(LIST).status_code == 200
        settings.LIMIT_GENERAL_PER_MINUTE = 3
        with CaptureQueriesContext(connection) as counted:
            assert client.get(LIST)["RateLimit"]
        assert len(counted) == len(without)

    def test_a_busy_page_never_meets_the_default(self, world, sign_in, settings):
        """An hour of polls every 5 s is 12 a minute; a minute also with streams that come again and quick fingers."""
        settings.LIMIT_GENERAL_PER_MINUTE = 600
        client = sign_in("finance")
        polls, reconnects, clicks = 12, 60, 100
        asked = ["exports"] * polls + ["events"] * reconnects + ["exports?page_size=1"] * clicks
        answers = [client.get(f"/api/v1/{path}", HTTP_ACCEPT="application/json") for path in asked]
        assert {answer.status_code for answer in answers} == {200}


class TestCreate:
    @pytest.fixture(autouse=True)
    def _limit(self, settings):
        settings.LIMIT_CREATE_PER_MINUTE = 2

    def test_what_makes_work_shares_one_limit(self, live, sign_in, exports):
        client = sign_in("finance")
        answer = post(client, LIST, WISH)
        assert answer.status_code == 201
        assert answer["RateLimit-Policy"] == '"create";q=2;w=60'
        assert answer["RateLimit"].startswith('"create";r=1;t=')
        assert post(client, ESTIMATE, WISH | {"exact": True}).status_code == 200
        job = exports.make("finance", "members", "failed")
        for path, body in (
            (LIST, WISH),
            (ESTIMATE, WISH | {"exact": True}),
            (f"{LIST}/{job.job_no}/retry", {}),
            (f"{LIST}/bulk", {"action": "retry", "job_ids": [job.job_no]}),
            ("/api/v1/export-definitions/0b54/run", {}),
        ):
            throttled(post(client, path, body))
        assert post(client, ESTIMATE, WISH).status_code == 200
        assert post(client, f"{LIST}/bulk", {"action": "cancel", "job_ids": [job.job_no]}).status_code == 200
        assert client.get(LIST).status_code == 200
        for other in ("admin", "acme_admin"):
            assert post(sign_in(other), LIST, WISH).status_code == 201

    def test_refused_wishes_count(self, live, sign_in):
        client = sign_in("finance")
        assert [post(client, LIST, {"type": "nothing"}).status_code for _number in range(2)] == [400, 400]
        throttled(post(client, LIST, WISH))

    def test_strangers_spend_nothing(self, live, superuser):
        assert post(Client(), LIST, WISH).status_code == 401
        assert superuser.execute("SELECT count(*) FROM accounts_ratelimit").fetchone() == (0,)

    def test_both_limits_in_one_answer(self, live, sign_in, settings):
        settings.LIMIT_GENERAL_PER_MINUTE = 9
        answer = post(sign_in("finance"), LIST, WISH)
        assert answer["RateLimit-Policy"] == '"general";q=9;w=60, "create";q=2;w=60'
        assert re.fullmatch(r'"general";r=8;t=\d+, "create";r=1;t=\d+', answer["RateLimit"])


class TestSignIn:
    @pytest.fixture(autouse=True)
    def _limit(self, settings):
        settings.LIMIT_SIGN_IN_PER_MINUTE = 2

    def test_tries_at_one_name_from_one_address(self, world):
        assert [sign_in_as("finance", "no").status_code for _number in range(2)] == [401, 401]
        said = throttled(sign_in_as("finance"))  # even with the right password
        assert said["message"] == "Too many requests: at most 2 a minute."
        throttled(sign_in_as("ＦＩＮＡＮＣＥ "))
        assert sign_in_as("risk").status_code == 200
        assert sign_in_as("finance", address="192.0.2.2").status_code == 200

    def test_names_that_nobody_has_are_limited_alike(self, world):
        assert [sign_in_as("stranger", "no").status_code for _number in range(2)] == [401, 401]
        throttled(sign_in_as("stranger", "no"))

    def test_a_refused_try_is_none_at_the_account(self, world):
        for _number in range(8):
            sign_in_as("finance", "no")
        with world.scope("finance"):
            assert world.user("finance").failed_logins == 2

    def test_many_names_from_one_address(self, world, settings):
        settings.LIMIT_SIGN_IN_ADDRESS_PER_MINUTE = 3
        assert [sign_in_as(f"n{number}", "no").status_code for number in range(3)] == [401] * 3
        throttled(sign_in_as("finance"))
        assert sign_in_as("finance", address="192.0.2.2").status_code == 200

    def test_a_forwarded_address_counts_only_from_a_trusted_proxy(self, world, settings):
        lies = [{"HTTP_X_FORWARDED_FOR": f"198.51.100.{number}"} for number in range(3)]
        assert [sign_in_as("finance", "no", **lie).status_code for lie in lies] == [401, 401, 429]
        settings.TRUSTED_PROXIES = ["192.0.2.1"]
        assert sign_in_as("finance", HTTP_X_FORWARDED_FOR="198.51.100.7").status_code == 200

    @pytest.mark.parametrize(
        ("address", "counted"),
        [
            ("192.0.2.1", "192.0.2.1"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
            ("::ffff:192.0.2.1", "192.0.2.1"),
            ("", ""),
            ("unix:", "unix:"),
        ],
    )
    def test_addresses_as_they_are_counted(self, rf, address, counted):
        assert doors.address_of(rf.get("/", REMOTE_ADDR=address)) == counted

    def test_the_page_shares_the_limit_and_says_so(self, world):
        client = Client(REMOTE_ADDR="192.0.2.1")
        assert [sign_in_as("finance", "no").status_code for _number in range(2)] == [401, 401]
        page = client.post(LOGIN, {"login": "finance", "password": PASSWORD}, **ENGLISH)
        assert "sessionid" not in page.cookies
        assert "Too many requests: at most 2 a minute." in page.content.decode()
        page = client.post(LOGIN, {"login": "finance", "password": PASSWORD}, **CHINESE)
        assert "请求过于频繁：每分钟最多 2 次。" in page.content.decode()

    def test_one_answer_tells_both_limits(self, world, settings):
        settings.LIMIT_SIGN_IN_ADDRESS_PER_MINUTE = 9
        answer = sign_in_as("finance")
        assert answer["RateLimit-Policy"] == '"sign-in-address";q=9;w=60, "sign-in";q=2;w=60'
