"""The courtesy limit on sign-ins counts per process and minute; tests sign in more often than people."""

import pytest
from django.core.cache import cache


@pytest.fixture(autouse=True)
def _fresh_limits():
    cache.clear()
