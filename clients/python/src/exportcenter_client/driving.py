"""The two drivers of flows: one blocks, one awaits. They perform effects and hold no rule of the product."""

import asyncio
import logging
import threading
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any, TypeVar

import httpx

from exportcenter_client.effects import Answer, Apart, Close, Do, Effect, Exclusive, Flow, Give, Open, Read, Sleep
from exportcenter_client.errors import NetworkError
from exportcenter_client.sending import body_of
from exportcenter_client.urls import HideTokens

T = TypeVar("T")
TIMEOUT = httpx.Timeout(30.0, connect=10.0)
UNSENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)

logging.getLogger("httpx").addFilter(HideTokens())  # it logs addresses, and those of links hold a token


class SyncDriver:
    """Blocks. May be shared between threads."""

    def __init__(self, transport: httpx.BaseTransport | None = None) -> None:
        self._http = httpx.Client(timeout=TIMEOUT, transport=transport)
        self._lock = threading.RLock()

    def run(self, flow: Flow[T]) -> T:
        """What the flow returns."""
        return _result(self._steps(flow))

    def iterate(self, flow: Flow[Any]) -> Iterator[Any]:
        """What the flow gives."""
        steps = self._steps(flow)
        try:
            yield from steps
        finally:
            steps.close()

    def close(self) -> None:
        """Close all connections."""
        self._http.close()

    def _steps(self, flow: Flow[T]) -> "Flow[T]":
        """Perform every effect but Give, which is passed on."""
        stream = _Stream()
        result: Any = None
        failure: BaseException | None = None
        try:
            while True:
                try:
                    effect = flow.throw(failure) if failure is not None else flow.send(result)
                except StopIteration as end:
                    return end.value  # type: ignore[no-any-return]
                result, failure = None, None
                if isinstance(effect, Give):
                    yield effect.item
                    continue
                try:
                    result = self._perform(effect, stream)
                except httpx.TransportError as fault:
                    failure = _network_error(fault)
                except BaseException as fault:  # noqa: BLE001 - the flow decides; it comes back out of it
                    failure = fault
        finally:
            flow.close()
            if stream.response is not None:
                stream.response.close()

    def _perform(self, effect: Effect, stream: "_Stream") -> Any:
        match effect:
            case Open():
                if stream.response is not None:
                    stream.response.close()
                stream.response = self._http.send(self._request(effect), stream=True)
                stream.blocks = stream.response.iter_raw()
                return _head(stream.response)
            case Read():
                return next(stream.blocks, b"")
            case Close():
                if stream.response is not None:
                    stream.response.close()
            case Sleep():
                time.sleep(effect.seconds)
            case Do():
                return effect.call()
            case Exclusive():
                with self._lock:
                    return self.run(effect.flow())
            case Apart():
                return self.run(effect.flow())
        return None

    def _request(self, effect: Open) -> httpx.Request:
        upload = effect.request.upload
        return _request(self._http, effect, body_of(effect.request) if upload is None else upload.blocks())


class AsyncDriver:
    """Awaits. For one event loop."""

    def __init__(self, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._http = httpx.AsyncClient(timeout=TIMEOUT, transport=transport)
        self._lock = asyncio.Lock()

    async def run(self, flow: Flow[T]) -> T:
        """What the flow returns."""
        outcome = _Outcome()
        async for _item in self._steps(flow, outcome):
            raise AssertionError("a flow that gives items is to be iterated over")
        return outcome.value  # type: ignore[no-any-return]

    async def iterate(self, flow: Flow[Any]) -> AsyncIterator[Any]:
        """What the flow gives."""
        async for item in self._steps(flow, _Outcome()):
            yield item

    async def close(self) -> None:
        """Close all connections."""
        await self._http.aclose()

    async def _steps(self, flow: Flow[T], outcome: "_Outcome") -> AsyncIterator[Any]:
        stream = _Stream()
        result: Any = None
        failure: BaseException | None = None
        try:
            while True:
                try:
                    effect = flow.throw(failure) if failure is not None else flow.send(result)
                except StopIteration as end:
                    outcome.value = end.value
                    return
                result, failure = None, None
                if isinstance(effect, Give):
                    yield effect.item
                    continue
                try:
                    result = await self._perform(effect, stream)
                except httpx.TransportError as fault:
                    failure = _network_error(fault)
                except BaseException as fault:  # noqa: BLE001 - as above, CancelledError too
                    failure = fault
        finally:
            flow.close()
            if stream.response is not None:
                await stream.response.aclose()

    async def _perform(self, effect: Effect, stream: "_Stream") -> Any:
        match effect:
            case Open():
                if stream.response is not None:
                    await stream.response.aclose()
                stream.response = await self._http.send(self._request(effect), stream=True)
                stream.blocks = stream.response.aiter_raw()
                return _head(stream.response)
            case Read():
                return await anext(stream.blocks, b"")
            case Close():
                if stream.response is not None:
                    await stream.response.aclose()
            case Sleep():
                await asyncio.sleep(effect.seconds)
            case Do():
                return await asyncio.to_thread(effect.call)
            case Exclusive():
                async with self._lock:
                    return await self.run(effect.flow())
            case Apart():
                return await self.run(effect.flow())
        return None

    def _request(self, effect: Open) -> httpx.Request:
        upload = effect.request.upload
        return _request(self._http, effect, body_of(effect.request) if upload is None else upload.blocks_apart())


class _Stream:
    """The open answer of one flow."""

    response: httpx.Response | None = None
    blocks: Any = None


class _Outcome:
    """What an asynchronous generator cannot return."""

    value: Any = None


def _result(steps: Flow[T]) -> T:
    try:
        next(steps)
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]
    raise AssertionError("a flow that gives items is to be iterated over")


def _request(http: httpx.Client | httpx.AsyncClient, effect: Open, content: Any) -> httpx.Request:
    seconds = effect.request.read_timeout
    timeout = TIMEOUT if seconds is None else httpx.Timeout(seconds, connect=10.0)
    return http.build_request(
        effect.request.method,
        effect.url,
        headers=dict(effect.headers),
        content=content,
        timeout=timeout,
    )


def _head(response: httpx.Response) -> Answer:
    return Answer(response.status_code, {name.lower(): value for name, value in response.headers.items()})


def _network_error(fault: httpx.TransportError) -> NetworkError:
    # Not the fault's request: its address may hold a link's token.
    error = NetworkError(f"{type(fault).__name__}: {fault}" if str(fault) else type(fault).__name__)
    error.sent = not isinstance(fault, UNSENT)
    return error
