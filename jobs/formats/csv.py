"""CSV by COPY: PostgreSQL writes the rows, Python ends the lines (RFC 4180) and heads the file."""

import csv
import io
from collections.abc import Callable
from typing import Any

from django.utils.translation import gettext as _

from jobs.datasets.base import Kind
from jobs.datasets.query import BoundColumn, Plan
from jobs.formats.base import Format, Written
from jobs.formats.sink import Sink

BLOCK_ROWS = 500
"""Small enough for honest progress and a prompt stop, large enough not to cost anything."""

# A text that a spreadsheet could run as a formula begins, after blanks or a byte order mark, with one of = + - @
# in half or full width, or with TAB or CR. The first character decides quickly; only then the pattern is asked.
SUSPICIOUS = "{9,10,13,32,43,45,61,64,160,12288,65279,65291,65293,65309,65312}"
FORMULA = r"^[\s\u00a0\u3000\ufeff]*[=+\-@\t\r\uff1d\uff0b\uff0d\uff20]|^[\t\r]"
"""PostgreSQL's regular expressions know these escapes themselves."""


def quote(text: str) -> str:
    """``text`` as an SQL string literal (standard_conforming_strings)."""
    return "'" + text.replace("'", "''") + "'"


def neutralise(reference: str) -> str:
    """SQL: the text, with a leading quote where a spreadsheet could run it."""
    return (
        f"CASE WHEN ascii({reference}) = ANY ('{SUSPICIOUS}'::int[]) AND {reference} ~ {quote(FORMULA)} "
        f"THEN '''' || {reference} ELSE {reference} END"
    )


class CsvFormat(Format):
    """Comma-separated, UTF-8, CRLF, quoted where needed; NULL is an empty cell, empty text is "" (RFC 4180)."""

    key = "csv"
    extension = "csv"
    content_type = "text/csv; charset=utf-8"
    takes = Format.takes | {"bom"}

    def cell(self, column: BoundColumn, reference: str) -> str:
        """One cell as SQL text."""
        match column.kind:
            case Kind.TEXT:
                return reference if self.options.raw else neutralise(reference)
            case Kind.CHOICE:
                return self._choice(column, reference)
            case Kind.BOOLEAN:
                yes, no = ("true", "false") if self.options.raw else (_("Yes"), _("No"))
                return f"CASE WHEN {reference} THEN {quote(yes)} WHEN NOT {reference} THEN {quote(no)} END"
            case Kind.DATE:
                return f"to_char({reference}, 'YYYY-MM-DD')"
            case Kind.DATETIME:
                return self._datetime(reference)
            case _:
                return reference

    def write(self, plan: Plan, cursor: Any, sink: Sink, advance: Callable[[int], None]) -> Written:
        """COPY the compiled statement into ``sink``, heading first."""
        statement = plan.statement(self)
        sink.write(self._head(plan))
        rows = 0
        block: list[Any] = []
        with cursor.copy(f"COPY ({statement.sql}) TO STDOUT (FORMAT csv)", statement.params) as copy:
            for message in copy:  # one row each, ended by LF; LF inside a cell stays
                block.append(message[:-1])
                if len(block) == BLOCK_ROWS:
                    rows += self._flush(block, sink)
                    advance(rows)
        rows += self._flush(block, sink)
        advance(rows)
        return Written(rows)

    @staticmethod
    def _flush(block: list[Any], sink: Sink) -> int:
        count = len(block)
        if count:
            block.append(b"")
            sink.write(b"\r\n".join(block))
            block.clear()
        return count

    def _head(self, plan: Plan) -> bytes:
        line = io.StringIO()
        titles = [column.key if self.options.raw else column.title for column in plan.columns]
        csv.writer(line, lineterminator="\r\n").writerow(titles)
        return (b"\xef\xbb\xbf" if self.options.bom else b"") + line.getvalue().encode()

    def _choice(self, column: BoundColumn, reference: str) -> str:
        if self.options.raw or not column.labels:
            return reference
        cases = " ".join(f"WHEN {quote(code)} THEN {quote(label)}" for code, label in column.labels)
        return f"CASE {reference}::text {cases} ELSE {reference}::text END"

    def _datetime(self, reference: str) -> str:
        if self.options.raw:
            return f"""to_char({reference} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""
        return f"to_char({reference} AT TIME ZONE {quote(self.zone.key)}, 'YYYY-MM-DD HH24:MI:SS')"
