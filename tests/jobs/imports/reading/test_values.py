"""Values as people write them."""

from datetime import date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.imports.reading import ErrorCell, Moment, Number, Problem, texts, values

LONG = Number("123456789012345678", too_long=True)


def code(found):
    assert isinstance(found, Problem), found
    assert texts.of_problem(found)
    return found.code


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("1,234.50", "1234.50"),
        ("１２３４．５", "1234.5"),
        ("￥1,234.50", "1234.50"),
        ("¥ -3", "-3"),
        ("-¥3", "-3"),
        ("1234元", "1234"),
        ("12.5%", "0.125"),
        ("１００％", "1"),
        ("(1,234)", "-1234"),
        ("\u22125", "-5"),
        (".5", "0.5"),
        ("1e-05", "0.00001"),
        (Number("0.30000000000000004"), "0.3"),
        (Number("1234567890.1000001"), "1234567890.1"),
        (Number("9999999999999999.99"), "9999999999999999.99"),
        (Number("12345678901234.56"), "12345678901234.56"),
        (Number("1234567890.12345678"), "1234567890.12345678"),
        (Number("1.5E3"), "1500"),
    ],
)
def test_numbers(cell, value):
    assert values.decimal(cell) == Decimal(value)


@pytest.mark.parametrize(
    "text", ["1,23", "1.234,50", "12,34,567", "--1", "(-1)", "1 2", "abc", "0x10", "٣", "1e999999999", "9" * 101, "NaN"]
)
def test_what_is_no_number(text):
    assert code(values.decimal(text)) == "NOT_A_NUMBER"


def test_whole_numbers():
    assert values.integer("1,000.00") == 1000
    assert values.integer(Number("3.0")) == 3
    assert values.integer(Number("123456789012345678")) == 123456789012345678
    assert code(values.integer("3.5")) == "NOT_WHOLE"
    assert code(values.integer("1.2E+17")) == "SCIENTIFIC"
    assert code(values.integer(LONG)) == "LOST_DIGITS"


def test_identifiers_keep_what_they_are():
    assert values.identifier(" 007 ") == "007"
    assert values.identifier("００７Ａ") == "007A"
    assert values.identifier(Number("13800138000")) == "13800138000"
    assert values.identifier(Number("1.38E10")) == "13800000000"
    for shortened in ("1.23457E+17", "1E+17", "1.2e+017", "１.2E+17"):
        assert code(values.identifier(shortened)) == "SCIENTIFIC"
    for name in ("1E5", "12E7", "8E12", "1E+5"):
        assert values.identifier(name) == name
    assert code(values.identifier(LONG)) == "LOST_DIGITS"
    assert code(values.identifier(True)) == "NOT_TEXT_CELL"
    assert code(values.identifier(Moment("2025-01-03", "45660"))) == "NOT_TEXT_CELL"


@pytest.mark.parametrize(
    "text",
    ["2025/1/3", "2025-1-3", "2025-01-03", "2025.1.3", "2025年1月3日", "2025年01月03号", "20250103", "２０２５-１-３"],
)
def test_days(text):
    assert values.day(text) == date(2025, 1, 3)


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("3-1-25", "AMBIGUOUS_DATE"),
        ("03/01/2025", "AMBIGUOUS_DATE"),
        ("31/12/2025", "AMBIGUOUS_DATE"),
        ("25年1月3日", "AMBIGUOUS_DATE"),
        ("2025-02-30", "NO_SUCH_DATE"),
        ("0000-01-01", "NO_SUCH_DATE"),
        ("2025-1/3", "NOT_A_DATE"),
        ("45000", "NOT_A_DATE"),
        ("soon", "NOT_A_DATE"),
        (Number("45000"), "NOT_A_DATE"),
        (True, "NOT_A_DATE"),
        (Moment("10:00:00", "0.4"), "NOT_A_DATE"),
        ("2025-01-03 10:00", "HAS_TIME"),
        (ErrorCell("CELL_ERROR", "#N/A"), "CELL_ERROR"),
    ],
)
def test_what_is_no_day(cell, expected):
    assert code(values.day(cell)) == expected


