"""Rows as lines of CSV: what a CSV file holds, and how rows travel into sheets and Parquet files."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from operator import itemgetter
from typing import Any, ClassVar

from jobs.datasets.query import BoundColumn, Plan, Statement
from jobs.formats.base import Format
from jobs.formats.rendering import csv as rendering

_WITHOUT_LF = itemgetter(slice(None, -1))


def lines_of(messages: Iterable[Any]) -> Iterator[bytes]:
    """Each message without the LF that COPY ends it with.

    As bytes: a thousand views kept at a time would have Python's garbage collector run all the while, at half the cost
    of reading them.
    """
    return map(bytes, map(_WITHOUT_LF, messages))


class CsvLines(Format):
    """A format whose rows are lines of CSV; a subclass says how a value looks, and frames the file.

    Attributes:
        dialect: COPY's options
    """

    dialect: ClassVar[str] = "FORMAT csv"

    def copy(self, plan: Plan) -> Statement:
        """COPY quotes cells as RFC 4180 wants it."""
        statement = plan.statement(self)
        return Statement(f"COPY ({statement.sql}) TO STDOUT ({self.dialect})", statement.params)

    def unframe(self, messages: Iterable[Any]) -> Iterator[Any]:
        """One row each, ended by LF; LF inside a cell stays."""
        return lines_of(messages)

    def text(self, cell: str) -> str:
        """As PostgreSQL writes it: a cast would show an address as 10.0.0.1/32."""
        return f"CASE WHEN {cell} IS NOT NULL THEN concat({cell}) END"

    def liner(self, columns: Sequence[BoundColumn]) -> Callable[[Sequence[Any]], bytes]:
        """Cells in quotes where needed, with commas between."""
        return rendering.line
