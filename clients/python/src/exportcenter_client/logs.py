"""The lines of an export's log, all of them or as they come."""

from collections.abc import Mapping, Sequence
from typing import Any

from exportcenter_client import exporting, reading
from exportcenter_client.effects import Flow, Give, Request, Sleep
from exportcenter_client.errors import NotFound, ProtocolError
from exportcenter_client.models import LogLine
from exportcenter_client.sending import send
from exportcenter_client.session import Session
from exportcenter_client.urls import segment

LOOK_EVERY = 1.0
"""Seconds between looks while following."""


def lines(session: Session, job_id: str, follow: bool) -> Flow[None]:
    """Gives LogLine after LogLine; with ``follow`` until the export has ended.

    A server without /exports/{id}/logs tells the last 100 lines only. Following it, a gap between two looks is given
    as a line of its own.
    """
    export, etag = yield from exporting.get_if_changed(session, job_id, "")
    if export is None:
        raise ProtocolError("Nothing has changed, says the server, although nothing was known.")
    try:
        page = yield from _page(session, job_id, None)
    except NotFound:  # the export is there, so it is the address that is not
        yield from _tails(session, job_id, follow)
        return
    while True:
        ended = export.ended  # as known before this page was asked for: what ends later may still have said something
        for line in page.lines:
            yield Give(line)
        if not page.more:
            if ended or not follow:
                return
            yield Sleep(LOOK_EVERY)
            changed, etag = yield from exporting.get_if_changed(session, job_id, etag)
            export = changed or export
        page = yield from _page(session, job_id, page.next)


class _Page:
    """One answer of /logs."""

    def __init__(self, said: Mapping[str, Any], asked: str | None) -> None:
        found = said.get("lines")
        if not isinstance(found, list):
            raise ProtocolError("The answer holds no lines of a log.")
        self.lines = [_line(one) for one in found]
        after = said.get("next")
        self.next = asked if after is None else str(after)
        self.more = bool(said.get("more"))
        if self.more and self.next == asked:
            raise ProtocolError("The server's log does not move.")


def _page(session: Session, job_id: str, after: str | None) -> Flow[_Page]:
    query = () if after is None else (("after", after),)
    request = Request("GET", f"/exports/{segment(job_id)}/logs", query=query)
    return _Page(reading.as_object((yield from send(session, request))), after)


def _line(said: Any) -> LogLine:
    if isinstance(said, str):
        return LogLine(said)
    if not isinstance(said, dict):
        raise ProtocolError("A line of the log is no text.")
    number = said.get("seq")
    text = said.get("text", said.get("line"))
    if not isinstance(text, str):
        words = (said.get("at", said.get("time", "")), str(said.get("level", "")).upper(), said.get("message", ""))
        text = " ".join(str(word) for word in words if word)
    return LogLine(text, number if isinstance(number, int | str) else None)


# --- servers that tell the tail only ---------------------------------------------------------------------------
def _tails(session: Session, job_id: str, follow: bool) -> Flow[None]:
    known: list[str] = []
    while True:
        export = yield from exporting.get(session, job_id)
        tail = str(export.raw.get("logs_tail") or "").splitlines()
        for text in fresh(known, tail):
            yield Give(LogLine(text))
        known = tail or known
        if export.ended or not follow:
            return
        yield Sleep(LOOK_EVERY)


def fresh(known: Sequence[str], tail: Sequence[str]) -> list[str]:
    """What ``tail`` says beyond ``known``, by their longest overlap; with a line about the gap where there is none."""
    for length in range(min(len(known), len(tail)), 0, -1):
        if list(known[-length:]) == list(tail[:length]):
            return list(tail[length:])
    return ["[…]", *tail] if known and tail else list(tail)
