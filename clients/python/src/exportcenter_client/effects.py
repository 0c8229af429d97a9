"""What a flow can ask of whoever drives it.

A flow is a generator that holds all logic of a call: which requests, which order, what to do with the answers. It
yields effects and is sent their results; it never touches the network or the clock itself. The two drivers
(``driving.py``) perform effects, one by blocking, one by awaiting, so that there is one client and not two.
"""

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias, TypeVar

from exportcenter_client.uploading import Upload

T = TypeVar("T")


@dataclass(frozen=True)
class Request:
    """One HTTP request."""

    method: str
    path: str
    """Below the API's base address, e.g. "/exports"; or path and query of a link from its host's root (``rooted``)."""
    query: tuple[tuple[str, str], ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: Any = field(default=None, repr=False)
    """Sent as JSON unless None."""
    upload: Upload | None = None
    """A file, sent as a form instead of a body."""
    repeatable: bool = True
    """Whether sending it twice does no harm: it may be sent again when the answer was lost."""
    rooted: bool = False
    anonymous: bool = False
    """Sent without credentials: signing in."""
    read_timeout: float | None = None
    """Seconds without a byte after which the connection counts as dead; None: the client's own."""


@dataclass(frozen=True)
class Answer:
    """Head of an answer and, once it was read, its body."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    """By lower-case name."""
    body: bytes = field(default=b"", repr=False)


@dataclass(frozen=True)
class Open:
    """Send a request. Result: Answer without body. Raises NetworkError in the flow."""

    request: Request
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True)
class Read:
    """Next bytes of the open answer, b"" at its end. Raises NetworkError in the flow when it was cut."""


@dataclass(frozen=True)
class Close:
    """Let go of the open answer. A flow that ends closes by itself."""


@dataclass(frozen=True)
class Sleep:
    """Wait for so many seconds."""

    seconds: float


@dataclass(frozen=True)
class Do:
    """Call something that may block on a file; in a thread where that would hold up others. Result: what it returns."""

    call: Callable[[], Any]


@dataclass(frozen=True)
class Exclusive:
    """Run a flow while no other one of this client runs exclusively. Result: what it returns."""

    flow: Callable[[], "Flow[Any]"]


@dataclass(frozen=True)
class Apart:
    """Run a flow while this one keeps its answer open. Result: what it returns."""

    flow: Callable[[], "Flow[Any]"]


@dataclass(frozen=True)
class Give:
    """Hand an item to whoever iterates over the flow."""

    item: Any


Effect: TypeAlias = Open | Read | Close | Sleep | Do | Exclusive | Apart | Give
Flow: TypeAlias = Generator[Effect, Any, T]
