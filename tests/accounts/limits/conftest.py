"""Fixtures of limit tests."""

import pytest

from exportcenter.common.apart import APART
from tests.exports_helpers import signed_in


@pytest.fixture
def sign_in(_world):
    """sign_in("finance") → a client with that person's session, without the cost of a password. Also for ``live``."""
    return lambda name: signed_in(_world, name)


@pytest.fixture(autouse=True)
def _full_buckets(_world, superuser):
    """Counts in the database are committed by themselves: no test's rollback takes them back."""
    superuser.execute("TRUNCATE accounts_ratelimit")
    yield
    APART.close()
