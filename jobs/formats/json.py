"""JSON by COPY: PostgreSQL writes one object per row, Python puts them into an array or onto lines."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from jobs.datasets.base import Kind
from jobs.datasets.query import BoundColumn, Plan, Statement
from jobs.formats.base import About, Format, FormatOptions, TextFile
from jobs.formats.csv import quote, utc
from jobs.formats.csv_lines import lines_of
from jobs.formats.deflate import Stream
from jobs.formats.rendering import json as rendering

# JSON text holds no raw control characters. With two of them as quote and delimiter COPY finds nothing to quote, so
# that every message is the object as it is, and LF. (Its text format would double every backslash.)
UNQUOTED = r"FORMAT csv, QUOTE E'\x01', DELIMITER E'\x02', ESCAPE E'\x01'"


class JsonFormat(Format):
    """
    An array of objects (RFC 8259), or with ``lines`` one object per line (NDJSON); keys are the columns' keys.

    Numbers keep all their digits; NaN and the infinities, which JSON lacks, are strings. Text is exactly what is
    stored: no spreadsheet runs it.
    """

    key = "json"
    extension = "json"
    content_type = "application/json"
    takes = Format.takes | {"lines"}

    def __init__(self, options: FormatOptions, zone: ZoneInfo) -> None:
        super().__init__(options, zone)
        if options.lines:
            self.extension = "ndjson"
            self.content_type = "application/x-ndjson"
            self.row_end = b"\n"
        else:
            self.between = b",\n"

    @property
    def session(self) -> Mapping[str, str]:
        """JSON takes the offset of times from here; said in SQL it costs four times as much.

        Only how times look depends on it: Django names the zone in whatever it compiles.
        """
        return {"TimeZone": "UTC" if self.options.raw else self.zone.key}

    def cell(self, column: BoundColumn, reference: str) -> str:
        """One cell as SQL of the type whose JSON is wanted."""
        match column.kind:
            case _ if column.masked:
                return reference  # text already
            case Kind.TEXT | Kind.CHOICE:
                return self._words(column, reference)
            case Kind.ID:
                # As PostgreSQL writes it in CSV: a cast would show an address as 10.0.0.1/32.
                return f"CASE WHEN {reference} IS NOT NULL THEN concat({reference}) END"
            case Kind.DATE:
                return f"{reference}::date"
            case Kind.DATETIME if self.options.raw:
                return utc(reference)
            case _:
                return reference

    def render(self, column: BoundColumn) -> Callable[[Any], str | None]:
        """One value as JSON."""
        return rendering.renderer(column, self.options, self.zone)

    def copy(self, plan: Plan) -> Statement:
        """One object per row."""
        statement = plan.statement(self)
        objects = f"SELECT row_to_json(t) FROM ({statement.sql}) t"  # noqa: S608 - compiled by the plan
        return Statement(f"COPY ({objects}) TO STDOUT ({UNQUOTED})", statement.params)

    def unframe(self, messages: Iterable[Any]) -> Iterator[Any]:
        """One object each, ended by LF; LF inside a text is escaped."""
        return lines_of(messages)

    def text(self, cell: str) -> str:
        """The value as row_to_json writes it."""
        return f"coalesce(to_json({cell})::text, 'null')"

    def liner(self, columns: Sequence[BoundColumn]) -> Callable[[Sequence[Any]], bytes]:
        """Values as an object of the columns' keys."""
        return rendering.line([column.key for column in columns])

    def open(self, columns: Sequence[BoundColumn], stream: Stream, about: About | None = None) -> TextFile:
        """Lines, or an array."""
        if self.options.lines:
            return TextFile(stream)
        return TextFile(stream, head=b"[", between=self.between, foot=b"]\n")

    def _words(self, column: BoundColumn, reference: str) -> str:
        if self.options.raw or not column.labels:
            return f"{reference}::text"
        cases = " ".join(f"WHEN {quote(code)} THEN {quote(label)}" for code, label in column.labels)
        return f"CASE {reference}::text {cases} ELSE {reference}::text END"
