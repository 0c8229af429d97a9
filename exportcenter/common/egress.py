"""Leaving the house: the one function that sends a request to an address that somebody has typed in (SPEC X8).

The name is resolved once. If any of its addresses is not public nothing is sent; otherwise the connection goes to one
of those very addresses, with the name in SNI, certificate check and Host, so that a name server that changes its mind
changes nothing. No redirect is followed, no proxy is taken from the environment, and everything together, from the
question to the name server to the last byte, has one deadline.
"""

import http.client
import io
import queue
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

from exportcenter.common.addresses import is_public

SECONDS = 10.0
"""For everything."""
LONGEST_URL = 2000
LARGEST_BODY = 64 << 10
"""Bytes of an answer that are read; the rest is left unread."""
LARGEST_HEAD = 64 << 10
_TEXT = re.compile(r"[\x21-\x5b\x5d-\x7e]+")
"""Printable ASCII without blanks and without the backslash, which parsers disagree about."""
_NAME = re.compile(r"(?=.{4,253}\Z)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?")
"""A name with a dot whose last label begins with a letter: no spelling of a number is one."""
_PRIVATE_NAME = re.compile(r"[a-z0-9.:-]{1,253}")
_TOKEN = re.compile(r"[A-Za-z0-9-]+")
_VALUE = re.compile(r"[\x20-\x7e]*")

Resolver = Callable[[str, int], list[str]]
"""(host, port) → addresses. Raises OSError when the name has none."""


class Problem(StrEnum):
    """Why there is no answer."""

    URL = "url_refused"
    ADDRESS = "address_refused"
    NAME = "name_not_found"
    CONNECT = "no_connection"
    TLS = "tls"
    TIMEOUT = "timeout"
    PROTOCOL = "bad_answer"


class EgressError(Exception):
    """Nothing was sent, or no answer came. ``detail`` is for a log, in English."""

    def __init__(self, problem: Problem, detail: str) -> None:
        super().__init__(f"{problem}: {detail}")
        self.problem = problem
        self.detail = detail


@dataclass(frozen=True)
class Target:
    """An address that may be asked about."""

    scheme: str
    host: str
    port: int
    path: str
    """With the query; begins with a slash."""

    @property
    def authority(self) -> str:
        """Value of Host."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == {"https": 443, "http": 80}[self.scheme] else f"{host}:{self.port}"


@dataclass(frozen=True)
class Answer:
    """What came back.

    Attributes:
        body: the first LARGEST_BODY bytes, or what had come when time was over
        retry_after: the header as it came; empty without one
    """

    status: int
    body: bytes
    retry_after: str = ""


def target_of(url: str) -> Target:
    """``url`` in its parts, if it is one that we would send to. Asks nobody. Raises EgressError(URL)."""
    if len(url) > LONGEST_URL or not _TEXT.fullmatch(url):
        raise EgressError(Problem.URL, "not printable ASCII, or too long")
    private = settings.WEBHOOK_ALLOW_PRIVATE
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise EgressError(Problem.URL, "no address") from error
    if parts.scheme not in (("https", "http") if private else ("https",)):
        raise EgressError(Problem.URL, "not https")
    if "@" in parts.netloc or parts.netloc.endswith(":") or "#" in url:
        raise EgressError(Problem.URL, "credentials, an empty port or a fragment")
    if not (_PRIVATE_NAME if private else _NAME).fullmatch(host):
        raise EgressError(Problem.URL, "not the name of a host")
    port = port if port is not None else {"https": 443, "http": 80}[parts.scheme]
    if port not in settings.WEBHOOK_PORTS and not private:
        raise EgressError(Problem.URL, f"port {port}")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.scheme, host, port, path)


def system_resolver(host: str, port: int) -> list[str]:
    """What the system's resolver says."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    return list(dict.fromkeys(str(place[0]) for *_kind, place in found))


def addresses_of(target: Target, *, seconds: float = SECONDS, resolver: Resolver | None = None) -> list[str]:
    """Every address of the target, all of them public. Raises EgressError(NAME, ADDRESS, TIMEOUT)."""
    found = _resolve(resolver or system_resolver, target, seconds)
    if not found:
        raise EgressError(Problem.NAME, f"{target.host} has no address")
    if not settings.WEBHOOK_ALLOW_PRIVATE and (bad := [one for one in found if not is_public(one)]):
        raise EgressError(Problem.ADDRESS, f"{target.host} leads to {', '.join(bad[:3])}")
    return found


def post(
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    *,
    seconds: float = SECONDS,
    resolver: Resolver | None = None,
    context: ssl.SSLContext | None = None,
) -> Answer:
    """POST ``body`` to ``url`` and return what came back, whatever its status.

    Parameters:
        seconds: for everything together
        resolver: instead of the system's
        context: instead of one that trusts the system's authorities
    Raises EgressError. Holds no lock and no connection but its own.
    """
    deadline = time.monotonic() + seconds
    target = target_of(url)
    places = addresses_of(target, seconds=seconds, resolver=resolver)
    head = _head(target, headers, len(body))
    line = _connect(target, places, deadline)
    try:
        if target.scheme == "https":
            line = _encrypt(line, target, context or ssl.create_default_context(), deadline)
        _send(line, head + body, deadline)
        return _receive(line, deadline)
    finally:
        line.close()


