"""Reading what was stored: where a reader stands, and what comes after that. Works in the current tenant."""

from dataclasses import dataclass
from enum import StrEnum

from django.db.models import Subquery

from accounts import tenancy
from accounts.models import TenantHead
from jobs.events import ids
from jobs.events.facts import Fact
from jobs.events.visibility import Viewer
from jobs.models.event import Event


class Reset(StrEnum):
    """Why somebody has to look at everything anew instead of reading on."""

    UNKNOWN = "unknown"
    """The id is none of this stream, or none yet."""
    TOO_OLD = "too_old"
    """Events after it have been deleted."""
    OVERFLOW = "overflow"
    """The reader was too slow, and what waited for it was dropped."""


@dataclass(frozen=True)
class Place:
    """Where a reader stands.

    Attributes:
        after: the last event that the reader knows, or counts as knowing
        newest: the last event there is
        reset: why ``after`` is not what the reader has said
    """

    after: int
    newest: int
    reset: Reset | None = None


@dataclass(frozen=True)
class Batch:
    """Events in order, without a gap but for those that the reader may not see.

    Attributes:
        position: everything up to here has been looked at
        more: whether there is something after that
        reset: why there are no events; ``position`` is then the newest
    """

    facts: list[Fact]
    position: int
    more: bool = False
    reset: Reset | None = None


def newest() -> int:
    """Number of the newest event of the current tenant; 0 before the first."""
    number: int = TenantHead.objects.values_list("event_seq", flat=True).get()
    return number


def mark() -> tuple[int, int | None]:
    """Another one whenever an answer of ``place_of`` or ``read`` may be another one for the same reader: numbers of
    the newest event there was and of the oldest one that is kept."""
    oldest = Event.objects.order_by("seq").values("seq")[:1]
    found: tuple[int, int | None] = TenantHead.objects.values_list("event_seq", Subquery(oldest)).get()
    return found


def last_id() -> str:
    """Id of the newest event of the current tenant, for a page whose stream goes on from there.

    Ask before you read what the page shows: what happens in between then comes twice, and never not at all.
    """
    return ids.event_id(tenancy.require(), newest())


def place_of(asked: str | None) -> Place:
    """Where somebody stands who says that ``asked`` was the last; None: who comes new."""
    last = newest()
    if asked is None:
        return Place(last, last)
    number = ids.number_in(asked, tenancy.require())
    if number is None or number > last:
        return Place(last, last, Reset.UNKNOWN)
    return Place(number, last)


def read(viewer: Viewer, after: int, limit: int) -> Batch:
    """The next ``limit`` events after number ``after`` that ``viewer`` may see."""
    last = newest()
    if after > last:
        return Batch([], last, reset=Reset.UNKNOWN)
    rows = Event.objects.filter(viewer.condition(), seq__gt=after, seq__lte=last).order_by("seq")
    facts = [_fact(event) for event in rows[: limit + 1]]
    # Asked afterwards: what is deleted while we read must be noticed.
    oldest = Event.objects.order_by("seq").values_list("seq", flat=True).first()
    if after + 1 < (last + 1 if oldest is None else oldest):
        return Batch([], last, reset=Reset.TOO_OLD)
    if len(facts) > limit:
        facts.pop()
        return Batch(facts, facts[-1].seq or last, more=True)
    return Batch(facts, last)


def _fact(event: Event) -> Fact:
    return Fact(
        tenant_id=tenancy.require(),
        seq=event.seq,
        type=event.type,
        subject=event.subject,
        data=event.data,
        owner_id=event.owner_id,
        sensitivity=event.sensitivity,
        at=event.at,
    )
