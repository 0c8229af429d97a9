"""What is in a Parquet file, as pyarrow reads it: types, values, row groups, and what is refused."""

import io
import json
from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from django.db import connection
from django.utils import translation
from pyarrow import parquet

from exportcenter.common.errors import InvalidParameters
from jobs.datasets.base import Kind
from jobs.datasets.query import BoundColumn
from jobs.formats import parquet_file
from jobs.formats.parquet import transport
from jobs.formats.parquet_file import ROUNDED, ParquetRows
from jobs.formats.unfit import UnfitValue
from tests.jobs.formats.test_csv import ZONE, Memory

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DAYS_OF_400_YEARS = 146097


def copied(columns: list[BoundColumn], sql: str, params=()) -> list[bytes]:
    """The lines of ``sql``, whose columns are c0, c1, …, as the database sends them."""
    cells = ", ".join(transport(column, f"r.c{n}", raw=False) for n, column in enumerate(columns))
    with connection.cursor() as cursor:
        with cursor.copy(f"COPY (SELECT {cells} FROM ({sql}) r) TO STDOUT (FORMAT csv)", params) as copy:
            return [bytes(message) for message in copy]


def packed(columns: list[BoundColumn], *segments: list[bytes], raw=False, zone=ZONE, facts=None) -> bytes:
    """A file of these segments, each a list of blocks."""
    sink = Memory()
    rows = ParquetRows(sink, columns, raw=raw, zone=zone, facts=facts or {})
    for blocks in segments:
        for block in blocks:
            rows.add(block)
        rows.end_segment()
    rows.finish()
    assert rows.rows == parquet.ParquetFile(io.BytesIO(sink.content)).metadata.num_rows
    return sink.content


def read(content: bytes) -> pa.Table:
    return parquet.read_table(io.BytesIO(content))


def one(kind: Kind, sql: str, params=(), *, raw=False, zone=ZONE, **more) -> pa.ChunkedArray:
    """A single column of ``sql``, whose column is c0, read back."""
    column = BoundColumn("x", "X", kind, **more)
    return read(packed([column], copied([column], sql, params), raw=raw, zone=zone)).column(0)


def values(*literals: str) -> str:
    return "VALUES " + ", ".join(f"({literal})" for literal in literals)


def literals(kind: Kind, *cells: str, **more) -> pa.ChunkedArray:
    return one(kind, f"SELECT * FROM ({values(*cells)}) v(c0)", **more)


def refused(kind: Kind, literal: str) -> UnfitValue:
    with pytest.raises(UnfitValue) as error, translation.override("en"):
        literals(kind, literal)
    (field, (sentence,)), *others = error.value.details.items()
    assert (field, others) == ("columns", [])
    assert "“X”" in sentence
    assert isinstance(error.value, InvalidParameters)
    return error.value


def test_each_kind_has_its_type(db):
    columns = [BoundColumn(kind.value, f"{kind.value}!", kind, labels=(("1", "一"),)) for kind in Kind]
    cells = {
        Kind.TEXT: "'=1+1'",
        Kind.ID: "'00000000-0000-0000-0000-00000000000a'::uuid",
        Kind.INTEGER: "-7",
        Kind.MONEY: "1234567890123456.78::numeric(18,2)",
        Kind.NUMBER: "0.125::numeric(6,3)",
        Kind.CHOICE: "1",
        Kind.BOOLEAN: "true",
        Kind.DATE: "DATE '2026-03-01'",
        Kind.DATETIME: "TIMESTAMPTZ '2026-03-01 15:59:59.999999Z'",
    }
    select = ", ".join(f"{cells[kind]} AS c{n}" for n, kind in enumerate(Kind))
    lines = copied(columns, f"SELECT {select} UNION ALL SELECT {', '.join(['NULL'] * len(columns))}")
    table, machine = read(packed(columns, lines)), read(packed(columns, lines, raw=True))
    words = pa.dictionary(pa.int32(), pa.string())
    assert {field.name.rstrip("!"): field.type for field in table.schema} == {
        "text": pa.string(),
        "id": pa.string(),
        "integer": pa.int64(),
        "money": pa.decimal128(38, 2),
        "number": pa.float64(),
        "choice": words,
        "boolean": pa.bool_(),
        "date": pa.date32(),
        "datetime": pa.timestamp("us", tz="Asia/Shanghai"),
    }
    first, nothing = table.to_pylist()
    assert list(first.values()) == [
        "=1+1", "00000000-0000-0000-0000-00000000000a", -7, Decimal("1234567890123456.78"), 0.125, "一", True,
        date(2026, 3, 1), datetime(2026, 3, 1, 23, 59, 59, 999999, tzinfo=ZONE),
    ]  # fmt: skip
    assert set(nothing.values()) == {None}
    assert machine.column_names == [kind.value for kind in Kind]
    assert machine.column("choice").to_pylist() == ["1", None]
    assert machine.schema.field("datetime").type == pa.timestamp("us", tz="UTC")
    assert machine.column("datetime")[0].as_py() == datetime(2026, 3, 1, 15, 59, 59, 999999, tzinfo=UTC)
    assert table.schema.field("money!").metadata == {b"key": b"money"}


