"""Server-Sent Events (https://html.spec.whatwg.org/multipage/server-sent-events.html), read as bytes come."""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass

from exportcenter_client.errors import ProtocolError

LONGEST = 4 << 20
"""Characters that may wait for the end of an event."""
_END_OF_LINE = re.compile(r"\r\n|\n|\r(?!\Z)")


@dataclass(frozen=True)
class Event:
    """One event. ``id`` is the last one said so far, as the standard has it."""

    kind: str
    data: str
    id: str


class Parser:
    """Feed it bytes, cut anywhere."""

    def __init__(self, last_id: str = "") -> None:
        self.last_id = last_id
        self._decode = codecs.getincrementaldecoder("utf-8-sig")("replace").decode
        self._rest = ""
        self._kind, self._data = "", list[str]()

    def feed(self, block: bytes) -> Iterator[Event]:
        """Events that are complete now. Raises ProtocolError for one without end."""
        self._rest += self._decode(block)
        *lines, self._rest = _END_OF_LINE.split(self._rest)
        if len(self._rest) + sum(map(len, self._data)) > LONGEST:
            raise ProtocolError("An event of the live stream has no end.")
        for line in lines:
            if (event := self._line(line)) is not None:
                yield event

    def _line(self, line: str) -> Event | None:
        if not line:
            kind, data, self._kind, self._data = self._kind, self._data, "", []
            return Event(kind or "message", "\n".join(data), self.last_id) if data else None
        name, _colon, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "event":
            self._kind = value
        elif name == "data":
            self._data.append(value)
        elif name == "id" and "\0" not in value:
            self.last_id = value
        return None
