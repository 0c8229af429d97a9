"""Whoever waits for ``?wait=``, outside of the request's transaction: on the event loop under ASGI, else in the thread.

Both call the door, wait if it says so, and call it again (jobs.exports.waiting).
"""

import asyncio
import copy
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, cast

from asgiref.sync import sync_to_async
from django.db import Error, connection
from django.http import HttpRequest, HttpResponse

from accounts.tenancy import tenant_scope
from jobs.events.stopping import end_streams_first
from jobs.events.stream import HUB
from jobs.events.watch import Watch
from jobs.exports.waiting import PARAMETER, SLIP, Slip, Wait, has_ended, slip_of
from jobs.models import ExportJob

log = logging.getLogger(__name__)

SLOW_POLL = 5.0
"""Seconds between looks when no event wakes anybody."""
THREAD_POLL = 0.2
THREAD_LONGEST = 5.0
"""A thread waits no longer than this, whatever was asked for."""
REQUEST_ID = b"x-request-id"
PROVISIONAL = 202

Message = Mapping[str, Any]
Scope = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


class WaitingHandler:
    """An ASGI application round Django's. Between the two calls of a door nothing is held but a coroutine: no thread,
    no connection, no transaction."""

    def __init__(self, application: Application) -> None:
        self.application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; all but those that ask to wait pass through."""
        if scope["type"] != "http" or PARAMETER.encode() not in scope.get("query_string", b""):
            await self.application(scope, receive, send)
            return
        slip = Slip()
        held = _Held(slip, send)
        try:
            await self.application({**scope, SLIP: slip}, receive, held.send)
            if slip.wait is not None and held.answered in (PROVISIONAL, None):
                await _until_ended(slip.wait, receive)
                again = {**scope, SLIP: Slip(over=slip.wait), "headers": held.same_request(scope["headers"])}
                await self.application(again, _no_body(), send)
        finally:
            slip.give_seat_back()


class _Held:
    """Sends on what is said, unless the slip says to wait."""

    def __init__(self, slip: Slip, send: Send) -> None:
        self._slip, self._send = slip, send
        self._request_id: bytes | None = None
        self.answered: int | None = None
        """Of the first answer. None when the asker went away before there was one: it may have been committed all the
        same. Any other than PROVISIONAL: what was to be waited for was rolled back."""

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.answered = message["status"]
            named = {name.lower(): value for name, value in message["headers"]}
            self._request_id = named.get(REQUEST_ID)
        if self._slip.wait is None or self.answered != PROVISIONAL:
            await self._send(message)

    def same_request(self, headers: Any) -> list[tuple[bytes, bytes]]:
        """The headers for the second call: it goes under the same id."""
        others = [(name, value) for name, value in headers if name.lower() != REQUEST_ID]
        return others if self._request_id is None else [*others, (REQUEST_ID, self._request_id)]


def _no_body() -> Receive:
    """What the second call receives: an empty body, and nothing more. Who has gone away is served, too, so that what
    is kept of the answer is true."""
    messages: list[Message] = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> Message:
        if messages:
            return messages.pop()
        return cast(Message, await asyncio.get_running_loop().create_future())

    return receive


async def _until_ended(wait: Wait, receive: Receive) -> None:
    """Until the job has ended, the time is over, the asker has gone away or is to be judged anew."""
    end_streams_first(HUB)
    watch = Watch(wait.viewer, wait.credential, newest=wait.newest, subject=wait.job_no)
    HUB.join(watch, wait.newest)
    gone = asyncio.create_task(_disconnect(receive))
    try:
        while not watch.closed and not gone.done() and not await sync_to_async(_look, thread_sensitive=False)(wait):
            left = wait.ends_at - time.monotonic()
            if left <= 0:
                return
            stirred = asyncio.create_task(watch.wait(min(left, SLOW_POLL)))
            await asyncio.wait([gone, stirred], return_when=asyncio.FIRST_COMPLETED)
            stirred.cancel()
    finally:
        gone.cancel()
        HUB.leave(watch)


async def _disconnect(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _look(wait: Wait) -> bool:
    """Whether the job has ended. A database that does not answer is asked again."""
    try:
        with tenant_scope(wait.viewer.tenant_id):
            job = ExportJob.objects.only("status").filter(pk=wait.job_id).first()
            return job is None or has_ended(job)
    except Error as error:
        log.warning("the end of %s cannot be looked up: %s", wait.job_no, error)
        return False
    finally:
        if not connection.in_atomic_block:  # else it is somebody else's
            connection.close()


class WaitingMiddleware:
    """The same where there is no event loop of ours, in the request's own thread and briefly. Stands outside of the
    middleware that opens the transaction."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method != "POST" or PARAMETER not in request.GET or slip_of(request) is not None:
            return self.get_response(request)
        slip = Slip()
        request.wait_slip = slip  # type: ignore[attr-defined]
        try:
            response = self.get_response(request)
            if slip.wait is None or response.status_code != PROVISIONAL:
                return response
            _wait_in_thread(slip.wait)
            return self.get_response(_again(request, slip.wait))
        finally:
            slip.give_seat_back()


def _wait_in_thread(wait: Wait) -> None:
    ends_at = min(wait.ends_at, time.monotonic() + THREAD_LONGEST)
    while not _look(wait) and time.monotonic() < ends_at:
        time.sleep(THREAD_POLL)


def _again(request: HttpRequest, wait: Wait) -> HttpRequest:
    """The request for the second call, without what the first has learned about the person."""
    again = copy.copy(request)
    again.__dict__.pop("_cached_user", None)
    again.wait_slip = Slip(over=wait)  # type: ignore[attr-defined]
    return again