AWKWARD = [
    "", " ", "NULL", "null", "NaN", "t", "\\N", "\\.", "\\", 'say "hi", twice\nthen go', '"', '""', "'", ",", "\n",
    "\r", "\r\n", "a\r\nb\n\n", "中文，“引号”", "𠮷😀", "\ufeffmark", "\u2028\u2029\x85",
    "\x01\x02\x1a\x1b\x7f\t\x0b\x0c", "=cmd|' /C calc'!A0", "＝1", "\u202eright to left",
    "0012", "123456789012345678", "x" * 40000, "1e5", "true",
]  # fmt: skip


@pytest.mark.parametrize("kind", [Kind.TEXT, Kind.ID, Kind.CHOICE])
@pytest.mark.parametrize("alone", [True, False])
def test_texts_come_back_as_they_were(db, kind, alone):
    columns = [BoundColumn("x", "X", kind)] + ([] if alone else [BoundColumn("y", "Y", Kind.INTEGER)])
    given_texts = [*AWKWARD, None, *AWKWARD, None]
    lines = copied(
        columns,
        "SELECT t AS c0, n AS c1 FROM unnest(%s::text[]) WITH ORDINALITY u(t, n) ORDER BY n",
        [given_texts],
    )
    table = read(packed(columns, lines))
    assert table.column("X").to_pylist() == given_texts
    assert alone or table.column("Y").to_pylist() == list(range(1, len(given_texts) + 1))


def test_a_byte_order_mark_that_begins_a_block_stays(db, monkeypatch):
    monkeypatch.setattr(parquet_file, "BLOCK_BYTES", 1)
    assert literals(Kind.TEXT, "E'\\ufeff'", "E'\\ufeff\\ufeffa'", "'b'").to_pylist() == [
        "\ufeff",
        "\ufeff\ufeffa",
        "b",
    ]


def test_rows_of_one_column_that_are_all_empty(db):
    assert literals(Kind.TEXT, "NULL", "''", "NULL").to_pylist() == [None, "", None]
    assert literals(Kind.CHOICE, "NULL", "''", "NULL").to_pylist() == [None, "", None]
    assert literals(Kind.MONEY, "NULL::numeric", "NULL").to_pylist() == [None, None]
    assert literals(Kind.NUMBER, "NULL::numeric", "NULL").to_pylist() == [None, None]
    assert literals(Kind.DATE, "NULL::date", "NULL").to_pylist() == [None, None]


@pytest.mark.parametrize(
    "amount",
    ["10000000000000000", "-9999999999999999.99", "-0.01", "0.00", "1.5", "2.5000", "9" * 34 + ".99", "-" + "9" * 36],
)
def test_amounts_keep_every_digit(db, amount):
    assert literals(Kind.MONEY, f"{amount}::numeric").to_pylist() == [Decimal(amount)]


