"""Every answer of the API in a test is held against its document."""

import json
from typing import Any

from django.test import Client

from tests.contracts.document import problems_of


def check_answers(monkeypatch) -> None:
    """From now on an answer that deviates fails the test that asked for it."""
    plain = Client.generic

    def generic(self: Client, method: str, path: str, data: Any = "", *args: Any, **more: Any) -> Any:
        response = plain(self, method, path, data, *args, **more)
        asked = response.request
        address = asked["PATH_INFO"] + (f"?{asked['QUERY_STRING']}" if asked.get("QUERY_STRING") else "")
        assert problems_of(method, address, _read(data), response) == []
        return response

    monkeypatch.setattr(Client, "generic", generic)


def _read(data: Any) -> Any:
    """The JSON that was sent; None when it was none."""
    try:
        return json.loads(data)
    except ValueError:
        return None
