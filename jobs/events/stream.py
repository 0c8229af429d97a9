"""Events as Server-Sent Events: hello, what was missed, and then what happens (SPEC T1, T3).

A stream holds no database connection. What was missed is read in short transactions of the request's own thread; what
happens comes from the tailer.
"""

import json
import logging
import random
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass

from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import Error, connection

from accounts.tenancy import tenant_scope
from exportcenter.common.database import free_request_connection
from jobs.events import ids, reading
from jobs.events.facts import Fact
from jobs.events.hub import Credential, Hub, Seat, Subscriber
from jobs.events.reading import Batch, Place, Reset
from jobs.events.signing import key_of
from jobs.events.stopping import end_streams_first
from jobs.events.tailer import tail
from jobs.events.visibility import Viewer

log = logging.getLogger(__name__)

CHUNK = 200
"""Events that are read at once from the table."""
RETRY_MILLISECONDS = (500, 1500)
"""Browsers come back after so long, each stream at another time, lest all of them come at once."""
HUB = Hub(tail)


@dataclass(frozen=True)
class Opening:
    """A stream that may begin: who reads, from where, in which seat."""

    viewer: Viewer
    credential: Credential
    place: Place
    seat: Seat


async def stream(opening: Opening) -> AsyncIterator[bytes]:
    """The body of the answer."""
    end_streams_first(HUB)
    HUB.seats.claim(opening.seat)
    try:
        await free_request_connection()
        subscriber = Subscriber(opening.viewer, opening.place.after, opening.credential)
        HUB.join(subscriber, opening.place.newest)
        try:
            async for block in _Conversation(subscriber, opening.place).blocks():
                yield block
        finally:
            HUB.leave(subscriber)
    finally:
        HUB.seats.give_back(opening.seat)


class _Conversation:
    """What is said to one reader."""

    def __init__(self, subscriber: Subscriber, place: Place) -> None:
        self.subscriber = subscriber
        self.place = place
        self._key = key_of(subscriber.viewer.user_id)
        self._told = place.after
        """The last number that the reader has heard."""

    async def blocks(self) -> AsyncIterator[bytes]:
        """Everything, in order, until the stream is closed."""
        yield self._hello()
        if self.place.reset is not None:
            yield self._reset(self.place.reset)
        async for block in self._missed():
            yield block
        ping_at = time.monotonic() + settings.EVENT_HEARTBEAT_SECONDS
        while not self.subscriber.closed:
            reset, facts = self.subscriber.take()
            if reset is not None:
                yield self._reset(reset)
            elif facts:
                yield self._facts(facts)
            elif (left := ping_at - time.monotonic()) > 0:
                await self.subscriber.wait(left)
            else:
                yield self._ping()
                ping_at = time.monotonic() + settings.EVENT_HEARTBEAT_SECONDS

    async def _missed(self) -> AsyncIterator[bytes]:
        """What stands in the table, until there is nothing between that and what happens."""
        reader = self.subscriber
        while not reader.closed and not HUB.follow(reader):
            before = reader.after
            try:
                batch = await sync_to_async(_read)(reader.viewer, before)
            except Error as error:  # the reader comes again
                log.warning("a live stream ends, its events cannot be read: %s", error)
                reader.close()
                return
            reader.after = batch.position
            if batch.reset is not None:
                yield self._reset(batch.reset)
            elif batch.facts:
                yield self._facts(batch.facts)
            if batch.position == before:  # the table is behind the tailer: the database was put back
                await reader.wait(settings.EVENT_POLL_SECONDS)

    def _hello(self) -> bytes:
        # Who has missed nothing may come again from here. Who has must not skip it.
        newest = self._id(self.place.newest)
        position = f"id: {newest}\n" if self.place.after == self.place.newest else ""
        retry = random.randint(*RETRY_MILLISECONDS)  # noqa: S311 - spreads load, protects nothing
        return f"retry: {retry}\nevent: hello\n{position}data: {json.dumps({'last': newest})}\n\n".encode()

    def _reset(self, reason: Reset) -> bytes:
        self._told = self.subscriber.after
        last = self._id(self._told)
        return f"event: reset\nid: {last}\ndata: {json.dumps({'reason': reason, 'last': last})}\n\n".encode()

    def _facts(self, facts: list[Fact]) -> bytes:
        self._told = max((fact.seq for fact in facts if fact.seq is not None), default=self._told)
        return "".join(self._block(fact) for fact in facts).encode()

    def _block(self, fact: Fact) -> str:
        position = "" if fact.seq is None else f"id: {fact.body['id']}\n"
        return f"{position}event: {fact.type}\ndata: {fact.text(self._key)}\n\n"

    def _ping(self) -> bytes:
        """A sign of life. With it the reader's position passes events that are for others: an id without data is no
        event to a browser, but it is where the browser goes on from."""
        position = ""
        if self.subscriber.after > self._told:
            self._told = self.subscriber.after
            position = f"id: {self._id(self._told)}\n"
        return f": ping\n{position}\n".encode()

    def _id(self, number: int) -> str:
        return ids.event_id(self.subscriber.viewer.tenant_id, number)


def _read(viewer: Viewer, after: int) -> Batch:
    try:
        with tenant_scope(viewer.tenant_id):
            return reading.read(viewer, after, CHUNK)
    finally:
        connection.close()
