"""Flows of exports: ask for one, change it, look at it."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from exportcenter_client import reading
from exportcenter_client.effects import Answer, Flow, Request
from exportcenter_client.errors import ProtocolError, Throttled
from exportcenter_client.models import Export, export_of
from exportcenter_client.sending import send
from exportcenter_client.session import Session
from exportcenter_client.urls import segment

SLOWEST_ANSWER = 30.0
"""Seconds that an answer may take besides the wait that was asked for."""


@dataclass(frozen=True)
class Wish:
    """What an export shall be (docs/api.md, Creating). Fields that are None are left to the server."""

    type: str
    params: Mapping[str, Any] | None = None
    columns: Sequence[str] | None = None
    file_type: str | None = None
    options: Mapping[str, Any] | None = None
    source: str | None = None
    reuse: bool = False
    """Join an identical fresh export instead of making one."""

    def body(self) -> dict[str, Any]:
        """As the API takes it."""
        said = {
            "type": self.type,
            "params": None if self.params is None else dict(self.params),
            "columns": None if self.columns is None else list(self.columns),
            "file_type": self.file_type,
            "options": None if self.options is None else dict(self.options),
            "source": self.source,
            "reuse": self.reuse or None,
        }
        return {name: value for name, value in said.items() if value is not None}


def create(session: Session, wish: Wish, key: str | None, wait: int) -> Flow[Export]:
    """A new export, or with ``wish.reuse`` perhaps one that is there. ``key`` (of our own, if None) stays the same
    over all repeats of this call. ``wait``: seconds that the server may hold the answer back until it has ended."""
    return (yield from _make(session, "/exports", wish.body(), key, wait))


def get(session: Session, job_id: str) -> Flow[Export]:
    """The export as it is now."""
    request = Request("GET", f"/exports/{segment(job_id)}")
    return export_of(reading.as_object((yield from send(session, request))))


def get_if_changed(session: Session, job_id: str, etag: str) -> Flow[tuple[Export | None, str]]:
    """(export, its ETag), or (None, etag) while it is the same: what polling asks. Servers without ETags answer
    whole."""
    headers = {"If-None-Match": etag} if etag else {}
    answer = yield from send(session, Request("GET", f"/exports/{segment(job_id)}", headers=headers))
    if answer.status == 304:
        return None, etag
    return export_of(reading.as_object(answer)), answer.headers.get("etag", "")


def retry(session: Session, job_id: str, key: str | None) -> Flow[str]:
    """The id of the new export."""
    request = Request("POST", f"/exports/{segment(job_id)}/retry", headers=_once(key), body={})
    said = reading.as_object((yield from send(session, request)))
    if not isinstance(said.get("new_job_id"), str):
        raise ProtocolError("The answer to a retry names no export.")
    return str(said["new_job_id"])


def act(session: Session, job_id: str, action: str) -> Flow[None]:
    """``cancel`` or ``accelerate``. Not sent again when the answer is lost: the second one would be refused."""
    yield from send(session, Request("POST", f"/exports/{segment(job_id)}/{action}", body={}, repeatable=False))


def estimate(session: Session, wish: Wish, exact: bool) -> Flow[dict[str, Any]]:
    """What it would be."""
    request = Request("POST", "/exports/estimate", body=wish.body() | ({"exact": True} if exact else {}))
    return reading.as_object((yield from send(session, request)))


def read(session: Session, path: str) -> Flow[dict[str, Any]]:
    """The object at a path."""
    return reading.as_object((yield from send(session, Request("GET", path))))


def run_definition(
    session: Session, key: str, body: Mapping[str, Any], idempotency: str | None, wait: int
) -> Flow[Export]:
    """An export as a definition says; ``wait`` as for ``create``."""
    return (yield from _make(session, f"/export-definitions/{segment(key)}/run", dict(body), idempotency, wait))


def _make(session: Session, path: str, body: Mapping[str, Any], key: str | None, wait: int) -> Flow[Export]:
    request = Request("POST", path, headers=_once(key), body=body)
    if wait:
        waiting = replace(request, query=(("wait", str(wait)),), read_timeout=wait + SLOWEST_ANSWER)
        try:
            return export_of(reading.as_object((yield from send(session, waiting))))
        except Throttled:
            pass  # Too many of this person wait, perhaps. Nothing was made, and the same key serves without waiting.
    answer: Answer = yield from send(session, request)
    return export_of(reading.as_object(answer))


def _once(key: str | None) -> dict[str, str]:
    return {"Idempotency-Key": key or str(uuid.uuid4())}
