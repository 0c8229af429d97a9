"""Fan-out within one web process: who listens to which tenant, and what waits for whom. Everything but ``Seats``
belongs to the event loop's thread."""

import asyncio
import contextvars
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils.translation import gettext as _

from exportcenter.common.errors import Throttled, Unavailable
from jobs.events.facts import Fact
from jobs.events.reading import Reset
from jobs.events.visibility import Viewer

log = logging.getLogger(__name__)

QUEUE = 1000
"""Events that may wait for one reader."""
AT_ONCE = 100
"""Events that are sent together at most."""
UNCLAIMED_SECONDS = 30
"""A seat whose stream never began (the client was gone before the first byte) is free again after so long."""
RETRY_SECONDS = 5


@dataclass(eq=False)
class Seat:
    """A place for one stream."""

    user_id: UUID
    taken_at: float = field(default_factory=time.monotonic)
    claimed: bool = False


class Seats:
    """So many streams per process, so many per person. Safe from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seats: set[Seat] = set()

    def take(self, user_id: UUID) -> Seat:
        """A place for a stream that is about to begin. Raises Throttled (429) and Unavailable (503)."""
        with self._lock:
            border = time.monotonic() - UNCLAIMED_SECONDS
            self._seats = {seat for seat in self._seats if seat.claimed or seat.taken_at > border}
            most = settings.EVENT_STREAMS_PER_USER
            if sum(seat.user_id == user_id for seat in self._seats) >= most:
                message = _("You have %(most)d live streams open already.") % {"most": most}
                raise Throttled(message, advice=_("Close some of them."), retry_after=RETRY_SECONDS)
            if len(self._seats) >= settings.EVENT_STREAMS_MOST:
                raise Unavailable(_("Too many live streams are open."), retry_after=RETRY_SECONDS)
            seat = Seat(user_id)
            self._seats.add(seat)
            return seat

    def claim(self, seat: Seat) -> None:
        """The stream has begun."""
        with self._lock:
            seat.claimed = True
            self._seats.add(seat)

    def give_back(self, seat: Seat) -> None:
        """The stream has ended."""
        with self._lock:
            self._seats.discard(seat)


@dataclass(frozen=True)
class Credential:
    """What the reader came in with. The stream does not outlive it.

    Attributes:
        session: key of the browser's session, or empty
        expires: seconds since 1970 at which the sign-in token ends, or None
        family: the sign-in that the sign-in token descends from, or None
        token: id of the API token, or None
    """

    session: str = ""
    expires: float | None = None
    family: UUID | None = None
    token: UUID | None = None


class Subscriber:
    """One open stream: what waits for it, in order."""

    def __init__(self, viewer: Viewer, after: int, credential: Credential) -> None:
        self.viewer = viewer
        self.credential = credential
        self.after = after
        """Everything up to this number was sent, waits here, or is not for this reader."""
        self.following = False
        """False: reads the table; True: is offered what happens."""
        self.closed = False
        self._waiting: deque[Fact] = deque()
        self._reset: Reset | None = None
        self._wake = asyncio.Event()

    def offer(self, fact: Fact) -> None:
        """Let an event wait, if it is new and visible. Beyond QUEUE everything that waits becomes a reset."""
        if fact.seq is None or fact.seq <= self.after:
            return
        self.after = fact.seq
        if self._reset or not self.viewer.may_see(fact):
            return
        if len(self._waiting) >= QUEUE:
            self.start_anew(Reset.OVERFLOW, self.after)
            return
        self._waiting.append(fact)
        self._wake.set()

    def offer_sample(self, fact: Fact) -> None:
        """Let a sample wait, if it is visible and there is room: the next one replaces it anyway."""
        if len(self._waiting) < QUEUE and not self._reset and self.viewer.may_see(fact):
            self._waiting.append(fact)
            self._wake.set()

    def start_anew(self, reason: Reset, after: int) -> None:
        """Drop what waits; the reader will be told why, and goes on after ``after``."""
        self._waiting.clear()
        self._reset, self.after = reason, after
        self._wake.set()

    def take(self) -> tuple[Reset | None, list[Fact]]:
        """A reset, or the next events; nothing once the stream is closed."""
        if self.closed:
            return None, []
        if (reason := self._reset) is not None:
            self._reset = None
            return reason, []
        return None, [self._waiting.popleft() for _number in range(min(AT_ONCE, len(self._waiting)))]

    async def wait(self, seconds: float) -> None:
        """Until something waits, the stream is closed, or so long has passed."""
        if not self._waiting and not self._reset and not self.closed:
            self._wake.clear()
            try:
                async with asyncio.timeout(seconds):
                    await self._wake.wait()
            except TimeoutError:
                return

    def close(self) -> None:
        """End the stream: its reader comes again and is judged anew."""
        self.closed = True
        self._waiting.clear()
        self._wake.set()


class Channel:
    """The readers of one tenant."""

    def __init__(self, position: int) -> None:
        self.position = position
        """Everything up to here was offered."""
        self.subscribers: set[Subscriber] = set()
        self.samples: dict[UUID, Fact] = {}
        """Job id → how far it was when somebody last looked."""
        self.sampled = False

    def offer(self, fact: Fact) -> None:
        """The next event, to everybody who follows."""
        self.position = fact.seq or self.position
        for subscriber in self.subscribers:
            if subscriber.following:
                subscriber.offer(fact)

    def sample(self, samples: dict[UUID, Fact]) -> None:
        """How far the running jobs are now. What has changed is offered."""
        for job_id, fact in samples.items():
            known = self.samples.get(job_id)
            if known is not None and known.data == fact.data:
                samples[job_id] = known
                continue
            for subscriber in self.subscribers:
                if subscriber.following:
                    subscriber.offer_sample(fact)
        self.samples, self.sampled = samples, True

    def start_anew(self, reason: Reset, position: int) -> None:
        """The events in between are gone: everybody who follows goes on after ``position``."""
        self.position = position
        for subscriber in self.subscribers:
            if subscriber.following:  # the others find out when they read on
                subscriber.start_anew(reason, position)


class Hub:
    """All readers of this process. ``tail`` feeds them; it runs while there is anybody."""

    def __init__(self, tail: "Callable[[Hub], Coroutine[Any, Any, None]]") -> None:
        self.channels: dict[UUID, Channel] = {}
        self.seats = Seats()
        self._tail = tail
        self._task: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ending = False

    def join(self, subscriber: Subscriber, newest: int) -> None:
        """Listen. ``newest`` is the newest event as the reader's request has seen it."""
        channel = self.channels.setdefault(subscriber.viewer.tenant_id, Channel(newest))
        channel.subscribers.add(subscriber)
        if self._ending:
            subscriber.close()
        if self._task is None:
            self._loop = asyncio.get_running_loop()
            # In a context of its own: it outlives the request that happens to start it.
            self._task = self._loop.create_task(self._tail(self), name="events-tailer", context=contextvars.Context())
            self._task.add_done_callback(self._tail_ended)

    def leave(self, subscriber: Subscriber) -> None:
        """Listen no more. The last one stops the tailer."""
        tenant_id = subscriber.viewer.tenant_id
        channel = self.channels[tenant_id]
        channel.subscribers.discard(subscriber)
        if not channel.subscribers:
            del self.channels[tenant_id]
        if not self.channels and self._task is not None:
            self._task.cancel()
            self._task = None

    def follow(self, subscriber: Subscriber) -> bool:
        """Go over from the table to what happens, unless there is still something in the table to be read.

        Nothing can come in between: the event loop does nothing else meanwhile.
        """
        channel = self.channels[subscriber.viewer.tenant_id]
        if subscriber.after < channel.position:
            return False
        subscriber.following = True
        for fact in channel.samples.values():
            subscriber.offer_sample(fact)
        return True

    def subscribers(self) -> Iterator[Subscriber]:
        """Everybody."""
        for channel in self.channels.values():
            yield from channel.subscribers

    def close_all(self) -> None:
        """End every stream."""
        for subscriber in self.subscribers():
            subscriber.close()

    def close_soon(self) -> None:
        """End every stream, also those that are just beginning. For signal handlers and other threads."""
        self._ending = True
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self.close_all)

    def _tail_ended(self, task: "asyncio.Task[None]") -> None:
        """A tailer that broke takes the streams with it; their readers come again and start a new one."""
        if task is self._task:
            self._task = None
            self.close_all()
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("the tailer of live events broke", exc_info=error)
