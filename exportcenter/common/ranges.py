"""Byte ranges (RFC 9110 §14): one range at most; anything odd means the whole file."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")


class Unsatisfiable(Exception):
    """The range lies outside the file: 416."""


@dataclass(frozen=True)
class Span:
    """Bytes first..last, both inclusive, of a file of ``size`` bytes."""

    first: int
    last: int
    size: int

    @property
    def length(self) -> int:
        """Number of bytes."""
        return self.last - self.first + 1

    @property
    def whole(self) -> bool:
        """Whether it is the entire file."""
        return self.length == self.size

    @property
    def header(self) -> str:
        """Value of Content-Range."""
        return f"bytes {self.first}-{self.last}/{self.size}"


def requested(headers: Mapping[str, str], *, etag: str, size: int) -> Span | None:
    """The span a request asks for, or None for the whole file.

    An If-Range that is not exactly our strong ``etag`` means that the client's part is of another file: send all.
    Raises Unsatisfiable.
    """
    found = _RANGE.fullmatch(headers.get("Range", "").strip())
    if_range = headers.get("If-Range", "")
    if found is None or (if_range and if_range.strip() != etag):
        return None
    first, last = found.groups()
    if not first and not last:
        return None
    if not first:
        if int(last) == 0 or size == 0:
            raise Unsatisfiable
        return Span(max(0, size - int(last)), size - 1, size)
    if last and int(last) < int(first):
        return None
    if int(first) >= size:
        raise Unsatisfiable
    return Span(int(first), min(int(last), size - 1) if last else size - 1, size)
