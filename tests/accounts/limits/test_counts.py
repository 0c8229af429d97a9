"""Both ways to count: so many at once, then one for each that has leaked back, whoever else counts."""

import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from django.db import OperationalError, connection, transaction

from accounts.limits import stored
from accounts.limits.memory import Counts
from accounts.limits.rates import CREATE, GENERAL, PERIOD_SECONDS, SIGN_IN, Standing
from exportcenter.common import apart
from exportcenter.common.apart import APART, Apart

THREADS, TRIES = 8, 12


@pytest.fixture(params=["memory", "stored"])
def take(request):
    """take(rate, key) by each way to count."""
    if request.param == "stored":
        return stored.take
    return Counts().take


def test_a_burst_and_then_what_leaks_back(take, settings):
    settings.LIMIT_CREATE_PER_MINUTE = 120  # one leaks back every half second
    began = time.monotonic()
    burst = [take(CREATE, "a") for _number in range(120)]
    assert all(standing.allowed for standing in burst)
    assert [standing.left for standing in burst[:3]] == [119, 118, 117] or time.monotonic() - began > 0.5
    tries = 0
    while (refused := take(CREATE, "a")).allowed:  # the burst itself took time
        tries += 1
    assert tries <= (time.monotonic() - began) / 0.5 + 1
    assert (refused.left, refused.retry_after) == (0, 1)
    assert PERIOD_SECONDS - 0.51 < refused.wait <= PERIOD_SECONDS
    time.sleep(0.55)
    assert take(CREATE, "a").allowed


def test_refusals_do_not_count(take, settings):
    settings.LIMIT_CREATE_PER_MINUTE = 60
    while take(CREATE, "a").allowed:
        pass
    waits = [take(CREATE, "a").wait for _number in range(20)]
    assert max(waits) <= PERIOD_SECONDS
    time.sleep(1.05)
    assert take(CREATE, "a").allowed


def test_keys_and_limits_are_apart(take, settings):
    settings.LIMIT_CREATE_PER_MINUTE = settings.LIMIT_SIGN_IN_PER_MINUTE = 1
    assert take(CREATE, "a").allowed
    assert not take(CREATE, "a").allowed
    assert take(CREATE, "b").allowed
    assert take(SIGN_IN, "a").allowed


def test_zero_switches_off(take, settings):
    settings.LIMIT_CREATE_PER_MINUTE = 0
    assert [take(CREATE, "a") for _number in range(3)] == [None] * 3


def test_a_changed_limit_holds_at_once(take, settings):
    settings.LIMIT_CREATE_PER_MINUTE = 1
    assert take(CREATE, "a").allowed
    assert not take(CREATE, "a").allowed
    settings.LIMIT_CREATE_PER_MINUTE = 100
    assert not take(CREATE, "a").allowed  # the bucket is full to its rim: a minute's worth is used
    settings.LIMIT_CREATE_PER_MINUTE = 0
    assert take(CREATE, "a") is None


def bounds(most: int, began: float) -> range:
    """How many uses may have been allowed since ``began``."""
    return range(most, most + int((time.monotonic() - began) * most / PERIOD_SECONDS) + 2)


def in_threads(act) -> list[Standing]:
    """act(number) TRIES times in each of THREADS threads that begin together."""
    start = threading.Barrier(THREADS)

    def many(number: int) -> list[Standing]:
        start.wait(30)
        return [act(number) for _try in range(TRIES)]

    with ThreadPoolExecutor(THREADS) as pool:
        return [standing for some in pool.map(many, range(THREADS)) for standing in some]


def test_threads_of_one_process_share_the_memory_exactly(settings):
    settings.LIMIT_GENERAL_PER_MINUTE = 20
    counts, began = Counts(), time.monotonic()
    used = in_threads(lambda _number: counts.take(GENERAL, "a"))
    assert sum(standing.allowed for standing in used) in bounds(20, began)


def test_many_connections_share_the_database_exactly(settings):
    """As many processes would: each thread has a connection of its own."""
    settings.LIMIT_CREATE_PER_MINUTE = 20
    through, began = [Apart() for _number in range(THREADS)], time.monotonic()
    used = in_threads(lambda number: stored.take(CREATE, "user", "a", through=through[number]))
    assert sum(standing.allowed for standing in used) in bounds(20, began)
    others = stored.take(CREATE, "user", "b")
    assert others.allowed
    for one in through:
        one.close()


