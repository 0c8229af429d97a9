"""Hostile values for every kind of column, in the database's own words, and rows that hold them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from django.db import connection
from django.db.models import TextField
from django.db.models.expressions import RawSQL

from jobs import datasets
from jobs.datasets import masks
from jobs.datasets.base import Column, Kind
from jobs.datasets.masks import Mask
from jobs.datasets.query import BoundColumn, Plan, plan
from jobs.records.models import Member
from tests.jobs.formats.test_csv import ZONE

EMOJI = "😀"
LABELS = (("paid", "已付款"), ("tricky", '<"a", &_x0041_>'), ("bad", "=1+1"), ("7", "seven"))

FORMULAS = [
    "=cmd|'/C calc'!A0", '=HYPERLINK("http://example.com","x")', "=1+1", "+1", "-1", "+cmd|' /C calc'!A0", "@x",
    "@SUM(1+1)", "＝1+1", "＋1", "－1", "＠x", " =1+1", "  =1", "   +1", "\t=1", "\r=1", "\n=1", "\r\n=1", "\t", "\r",
    "\ufeff=1", "\u3000=1", "\u00a0@x", "\u2003=1", "=", "-", "+", "@", "-2+3+cmd|' /C calc'!A0", '"=1+1"', "'=1+1",
    "=1\n=2", '=1"',
]  # fmt: skip
"""What a spreadsheet could run, or looks as if it could."""

TEXTS = [
    None, "", " ", "  two  blanks ", "'", '"', '""', '"quoted"', 'a"b', ",", "a,b", ";", "a\nb", "a\r\nb", "a\rb", "\n",
    "\r\n", "\n\n", "a\tb", "\\", "\\.", "\\n", "\\N", "a\\", "NULL", "null", "NaN", "None", "true", "TRUE", "1e5",
    "1/2", "2026-03-01", "007", "0", "00000000000012345", "123456789012345678", "1234567890123456789", "1.10",
    "<b>&amp;</b>", "]]>", "&lt;", "<!--", "<f>1+1</f>", "</t></is></c>", "{}", "%s %(x)s %%",
    "_x0041_", "_x005F_x0041_", "_x0041_x0042_", "_x000D_", "_X0041_", "_x00zz_", "a_b", "_x00\x0141_", "_\ufffex0041_",
    "\x01", "a\x01b", "\x02\x08\x0b\x0c\x0e\x1f", "\x7f\x85\u2028\u2029", "\ufffe\uffff", "a\uffffb\ufffd",
    EMOJI, "👨\u200d👩\u200d👧", "e\u0301", "\u200fعربي\u202e", "\u202eabc\u202c", "\u202e=1", "\ufeff", "\ufeffmark",
    "李四", "𠮷野家", "ﷺ", "\U0010ffff", *FORMULAS,
    "x" * 32_767, "x" * 32_768, "x" * 40_000, "中" * 32_767, "中" * 32_768, "x" * 32_766 + EMOJI, "x" * 32_765 + EMOJI,
    EMOJI * 16_383 + "x", EMOJI * 16_384, "&" * 40_000, "=" * 40_000, "_x0041_" * 6_000, "\r\n" * 20_000,
    "\x01" * 10 + "x" * 32_767, '"' * 5_000,
]  # fmt: skip

BIG_IDS = [
    None, "0", "7", "-7", "123456789012345", "9007199254740993", "100000000000000001", "123456789012345678",
    "1234567890123456789", "9223372036854775807", "-9223372036854775808",
]  # fmt: skip

INTEGERS = [
    None, "0", "1", "-1", "999999999999999", "-999999999999999", "1000000000000000", "-1000000000000000",
    "9007199254740993", "123456789012345678", "1234567890123456789", "9223372036854775807", "-9223372036854775808",
]  # fmt: skip

MONEY = [
    None, "0.00", "0.01", "-0.01", "1.10", "-1.10", "9999999999999.99", "-9999999999999.99", "10000000000000.00",
    "-10000000000000.00", "9007199254740993.01", "10000000000000000.00", "-10000000000000000.00", "9999999999999999.99",
    "-9999999999999999.99", "123456789012345678901234567890.12",
]  # fmt: skip

NUMBERS = [
    None, "0", "0.0000", "1.500000000000000000000", "-0.5", "0.123456789012345", "-0.1234567890123456",
    "0.1234567890123456789", "999999999999999", "1000000000000000", "10000000000000000", "123456789012345.6",
    "0.000000000012345", "1e300", "-1e20", "NaN", "Infinity", "-Infinity",
]  # fmt: skip

FLOATS = [None, "0", "-0", "0.1", "0.30000000000000004", "1.5e-9", "5e-324", "1.7976931348623157e308", "1e15", "1e16",
          "-9007199254740993", "NaN", "Infinity", "-Infinity"]  # fmt: skip

CODES = [None, "paid", "tricky", "bad", "7", "", "unknown", "=1+1", "+7", "@x", "PAID", "_x0041_", "已付款"]

DATES = [
    None, "0001-01-01", "1582-10-10", "1899-12-30", "1899-12-31", "1900-01-01", "1900-02-28", "1900-03-01",
    "1970-01-01", "2000-02-29", "2026-11-22", "9999-12-31", "10000-01-01", "12000-02-29", "0001-12-31 BC",
    "0044-03-15 BC",
]  # fmt: skip

MOMENTS = [
    None, "0001-01-02 00:00:00+00", "1883-11-18 12:00:00+00", "1899-12-31 00:00:00+00", "1900-02-28 15:54:16.5+00",
    "1900-02-28 16:00:00+00", "1900-03-01 00:00:00.000001+00", "1969-12-31 23:59:59.999999+00",
    "1986-05-03 17:59:59.5+00", "1986-05-03 18:00:00+00", "1986-09-13 16:30:00+00", "1991-09-14 17:00:00+00",
    "2026-03-01 15:59:59.999999+00", "2026-03-01 12:00:00.12+00", "2026-03-08 06:59:59+00", "2026-03-08 07:00:00+00",
    "2026-11-01 05:30:00+00", "2026-11-01 06:30:00+00", "2199-12-31 23:59:59.999999+00",
    "2500-07-01 00:00:00.999999+00",
    "9999-12-30 23:59:59.999999+00", "9999-12-31 20:00:00+00", "10000-01-01 00:00:00+00",
    "12026-03-01 15:59:59.999999+00",
    "0044-03-15 12:00:00+00 BC", "0001-12-31 15:00:00.5+00 BC",
]  # fmt: skip
"""Among them both sides of every change of clocks that ZONE and New York have known lately."""

INFINITE = ["infinity", "-infinity"]


@dataclass(frozen=True)
class Hostile:
    """A column of hostile values.

    Attributes:
        sql_type: what ``values`` are cast to
        unfit: values that a Parquet file refuses; every other format holds them
    """

    key: str
    kind: Kind
    sql_type: str
    values: Sequence[str | None]
    unfit: Sequence[str] = ()
    labels: tuple[tuple[str, str], ...] = ()
    mask: Mask | None = None

    @property
    def bound(self) -> BoundColumn:
        """As a request would use it."""
        mask = self.mask
        return BoundColumn(
            self.key,
            f"{self.key}, “quoted” <&>",
            self.kind,
            self.labels,
            masked=mask.name if mask else "",
            hide=mask.python if mask else None,
        )

    def source(self, values: Sequence[str | None]) -> Column:
        """The values as a column of the database: row number ``points`` holds value number ``points``."""
        return Column(self.key, self.key, self.kind, RawSQL(*self._sql(values), output_field=_AnyField()), self.mask)

    def _sql(self, values: Sequence[str | None]) -> tuple[str, list[object]]:
        return f"(%s::text[]::{self.sql_type}[])[records_member.points + 1]", [list(values)]


class _AnyField(TextField):
    """Leaves values to the database: Django converts nothing on the way."""

    def from_db_value(self, value, expression, connection):
        return value


COLUMNS = [
    Hostile("text", Kind.TEXT, "text", TEXTS),
    Hostile("masked", Kind.TEXT, "text", [*TEXTS, "13812345678", "+8613812345678", "=1380013800138"], mask=masks.phone),
    Hostile("masked_number", Kind.INTEGER, "int8", ["13812345678", "-13812345678", None, "7"], mask=masks.phone),
    Hostile("code", Kind.ID, "text", ["000123", "12345678901234567890", *FORMULAS, *TEXTS[:20]]),
    Hostile("number_id", Kind.ID, "int8", BIG_IDS),
    Hostile("uuid", Kind.ID, "uuid", [None, "00000000-0000-0000-0000-00000000000a"]),
    Hostile("integer", Kind.INTEGER, "int8", INTEGERS),
    Hostile("money", Kind.MONEY, "numeric", MONEY, ["NaN", "Infinity", "-Infinity", "0.001", "1e36"]),
    Hostile("number", Kind.NUMBER, "numeric", NUMBERS, ["1e400"]),
    Hostile("float", Kind.NUMBER, "float8", FLOATS),
    Hostile("choice", Kind.CHOICE, "text", CODES, labels=LABELS),
    Hostile("bare_choice", Kind.CHOICE, "text", CODES),
    Hostile("boolean", Kind.BOOLEAN, "bool", [None, "t", "f"]),
    Hostile("date", Kind.DATE, "date", DATES, INFINITE),
    Hostile("datetime", Kind.DATETIME, "timestamptz", MOMENTS, [*INFINITE, "294276-12-31 00:00:00+00"]),
]
BY_KEY = {column.key: column for column in COLUMNS}


@dataclass(frozen=True)
class Table:
    """Rows of hostile values: what a plan writes, and what the database holds in each cell, as its own text."""

    columns: Sequence[Hostile]
    plan: Plan
    held: Sequence[Sequence[str | None]]


def table(world, *, unfit: bool, columns: Sequence[Hostile] = COLUMNS) -> Table:
    """As many rows as the longest column has values; ``unfit``: also those that Parquet refuses.

    Call it inside the scope of "admin".
    """
    columns = [replace(column, values=[*column.values, *(column.unfit if unfit else ())]) for column in columns]
    count = max(len(column.values) for column in columns)
    moment = datetime(2026, 3, 1, tzinfo=UTC)
    Member.objects.bulk_create(
        Member(member_no=f"H{n:05d}", name="李四", region="华东", points=n, created_at=moment + timedelta(seconds=n))
        for n in range(count)
    )
    chosen = plan(datasets.get("members"), viewer=world.user("admin"), params={}, columns=["member_no"], zone=ZONE)
    sources = tuple(column.source([*column.values, *[None] * (count - len(column.values))]) for column in columns)
    made = Plan(chosen.rows.order_by("points"), tuple(column.bound for column in columns), sources)
    return Table(columns, made, list(_held(columns, count)))


def _held(columns: Sequence[Hostile], count: int) -> Iterator[list[str | None]]:
    """Each value after it went through its type, read without any of the product's code."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('TimeZone')")
        assert cursor.fetchone() == ("UTC",)
        read = []
        for column in columns:
            given = [*column.values, *[None] * (count - len(column.values))]
            cursor.execute(
                f"SELECT v::{column.sql_type}::text FROM unnest(%s::text[]) WITH ORDINALITY u(v, n) ORDER BY n", [given]
            )
            values = [row[0] for row in cursor.fetchall()]
            read.append([v and column.mask.python(v) if column.mask else v for v in values])
    yield from map(list, zip(*read, strict=True))
