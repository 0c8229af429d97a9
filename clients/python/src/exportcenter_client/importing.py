"""Flows of imports: send a file, look into it, have it checked, follow what becomes of it."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from exportcenter_client import calling, reading
from exportcenter_client.calling import path_of
from exportcenter_client.effects import Do, Flow, Request, Sleep
from exportcenter_client.errors import ProtocolError
from exportcenter_client.listing import words_of
from exportcenter_client.models import Progress
from exportcenter_client.saving import save
from exportcenter_client.sending import send
from exportcenter_client.session import Session
from exportcenter_client.uploading import Told as Sent
from exportcenter_client.uploading import upload_of
from exportcenter_client.waiting import POLL_FIRST, POLL_LONGEST, Clock

READ_SECONDS = 120.0
"""For what the server answers only when it has read in a file, of hundreds of megabytes perhaps."""
GOES_ON = frozenset({"queued", "processing"})
"""Otherwise it has ended, or waits for somebody (review)."""
Told = Callable[[Progress], None]


def send_file(session: Session, path: str | os.PathLike[str], told: Sent | None) -> Flow[dict[str, Any]]:
    """The file as the server has it now. Sent again only when nothing of it was: the answer may have been lost, and
    there would be two. Raises OSError of the disk, ValueError, and what any call raises."""
    upload = yield Do(lambda: upload_of(path, told))
    request = Request("POST", "/imports/files", upload=upload, repeatable=False, read_timeout=READ_SECONDS)
    said = reading.as_object((yield from send(session, request)))
    if not isinstance(said.get("file_id"), str):
        raise ProtocolError("The answer describes no file.")
    return said


def look(
    session: Session, file_id: str, dataset: str | None, mode: str | None, how: Mapping[str, Any]
) -> Flow[dict[str, Any]]:
    """What is in a file; for a dataset and a mode also what its columns mean."""
    query = tuple(words_of({"dataset": dataset, "mode": mode, **how}))
    request = Request("GET", path_of("/imports/files/{key}", key=file_id), query=query, read_timeout=READ_SECONDS)
    said = reading.as_object((yield from send(session, request)))
    header = said.get("header")
    if not isinstance(header, list) or not all(isinstance(column, dict) for column in header):
        raise ProtocolError("The answer describes no file.")
    return said


def create(
    session: Session,
    wish: Mapping[str, Any],
    mapping: Mapping[Any, str] | None,
    choices: Mapping[str, Any] | None,
    key: str | None,
) -> Flow[dict[str, Any]]:
    """A new import. ``wish``: the fields of the body that are text; those that are None are left to the server."""
    body: dict[str, Any] = {name: value for name, value in wish.items() if value is not None}
    if mapping is not None:
        body["mapping"] = {str(position): column for position, column in mapping.items()}
    if choices is not None:
        body["choices"] = dict(choices)
    return import_of((yield from calling.make(session, "/imports", body, key, read_timeout=READ_SECONDS)))


def get(session: Session, job_id: str) -> Flow[dict[str, Any]]:
    """The import as it is now."""
    return import_of((yield from calling.ask(session, path_of("/imports/{key}", key=job_id))))


def act(session: Session, job_id: str, action: str) -> Flow[dict[str, Any]]:
    """``confirm`` or ``cancel``: the import. Not sent again when the answer is lost: the second would be refused."""
    return import_of((yield from calling.do(session, "POST", path_of("/imports/{key}/", key=job_id) + action, {})))


def follow_up(session: Session, job_id: str, action: str, key: str | None) -> Flow[dict[str, Any]]:
    """``retry`` or ``undo``: the new import."""
    return import_of((yield from calling.make(session, path_of("/imports/{key}/", key=job_id) + action, {}, key)))


def wait(session: Session, job_id: str, timeout: float | None, told: Told | None) -> Flow[dict[str, Any]]:
    """The import when it waits for somebody or has ended. Raises WaitTimeout, and what any call raises.

    It is asked for from time to time; that it is as before costs the server an answer without a body."""
    clock, path = Clock(job_id, timeout), path_of("/imports/{key}", key=job_id)
    etag, pause = "", POLL_FIRST
    while True:
        headers = {"If-None-Match": etag} if etag else {}
        answer = yield from send(session, Request("GET", path, headers=headers))
        if answer.status != 304:
            seen, etag = import_of(reading.as_object(answer)), answer.headers.get("etag", "")
            if told is not None:
                told(progress_of(job_id, seen))
            if seen.get("status") not in GOES_ON:
                return seen
        yield Sleep(clock.at_most(pause))
        clock.left()
        pause = min(pause * 1.5, POLL_LONGEST)


def import_of(said: dict[str, Any]) -> dict[str, Any]:
    """The same, when it is an import. Raises ProtocolError."""
    kinds = {"job_id": str, "status": str, "counts": dict}
    if not all(isinstance(said.get(name), kind) for name, kind in kinds.items()):
        raise ProtocolError("The answer describes no import.")
    return said


def progress_of(job_id: str, seen: Mapping[str, Any]) -> Progress:
    """What an import says about how far it is."""
    percent = seen.get("progress")
    return Progress(
        job_id, str(seen.get("status")), percent if isinstance(percent, int) else 0, str(seen.get("stage") or "")
    )


def faulty_rows(session: Session, job_id: str, target: Path) -> Flow[Path]:
    """The faulty rows as a file to correct; see ``save``."""
    path = path_of("/imports/{key}/faulty_rows", key=job_id)
    request = Request("GET", path, headers={"Accept": "*/*"}, read_timeout=READ_SECONDS)
    return (yield from save(session, request, target, f"{job_id}-faulty"))


def template(session: Session, dataset: str, mode: str, file_type: str, target: Path) -> Flow[Path]:
    """A file to fill in; see ``save``."""
    query = (("dataset", dataset), ("mode", mode), ("file_type", file_type))
    request = Request("GET", "/imports/template", query=query, headers={"Accept": "*/*"})
    return (yield from save(session, request, target, f"import.{file_type}"))
