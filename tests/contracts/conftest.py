"""Fixtures of contract tests."""

import pytest

from tests.contracts.checked import check_answers
from tests.exports_helpers import Exports, signed_in
from tests.imports_helpers import Imports


@pytest.fixture(autouse=True)
def _answers_keep_to_the_document(monkeypatch):
    """In every test of this folder, whatever it is about."""
    check_answers(monkeypatch)


@pytest.fixture
def exports(_world):
    """A maker of jobs in any state. Use it with ``world`` or ``live``."""
    maker = Exports(_world)
    yield maker
    maker.close()


@pytest.fixture
def imports(_world):
    """The same of imports."""
    maker = Imports(_world)
    yield maker
    maker.close()


@pytest.fixture
def sign_in(_world):
    """sign_in("finance") → a client with that person's session, without the cost of a password. Also for ``live``."""
    return lambda name: signed_in(_world, name)
