"""Flows of what is plainly there, made, changed or deleted: batch tasks, webhooks, API tokens, imports."""

import uuid
from collections.abc import Mapping
from typing import Any

from exportcenter_client import reading
from exportcenter_client.effects import Flow, Request
from exportcenter_client.errors import ProtocolError
from exportcenter_client.sending import send
from exportcenter_client.session import Session
from exportcenter_client.urls import segment


def path_of(pattern: str, **ids: str) -> str:
    """``path_of("/webhooks/{key}/test", key=…)``. Raises ValueError for what is no id."""
    return pattern.format(**{name: segment(text) for name, text in ids.items()})


def ask(session: Session, path: str) -> Flow[dict[str, Any]]:
    """The object at a path."""
    return reading.as_object((yield from send(session, Request("GET", path))))


def do(
    session: Session,
    method: str,
    path: str,
    body: Mapping[str, Any] | None = None,
    *,
    read_timeout: float | None = None,
) -> Flow[dict[str, Any]]:
    """Change something: the object of the answer. Not sent again when the answer was lost, for it may have been done:
    the second one would make another, or be refused."""
    request = Request(method, path, body=body, repeatable=False, read_timeout=read_timeout)
    return reading.as_object((yield from send(session, request)))


def make(
    session: Session, path: str, body: Mapping[str, Any], key: str | None, *, read_timeout: float | None = None
) -> Flow[dict[str, Any]]:
    """Make something: the object of the answer. ``key`` (of our own, if None) stays the same over all repeats, so that
    one is made however often an answer was lost."""
    headers = {"Idempotency-Key": key or str(uuid.uuid4())}
    request = Request("POST", path, headers=headers, body=body, read_timeout=read_timeout)
    return reading.as_object((yield from send(session, request)))


def items(session: Session, path: str) -> Flow[list[dict[str, Any]]]:
    """The items of a list that comes whole."""
    found = (yield from ask(session, path)).get("items")
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        raise ProtocolError("The answer is no list.")
    return found
