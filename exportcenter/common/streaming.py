"""Answers that are sent block by block."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import IO
from urllib.parse import quote

from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse

from exportcenter.common.database import free_request_connection


def stream(
    request: HttpRequest, blocks: Iterator[bytes], *, headers: Mapping[str, str] | None = None
) -> StreamingHttpResponse:
    """The answer to ``request`` that sends ``blocks``, a generator, closed at the end, whatever the end. Django's
    FileResponse reads a file whole into memory under ASGI."""
    sent = in_threads(blocks, release=True) if isinstance(request, ASGIRequest) else blocks
    return StreamingHttpResponse(sent, headers=headers)


def attach(response: HttpResponseBase, *, name: str, plain: str) -> None:
    """Say that ``response`` is a file of this name, and that nobody keeps it; ``plain``: the same in ASCII."""
    response["Content-Disposition"] = f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name)}"
    response["Cache-Control"] = "private, no-store"


def blocks_of(source: IO[bytes], size: int = 256 << 10) -> Iterator[bytes]:
    """The bytes of an open file, a block at a time; closes it."""
    with source:
        while block := source.read(size):
            yield block


async def in_threads(blocks: Iterator[bytes], *, release: bool = False) -> AsyncIterator[bytes]:
    """``blocks``, a generator, for ASGI: making a block never holds up the event loop, memory stays at one block.
    ``release``: let the database go first. When the reader goes away, the block at work is finished before ``blocks``
    is closed: Python does not close a generator that runs."""
    making: asyncio.Future[bytes | None] | None = None
    try:
        if release:
            await free_request_connection()
        while True:
            making = asyncio.ensure_future(asyncio.to_thread(next, blocks, None))
            if (block := await asyncio.shield(making)) is None:
                break
            yield block
    finally:
        if making is not None:
            await asyncio.wait([making])
        await asyncio.to_thread(blocks.close)  # type: ignore[attr-defined]
