"""The contract of a format, and the options people may choose."""

import importlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, ClassVar, NamedTuple, Protocol
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from exportcenter.common.errors import InvalidParameters
from jobs.datasets.query import BoundColumn, Plan, Statement
from jobs.formats.deflate import Segment, Stream


@dataclass(frozen=True)
class FormatOptions:
    """What a request may say about its file.

    Attributes:
        bom: begin a CSV file with a UTF-8 byte order mark, so that Excel reads Chinese right
        raw: lossless for machines: codes instead of labels, UTC, no neutralising of formulas
        compression: "none", "gzip", or "zip": the file, or its parts, in one archive
        lines: one JSON object per line instead of one array
        about: the file says what it is: a workbook on a first sheet, Parquet in its metadata
    """

    bom: bool = True
    raw: bool = False
    compression: str = "none"
    lines: bool = False
    about: bool = False

    COMPRESSIONS: ClassVar[tuple[str, ...]] = ("none", "gzip", "zip")

    @classmethod
    def parse(cls, given: Mapping[str, Any]) -> "FormatOptions":
        """Options from JSON. Raises InvalidParameters that names the wrong one and what is allowed."""
        problems: dict[str, list[str]] = {}
        allowed: dict[str, Callable[[Any], bool]] = {
            "bom": lambda value: isinstance(value, bool),
            "raw": lambda value: isinstance(value, bool),
            "compression": lambda value: value in cls.COMPRESSIONS,
            "lines": lambda value: isinstance(value, bool),
            "about": lambda value: isinstance(value, bool),
        }
        for name, value in given.items():
            if name not in allowed:
                problems[f"options.{name[:100]}"] = [
                    _("There is no such option. Allowed: %(allowed)s.") % {"allowed": ", ".join(allowed)}
                ]
            elif not allowed[name](value):
                words = ", ".join(cls.COMPRESSIONS) if name == "compression" else "true, false"
                problems[f"options.{name}"] = [_("Allowed: %(allowed)s.") % {"allowed": words}]
        if problems:
            raise InvalidParameters(details=problems)
        raw = bool(given.get("raw", False))
        return cls(
            bom=given.get("bom", not raw),
            raw=raw,
            compression=given.get("compression", "none"),
            lines=given.get("lines", False),
            about=given.get("about", False),
        )


@dataclass(frozen=True)
class About:
    """What is written down about a file, in the words of the person who asked.

    Attributes:
        lines: label and text, e.g. ("Data as of", "2026-11-22 10:00:00"); called when the file ends, with its rows
            and texts cut
        title: name of the sheet or block
    """

    title: str
    lines: Callable[[int, int], Sequence[tuple[str, str]]]


class Joined(NamedTuple):
    """Some rows as they stand in the file, and how many of their texts are longer than the format allows."""

    data: bytes
    cut_cells: int = 0


class OpenFile(Protocol):
    """One file on its way: head, segments, foot."""

    @property
    def size(self) -> int:
        """Bytes that have left, without those that still wait to be packed."""

    @property
    def rounded_numbers(self) -> int:
        """Numbers that have lost digits."""

    def block(self, data: bytes) -> None:
        """Some whole rows of the current segment, joined as the format says."""

    def end_segment(self, rows: int) -> None:
        """The current segment is whole and has ``rows``."""

    def append(self, segment: Segment, blocks: Iterable[bytes]) -> None:
        """A segment that was written elsewhere; deflated if the format's ``segments_packed`` says so."""

    def finish(self, cut_cells: int) -> None:
        """Nothing follows; ``cut_cells`` texts of the file have lost their end."""


