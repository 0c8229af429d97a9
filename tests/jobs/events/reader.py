"""A program that reads a live stream, line by line as the standard says, in a thread of its own."""

import contextlib
import http.client
import json
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

PATH = "/api/v1/events"
SSE = {"Accept": "text/event-stream"}


@dataclass
class Block:
    """What stands between two empty lines, and when it came."""

    event: str = "message"
    id: str | None = None
    retry: int | None = None
    text: str = ""
    comment: str | None = None
    at: float = field(default_factory=time.monotonic)

    @property
    def data(self) -> Any:
        return json.loads(self.text) if self.text else None

    @property
    def is_fact(self) -> bool:
        """Whether it tells of something that has happened, not of the stream itself."""
        return self.text != "" and self.event not in ("hello", "reset")


class Reader:
    """Opens the stream and collects blocks until ``close`` or the end. ``receive_buffer`` makes a small window."""

    def __init__(self, port: int, headers: dict[str, str], path: str = PATH, **extra: str) -> None:
        self.blocks: list[Block] = []
        self.ended_at: float | None = None
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self._connection.request("GET", path, headers=SSE | headers | extra)
        self._socket = self._connection.sock
        self._response = self._connection.getresponse()
        self.status = self._response.status
        self.headers = self._response.headers
        self.body = b""
        if self.status != 200:
            self.body = self._response.read()
            self._connection.close()
            return
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        block, lines = Block(), 0
        with contextlib.suppress(OSError, http.client.HTTPException, ValueError):
            while line := self._response.readline():
                text = line.decode().rstrip("\n")
                if not text and lines:
                    block.at = time.monotonic()
                    self.blocks.append(block)
                    block, lines = Block(), 0
                    continue
                lines += 1
                name, _colon, value = text.partition(":")
                self._put(block, name, value.removeprefix(" "))
        self.ended_at = time.monotonic()

    @staticmethod
    def _put(block: Block, name: str, value: str) -> None:
        if name == "":
            block.comment = value
        elif name == "data":
            block.text += value
        elif name == "retry":
            block.retry = int(value)
        else:
            assert name in ("event", "id"), name
            setattr(block, name, value)

    # --- what has come

    @property
    def events(self) -> list[dict[str, Any]]:
        """Stored events, in order."""
        return [block.data for block in self.blocks if block.is_fact and block.id]

    @property
    def samples(self) -> list[dict[str, Any]]:
        """Events without a number."""
        return [block.data for block in self.blocks if block.is_fact and not block.id]

    @property
    def resets(self) -> list[dict[str, Any]]:
        """Resets."""
        return [block.data for block in self.blocks if block.event == "reset"]

    @property
    def hello(self) -> Block:
        """The first word."""
        self.wait(lambda: self.blocks)
        assert self.blocks[0].event == "hello"
        return self.blocks[0]

    @property
    def last_event_id(self) -> str | None:
        """Where a browser would go on from."""
        return next((block.id for block in reversed(self.blocks) if block.id), None)

    def subjects(self) -> list[str]:
        """Subjects of the stored events."""
        return [event["subject"] for event in self.events]

    def wait(self, condition: Callable[[], Any], seconds: float = 10) -> None:
        """Until ``condition`` holds. Fails after ``seconds``."""
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, f"{self.blocks[-5:]}, {len(self.blocks)} blocks, ended: {self.ended_at}"
            time.sleep(0.01)

    def wait_for_events(self, count: int, seconds: float = 10) -> list[dict[str, Any]]:
        """The stored events once there are ``count``; more are a mistake."""
        self.wait(lambda: len(self.events) >= count, seconds)
        assert len(self.events) == count
        return self.events

    def wait_for_end(self, seconds: float = 10) -> float:
        """When the server closed the stream."""
        self.wait(lambda: self.ended_at is not None, seconds)
        assert self.ended_at is not None
        return self.ended_at

    def close(self) -> None:
        """Go away without a word."""
        if self.status == 200:
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)
            self._thread.join(10)
        self._connection.close()
