"""Fixtures of the page's tests."""

import pytest

from jobs.exports.pages import cards


@pytest.fixture(autouse=True)
def fresh_cards():
    """The cards remember their figures for some seconds; each test has its own."""
    cards._memory.clear()
    yield
    cards._memory.clear()