class Format:
    """
    One file format. A subclass says how a value looks, in SQL and in Python, how rows are joined, and how the file is
    framed.

    Attributes:
        key: name in the API
        extension: without dot; may depend on the options
        content_type: of the file before compression; may depend on the options
        takes: names of the options that mean something to the format
        row_end: what ends each row
        between: what stands between two rows, where no row has an end
        threaded: packing runs in a thread of its own
        packed: the file is compressed by itself, so that packing it again gains nothing
        segment_bytes: a segment of very long rows ends early, beyond so many bytes
        most_bytes: largest file, or None: a result beyond it goes on in another file
        session: settings of the database's session that cells depend on
    """

    key: ClassVar[str]
    extension: str
    content_type: str
    takes: ClassVar[frozenset[str]] = frozenset({"raw", "compression"})
    row_end: bytes = b""
    between: bytes = b""
    threaded: ClassVar[bool] = False
    packed: ClassVar[bool] = False
    segment_bytes: ClassVar[int] = 256 << 20  # sheets and entries of a zip must end before 4 GiB
    most_bytes: int | None = None

    def __init__(self, options: FormatOptions, zone: ZoneInfo) -> None:
        self.options = options
        self.zone = zone

    @classmethod
    def check(cls, given: Mapping[str, Any]) -> None:
        """Refuse options, as the request gave them, that mean nothing in this format. Raises InvalidParameters."""
        problems = {
            f"options.{name}": [
                _("A %(file_type)s file has no such option. Allowed: %(allowed)s.")
                % {"file_type": cls.key, "allowed": ", ".join(sorted(cls.takes))}
            ]
            for name in given
            if name not in cls.takes
        }
        if cls.packed and given.get("compression") == "gzip":
            problems["options.compression"] = [
                _("A file of type %(file_type)s is compressed already. Allowed: %(allowed)s.")
                % {"file_type": cls.key, "allowed": "none, zip"}
            ]
        if problems:
            raise InvalidParameters(details=problems)

    @property
    def session(self) -> Mapping[str, str]:
        """Name → value; set for the transaction while rows are read."""
        return {}

    @property
    def segments_packed(self) -> bool:
        """Whether a segment that is written apart is deflated there."""
        return self.options.compression != "none"

    # --- a value ----------------------------------------------------------------------------------------
    def cell(self, column: BoundColumn, reference: str) -> str:
        """SQL expression of one cell; NULL stays NULL unless the format says otherwise."""
        raise NotImplementedError

    def render(self, column: BoundColumn) -> Callable[[Any], str | None]:
        """The same in Python: equal values give equal cells."""
        raise NotImplementedError

    # --- a row ------------------------------------------------------------------------------------------
    def copy(self, plan: Plan) -> Statement:
        """The COPY whose messages are rows."""
        raise NotImplementedError

    def unframe(self, messages: Iterable[Any]) -> Iterator[Any]:
        """The rows in the messages of ``copy``, without their ends."""
        raise NotImplementedError

    def text(self, cell: str) -> str:
        """SQL: what ``copy`` would make of a cell, as text; for rows that are joined in Python."""
        return cell

    def liner(self, columns: Sequence[BoundColumn]) -> Callable[[Sequence[Any]], bytes]:
        """Joins cells to what ``unframe`` would give for the row."""
        raise NotImplementedError

    def joiner(self, columns: Sequence[BoundColumn]) -> Callable[[Sequence[Any]], Joined]:
        """Joins some rows to a block of the file; ``between`` blocks stands what stands between rows."""
        if self.row_end:
            return lambda rows: Joined(self.row_end.join([*rows, b""]))
        return lambda rows: Joined(self.between.join(rows))

    # --- a file -----------------------------------------------------------------------------------------
    def open(self, columns: Sequence[BoundColumn], stream: Stream, about: About | None = None) -> OpenFile:
        """Begin a file whose bytes go to ``stream``."""
        raise NotImplementedError


class TextFile:
    """A file of rows between a head and a foot (an OpenFile)."""

    rounded_numbers = 0

    def __init__(self, stream: Stream, *, head: bytes = b"", between: bytes = b"", foot: bytes = b"") -> None:
        self._stream = stream
        self._between = between
        self._foot = foot
        self._inside = False
        self._begun = False
        self._mark(head)

    @property
    def size(self) -> int:
        """Bytes that have left."""
        return self._stream.stored

    def block(self, data: bytes) -> None:
        """Rows of the current segment."""
        if not self._inside:
            self._separate()
            self._inside = True
        self._stream.write(data)

    def end_segment(self, rows: int) -> None:
        """Close the segment."""
        self._stream.end_segment()
        self._inside = False

    def append(self, segment: Segment, blocks: Iterable[bytes]) -> None:
        """A segment from elsewhere."""
        self._separate()
        self._stream.append(segment, blocks)

    def finish(self, cut_cells: int) -> None:
        """Write the foot."""
        self._mark(self._foot)
        self._stream.finish()

    def _separate(self) -> None:
        if self._begun:
            self._mark(self._between)
        self._begun = True

    def _mark(self, mark: bytes) -> None:
        """A segment of its own: what stands before rows must not depend on who has packed them."""
        if mark:
            self._stream.write(mark)
            self._stream.end_segment()


_FORMATS = {
    "csv": "jobs.formats.csv:CsvFormat",
    "json": "jobs.formats.json:JsonFormat",
    "parquet": "jobs.formats.parquet:ParquetFormat",
    "xlsx": "jobs.formats.xlsx:XlsxFormat",
}


def available() -> list[str]:
    """Names of the formats that can be written here: Parquet needs pyarrow."""
    return [key for key in sorted(_FORMATS) if key != "parquet" or find_spec("pyarrow") is not None]


def get(key: str) -> type[Format]:
    """The format called ``key``. Raises InvalidParameters that says what is allowed."""
    if key not in available():
        raise InvalidParameters(
            details={
                "file_type": [
                    _("“%(value)s” is not a file type that can be written. Allowed: %(allowed)s.")
                    % {"value": str(key)[:100], "allowed": ", ".join(available())}
                ]
            }
        )
    module, name = _FORMATS[key].split(":")
    found: type[Format] = getattr(importlib.import_module(module), name)
    return found
