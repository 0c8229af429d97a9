"""Repeatable random values as SQL, and what the statements of all demo families share.

Every value is drawn from a 64-bit hash of (row number, seed), so the same seed gives the same rows, whatever the
batch size, and two columns never depend on each other. Times hang on a fixed day, not on today.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from django.db import models

ANCHOR = "2026-11-01 00:00:00+08"
"""Demo time ends here: the last day is 2026-10-31 in Shanghai."""
BATCH = 100_000
"""Rows per statement: bounds the server's memory for foreign-key checks and sorting."""

TENANT = "current_setting('app.tenant_id')::uuid"


class Draws:
    """SQL for repeatable random values of the row with number ``row``; each column uses a salt of its own."""

    def __init__(self, row: str, seed: int) -> None:
        self.row = row
        self.seed = seed

    def number(self, salt: int, below: int | str) -> str:
        """A bigint from 0 to ``below`` - 1."""
        return f"mod(hashint8extended({self.row}, {self.seed * 1000 + salt}) & 9223372036854775807, {below})"

    def word(self, salt: int, choices: Sequence[Any]) -> str:
        """One of ``choices`` (texts or integers), each as likely as the other."""
        return f"({array(choices)})[1 + {self.number(salt, len(choices))}]"

    def weighted(self, salt: int, weights: dict[str, int]) -> str:
        """One of the keys; ``weights`` are percentages that add up to 100."""
        drawn, limit, arms = self.number(salt, 100), 0, []
        for value, weight in weights.items():
            limit += weight
            arms.append(f"WHEN {drawn} < {limit} THEN {literal(value)}")
        return f"CASE {' '.join(arms)} END"

    def chance(self, salt: int, percent: int) -> str:
        """True in ``percent`` of the rows."""
        return f"{self.number(salt, 100)} < {percent}"


def literal(value: str | int) -> str:
    """SQL for a text or an integer, in a statement that is run with parameters."""
    if isinstance(value, int):
        return str(value)
    # Statements are run with parameters, therefore a percent sign counts double.
    return "E'" + value.replace("\\", "\\\\").replace("'", "''").replace("%", "%%") + "'"


def array(values: Sequence[Any]) -> str:
    """SQL for an array of texts or of integers."""
    kind = "bigint" if isinstance(values[0], int) else "text"
    return f"ARRAY[{', '.join(literal(value) for value in values)}]::{kind}[]"


def insert(table: str, columns: dict[str, str], source: str) -> str:
    """INSERT of rows of the current tenant: column → SQL of its value, and the FROM clause that they are taken from."""
    names, values = ", ".join(columns), ",\n    ".join(columns.values())
    return f"INSERT INTO {table} (tenant_id, {names})\nSELECT {TENANT},\n    {values}\n{source}"


def batches(rows: int) -> Iterator[tuple[int, int]]:
    """The row numbers 1 to ``rows`` in ranges of at most BATCH: (first, last)."""
    for first in range(1, rows + 1, BATCH):
        yield first, min(first + BATCH - 1, rows)


def analyze(cursor: Any, *tables: type[models.Model]) -> None:
    """New statistics of sample tables. Call it before rows that refer to many new rows are inserted.

    PostgreSQL keeps the plans of its foreign-key checks, and one made when the other table had few rows (or none)
    would read all of it for each new row. New statistics make it plan again.
    """
    cursor.execute("SELECT records_analyze(%s)", [[model._meta.db_table for model in tables]])
