"""Sidebar of the admin."""

from typing import Any

from django.http import HttpRequest


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    """Groups and links that the signed-in person may use."""
    return []
