"""What holds of every format: a cell made in Python is the cell that the database makes."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any, ClassVar
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.datasets import Kind, masks
from tests.jobs.formats import twins as t

RAW = pytest.mark.parametrize("raw", [False, True])
ZONE = pytest.mark.parametrize("zone", t.ZONES)
WORDS = pytest.mark.parametrize(
    ("kind", "labels"), [(Kind.TEXT, ()), (Kind.ID, ()), (Kind.CHOICE, t.LABELS), (Kind.CHOICE, ())]
)
NUMBER = pytest.mark.parametrize("kind", [Kind.INTEGER, Kind.MONEY, Kind.NUMBER])

REALS = ["0", "-0", "0.1", "1e5", "999999", "1e6", "1234567", "1e-5", "1e14", "1e15", "1e16", "1e-45", "3.4028235e38"]
FLOATS = [
    None, 0.0, -0.0, 1.0, -1.5, 0.1, 5e-324, 2.2250738585072014e-308, 1e-5, 1e-4, 12345.678, 123456789012345.0,
    99999999999999.98, 999999999999999.0, 999999999999999.9, 1e15, -1e15, 1234567890123456.0, 1234567890123456.5,
    1.5e15, 9007199254740993.0, 1e16, 1e22, 1e23, -1e23, 2.5e22, 9.5e22, 1.7976931348623157e308, 9999999999999.99,
    9999999999999.991, 0.1 + 0.2, float("nan"), float("inf"), float("-inf"), 4503599627370497.5, 2.0**70, 2.0**-44,
]  # fmt: skip
DECIMALS = [
    *map(Decimal, ("0", "-0", "-0.00", "-0E+3", "0E-9", "1E+5", "-1.5E+20", "1E-10", "1.10", "NaN")),
    *map(Decimal, ("Infinity", "-Infinity", "1E+2", "1.00E+2", "9999999999999.99", "999999999999999E0", "12.345E-9")),
]  # fmt: skip
NEW_YORK = ZoneInfo("America/New_York")
DATETIMES = [
    datetime(2026, 11, 1, 1, 30, tzinfo=NEW_YORK),
    datetime(2026, 11, 1, 1, 30, tzinfo=NEW_YORK, fold=1),
    datetime(2026, 3, 1, 12, tzinfo=timezone(timedelta(hours=5, minutes=45))),
    datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14))),
    datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=timezone(timedelta(hours=-11))),
    datetime(2026, 3, 1, 12, 0, 0, 10, tzinfo=UTC),
    datetime(1890, 1, 1, tzinfo=ZoneInfo("Asia/Shanghai")),
    datetime.max.replace(tzinfo=UTC),
    datetime.min.replace(tzinfo=UTC),
]


@pytest.mark.django_db
class SameCells:
    """Tests of one format. Subclasses name it."""

    key: ClassVar[str]

    def same(self, kind: Kind, values: Sequence[Any], sql_type: str, **more: Any) -> None:
        t.assert_same(t.twins(self.key, kind, values, sql_type, **more), values)

    @RAW
    @WORDS
    def test_awkward_texts(self, kind, labels, raw):
        self.same(kind, t.TEXTS, "text", raw=raw, labels=labels)

    @RAW
    @WORDS
    @t.batches
    @given(values=t.many(t.texts))
    def test_any_text(self, kind, labels, raw, values):
        self.same(kind, values, "text", raw=raw, labels=labels)

    @RAW
    @WORDS
    def test_masked_texts(self, kind, labels, raw):
        self.same(kind, t.TEXTS, "text", raw=raw, labels=labels, mask=masks.phone)

    @pytest.mark.parametrize("mask", [masks.email, masks.person_name, masks.id_number])
    @t.batches
    @given(values=t.many(t.texts))
    def test_any_masked_text(self, mask, values):
        self.same(Kind.TEXT, values, "text", mask=mask)

    @RAW
    def test_masked_numbers_and_codes(self, raw):
        self.same(Kind.ID, ["13812345678", None, "6222021234567890123"], "int8", raw=raw, mask=masks.phone)
        self.same(Kind.CHOICE, [7, None, 8], "int", raw=raw, labels=(("*", "seven"),), mask=masks.id_number)

    @RAW
    def test_ids_and_codes_of_other_types(self, raw):
        uuid = UUID("0193a1c0-0000-7000-8000-00000000000f")
        self.same(Kind.ID, [None, str(uuid)], "uuid", raw=raw)
        self.same(Kind.ID, [uuid, None], "uuid", raw=raw, function=True)
        self.same(Kind.ID, [None, 0, -1, 2**63 - 1, 10**18], "int8", raw=raw)
        self.same(Kind.ID, [None, "12345678901234567890.10", "NaN"], "numeric", raw=raw)
        self.same(Kind.ID, [None, "2026-03-01", "0044-03-15 BC", "10000-01-01"], "date", raw=raw)
        self.same(Kind.ID, [None, '{a,NULL,"x y"}', "{}"], "text[]", raw=raw)
        self.same(Kind.ID, [None, '{"b": 1.10, "a": ["中", null]}', "[]"], "jsonb", raw=raw)
        self.same(Kind.CHOICE, [None, 7, 8, -7], "int", raw=raw, labels=t.LABELS)
        self.same(Kind.CHOICE, [None, 7, 8, -7], "int", raw=raw)

    @RAW
    def test_yes_and_no(self, raw):
        self.same(Kind.BOOLEAN, [None, "t", "f", None], "bool", raw=raw)
        self.same(Kind.BOOLEAN, [True, False, None], "bool", raw=raw, function=True)

    @RAW
    @NUMBER
    def test_awkward_numbers(self, kind, raw):
        self.same(kind, t.NUMBERS, "numeric", raw=raw)
        self.same(kind, [None, 0, -1, 2**63 - 1, -(2**63), 10**15 - 1, 10**15, -(10**15)], "int8", raw=raw)
        self.same(kind, REALS, "float4", raw=raw)

    @RAW
    @NUMBER
    def test_awkward_floats(self, kind, raw):
        self.same(kind, FLOATS, "float8", raw=raw)
        self.same(kind, FLOATS, "float8", raw=raw, function=True)

    @NUMBER
    def test_numbers_of_functions(self, kind):
        self.same(kind, DECIMALS, "numeric", function=True)
        self.same(kind, [0, -1, 10**30, -(10**16)], "numeric", function=True)

    @NUMBER
    @t.batches
    @given(values=t.many(t.numerics | t.amounts))
    def test_any_number(self, kind, values):
        self.same(kind, values, "numeric")

    @NUMBER
    @t.batches
    @given(values=t.many(t.floats))
    def test_any_float(self, kind, values):
        self.same(kind, values, "float8")

    @NUMBER
    @t.batches
    @given(values=t.many(st.floats(width=32)))
    def test_any_float_of_four_bytes(self, kind, values):
        self.same(kind, values, "float4")

    @NUMBER
    @t.batches
    @given(values=t.many(st.integers(-(2**63), 2**63 - 1) | st.integers(-(10**6), 10**6)))
    def test_any_integer(self, kind, values):
        self.same(kind, values, "int8")

    @RAW
    def test_awkward_dates(self, raw):
        self.same(Kind.DATE, t.DATES, "date", raw=raw)
        self.same(Kind.DATE, [date.min, date.max, None, date(1900, 2, 28)], "date", raw=raw, function=True)

    @RAW
    @ZONE
    def test_dates_of_moments_are_those_of_the_session(self, zone, raw):
        self.same(Kind.DATE, t.MOMENTS, "timestamptz", raw=raw, zone=zone)
        self.same(Kind.DATE, t.MOMENTS, "timestamp", raw=raw, zone=zone)

    @RAW
    @t.batches
    @given(values=t.many(t.dates))
    def test_any_date(self, raw, values):
        self.same(Kind.DATE, values, "date", raw=raw)

    @RAW
    @ZONE
    def test_awkward_moments(self, zone, raw):
        self.same(Kind.DATETIME, t.MOMENTS, "timestamptz", raw=raw, zone=zone)

    @RAW
    @ZONE
    def test_moments_of_functions(self, zone, raw):
        self.same(Kind.DATETIME, DATETIMES, "timestamptz", raw=raw, zone=zone, function=True)

    @RAW
    @ZONE
    @t.batches
    @given(values=t.many(t.moments))
    def test_any_moment(self, zone, raw, values):
        self.same(Kind.DATETIME, values, "timestamptz", raw=raw, zone=zone)

    @RAW
    @pytest.mark.parametrize(
        ("kind", "value"),
        [
            (Kind.TEXT, ["a"]), (Kind.TEXT, {"a": 1}), (Kind.ID, b"a"), (Kind.ID, True), (Kind.CHOICE, 1j),
            (Kind.ID, datetime(2026, 3, 1, tzinfo=UTC)), (Kind.INTEGER, True), (Kind.MONEY, [1]), (Kind.NUMBER, b"1"),
            (Kind.DATE, "2026-03-01"), (Kind.DATE, 1), (Kind.DATETIME, datetime(2026, 3, 1)),
            (Kind.DATETIME, date(2026, 3, 1)), (Kind.DATETIME, "2026-03-01"), (Kind.BOOLEAN, "t"),
        ],
    )  # fmt: skip
    def test_a_function_must_give_what_the_column_is_made_of(self, kind, value, raw):
        with pytest.raises(TypeError, match=r"is made from|is no number"):
            t.renderer(self.key, kind, raw=raw)(value)