def test_serial_numbers_are_days_only_in_date_columns_of_workbooks():
    assert values.day(Number("45000"), serials=1900) == date(2023, 3, 15)
    assert values.day(Number("43538"), serials=1904) == date(2023, 3, 15)
    assert values.day("45000", serials=1900).code == "NOT_A_DATE"
    assert code(values.day(Number("60"), serials=1900)) == "BAD_DATE"
    assert code(values.day(Number("-1"), serials=1900)) == "BAD_DATE"
    assert code(values.day(Number("1E300"), serials=1900)) == "BAD_DATE"


def test_moments():
    assert values.moment("2025-1-3 9:05") == datetime(2025, 1, 3, 9, 5)
    assert values.moment("2025年1月3日09:05:07") == datetime(2025, 1, 3, 9, 5, 7)
    eight = timezone(timedelta(hours=8))
    assert values.moment("2025-01-03T09:05:07.25+08:00") == datetime(2025, 1, 3, 9, 5, 7, 250_000, eight)
    assert values.moment("2025-01-03T09:05:07Z").utcoffset() == timedelta(0)
    assert values.moment(Moment("2025-01-03T09:05:00", "x")) == datetime(2025, 1, 3, 9, 5)
    assert code(values.moment("2025-01-03 25:00")) == "NO_SUCH_DATE"
    assert code(values.moment("2025-01-03T00:00+99:00")) == "NO_SUCH_DATE"


@pytest.mark.parametrize("cell", ["是", "Yes", "TRUE", "ｙ", "1", "√", "启用", True, Number("1")])
def test_yes(cell):
    assert values.yes_no(cell) is True


@pytest.mark.parametrize("cell", ["否", "no", "False", "0", "×", "停用", False, Number("0")])
def test_no(cell):
    assert values.yes_no(cell) is False


def test_neither_yes_nor_no():
    assert code(values.yes_no("perhaps")) == "NOT_YES_NO"
    assert code(values.yes_no(Number("2"))) == "NOT_YES_NO"


def test_texts_are_trimmed_only():
    assert values.text("\ufeff  a  b \u3000") == "a  b"
    assert values.text("００") == "００"
    assert values.text(Number("12.50")) == "12.50"
    assert values.text(False) == "FALSE"
    assert code(values.text(LONG)) == "LOST_DIGITS"


@pytest.mark.parametrize("convert", values.CONVERTERS.values(), ids=list(values.CONVERTERS))
def test_nothing_is_nothing_and_an_error_stays_one(convert):
    for cell in (None, "", "  ", "\u3000"):
        assert convert(cell) is None
    assert code(convert(ErrorCell("NESTED", "[1]"))) == "NESTED"


CELLS = st.one_of(
    st.text(),
    st.text("0123456789.,-+eE%/年月日 T:￥()", max_size=20),
    st.booleans(),
    st.from_regex(r"-?[0-9]{1,20}(\.[0-9]{1,5})?(E-?[0-9]{1,2})?", fullmatch=True).map(Number),
)


@given(CELLS)
def test_no_cell_breaks_a_conversion(cell):
    for convert in values.CONVERTERS.values():
        found = convert(cell)
        if isinstance(found, Problem):
            assert texts.of_problem(found)


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**20), max_value=10**20, places=4))
def test_a_number_written_out_comes_back(number):
    assert values.decimal(f"{number:,f}") == number
    assert values.decimal(f"￥{number:f}") == number


@given(st.datetimes(min_value=datetime(1000, 1, 1)))
def test_a_moment_written_out_comes_back(moment):
    assert values.moment(moment.isoformat()) == moment
    assert values.day(f"{moment:%Y/%m/%d}") == moment.date()
