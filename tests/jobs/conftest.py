"""Fixtures of tests of jobs."""

import pytest

from tests.exports_helpers import Exports


@pytest.fixture
def exports(_world):
    """A maker of jobs in any state. Use it with ``world`` or ``live``."""
    maker = Exports(_world)
    yield maker
    maker.close()