def _resolve(resolver: Resolver, target: Target, seconds: float) -> list[str]:
    """Ask in a thread of its own: the system's resolver takes as long as it likes, we do not."""
    answers: queue.SimpleQueue[list[str] | Exception] = queue.SimpleQueue()

    def ask() -> None:
        try:
            answers.put(resolver(target.host, target.port))
        except Exception as error:  # noqa: BLE001 - handed over to the thread that waits
            answers.put(error)

    threading.Thread(target=ask, name="resolve", daemon=True).start()
    try:
        found = answers.get(timeout=seconds)
    except queue.Empty:
        raise EgressError(Problem.TIMEOUT, f"no answer about {target.host}") from None
    if isinstance(found, Exception):
        raise EgressError(Problem.NAME, f"{target.host}: {found}") from found
    return found


def _head(target: Target, headers: Mapping[str, str], length: int) -> bytes:
    lines = [f"POST {target.path} HTTP/1.1", f"Host: {target.authority}"]
    own = {"Connection": "close", "Accept-Encoding": "identity", "Content-Length": str(length)}
    for name, value in (dict(headers) | own).items():
        if not _TOKEN.fullmatch(name) or not _VALUE.fullmatch(value):
            raise ValueError(f"{name!r} is no header")
        lines.append(f"{name}: {value}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("ascii")


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise EgressError(Problem.TIMEOUT, "the time was over")
    return left


def _connect(target: Target, places: list[str], deadline: float) -> socket.socket:
    """A connection to the first of these addresses that takes one. They are numbers: nobody is asked again."""
    problem = ""
    for place in places:
        family = socket.AF_INET6 if ":" in place else socket.AF_INET
        line = socket.socket(family, socket.SOCK_STREAM)
        try:
            line.settimeout(_left(deadline))
            line.connect((place, target.port))
        except TimeoutError as error:
            line.close()
            raise EgressError(Problem.TIMEOUT, f"{place} does not answer") from error
        except OSError as error:
            line.close()
            problem = f"{place}: {error}"
        except EgressError:
            line.close()
            raise
        else:
            return line
    raise EgressError(Problem.CONNECT, problem)


def _encrypt(line: socket.socket, target: Target, context: ssl.SSLContext, deadline: float) -> socket.socket:
    line.settimeout(_left(deadline))
    try:
        secured = context.wrap_socket(line, server_hostname=target.host, do_handshake_on_connect=False)
    except (OSError, ValueError) as error:
        raise EgressError(Problem.TLS, str(error)) from error
    try:
        secured.settimeout(_left(deadline))
        secured.do_handshake()
    except TimeoutError as error:
        secured.close()
        raise EgressError(Problem.TIMEOUT, "the handshake took too long") from error
    except (OSError, ValueError) as error:
        secured.close()
        raise EgressError(Problem.TLS, str(error)) from error
    return secured


def _send(line: socket.socket, data: bytes, deadline: float) -> None:
    rest = memoryview(data)
    try:
        while rest:
            line.settimeout(_left(deadline))
            rest = rest[line.send(rest) :]
    except TimeoutError as error:
        raise EgressError(Problem.TIMEOUT, "the receiver takes nothing") from error
    except OSError as error:
        raise EgressError(Problem.CONNECT, str(error)) from error


def _receive(line: socket.socket, deadline: float) -> Answer:
    response = http.client.HTTPResponse(_Source(line, deadline), method="POST")  # type: ignore[arg-type]
    try:
        response.begin()
    except TimeoutError as error:
        raise EgressError(Problem.TIMEOUT, "no answer in time") from error
    except ssl.SSLError as error:
        raise EgressError(Problem.TLS, str(error)) from error
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise EgressError(Problem.PROTOCOL, f"{type(error).__name__}: {error}") from error
    body = bytearray()
    try:
        while len(body) < LARGEST_BODY and (block := response.read1(LARGEST_BODY - len(body))):
            body += block
    except (EgressError, OSError, ValueError, http.client.HTTPException):
        pass  # the status is the answer; a body that breaks off or never ends changes nothing
    return Answer(response.status, bytes(body), response.headers.get("Retry-After", "") or "")


class _Source:
    """What http.client takes for a socket: it reads with the deadline, and never more than an answer may have."""

    def __init__(self, line: socket.socket, deadline: float) -> None:
        self._raw = _Raw(line, deadline)

    def makefile(self, *_mode: Any) -> io.BufferedReader:
        return io.BufferedReader(self._raw, 4096)


class _Raw(io.RawIOBase):
    def __init__(self, line: socket.socket, deadline: float) -> None:
        super().__init__()
        self._line, self._deadline = line, deadline
        self._room = LARGEST_HEAD + 2 * LARGEST_BODY

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("the time was over")
        if self._room <= 0:
            raise ValueError("more than an answer may have")
        self._line.settimeout(left)
        count = self._line.recv_into(buffer)
        self._room -= count
        return count
