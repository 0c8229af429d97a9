"""The figures of an overview, as they are answered and shown."""

from dataclasses import dataclass
from datetime import date, datetime

from jobs.exports.estimating.accuracy import Accuracy
from jobs.exports.usage.period import Period


@dataclass(frozen=True)
class Volume:
    """Exports that were asked for in some time, and what has become of them."""

    started: int = 0
    ready: int = 0
    """Made, whether or not the file has expired since."""
    failed: int = 0
    canceled: int = 0
    bytes: int = 0
    """Of all files together."""
    median_seconds: float | None = None
    """Of the attempts that made a file, from the worker's claim to the end."""
    p95_seconds: float | None = None

    @property
    def unfinished(self) -> int:
        """Waiting or running."""
        return self.started - self.ready - self.failed - self.canceled

    @property
    def failure_rate(self) -> float | None:
        """Failed ones among those that ended by themselves, from 0 to 1; None when there were none."""
        ended = self.ready + self.failed
        return round(self.failed / ended, 4) if ended else None


@dataclass(frozen=True)
class Downloads:
    """Files that somebody fetched."""

    count: int = 0
    """Begun at their first byte: a transfer that went on after a break is still one."""
    bytes: int = 0
    """Of all transfers, whole or not."""


@dataclass(frozen=True)
class Day:
    """One day."""

    day: date
    volume: Volume
    downloads: Downloads


@dataclass(frozen=True)
class TypeUse:
    """One type of export; an empty type is one that nobody knows any more."""

    type: str
    volume: Volume
    downloads: Downloads


@dataclass(frozen=True)
class PersonUse:
    """One person: what the person asked for, and what the person fetched."""

    code: str
    name: str
    exports: int
    downloads: Downloads


@dataclass(frozen=True)
class EventUse:
    """One kind of page event, day by day."""

    name: str
    days: list[int]

    @property
    def total(self) -> int:
        """Of all days."""
        return sum(self.days)


@dataclass(frozen=True)
class Sum:
    """A whole period."""

    volume: Volume
    downloads: Downloads


@dataclass(frozen=True)
class Overview:
    """All of it."""

    period: Period
    as_of: datetime
    total: Sum
    before: Sum
    """The same of the time right before (Period.before)."""
    days: list[Day]
    types: list[TypeUse]
    """The most exports first."""
    people: list[PersonUse]
    """The busiest ones."""
    events: list[EventUse]
    """The most frequent first."""
    accuracy: list[Accuracy]
    """Of estimates, over the days that jobs.exports.estimating.accuracy looks at."""
