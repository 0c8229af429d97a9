"""Many open live streams, read in one event loop in a thread of its own."""

import asyncio
import re
import threading
import time
from collections.abc import Callable, Mapping

_ID = re.compile(rb'^data: \{"id":"([^"]*)"')


class Crowd:
    """``count`` streams of a server on this machine. Every event is written down with the time it came, by stream."""

    def __init__(self, port: int, headers: Mapping[str, str], count: int) -> None:
        self.received: list[dict[str, float]] = [{} for _number in range(count)]
        """By stream: id of an event → time.perf_counter() of its arrival."""
        self.ended = 0
        self._port, self._headers = port, dict(headers)
        self._greeted = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._all(),), daemon=True)
        self._stop = asyncio.Event()

    def open(self, seconds: float = 60) -> None:
        """Return when every stream was greeted. Raises RuntimeError when that takes longer than ``seconds``."""
        self._thread.start()
        self._wait(lambda: self._greeted == len(self.received), seconds, "not every stream was greeted")

    def wait_for(self, event_id: str, seconds: float = 10) -> None:
        """Return when the event has come on every stream. Raises RuntimeError like ``open``."""
        self._wait(lambda: all(event_id in seen for seen in self.received), seconds, f"{event_id} is missing somewhere")

    def close(self) -> None:
        """Leave."""
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(30)
        self._loop.close()

    def _wait(self, condition: Callable[[], bool], seconds: float, problem: str) -> None:
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                raise RuntimeError(f"{problem} after {seconds:g} s ({self._greeted} greeted, {self.ended} ended)")
            time.sleep(0.005)

    async def _all(self) -> None:
        gate = asyncio.Semaphore(20)  # a server's queue of connections is not what is measured
        tasks = [asyncio.create_task(self._one(seen, gate)) for seen in self.received]
        await self._stop.wait()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _one(self, seen: dict[str, float], gate: asyncio.Semaphore) -> None:
        async with gate:
            reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
            lines = [f"{name}: {value}" for name, value in self._headers.items()]
            head = ["GET /api/v1/events HTTP/1.1", "Host: 127.0.0.1", "Accept: text/event-stream", *lines, "", ""]
            writer.write("\r\n".join(head).encode())
            while (line := await reader.readline()) != b"event: hello\n":
                if not line:
                    raise RuntimeError("a stream ended before it began")
            self._greeted += 1
        try:
            while line := await reader.readline():
                if found := _ID.match(line):
                    seen[found[1].decode()] = time.perf_counter()
            self.ended += 1
        finally:
            writer.close()
