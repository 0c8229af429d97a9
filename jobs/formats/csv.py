"""CSV by COPY: PostgreSQL writes the rows, Python ends the lines (RFC 4180) and heads the file."""

import csv
import io
from collections.abc import Callable, Sequence
from typing import Any

from django.utils.translation import gettext as _

from jobs.datasets.base import Kind
from jobs.datasets.query import BoundColumn
from jobs.formats.base import About, TextFile
from jobs.formats.csv_lines import CsvLines
from jobs.formats.deflate import Stream
from jobs.formats.rendering import csv as rendering
from jobs.formats.rendering.csv import neutral
from jobs.formats.rendering.values import kind_of

# A text that a spreadsheet could run as a formula begins, after blanks or a byte order mark, with one of = + - @
# in half or full width, or with TAB or CR. The first character decides quickly; only then the pattern is asked.
SUSPICIOUS = "{" + ",".join(sorted(str(ord(character)) for character in rendering.SUSPICIOUS)) + "}"
FORMULA = f"^{rendering.FORMULA.pattern}"
"""PostgreSQL's regular expressions know these escapes themselves, as Python's do."""


def quote(text: str) -> str:
    """``text`` as an SQL string literal (standard_conforming_strings)."""
    return "'" + text.replace("'", "''") + "'"


def neutralise(reference: str) -> str:
    """SQL: the text, with a leading quote where a spreadsheet could run it."""
    return (
        f"CASE WHEN ascii({reference}) = ANY ('{SUSPICIOUS}'::int[]) AND {reference} ~ {quote(FORMULA)} "
        f"THEN '''' || {reference} ELSE {reference} END"
    )


def neutralise_any(reference: str) -> str:
    """The same for a value of any type. PostgreSQL writes it: a cast would show an address as 10.0.0.1/32."""
    text = f"{reference}::text"
    return (
        f"CASE WHEN ascii({text}) = ANY ('{SUSPICIOUS}'::int[]) AND {text} ~ {quote(FORMULA)} "
        f"THEN '''' || {text} WHEN {reference} IS NOT NULL THEN concat({reference}) END"
    )


def day(reference: str, far: str) -> str:
    """SQL: a date; ``far``: the same without to_char(), which makes NULL of the infinities and leaves out the era."""
    return (
        f"CASE WHEN {reference} >= '0001-01-01' THEN coalesce(to_char({reference}, 'YYYY-MM-DD'), {far}) ELSE {far} END"
    )


def utc(reference: str) -> str:
    """SQL: a moment for machines. to_char() alone makes NULL of the infinities and leaves out the era."""
    shown = f"""to_char({reference} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""
    return (
        f"CASE WHEN {reference} >= '0001-01-01 00:00Z' THEN coalesce({shown}, {reference}::text) "
        f"WHEN {reference} IS NOT NULL THEN coalesce({shown} || ' BC', {reference}::text) END"
    )


class CsvFormat(CsvLines):
    """Comma-separated, UTF-8, CRLF, quoted where needed; NULL is an empty cell, empty text is "" (RFC 4180)."""

    key = "csv"
    extension = "csv"
    content_type = "text/csv; charset=utf-8"
    takes = CsvLines.takes | {"bom"}
    row_end = b"\r\n"

    def cell(self, column: BoundColumn, reference: str) -> str:
        """One cell as SQL text."""
        return self._raw(column, reference) if self.options.raw else self._shown(column, reference)

    def render(self, column: BoundColumn) -> Callable[[Any], str | None]:
        """One cell as text."""
        return rendering.renderer(column, self.options, self.zone)

    def open(self, columns: Sequence[BoundColumn], stream: Stream, about: About | None = None) -> TextFile:
        """A heading, then rows."""
        return TextFile(stream, head=self._head(columns))

    def _head(self, columns: Sequence[BoundColumn]) -> bytes:
        line = io.StringIO()
        titles = [column.key if self.options.raw else column.title for column in columns]
        csv.writer(line, lineterminator="\r\n").writerow(titles)
        return (b"\xef\xbb\xbf" if self.options.bom else b"") + line.getvalue().encode()

    def _raw(self, column: BoundColumn, reference: str) -> str:
        match kind_of(column):
            case Kind.BOOLEAN:
                return self._boolean(reference, "true", "false")
            case Kind.DATE:
                return day(reference, f"{reference}::date::text")
            case Kind.DATETIME:
                return utc(reference)
            case _:
                return reference

    def _shown(self, column: BoundColumn, reference: str) -> str:
        cell = reference
        match kind_of(column):
            case Kind.TEXT:
                cell = neutralise(reference)
            case Kind.ID:
                cell = neutralise_any(reference)
            case Kind.CHOICE:
                cell = self._choice(column, reference)
            case Kind.BOOLEAN:
                cell = self._boolean(reference, _("Yes"), _("No"))
            case Kind.DATE:
                cell = day(reference, neutralise(f"{reference}::date::text"))
            case Kind.DATETIME:
                cell = self._datetime(reference)
        return cell

    @staticmethod
    def _boolean(reference: str, yes: str, no: str) -> str:
        return f"CASE WHEN {reference} THEN {quote(yes)} WHEN NOT {reference} THEN {quote(no)} END"

    @staticmethod
    def _choice(column: BoundColumn, reference: str) -> str:
        other = neutralise(f"{reference}::text")
        cases = " ".join(f"WHEN {quote(code)} THEN {quote(neutral(label))}" for code, label in column.labels)
        return f"CASE {reference}::text {cases} ELSE {other} END" if cases else other

    def _datetime(self, reference: str) -> str:
        """The wall clock, down to the second. A day after the year 1 began it has begun on every clock.

        The first road is that of nearly all times: what a cast writes, without the fraction, at a third of what
        to_char() costs.
        """
        local = f"({reference} AT TIME ZONE {quote(self.zone.key)})"
        shown = f"to_char({local}, 'YYYY-MM-DD HH24:MI:SS')"
        era = f"CASE WHEN {local} < '0001-01-01' THEN ' BC' ELSE '' END"
        return (
            f"CASE WHEN {reference} BETWEEN '0001-01-02 00:00Z' AND '9999-12-30 00:00Z' THEN left({local}::text, 19) "
            f"WHEN {reference} >= '0001-01-02 00:00Z' THEN coalesce({shown}, {reference}::text) "
            f"WHEN {reference} IS NOT NULL THEN coalesce({shown} || {era}, {neutralise(f'{reference}::text')}) END"
        )
