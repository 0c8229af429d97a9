"""Bodies of requests under ASGI: Django writes each to disk whole, before anything asks who sends it (SPEC X8)."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from django.conf import settings

from exportcenter.common.bodies import declared_length
from exportcenter.common.uploads import AROUND

Message = Mapping[str, Any]
Scope = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]
NOTHING: Message = {"type": "http.request", "body": b"", "more_body": False}


class BodyLimit:
    """An ASGI application round Django's. A body that says it is larger than any file that is taken is not read at
    all: its door refuses it by the length that it has declared. One that does not say so ends there, and its door
    refuses it by what it has read."""

    def __init__(self, application: Application) -> None:
        self.application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.application(scope, receive, send)
            return
        most = settings.IMPORT_FILE_BYTES + AROUND
        given = _Given(receive, most, unread=_declared(scope) > most)
        await self.application(scope, given.receive, send)


class _Given:
    """What Django receives."""

    def __init__(self, receive: Receive, most: int, *, unread: bool) -> None:
        self._receive, self._left, self._unread, self._ended = receive, most, unread, False

    async def receive(self) -> Message:
        """The next part of the body. Behind its end Django waits for nothing but the asker's going away: what comes of
        a body that was cut off is dropped."""
        if self._unread and not self._ended:
            self._ended = True
            return NOTHING
        message = await self._receive()
        while self._ended and message["type"] == "http.request":
            message = await self._receive()
        if message["type"] == "http.request":
            self._left -= len(message.get("body", b""))
            self._ended = self._left < 0 or not message.get("more_body", False)
            return {**message, "more_body": not self._ended}
        return message


def _declared(scope: Scope) -> int:
    return declared_length(dict(scope["headers"]).get(b"content-length", b"").decode("latin-1"))
