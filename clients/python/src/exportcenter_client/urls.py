"""Addresses: parts of them that others wrote, and keeping tokens in them out of logs."""

import logging
import re
from urllib.parse import quote, urlsplit

from exportcenter_client.errors import ProtocolError

_TOKEN = re.compile(r"(?<=[?&]token=)[^&\s\"']+")
_PAGE = re.compile(r"/(?!/)[A-Za-z0-9/_.-]{0,200}(#[A-Za-z0-9_-]{1,100})?")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


def segment(text: str) -> str:
    """An id as part of a path. Raises ValueError for what cannot be one, so that no id changes the address."""
    if not _NAME.fullmatch(text):
        raise ValueError(f"not an id: {text[:100]!r}")
    return quote(text, safe="")


def rooted(link: object) -> str:
    """Path and query of a link, whatever host it names: the host that we asked is where it leads, and where the token
    may go. Behind a proxy servers know their own name wrongly. Raises ProtocolError."""
    try:
        parts = urlsplit(link) if isinstance(link, str) else None
    except ValueError:
        parts = None
    if parts is None or parts.scheme not in ("", "http", "https") or not parts.path.startswith("/"):
        raise ProtocolError("The server's download link is none.")
    if bool(parts.scheme) != bool(parts.netloc) or parts.path.startswith("//"):
        raise ProtocolError("The server's download link is none.")
    if not parts.path.isascii() or not parts.query.isascii():
        raise ProtocolError("The server's download link is none.")
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


def page_of(path: str, origin: str) -> str:
    """Address of a page of the server, for people to open; empty for what is no plain path, so that no message leads
    elsewhere."""
    return f"{origin}{path}" if _PAGE.fullmatch(path) else ""


def hide_tokens(text: str) -> str:
    """The text without tokens of links."""
    return _TOKEN.sub("***", text)


class HideTokens(logging.Filter):
    """Lets every record pass, without tokens of links."""

    def filter(self, record: logging.LogRecord) -> bool:
        """True."""
        message = record.getMessage()
        hidden = hide_tokens(message)
        if hidden != message:
            record.msg, record.args = hidden, ()
        return True
