"""Helpers of tests of pages."""

import json

import pytest

from tests.exports_helpers import ENGLISH, signed_in
from tests.jobs.notices.conftest import told, wish

__all__ = ["told", "wish"]


@pytest.fixture
def send():
    """send(client, "PATCH", path, body) → the answer, in English."""

    def _send(client, method: str, path: str, body=None):
        text = "" if body is None else json.dumps(body)
        return client.generic(method, path, text, content_type="application/json", **ENGLISH)

    return _send


@pytest.fixture
def sign_in(world):
    """Without the sign-in page, which answers sixty times a minute only."""
    return lambda name: signed_in(world, name)
