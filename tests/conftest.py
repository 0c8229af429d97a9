"""Fixtures: the real database, the people in it, and ways to act as one of them."""

import os

import psycopg
import pytest
from django.core.cache import cache
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.utils import translation

from accounts.limits.memory import COUNTS
from tests import world as people
from tests.jobs.records import samples


@pytest.fixture(scope="session")
def django_db_setup(django_db_blocker):
    """Migrate the tests' own database under the owner role; tests then run under the app role, as in life."""
    with django_db_blocker.unblock():
        call_command("migrate", verbosity=0, interactive=False)
        connection.close()


@pytest.fixture(scope="session")
def _world(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock():
        built = people.build()
        connection.close()
    return built


@pytest.fixture(autouse=True)
def _as_in_a_new_process():
    """The courtesy limit on sign-ins counts per process and minute, and tests sign in more often than people; a request
    leaves its reader's language behind in its thread."""
    cache.clear()
    COUNTS.forget()
    translation.deactivate()


@pytest.fixture
def world(_world, db):
    """Tenants and users; everything the test writes is rolled back."""
    return _world


@pytest.fixture
def live(_world, django_db_blocker):
    """Tenants and users, with real commits: for tests that start processes. Jobs and records are wiped afterwards, and
    everybody reads Chinese again."""
    with django_db_blocker.unblock():
        yield _world
        connection.close()
        wipe()


@pytest.fixture
def owner():
    """A connection of the database's owner, in autocommit mode."""
    with psycopg.connect(os.environ["DATABASE_OWNER_URL"], autocommit=True) as direct:
        yield direct


@pytest.fixture
def superuser():
    """A superuser connection, in autocommit mode: sees and may do everything."""
    with psycopg.connect(os.environ["TEST_SUPERUSER_URL"], autocommit=True) as direct:
        yield direct


def wipe():
    """Empty every table of jobs, records, a company's own apps, API tokens, API sign-ins and limits, and let everybody
    read Chinese again, and be as if they had never signed in (committed). Waits out no lock: nothing else may run."""
    with psycopg.connect(os.environ["TEST_SUPERUSER_URL"], autocommit=True) as direct:
        names = [
            row[0]
            for row in direct.execute(
                "SELECT tablename FROM pg_tables WHERE schemaname = 'public' "
                "AND (tablename LIKE 'jobs\\_%' OR tablename LIKE 'records\\_%' OR tablename LIKE 'echo\\_%' "
                "OR tablename IN ('accounts_accesstoken', 'accounts_tokenfamily', 'accounts_ratelimit'))"
            )
        ]
        names += [model._meta.db_table for model in samples.OTHERS]
        if names:
            direct.execute(f"TRUNCATE {', '.join(names)} CASCADE")
        direct.execute(
            "UPDATE accounts_user SET language = 'zh-hans', last_login = NULL "
            "WHERE language <> 'zh-hans' OR last_login IS NOT NULL"
        )


@pytest.fixture
def sign_in(world):
    """sign_in("finance") → a Django test client with that person's session."""

    def _sign_in(name: str) -> Client:
        client = Client(REMOTE_ADDR="127.0.0.1")
        response = client.post("/accounts/login/", {"login": name, "password": people.PASSWORD})
        assert response.status_code == 302, response.content[:500]
        return client

    return _sign_in
