"""API tokens with real commits: when and from where they were used, several at a time, and races with their end."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.utils import timezone
from rest_framework.request import Request

from accounts import tokens
from accounts.middleware import TenantMiddleware
from accounts.models import AccessToken, User
from accounts.signin.tokens import AccessTokenAuthentication
from exportcenter.common.errors import StateConflict
from tests.accounts.token_helpers import bearer, give, row_of
from tests.exports_helpers import API, in_thread

SECONDS = 10
"""Nothing here takes so long unless it waits for a lock."""


def use(text: str, address: str = "10.1.2.3") -> int:
    return Client(REMOTE_ADDR=address).get(API, **bearer(text)).status_code


class TestLastUse:
    def test_when_and_from_where(self, live):
        text = give(live, "finance")
        assert row_of(live, "finance", text).last_used_at is None
        assert use(text) == 200
        token = row_of(live, "finance", text)
        assert abs(timezone.now() - token.last_used_at) < timedelta(seconds=SECONDS)
        assert token.last_used_ip == "10.1.2.3"

    def test_written_once_a_minute(self, live):
        text = give(live, "finance")
        use(text)
        first = row_of(live, "finance", text)
        for _time in range(3):
            use(text, "10.9.9.9")
        again = row_of(live, "finance", text)
        assert (again.last_used_at, again.last_used_ip) == (first.last_used_at, "10.1.2.3")
        with live.scope("finance"):
            AccessToken.objects.update(last_used_at=timezone.now() - timedelta(seconds=61))
        use(text, "10.9.9.9")
        later = row_of(live, "finance", text)
        assert later.last_used_at > first.last_used_at
        assert later.last_used_ip == "10.9.9.9"

    def test_a_refusal_for_want_of_a_scope_is_a_use_a_wrong_secret_is_none(self, live):
        text = give(live, "finance", "events:read")
        use(text[:-1] + ("a" if text[-1] != "a" else "b"))
        assert row_of(live, "finance", text).last_used_at is None
        assert use(text) == 403
        assert row_of(live, "finance", text).last_used_at is not None

    def test_it_waits_for_nobody(self, live):
        """Somebody holds the row: the request is answered, and writes nothing."""
        text = give(live, "finance")
        with live.scope("finance"):
            AccessToken.objects.select_for_update().get(public_id=text.split("_")[1])
            with ThreadPoolExecutor(1) as pool:
                assert pool.submit(in_thread, use, text).result(timeout=SECONDS) == 200
        assert row_of(live, "finance", text).last_used_at is None
        assert use(text) == 200
        assert row_of(live, "finance", text).last_used_at is not None

    def test_a_running_request_does_not_hold_its_token(self, live):
        """Whoever revokes it, or changes the password, does not wait for the request to end."""
        text = give(live, "finance")
        inside, done = threading.Event(), threading.Event()

        def slow() -> int:
            def view(request):
                assert AccessTokenAuthentication().authenticate(Request(request)) is not None
                inside.set()
                assert done.wait(SECONDS)
                return HttpResponse()

            request = RequestFactory().get(API, **bearer(text))
            request.session = {}
            return TenantMiddleware(view)(request).status_code

        with ThreadPoolExecutor(1) as pool:
            running = pool.submit(in_thread, slow)
            assert inside.wait(SECONDS)
            try:
                with live.scope("finance"), connection.cursor() as cursor:
                    cursor.execute("SET LOCAL lock_timeout = '2s'")
                    assert tokens.revoke_tokens(tokens=AccessToken.objects.all(), actor=live.user("finance")) == 1
            finally:
                done.set()
            assert running.result(timeout=SECONDS) == 200
        assert use(text) == 401


class TestManyAtOnce:
    def test_the_cap_is_exact(self, live, monkeypatch):
        monkeypatch.setattr(tokens, "MOST_TOKENS", 3)

        def make(_number: int) -> bool:
            try:
                give(live, "finance")
            except StateConflict:
                return False
            finally:
                connection.close()
            return True

        with ThreadPoolExecutor(6) as pool:
            assert sum(pool.map(make, range(8))) == 3
        with live.scope("finance"):
            assert AccessToken.objects.count() == 3

    def test_a_new_password_at_the_same_moment_leaves_no_token(self, live, superuser):
        """Made while the password changes: refused, or made before and ended with the others."""
        before = superuser.execute("SELECT password FROM accounts_user WHERE username = 'operator2'").fetchone()[0]
        try:
            with live.scope("operator2"):
                actor = live.user("operator2")
            with ThreadPoolExecutor(1) as pool:
                with live.scope("operator2"):
                    User.objects.filter(pk=actor.pk).update(password="!")
                    late = pool.submit(in_thread, self._make, live, actor)
                    with pytest.raises(TimeoutError):
                        late.result(timeout=1)  # it waits for us, and then sees what we did
                with pytest.raises(StateConflict):
                    late.result(timeout=SECONDS)
            with live.scope("operator2"):
                assert AccessToken.objects.alive().count() == 0
        finally:
            superuser.execute("UPDATE accounts_user SET password = %s WHERE username = 'operator2'", [before])

    @staticmethod
    def _make(live, actor: User) -> None:
        with live.scope("operator2"):
            tokens.create_token(name="late", scopes=["exports:read"], actor=actor)