def test_threads_of_one_process_share_one_connection(settings, superuser):
    settings.LIMIT_CREATE_PER_MINUTE = 20
    began = time.monotonic()
    used = in_threads(lambda number: stored.take(CREATE, "user", "a"))
    assert sum(standing.allowed for standing in used) in bounds(20, began)
    ours = "SELECT count(*) FROM pg_stat_activity WHERE application_name = %s AND datname = current_database()"
    assert superuser.execute(ours, [apart.APPLICATION_NAME]).fetchone() == (1,)


def test_people_do_not_wait_for_each_other(settings, superuser):
    settings.LIMIT_CREATE_PER_MINUTE = 20
    stored.take(CREATE, "user", "a")
    with superuser.transaction():
        superuser.execute("UPDATE accounts_ratelimit SET allowed = allowed")  # "a" is held
        began = time.monotonic()
        assert stored.take(CREATE, "user", "b").allowed
        assert time.monotonic() - began < apart.PATIENCE_SECONDS / 2


def test_a_count_stays_when_the_request_is_undone(world, settings):
    settings.LIMIT_CREATE_PER_MINUTE = 1
    with transaction.atomic():
        assert stored.take(CREATE, "user", "a").allowed
        transaction.set_rollback(True)
    assert not stored.take(CREATE, "user", "a").allowed


def test_a_lost_connection_is_opened_anew(settings, superuser):
    settings.LIMIT_CREATE_PER_MINUTE = 5
    assert stored.take(CREATE, "user", "a").left == 4
    ended = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = %s"
    assert superuser.execute(ended, [apart.APPLICATION_NAME]).fetchone() == (1,)
    assert stored.take(CREATE, "user", "a").left == 3


def test_a_database_that_does_not_answer_is_said_in_our_way(settings, monkeypatch):
    """OperationalError of Django's: doors answer 503."""
    settings.LIMIT_CREATE_PER_MINUTE = 5
    address = {"host": "127.0.0.1", "port": 1, "connect_timeout": 1}
    monkeypatch.setattr(apart, "connection_parameters", lambda: address)
    with pytest.raises(OperationalError):
        stored.take(CREATE, "user", "a", through=Apart())


def test_the_table_tells_nobody_anything(settings, superuser):
    settings.LIMIT_SIGN_IN_PER_MINUTE = 5
    stored.take(SIGN_IN, "192.0.2.7", "finance")
    (row,) = superuser.execute("SELECT accounts_ratelimit::text FROM accounts_ratelimit").fetchall()
    assert "192.0.2" not in row[0]
    assert "finance" not in row[0]
    kind = superuser.execute("SELECT relpersistence FROM pg_class WHERE relname = 'accounts_ratelimit'").fetchone()
    assert kind in (("u",), (b"u",))


def test_full_buckets_are_forgotten(settings, superuser):
    settings.LIMIT_CREATE_PER_MINUTE = 60
    stored.take(CREATE, "user", "a")
    stored.take(CREATE, "user", "b")
    one = "key = (SELECT min(key::text)::uuid FROM accounts_ratelimit)"
    superuser.execute(f"UPDATE accounts_ratelimit SET full_at = now() - interval '1 s' WHERE {one}")
    assert stored.prune() == 1
    assert superuser.execute("SELECT count(*) FROM accounts_ratelimit").fetchone() == (1,)


def test_memory_has_a_bound(settings):
    settings.LIMIT_GENERAL_PER_MINUTE = 2
    counts = Counts(most_keys=100)
    for number in range(1_000):
        counts.take(GENERAL, f"address {number}")
        counts.take(GENERAL, "busy")
        assert len(counts) <= 100
    assert not counts.take(GENERAL, "busy").allowed  # who comes often is not forgotten


def test_a_parents_connection_is_not_used_after_a_fork(settings):
    settings.LIMIT_CREATE_PER_MINUTE = 5
    assert stored.take(CREATE, "user", "a").left == 4
    held = APART._connection
    APART._process = os.getpid() + 1  # as in a child
    assert stored.take(CREATE, "user", "a").left == 3
    assert APART._connection is not held
    assert isinstance(held, psycopg.Connection)
    assert not held.closed
    held.close()
    connection.close()
