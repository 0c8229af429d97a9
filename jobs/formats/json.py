"""JSON by COPY: PostgreSQL writes one object per row, Python puts them into an array or onto lines."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from zoneinfo import ZoneInfo

from jobs.datasets.base import Kind
from jobs.datasets.query import BoundColumn, Plan
from jobs.formats.base import Format, FormatOptions, Written
from jobs.formats.csv import BLOCK_ROWS, quote
from jobs.formats.sink import Sink

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
                return self._utc(reference)
            case _:
                return reference

    def write(self, plan: Plan, cursor: Any, sink: Sink, advance: Callable[[int], None]) -> Written:
        """COPY the compiled statement's rows into ``sink`` as objects."""
        statement = plan.statement(self)
        copy_rows = f"COPY (SELECT row_to_json(t) FROM ({statement.sql}) t) TO STDOUT ({UNQUOTED})"  # noqa: S608
        between = b"\n" if self.options.lines else b",\n"
        rows = 0
        block: list[Any] = []

        def flush() -> None:
            nonlocal rows
            if block:
                sink.write((between if rows else b"") + between.join(block))
                rows += len(block)
                block.clear()

        if not self.options.lines:
            sink.write(b"[")
        with self._wall_clock(cursor), cursor.copy(copy_rows, statement.params) as copy:
            for message in copy:  # one row each, ended by LF; LF inside a text is escaped
                block.append(message[:-1])
                if len(block) == BLOCK_ROWS:
                    flush()
                    advance(rows)
        flush()
        if not self.options.lines:
            sink.write(b"]\n")
        elif rows:
            sink.write(b"\n")
        advance(rows)
        return Written(rows)

    def _words(self, column: BoundColumn, reference: str) -> str:
        if self.options.raw or not column.labels:
            return f"{reference}::text"
        cases = " ".join(f"WHEN {quote(code)} THEN {quote(label)}" for code, label in column.labels)
        return f"CASE {reference}::text {cases} ELSE {reference}::text END"

    @staticmethod
    def _utc(reference: str) -> str:
        # to_char makes NULL of infinity, which would be a lie.
        return (
            f"CASE WHEN isfinite({reference}) "
            f"""THEN to_char({reference} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') """
            f"ELSE {reference}::text END"
        )

    @contextmanager
    def _wall_clock(self, cursor: Any) -> Iterator[None]:
        """Let the transaction tell times in the viewer's zone.

        JSON takes the offset from there; said in SQL it costs four times as much. Only how times look depends on it:
        Django names the zone in whatever it compiles. After an error nothing can or need be put back, because the
        setting ends with the transaction.
        """
        cursor.execute("SELECT current_setting('TimeZone')")
        (before,) = cursor.fetchone()
        change = "SELECT set_config('TimeZone', %s, true)"
        cursor.execute(change, ["UTC" if self.options.raw else self.zone.key])
        yield
        cursor.execute(change, [before])
