"""``?wait=``: an answer that comes when the job has ended, or when the time is over.

A job can end only after the request that made it has committed, and whoever waits must hold neither a transaction nor a
connection. So the door is called twice. The first time it makes the job and leaves a ``Wait`` in the request's
``Slip``; its answer, always 202, is held back. Whoever stands outside (jobs.exports.waiting_doors) waits and calls the
door once more: it judges the asker anew and tells how the job is by then.
"""

import math
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext as _
from rest_framework.request import Request

from accounts.models import User
from exportcenter.common.errors import InvalidParameters, Throttled
from jobs.engine.states import CANCELABLE
from jobs.events import reading
from jobs.events.api import credential_of
from jobs.events.hub import Credential
from jobs.events.visibility import Viewer
from jobs.models import ExportJob

PARAMETER = "wait"
LONGEST = 30
"""Seconds."""
SLIP = "exportcenter.wait"
"""Where the slip lies: in the ASGI scope, or on Django's request."""
MARGIN = 5
"""Seconds between the end of a wait and the moment at which its answer counts as lost."""
FIRST_POLL = (1, 30)
"""Seconds after which somebody is told to look at the earliest and at the latest."""


@dataclass(frozen=True)
class Wait:
    """For which job, for whom, how long; and what the door wants to know when it is called again."""

    viewer: Viewer
    credential: Credential
    newest: int
    job_id: UUID
    job_no: str
    ends_at: float
    """By time.monotonic()."""
    status: int
    extra: dict[str, Any]


class Seats:
    """So many waits per person in this process. Safe from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._taken: Counter[UUID] = Counter()

    def take(self, user_id: UUID) -> None:
        """One more. Raises Throttled (429)."""
        with self._lock:
            most = settings.EXPORT_WAITS_PER_USER
            if self._taken[user_id] >= most:
                message = _("%(most)d requests of yours are waiting already.") % {"most": most}
                raise Throttled(message, advice=_("Ask without “wait”, and look at the export later."), retry_after=1)
            self._taken[user_id] += 1

    def give_back(self, user_id: UUID) -> None:
        """One less."""
        with self._lock:
            self._taken[user_id] -= 1
            if not self._taken[user_id]:
                del self._taken[user_id]


SEATS = Seats()


@dataclass
class Slip:
    """What a door and whoever waits outside tell each other about one request."""

    wait: Wait | None = None
    """By the door: hold the answer back and wait."""
    over: Wait | None = None
    """By the waiter, in the second call: this wait is over."""
    _seats: list[UUID] = field(default_factory=list)

    def take_seat(self, user: User) -> None:
        """A place for this request's wait. Raises Throttled (429)."""
        SEATS.take(user.pk)
        self._seats.append(user.pk)

    def give_seat_back(self) -> None:
        """Whoever has made the slip calls this when the request is over, however it ended."""
        while self._seats:
            SEATS.give_back(self._seats.pop())


def slip_of(request: HttpRequest) -> Slip | None:
    """The slip of a request that asks to wait."""
    scope = getattr(request, "scope", None) or {}
    slip: Slip | None = scope.get(SLIP) or getattr(request, "wait_slip", None)
    return slip


def over(request: Request) -> Wait | None:
    """The wait that is over, when the door is called for the second time."""
    slip = slip_of(request._request)
    return slip.over if slip else None


def seconds_of(request: Request) -> int | None:
    """How long the asker wants to wait; None when nothing was said. Raises InvalidParameters."""
    given = request.query_params.get(PARAMETER)
    if given is None:
        return None
    if not (given.isascii() and given.isdigit() and len(given) <= 3 and int(given) <= LONGEST):
        words = _("A whole number from %(least)d to %(most)d is expected.") % {"least": 0, "most": LONGEST}
        raise InvalidParameters(details={PARAMETER: [words]})
    return int(given)


def take_seat(request: Request, user: User, seconds: int | None) -> None:
    """A place for the wait, before anything is made. Raises Throttled (429)."""
    slip = slip_of(request._request)
    if seconds and slip is not None:
        slip.take_seat(user)


def begin(request: Request, user: User, job: ExportJob, *, seconds: int, status: int, extra: dict[str, Any]) -> None:
    """Ask for this answer (202) to be held back until ``job`` has ended."""
    slip = slip_of(request._request)
    if slip is not None:
        slip.wait = Wait(
            viewer=Viewer.of(user),
            credential=credential_of(request),
            newest=reading.newest(),
            job_id=job.pk,
            job_no=job.job_no,
            ends_at=time.monotonic() + seconds,
            status=status,
            extra=extra,
        )


def has_ended(job: ExportJob) -> bool:
    """Whether there is nothing to wait for any more."""
    return job.status not in CANCELABLE


def first_poll(job: ExportJob) -> int:
    """Seconds after which it is worth looking whether the job has ended."""
    least, most = FIRST_POLL
    return max(least, min(most, math.ceil(job.estimated_seconds or least)))
