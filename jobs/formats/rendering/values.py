"""What values are in Python on their way from the database into a cell."""

from datetime import UTC, date, datetime
from typing import Any, Protocol, TypeVar
from uuid import UUID

from psycopg.adapt import AdaptersMap, Buffer, Loader
from psycopg.postgres import types
from psycopg.types.string import TextLoader

from jobs.datasets.base import Kind
from jobs.datasets.query import BoundColumn
from jobs.formats.rendering.numbers import NUMERIC, Real, number_text

T = TypeVar("T")


class Beyond(str):
    """A date or time that Python's calendar lacks: infinite, before Christ, after 9999. PostgreSQL's own text of it."""

    __slots__ = ()


class Truth(dict[Any, T]):
    """Two constants and one for NULL, by bool. Raises TypeError for anything else."""

    def __init__(self, *, yes: T, no: T, null: T) -> None:
        super().__init__({True: yes, False: no, None: null})

    def __missing__(self, value: Any) -> T:
        raise TypeError(f"Neither yes nor no is made from a {type(value).__name__}.")


class _Adapting(Protocol):
    @property
    def adapters(self) -> AdaptersMap: ...


def adapt(cursor: _Adapting) -> None:
    """Let ``cursor`` read values so that nothing is lost and nothing raises.

    Numbers arrive as int, Decimal and float, text as str, booleans as bool, dates as date, times with zone as
    datetime in UTC whatever the session's zone is, and as ``Beyond`` where Python has no such date. A float of four
    bytes is a float that knows its text. What has no type here (arrays, JSON, addresses) arrives as PostgreSQL's text.

    A connection may be given as well, but then everybody who shares it reads like this. DateStyle must be ISO.
    """
    adapters = cursor.adapters
    for name, loader in _LOADERS.items():
        adapters.register_loader(name, loader)
    for name in _AS_TEXT:
        adapters.register_loader(name, TextLoader)
    for info in types:
        if info.array_oid:
            adapters.register_loader(info.array_oid, TextLoader)


def kind_of(column: BoundColumn) -> Kind:
    """What the column is in a file: a masked value is text, whatever it was before."""
    return Kind.TEXT if column.masked else column.kind


def text(value: Any) -> str:
    """A value as PostgreSQL casts it to text. Raises TypeError for what no column of text is made from."""
    if isinstance(value, str):
        return str(value)
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, date) and not isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, NUMERIC) and not isinstance(value, bool):
        return number_text(value)
    raise TypeError(f"No text is made from a {type(value).__name__}.")


def text_or_null(value: Any) -> str | None:
    """The same; None stays None."""
    return value if type(value) is str or value is None else text(value)


class _Date(Loader):
    def load(self, data: Buffer) -> date | Beyond:
        written = str(data, "ascii")
        try:
            return date.fromisoformat(written)
        except ValueError:
            return Beyond(written)


class _Timestamp(Loader):
    def load(self, data: Buffer) -> datetime | Beyond:
        written = str(data, "ascii")
        try:
            return datetime.fromisoformat(written)
        except ValueError:
            return Beyond(written)


class _TimestampWithZone(Loader):
    def load(self, data: Buffer) -> datetime | Beyond:
        written = str(data, "ascii")
        try:
            moment = datetime.fromisoformat(written)
            return moment if moment.tzinfo is UTC else moment.astimezone(UTC)
        except (ValueError, OverflowError):
            return Beyond(written)


class _Real(Loader):
    def load(self, data: Buffer) -> Real:
        return Real(str(data, "ascii"))


_LOADERS: dict[str, type[Loader]] = {
    "date": _Date,
    "timestamp": _Timestamp,
    "timestamptz": _TimestampWithZone,
    "float4": _Real,
}
_AS_TEXT = ("json", "jsonb", "inet", "cidr")
