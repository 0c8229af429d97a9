"""Programs that call a real server with a token, as companies' own do."""

import httpx
from django.db import connection

from accounts.signin import families

EXPORTS = "/api/v1/exports"


def caller(web, world, name: str, **options) -> httpx.Client:
    """A client of ``web`` with a fresh token of that person."""
    return httpx.Client(base_url=web.address, headers=headers_of(world, name), timeout=60, **options)


def headers_of(world, name: str) -> dict[str, str]:
    """What such a client sends."""
    with world.scope(name):
        token = families.begin(world.user(name)).access
    connection.close()  # some count what is open
    return {"Authorization": f"Bearer {token}", "Accept-Language": "en"}
