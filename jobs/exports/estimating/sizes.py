"""How long a row is in a file, and how long it takes, before any export has told."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from jobs.datasets.base import Kind
from jobs.datasets.query import BoundColumn
from jobs.formats import FormatOptions

WORDS = (Kind.TEXT, Kind.ID)
"""Kinds whose length only the data can tell."""
TYPICAL: Mapping[Kind, int] = {
    Kind.TEXT: 15,
    Kind.ID: 14,
    Kind.INTEGER: 4,
    Kind.MONEY: 7,
    Kind.NUMBER: 6,
    Kind.CHOICE: 9,
    Kind.BOOLEAN: 4,
    Kind.DATE: 10,
    Kind.DATETIME: 19,
}
"""UTF-8 bytes of a value as people read it. Of texts the planner knows better, of choices the labels do."""
LONG_TIME = 27
"""2026-03-01T15:59:59.999999Z: a time in JSON, and in raw files."""
QUOTED = frozenset({Kind.TEXT, Kind.ID, Kind.CHOICE, Kind.DATE, Kind.DATETIME})
"""Kinds that are strings in JSON."""
MOST_BYTES = 1 << 60


@dataclass(frozen=True)
class Nature:
    """What a format makes of rows, measured on 50,000 orders of 14 columns.

    Attributes:
        fixed: bytes of a file without rows
        ratio: bytes of a row in the file ÷ bytes of the same values as plain text
        gzip: bytes of the file in gzip or zip ÷ bytes of the same file without
        seconds_per_cell: on one core of the bench machine
    """

    fixed: int = 0
    ratio: float = 1.0
    gzip: float = 0.24
    seconds_per_cell: float = 3.5e-7


NATURES: Mapping[str, Nature] = {
    "csv": Nature(),
    "json": Nature(gzip=0.16, seconds_per_cell=6e-7),
    "xlsx": Nature(fixed=2_600, ratio=0.43, gzip=1.0, seconds_per_cell=1e-6),
    "parquet": Nature(fixed=4_000, ratio=0.4, gzip=1.0, seconds_per_cell=6e-7),
}
START_SECONDS = 0.2
"""Claim, count, snapshot, fsync and publication of an export without rows."""


def nature(file_type: str) -> Nature:
    """What is known of ``file_type``; a format that nobody measured counts as CSV."""
    return NATURES.get(file_type, Nature())


def fixed_bytes(file_type: str, columns: Sequence[BoundColumn], options: FormatOptions) -> int:
    """Bytes of a file without rows."""
    heading = 0 if file_type == "json" else sum(len(_title(column, options).encode()) + 1 for column in columns)
    return nature(file_type).fixed + heading


def row_bytes(file_type: str, columns: Sequence[BoundColumn], words: int, options: FormatOptions) -> float:
    """Bytes of an average row whose text columns hold ``words`` bytes."""
    # What marks the length of a text in the database is one byte, as long as the comma that ends it in the file.
    plain = words + 1 + sum(_value(column, options) + 1 for column in columns if column.kind not in WORDS)
    if file_type == "json":
        plain += 2 + sum(len(column.key) + 3 + 2 * (column.kind in QUOTED) for column in columns)
        plain += sum(8 for column in columns if column.kind is Kind.DATETIME and not options.raw)
    made = nature(file_type)
    return plain * made.ratio * (made.gzip if options.compression != "none" else 1)


def weight(kinds: Sequence[Kind]) -> float:
    """A measure of columns that is good for comparing two choices of them."""
    return sum(TYPICAL[kind] + 1 for kind in kinds) + 1


def _value(column: BoundColumn, options: FormatOptions) -> float:
    if column.kind is Kind.CHOICE and column.labels:
        return sum(len((code if options.raw else label).encode()) for code, label in column.labels) / len(column.labels)
    if column.kind is Kind.DATETIME and options.raw:
        return LONG_TIME
    return TYPICAL[column.kind]


def _title(column: BoundColumn, options: FormatOptions) -> str:
    return column.key if options.raw else column.title