def test_amounts_with_an_exponent_are_amounts(db):
    assert literals(Kind.MONEY, "1e20::float8").to_pylist() == [Decimal(10) ** 20]


@pytest.mark.parametrize(
    "amount", ["'NaN'::numeric", "'Infinity'::numeric", "0.001", "9" * 37, "-" + "9" * 38, "1" + "0" * 38]
)
def test_amounts_that_do_not_fit_are_refused(db, amount):
    assert "34 digits" in str(refused(Kind.MONEY, amount))


def test_integers_to_the_border_and_not_beyond(db):
    border = [2**63 - 1, -(2**63), 0]
    assert literals(Kind.INTEGER, *(f"{n}::numeric" for n in border)).to_pylist() == border
    for beyond in ("9223372036854775808", "-9223372036854775809", "1.5", "'NaN'::numeric"):
        assert "9223372036854775807" in str(refused(Kind.INTEGER, beyond))


@pytest.mark.parametrize(
    ("sql", "number"),
    [
        ("0.1::float8 + 0.2", 0.30000000000000004),
        ("'5e-324'::float8", 5e-324),
        ("'1.7976931348623157e308'::float8", 1.7976931348623157e308),
        ("'Infinity'::numeric", float("inf")),
        ("'-Infinity'::float8", float("-inf")),
        ("'1e23'::float8", 1e23),
        ("99.875::numeric(6,3)", 99.875),
        ("0.500000000000000000000000000000", 0.5),
        ("2::numeric ^ 70", 2.0**70),
        ("12345678901234500000000", 12345678901234500000000.0),
        ("0.3::real", 0.3),
    ],
)
def test_numbers_are_doubles(db, sql, number):
    column = BoundColumn("x", "X", Kind.NUMBER)
    content = packed([column], copied([column], f"SELECT {sql} AS c0"))
    assert read(content).column(0).to_pylist() == [number]
    assert ROUNDED.encode() not in (parquet.read_metadata(io.BytesIO(content)).metadata or {})


def test_nan_is_a_number_here(db):
    found = literals(Kind.NUMBER, "'NaN'::numeric", "'NaN'::float8", "1").to_pylist()
    assert [str(number) for number in found] == ["nan", "nan", "1.0"]


def test_rounded_numbers_are_counted_in_the_file(db, monkeypatch):
    monkeypatch.setattr(parquet_file, "BLOCK_BYTES", 1)
    columns = [BoundColumn("rate", "Rate", Kind.NUMBER), BoundColumn("exact", "Exact", Kind.NUMBER)]
    lines = copied(columns, f"SELECT c0, 0.5 AS c1 FROM ({values('1/3.0', '0.5', 'NULL', '2/3.0', '1e-400')}) v(c0)")
    sink = Memory()
    rows = ParquetRows(sink, columns, raw=False, zone=ZONE, facts={})
    for line in lines:
        rows.add(line)
    rows.finish()
    assert dict(rows.rounded) == {"rate": 3}
    kept = parquet.read_metadata(io.BytesIO(sink.content)).metadata
    assert json.loads(kept[ROUNDED.encode()]) == {"rate": 3}
    assert read(sink.content).column("Rate").to_pylist() == [1 / 3, 0.5, None, 2 / 3, 0.0]


@pytest.mark.parametrize("beyond", ["10::numeric ^ 400", "-(10::numeric ^ 309)"])
def test_numbers_beyond_a_double_are_refused(db, beyond):
    assert "1.79e308" in str(refused(Kind.NUMBER, beyond))


@pytest.mark.parametrize(
    ("day", "number"),
    [
        ("1899-12-31", date(1899, 12, 31).toordinal() - EPOCH.toordinal()),
        ("0001-01-01", 1 - EPOCH.toordinal()),
        ("9999-12-31", date(9999, 12, 31).toordinal() - EPOCH.toordinal()),
        ("10000-01-01", date(9999, 12, 31).toordinal() - EPOCH.toordinal() + 1),
        ("0001-12-31 BC", -EPOCH.toordinal()),
        ("4714-11-24 BC", -2440588),
        ("5874897-12-31", date(497, 12, 31).toordinal() + 14686 * DAYS_OF_400_YEARS - EPOCH.toordinal()),
    ],
)
def test_every_finite_day_is_held(db, day, number):
    assert literals(Kind.DATE, f"DATE '{day}'").cast(pa.int32()).to_pylist() == [number]


