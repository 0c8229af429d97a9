"""Which days an overview is about: whole days of the reader's zone."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from exportcenter.common.errors import InvalidParameters

LENGTHS = (7, 30, 90)
USUAL = 30
MOST_DAYS = 366
EARLIEST = date(2000, 1, 1)
WORDS = ("days", "from", "to")
"""Names of the parameters."""

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


@dataclass(frozen=True)
class Period:
    """First and last day, both inclusive."""

    first: date
    last: date
    zone: ZoneInfo

    @cached_property
    def days(self) -> list[date]:
        """Every one of them."""
        return [self.first + timedelta(days=number) for number in range((self.last - self.first).days + 1)]

    @cached_property
    def borders(self) -> list[datetime]:
        """The midnights between which the days lie: one more than there are days."""
        return [_midnight(day, self.zone) for day in (*self.days, self.last + timedelta(days=1))]

    def before(self, now: datetime) -> tuple[datetime, datetime]:
        """What to compare with: as many days right before, while the period runs only up to the same time of day."""
        back = timedelta(days=len(self.days))
        start, end = _midnight(self.first - back, self.zone), self.borders[0]
        if now < self.borders[-1]:
            there = now.astimezone(self.zone).replace(tzinfo=None) - back
            end = min(end, there.replace(tzinfo=self.zone))
        return start, end


def last_days(count: int, *, today: date, zone: ZoneInfo) -> Period:
    """The last ``count`` days; today is one of them."""
    return Period(today - timedelta(days=count - 1), today, zone)


def read_period(query: Mapping[str, str], *, today: date, zone: ZoneInfo) -> Period:
    """The period that ``days``, or ``from`` and ``to``, name. Raises InvalidParameters by parameter."""
    problems = {
        name[:100]: [_("There is no such parameter. Allowed: %(allowed)s.") % {"allowed": ", ".join(WORDS)}]
        for name in query
        if name not in WORDS
    }
    if problems:
        raise InvalidParameters(details=problems)
    if "from" in query or "to" in query:
        return _between(query, today=today, zone=zone)
    wish = query.get("days", str(USUAL))
    if wish not in map(str, LENGTHS):
        allowed = ", ".join(map(str, LENGTHS))
        raise InvalidParameters(details={"days": [_("Allowed: %(allowed)s.") % {"allowed": allowed}]})
    return last_days(int(wish), today=today, zone=zone)


def _between(query: Mapping[str, str], *, today: date, zone: ZoneInfo) -> Period:
    if "days" in query:
        raise InvalidParameters(details={"days": [_("Send either days, or from and to.")]})
    days = {name: _day(query.get(name)) for name in ("from", "to")}
    problems = {name: [_("A day is expected, such as 2026-10-31.")] for name, day in days.items() if day is None}
    first, last = days["from"], days["to"]
    if first is not None and first < EARLIEST:
        problems["from"] = [_("Not before %(day)s.") % {"day": EARLIEST.isoformat()}]
    if last is not None and last > today:
        problems["to"] = [_("Not after today.")]
    if problems or first is None or last is None:
        raise InvalidParameters(details=problems)
    if last < first:
        raise InvalidParameters(details={"to": [_("The last day must not lie before the first.")]})
    if (last - first).days >= MOST_DAYS:
        raise InvalidParameters(details={"to": [_("At most %(most)d days.") % {"most": MOST_DAYS}]})
    return Period(first, last, zone)


def _day(text: str | None) -> date | None:
    if text is None or not _DAY.fullmatch(text):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    """When the day begins. Where clocks jump over midnight that is the moment of the jump."""
    return datetime.combine(day, time(), zone)
