"""Wall clocks: what a moment is called in a zone, for any moment that PostgreSQL knows.

Python's calendar ends at both sides. The Gregorian calendar repeats itself every 400 years to the weekday, and so do
the rules of zones outside the years that they list; so a year beyond the border is computed in one that is not.
Both PostgreSQL and Python bring a list of zones of their own: they must agree on ``zone``.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Generic, NamedTuple, TypeVar
from zoneinfo import ZoneInfo

from jobs.formats.rendering.values import Beyond

T = TypeVar("T")

INFINITE = ("infinity", "-infinity")

CYCLE = 400
FIRST, LAST = 401, 9599
"""Years that can be moved by any zone's offset and stay what Python can hold."""

_LAST_DAY = date(LAST, 12, 31).toordinal()
_MOST_DAYS = 40_000
"""A century: then the memory of days begins anew."""


class Days(dict[int, T | None], Generic[T]):
    """What a zone's offset is made into, by day in UTC (its ordinal); found out once per day.

    None on days on which clocks are changed, and outside of the given years: there ``wall`` looks closer. No zone has
    ever changed its clocks back within a day.
    """

    def __init__(self, zone: ZoneInfo, make: Callable[[timedelta], T], *, since: date = date(FIRST, 1, 1)) -> None:
        super().__init__()
        self._zone, self._make, self._first = zone, make, since.toordinal()

    def __missing__(self, day: int) -> T | None:
        if len(self) >= _MOST_DAYS:
            self.clear()
        self[day] = found = self._find(day)
        return found

    def _find(self, day: int) -> T | None:
        if not self._first <= day <= _LAST_DAY:
            return None
        begin = datetime.fromordinal(day).replace(tzinfo=UTC)
        offset = _offset(begin.astimezone(self._zone))
        end = begin + timedelta(days=1, seconds=-1)
        return self._make(offset) if offset == _offset(end.astimezone(self._zone)) else None


class Wall(NamedTuple):
    """A reading of a wall clock."""

    local: datetime
    """Its year is ``cycles`` × 400 years off."""
    cycles: int

    @property
    def year(self) -> int:
        """The year 1 BC is 0."""
        return self.local.year + CYCLE * self.cycles

    @property
    def era(self) -> str:
        """What PostgreSQL writes behind."""
        return "" if self.year > 0 else " BC"

    def text(self, separator: str = " ", precision: str = "seconds") -> str:
        """ISO, without offset and era."""
        year = self.year if self.year > 0 else 1 - self.year
        return f"{year:04}{self.local.replace(tzinfo=None).isoformat(separator, precision)[4:]}"

    def day(self) -> date | Beyond:
        """The date alone."""
        if 1 <= self.year <= 9999:
            return self.local.replace(year=self.year).date()
        return Beyond(self.text()[:-9] + self.era)


def wall(value: datetime | Beyond, zone: ZoneInfo) -> Wall | None:
    """What the clocks of ``zone`` showed at a moment; None when it is infinite. A time without zone stays as it is."""
    if isinstance(value, datetime):
        if FIRST <= value.year <= LAST:
            return Wall(_in_zone(value, zone), 0)
        year = _inner(value.year)
        return Wall(_in_zone(value.replace(year=year), zone), (value.year - year) // CYCLE)
    if value in INFINITE:
        return None
    written = value.removesuffix(" BC")
    digits, rest = written.split("-", 1)
    real = int(digits) if written == value else 1 - int(digits)
    year = _inner(real)
    return Wall(_in_zone(datetime.fromisoformat(f"{year:04}-{rest}"), zone), (real - year) // CYCLE)


@lru_cache
def steady_offset(zone: ZoneInfo, first: datetime, last: datetime) -> timedelta | None:
    """How far the clocks of ``zone`` are ahead from ``first`` to ``last``; None when they are changed in between."""
    found = _offset(first.astimezone(zone))
    days = range((last - first).days + 1)  # no zone has ever changed its clocks back within a day
    steady = all(_offset((first + timedelta(days=day)).astimezone(zone)) == found for day in days)
    return found if steady else None


def moment(value: object) -> datetime | Beyond:
    """``value``, when it is a moment. Raises TypeError otherwise, and for a time without zone: it is no moment."""
    if isinstance(value, Beyond) or (isinstance(value, datetime) and value.tzinfo is not None):
        return value
    raise TypeError(f"No moment is made from a {type(value).__name__} without zone.")


def day(value: object, zone: ZoneInfo) -> date | Beyond:
    """``value`` cast to a date in a session of ``zone``. Raises TypeError for what is no date."""
    if isinstance(value, Beyond):
        found = wall(value, zone) if " " in value.removesuffix(" BC") else None
        return value if found is None else found.day()
    if isinstance(value, datetime):
        found = wall(value, zone)
        assert found is not None
        return found.day()
    if isinstance(value, date):
        return value
    raise TypeError(f"No date is made from a {type(value).__name__}.")


def _in_zone(value: datetime, zone: ZoneInfo) -> datetime:
    return value if value.tzinfo is None else value.astimezone(zone)


def _inner(year: int) -> int:
    """A year like ``year`` that leaves room on both sides."""
    if year < FIRST:
        return CYCLE + year % CYCLE
    return LAST + 1 - CYCLE + year % CYCLE if year > LAST else year


def _offset(local: datetime) -> timedelta:
    offset = local.utcoffset()
    assert offset is not None
    return offset
