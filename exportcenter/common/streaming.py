"""Answers that are sent block by block."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import IO
from urllib.parse import quote

from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse

from exportcenter.common.database import free_request_connection


def stream(request: HttpRequest, blocks: Iterator[bytes]) -> StreamingHttpResponse:
    """The answer to ``request`` that sends ``blocks``, a generator, closed at the end, whatever the end. Django's
    FileResponse reads a file whole into memory under ASGI."""
    return StreamingHttpResponse(in_threads(blocks, release=True) if isinstance(request, ASGIRequest) else blocks)


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
    """``blocks``, a generator, for ASGI: reading never blocks the event loop, memory stays at one block. ``release``:
    let the database go first."""
    try:
        if release:
            await free_request_connection()
        while (block := await asyncio.to_thread(next, blocks, None)) is not None:
            yield block
    finally:
        await asyncio.to_thread(blocks.close)  # type: ignore[attr-defined]
