"""Waiting for the end of an export: by live events, and by asking where there are none."""

import json
import time
from collections.abc import Callable
from dataclasses import replace

from exportcenter_client import exporting
from exportcenter_client.effects import Apart, Close, Flow, Read, Request, Sleep
from exportcenter_client.errors import ApiError, NetworkError, ProtocolError, WaitTimeout
from exportcenter_client.models import ENDED, Export, Progress, progress_of
from exportcenter_client.sending import opened
from exportcenter_client.session import Session
from exportcenter_client.sse import Event, Parser

SILENCE = 40.0
"""Seconds without a byte after which a stream counts as dead; the server says something every 15."""
LONG = 30.0
"""Seconds after which a stream was worth it, even if it told nothing."""
POLL_FIRST, POLL_LONGEST = 0.5, 5.0
STREAMS_LOST = 3
"""Streams in a row that were of no use, until we ask instead."""
Told = Callable[[Progress], None]


class Clock:
    """When patience ends."""

    def __init__(self, job_id: str, seconds: float | None) -> None:
        self.job_id = job_id
        self.end = None if seconds is None else time.monotonic() + seconds

    def left(self) -> float | None:
        """Seconds; None: for ever. Raises WaitTimeout."""
        if self.end is None:
            return None
        left = self.end - time.monotonic()
        if left <= 0:
            raise WaitTimeout(f"{self.job_id} has not ended yet. It goes on; wait for it again at any time.")
        return left

    def at_most(self, seconds: float) -> float:
        """So many seconds, or what is left."""
        left = self.left()
        return seconds if left is None else min(seconds, left)


def wait(session: Session, job_id: str, timeout: float | None, told: Told | None, live: bool) -> Flow[Export]:
    """The export after its end, whatever the end was. Raises WaitTimeout, and what any call raises.

    With ``live`` the stream of events is listened to: it says what happens as it happens and costs the server nothing
    while nothing does. Where it is refused, or breaks off thrice in a row, the export is asked for from time to time.
    """
    clock, tell = Clock(job_id, timeout), told or _nobody
    export = yield from _look(session, job_id, tell)
    lost, last_id = 0, ""
    while not export.ended and live and lost < STREAMS_LOST:
        try:
            yield from _listen(session, job_id, last_id, clock, tell)
        except _Over as over:
            last_id, lost = over.last_id, 0 if over.worth else lost + 1
            yield Sleep(clock.at_most(session.patience.wait(max(1, lost))))
        except (ApiError, ProtocolError, NetworkError):
            live = False
        clock.left()
        export = yield from _look(session, job_id, tell)
    return export if export.ended else (yield from _poll(session, job_id, clock, tell))


class _Over(Exception):
    """The stream ended or broke off. ``worth``: it was of use before."""

    def __init__(self, last_id: str, worth: bool) -> None:
        super().__init__()
        self.last_id, self.worth = last_id, worth


def _listen(session: Session, job_id: str, last_id: str, clock: Clock, tell: Told) -> Flow[None]:
    """Ends when the export may have ended. Raises _Over, and what ``opened`` raises."""
    headers = {"Accept": "text/event-stream"} | ({"Last-Event-ID": last_id} if last_id else {})
    request = Request("GET", "/events", headers=headers, read_timeout=clock.at_most(SILENCE))
    answer = yield from opened(replace(session, patience=replace(session.patience, tries=1)), request)
    if not answer.headers.get("content-type", "").startswith("text/event-stream"):
        raise ProtocolError("The server sends no live events.")
    parser, began, heard = Parser(last_id), time.monotonic(), False
    try:
        while block := (yield Read()):
            clock.left()
            for event in parser.feed(block):
                if event.kind == "hello" and not last_id:
                    # What happened before the stream began was told to nobody.
                    export = yield Apart(lambda: _look(session, job_id, tell))
                    over = export.ended
                else:
                    heard = heard or event.kind != "hello"
                    over = event.kind == "reset" or _tells_end(event, job_id, tell)
                if over:
                    yield Close()
                    return
    except NetworkError:
        clock.left()  # as good as an end: come again
    yield Close()
    raise _Over(parser.last_id, heard or time.monotonic() - began > LONG)


def _tells_end(event: Event, job_id: str, tell: Told) -> bool:
    if event.kind not in ("job.status", "job.progress"):
        return False
    try:
        data = json.loads(event.data)["data"]
        if data["job_id"] != job_id:
            return False
        status = str(data.get("status") or "processing")
        tell(Progress(job_id, status, int(data.get("progress") or 0), str(data.get("stage") or ""),
                      _count(data.get("rows_done")), _count(data.get("rows_expected"))))  # fmt: skip
    except (ValueError, TypeError, KeyError, AttributeError) as fault:
        raise ProtocolError("A live event makes no sense.") from fault
    return status in ENDED


def _poll(session: Session, job_id: str, clock: Clock, tell: Told) -> Flow[Export]:
    etag, pause = "", POLL_FIRST
    while True:
        export, etag = yield from exporting.get_if_changed(session, job_id, etag)
        if export is not None:
            tell(progress_of(export))
            if export.ended:
                return export
        yield Sleep(clock.at_most(pause))
        clock.left()
        pause = min(pause * 1.5, POLL_LONGEST)


def _look(session: Session, job_id: str, tell: Told) -> Flow[Export]:
    export = yield from exporting.get(session, job_id)
    tell(progress_of(export))
    return export


def _count(value: object) -> int | None:
    return value if isinstance(value, int) else None


def _nobody(progress: Progress) -> None:
    """Nobody wants to know."""
