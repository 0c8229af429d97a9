"""Fixtures of contract tests."""

import pytest

from tests.exports_helpers import Exports, signed_in


@pytest.fixture
def exports(_world):
    """A maker of jobs in any state. Use it with ``world`` or ``live``."""
    maker = Exports(_world)
    yield maker
    maker.close()


@pytest.fixture
def sign_in(_world):
    """sign_in("finance") → a client with that person's session, without the cost of a password. Also for ``live``."""
    return lambda name: signed_in(_world, name)