@pytest.mark.parametrize("sign", ["", "-"])
def test_infinite_days_and_moments_are_refused(db, sign):
    assert "infinity" in str(refused(Kind.DATE, f"DATE '{sign}infinity'"))
    assert "infinity" in str(refused(Kind.DATETIME, f"TIMESTAMPTZ '{sign}infinity'"))


MOMENTS = [
    "1970-01-01 00:00:00.000001",
    "1969-12-31 23:59:59.999999",
    "2026-03-29 01:00:00",
    "1899-12-31 23:59:59.5",
    "9999-12-31 23:59:59.999999",
    "0001-01-01 00:00:00",
]
FAR = ["10000-01-01 00:00:00.000001", "0044-03-15 12:00:00 BC", "294246-12-31 23:59:59.999999"]


def test_moments_are_exact(db):
    found = literals(Kind.DATETIME, *(f"TIMESTAMPTZ '{moment}Z'" for moment in MOMENTS), zone=ZoneInfo("UTC"))
    assert found.to_pylist() == [datetime.fromisoformat(moment).replace(tzinfo=UTC) for moment in MOMENTS]


def test_moments_that_python_does_not_know_are_exact(db):
    cells = [f"TIMESTAMPTZ '{moment}' AT TIME ZONE 'UTC' AT TIME ZONE 'UTC'" for moment in FAR]
    day = 86400 * 10**6
    to_9999 = (date(9999, 12, 31).toordinal() - EPOCH.toordinal() + 1) * day
    # 44 BC is the year -43 of a calendar with a year 0; 400 years later it is 357, with the same days.
    ides = (date(357, 3, 15).toordinal() - DAYS_OF_400_YEARS - EPOCH.toordinal()) * day + day // 2
    last = (date(646, 12, 31).toordinal() + 734 * DAYS_OF_400_YEARS - EPOCH.toordinal() + 1) * day - 1
    assert literals(Kind.DATETIME, *cells).cast(pa.int64()).to_pylist() == [to_9999 + 1, ides, last]
    assert "294246" in str(refused(Kind.DATETIME, "TIMESTAMPTZ '294276-12-31 23:59:59Z'"))


def test_the_hour_that_comes_twice_stays_two_hours(db):
    berlin = ZoneInfo("Europe/Berlin")
    found = literals(
        Kind.DATETIME, "TIMESTAMPTZ '2026-10-25 00:30:00Z'", "TIMESTAMPTZ '2026-10-25 01:30:00Z'", zone=berlin
    )
    assert found.type == pa.timestamp("us", tz="Europe/Berlin")
    first, second = found.to_pylist()
    assert (first.strftime("%H:%M %z"), second.strftime("%H:%M %z")) == ("02:30 +0200", "02:30 +0100")


def test_labels_are_a_dictionary(db):
    labels = (("paid", "已支付"), ("done", "完成"), ("closed", "完成"), ("", "空"))
    cells = ("'done'", "'closed'", "NULL", "''", "'paid'", "'new'", "'done'")
    shown = literals(Kind.CHOICE, *cells, labels=labels)
    assert shown.to_pylist() == ["完成", "完成", None, "空", "已支付", "new", "完成"]
    assert sorted(shown.combine_chunks().dictionary.to_pylist()) == sorted({"完成", "空", "已支付", "new"})
    assert literals(Kind.CHOICE, *cells, labels=labels, raw=True).to_pylist() == [
        "done", "closed", None, "", "paid", "new", "done",
    ]  # fmt: skip


def test_a_masked_column_is_text_whatever_it_was(db):
    column = BoundColumn("x", "X", Kind.MONEY, masked="phone")
    table = read(packed([column], copied([column], "SELECT '1****2' AS c0")))
    assert table.column(0).to_pylist() == ["1****2"]
