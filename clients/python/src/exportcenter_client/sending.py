"""One request to the end: credentials, repeats, refusals as errors."""

import itertools
import json
import re
from collections.abc import Callable, Mapping
from urllib.parse import urlencode

from exportcenter_client import reading
from exportcenter_client.credentials import Pair
from exportcenter_client.effects import Answer, Close, Do, Exclusive, Flow, Open, Read, Request, Sleep
from exportcenter_client.errors import (
    ApiError,
    InProgress,
    Locked,
    NetworkError,
    NotAuthenticated,
    ProtocolError,
    Throttled,
    Unavailable,
)
from exportcenter_client.session import Session
from exportcenter_client.version import VERSION

REFRESH_TIMEOUT = 4.0
"""Seconds. A server that rotates refresh tokens answers a repeated one within ten seconds, and takes it for stolen
later: so a lost answer is asked for again soon."""
_SENDABLE = re.compile(r"[!-~]+")
LARGEST_ANSWER = 64 << 20
"""Bytes of JSON that are read into memory at most."""


def send(session: Session, request: Request) -> Flow[Answer]:
    """The whole answer. Raises ApiError, NetworkError, ProtocolError."""
    for cuts in itertools.count(1):
        answer = yield from opened(session, request)
        try:
            return Answer(answer.status, answer.headers, (yield from _drain()))
        except NetworkError:
            if not request.repeatable or cuts >= session.patience.tries:
                raise
        yield Sleep(session.patience.wait(cuts))
    raise AssertionError("count has no end")


def opened(session: Session, request: Request) -> Flow[Answer]:
    """The answer's head; its body is to be read. Raises as ``send``.

    Sent again with growing pauses: when nothing has left us; when the answer was lost and the request is repeatable;
    when the server says 423, 429 or 503, which mean that nothing was done; when it is still serving the same request.
    Once more with new credentials after a 401.
    """
    patience, failures, renewed = session.patience, 0, False
    while True:
        bearer = "" if request.anonymous else (yield from _bearer(session))
        try:
            return (yield from _once(session, request, bearer))
        except NotAuthenticated:
            if renewed or request.anonymous or not session.credentials.renewable:
                raise
            renewed = True
            yield Exclusive(_renewal(session, bearer))
        except (NetworkError, InProgress, Locked, Throttled, Unavailable) as fault:
            failures += 1
            if failures >= patience.tries or not _may_repeat(fault, request):
                raise
            asked = fault.retry_after if isinstance(fault, ApiError) else None
            if asked is not None and asked > patience.longest_wait:
                raise
            yield Sleep(max(asked or 0.0, patience.wait(failures)))


def _may_repeat(fault: Exception, request: Request) -> bool:
    if isinstance(fault, NetworkError):
        return request.repeatable or not fault.sent
    if isinstance(fault, ApiError) and fault.status in (502, 504):  # a proxy's: nobody knows what happened behind it
        return request.repeatable
    return True


def _once(session: Session, request: Request, bearer: str) -> Flow[Answer]:
    answer = yield Open(request, _url(session, request), _headers(session, request, bearer))
    assert isinstance(answer, Answer)
    if answer.status < 300 or answer.status == 304:
        return answer
    whole = Answer(answer.status, answer.headers, (yield from _drain()))
    if answer.status < 400:
        raise ProtocolError(f"The server answered with a redirection ({answer.status}), which is not followed.")
    raise reading.as_error(whole, session.origin)


def _drain() -> Flow[bytes]:
    body = bytearray()
    while block := (yield Read()):
        body += block
        if len(body) > LARGEST_ANSWER:
            raise ProtocolError("The answer is too large.")
    yield Close()
    return bytes(body)


def _url(session: Session, request: Request) -> str:
    base = session.origin if request.rooted else session.base
    return f"{base}{request.path}{'?' + urlencode(request.query) if request.query else ''}"


def _headers(session: Session, request: Request, bearer: str) -> Mapping[str, str]:
    headers = {
        "Accept": "application/json",
        "Accept-Encoding": "identity",  # files are hashed as they come, and streams must not wait for a full block
        "User-Agent": f"exportcenter-client/{VERSION}",
    }
    if session.language:
        headers["Accept-Language"] = session.language
    if bearer:
        headers["Authorization"] = f"Bearer {bearer}"
    if request.body is not None:
        headers["Content-Type"] = "application/json"
    if request.upload is not None:
        # A length, for servers that refuse what is too large before it comes; without it the body would be chunked.
        headers |= {"Content-Type": request.upload.content_type, "Content-Length": str(request.upload.length)}
    return headers | dict(request.headers)


def body_of(request: Request) -> bytes | None:
    """The bytes to send, unless it has an ``upload``."""
    return None if request.body is None else json.dumps(request.body, ensure_ascii=False, allow_nan=False).encode()


# --- credentials -----------------------------------------------------------------------------------------
def sign_in(session: Session, username: str, password: str) -> Flow[Pair]:
    """A new pair. Raises NotAuthenticated and what ``send`` raises."""
    said = {"username": username, "password": password}
    request = Request("POST", "/auth/token", body=said, anonymous=True, repeatable=False)
    return _pair((yield from send(session, request)), "")


def _bearer(session: Session) -> Flow[str]:
    if not session.credentials.bearer and session.credentials.renewable:
        yield Exclusive(_renewal(session, ""))
    return session.credentials.bearer


def _renewal(session: Session, refused: str) -> Callable[[], Flow[None]]:
    """A flow that puts a new pair in the place of the one whose access token was ``refused``."""

    def flow() -> Flow[None]:
        who = session.credentials
        if who.bearer and who.bearer != refused:
            return  # somebody else was faster
        lock = who.store.lock()
        yield Do(lock.__enter__)
        try:
            stored = yield Do(who.store.load)
            if stored is not None and stored.access != refused:
                who.pair = stored  # another process was faster
                return
            who.pair = yield from _new_pair(session, stored or who.pair)
            yield Do(lambda: who.store.save(who.pair) if who.pair else None)
        finally:
            lock.__exit__(None, None, None)

    return flow


def _new_pair(session: Session, old: Pair | None) -> Flow[Pair]:
    who = session.credentials
    if old is not None:
        request = Request(
            "POST", "/auth/token/refresh", body={"refresh": old.refresh}, anonymous=True, read_timeout=REFRESH_TIMEOUT
        )
        try:
            return _pair((yield from send(session, request)), old.refresh)
        except NotAuthenticated:
            if not who.password:
                raise
    return (yield from sign_in(session, who.username, who.password))


def _pair(answer: Answer, refresh: str) -> Pair:
    said = reading.as_object(answer)
    access, renewed = said.get("access"), said.get("refresh") or refresh
    for token in (access, renewed):
        if not isinstance(token, str) or not _SENDABLE.fullmatch(token):
            raise ProtocolError("The answer to the sign-in holds no tokens.")
    return Pair(str(access), str(renewed))
