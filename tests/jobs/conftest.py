"""Fixtures of tests of jobs."""

import pytest

from tests.exports_helpers import Exports
from tests.office_program import office  # noqa: F401 - a fixture


@pytest.fixture
def exports(_world):
    """A maker of jobs in any state. Use it with ``world`` or ``live``."""
    maker = Exports(_world)
    yield maker
    maker.close()
