"""The overview of a period. One that took long to compute is answered again for a minute, and says as of when it is."""

import threading
import time
from collections import OrderedDict
from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db import OperationalError
from django.utils.translation import gettext as _

from accounts import tenancy
from accounts.models import User
from exportcenter.common import clock
from exportcenter.common.database import is_statement_timeout, statement_timeout
from exportcenter.common.errors import Unavailable
from jobs.exports.estimating import accuracy
from jobs.exports.usage import queries
from jobs.exports.usage.figures import Day, Downloads, EventUse, Overview, PersonUse, Sum, TypeUse, Volume
from jobs.exports.usage.period import Period

MOST_PEOPLE = 20
KEPT_SECONDS = 60
QUICK_SECONDS = 0.25
"""What took no longer than this is computed anew each time."""
STATEMENT_SECONDS = 20
"""One statement may take so long."""
WAIT_SECONDS = 10
"""For somebody else's computation of the same. Beyond 15 s the database would end the waiting transaction."""
MOST_KEPT = 64
"""Overviews in this process, of all companies."""

_Key = tuple[UUID, Period]


class _Kept:
    """Overviews of the last minute, by company and period. Whoever asks for one that is being computed waits for it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: OrderedDict[_Key, tuple[float, Overview]] = OrderedDict()
        self._computing: dict[_Key, threading.Lock] = {}

    def get(self, key: _Key) -> Overview:
        """The one that is there, or a new one."""
        if (known := self._known(key)) is not None:
            return known
        with self._lock:
            turn = self._computing.setdefault(key, threading.Lock())
        if not turn.acquire(timeout=WAIT_SECONDS):
            raise _too_slow()
        try:
            return self._known(key) or self._compute(key)
        finally:
            turn.release()
            with self._lock:
                self._computing.pop(key, None)

    def forget(self) -> None:
        """Everything."""
        with self._lock:
            self._found.clear()

    def _known(self, key: _Key) -> Overview | None:
        with self._lock:
            until, found = self._found.get(key, (0.0, None))
            return found if time.monotonic() < until else None

    def _compute(self, key: _Key) -> Overview:
        began = time.monotonic()
        found = compute(key[1])
        ended = time.monotonic()
        if ended - began > QUICK_SECONDS:
            with self._lock:
                self._found[key] = (ended + KEPT_SECONDS, found)
                self._found.move_to_end(key)
                while len(self._found) > MOST_KEPT:
                    self._found.popitem(last=False)
        return found


_kept = _Kept()


def overview(period: Period) -> Overview:
    """The current company's overview. Raises Unavailable (503) when the database takes too long."""
    try:
        return _kept.get((tenancy.require(), period))
    except OperationalError as error:
        if not is_statement_timeout(error):
            raise
        raise _too_slow() from error


def forget() -> None:
    """Compute everything anew."""
    _kept.forget()


def compute(period: Period) -> Overview:
    """The overview as it is now. Raises OperationalError when a statement takes too long."""
    with statement_timeout(STATEMENT_SECONDS):
        return _compute(period, clock.now())


def _compute(period: Period, now: datetime) -> Overview:
    start, end = period.before(now)
    volumes, fetched = queries.volumes(period.borders), queries.downloads(period.borders)
    events = queries.events(period.borders)
    return Overview(
        period=period,
        as_of=now,
        total=Sum(volumes.total, fetched.total),
        before=Sum(queries.volume_of(start, end), queries.downloads_of(start, end)),
        days=[
            Day(day, volumes.days.get(number, Volume()), fetched.days.get(number, Downloads()))
            for number, day in enumerate(period.days, 1)
        ],
        types=_types(volumes, fetched),
        people=_people(queries.owners(period.borders), fetched.people),
        events=sorted(
            (EventUse(name, days) for name, days in events.items()), key=lambda event: (-event.total, event.name)
        ),
        accuracy=accuracy.overview(),
    )


def _too_slow() -> Unavailable:
    return Unavailable(
        _("These figures take too long at the moment."), advice=_("Choose a shorter period, or try again later.")
    )


def _types(volumes: queries.Volumes, fetched: queries.Fetched) -> list[TypeUse]:
    used = [
        TypeUse(key, volumes.types.get(key, Volume()), fetched.types.get(key, Downloads()))
        for key in volumes.types.keys() | fetched.types.keys()
    ]
    return sorted(used, key=lambda use: (-use.volume.started, -use.downloads.count, use.type))


def _people(exports: dict[UUID, int], downloads: dict[UUID, Downloads]) -> list[PersonUse]:
    def busy(person: UUID) -> tuple[int, int, str]:
        fetched = downloads.get(person, Downloads())
        return (-exports.get(person, 0) - fetched.count, -fetched.bytes, str(person))

    busiest = sorted(exports.keys() | downloads.keys(), key=busy)[:MOST_PEOPLE]
    names = _names(busiest)
    return [
        PersonUse(*names.get(person, ("", "")), exports.get(person, 0), downloads.get(person, Downloads()))
        for person in busiest
    ]


def _names(people: Iterable[UUID]) -> dict[UUID, tuple[str, str]]:
    """Id → user no. and name."""
    rows = User.objects.filter(pk__in=list(people)).values_list("pk", "code", "display_name")
    return {person: (code, name) for person, code, name in rows}
