"""A block of lines becomes the XML that its rows would become one by one, whatever stands in the other rows."""

from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jobs.datasets.base import Kind
from jobs.datasets.query import BoundColumn
from jobs.formats import xlsx_parts as parts
from jobs.formats.base import FormatOptions
from jobs.formats.xlsx_rows import DIALECT, SheetRows, fields_of, line
from jobs.formats.xlsx_text import text_cell
from tests.jobs.formats import twins as t

KINDS = [Kind.TEXT, Kind.ID, Kind.CHOICE, Kind.CHOICE, Kind.INTEGER, Kind.MONEY, Kind.NUMBER, Kind.BOOLEAN, Kind.DATE]
COLUMNS = [BoundColumn(f"c{number}", "X", kind, t.LABELS if number == 2 else ()) for number, kind in enumerate(KINDS)]
EMPTY = "<c/>"

texts = st.none() | t.texts | st.sampled_from([text for text in t.TEXTS if text is None or len(text) < 1000])
numbers = (
    st.none()
    | t.numerics
    | t.amounts
    | t.floats.map(repr).filter(lambda text: text != "nan").map(lambda text: text.replace("inf", "Infinity"))
    | st.just("NaN")
)
"""As PostgreSQL writes them, more or less: what counts is that every text is judged alike."""
dates = st.none() | st.sampled_from(["45941", "1", "45941.42356481482", "1899-12-31", "infinity", "0044-03-15 BC"])
rows = st.lists(
    st.tuples(texts, texts, texts, texts, numbers, numbers, numbers, st.sampled_from([None, "t", "f"]), dates),
    min_size=1,
    max_size=12,
)
generous = settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))


def sheet(given_rows: list[Any], *, raw: bool = False, columns: list[BoundColumn] | None = None) -> str:
    join = SheetRows(columns or COLUMNS, FormatOptions(raw=raw))
    return join([line(row) for row in given_rows]).data.decode()


@pytest.mark.parametrize("raw", [False, True])
@generous
@given(given_rows=rows)
def test_a_block_is_its_rows_one_by_one(raw, given_rows):
    whole = sheet(given_rows, raw=raw)
    assert whole == "".join(sheet([row], raw=raw) for row in given_rows)
    assert whole.count("<row>") == len(given_rows)


@pytest.mark.parametrize("raw", [False, True])
@generous
@given(values=st.lists(texts, min_size=1, max_size=30))
def test_a_text_is_the_cell_that_text_cell_makes(raw, values):
    expected = "".join(
        f"<row>{EMPTY if value is None else text_cell(value, parts.TEXT, exact=raw)}</row>" for value in values
    )
    assert sheet([[value] for value in values], raw=raw, columns=COLUMNS[:1]) == expected


@pytest.mark.parametrize("raw", [False, True])
def test_awkward_texts_in_one_block(raw):
    values = [value for value in t.TEXTS for _twice in range(2)]
    expected = "".join(
        f"<row>{EMPTY if value is None else text_cell(value, parts.TEXT, exact=raw)}</row>" for value in values
    )
    assert sheet([[value] for value in values], raw=raw, columns=COLUMNS[:1]) == expected


@pytest.mark.parametrize(
    ("kind", "written", "shown"),
    [
        (Kind.INTEGER, "999999999999999", '<c s="4"><v>999999999999999</v></c>'),
        (Kind.INTEGER, "-1000000000000000", '<c s="6" t="str"><v>-1000000000000000</v></c>'),
        (Kind.INTEGER, "1e+20", '<c s="6" t="str"><v>1e+20</v></c>'),
        (Kind.MONEY, "9999999999999.99", '<c s="2"><v>9999999999999.99</v></c>'),
        (Kind.MONEY, "10000000000000.00", '<c s="6" t="str"><v>10000000000000.00</v></c>'),
        (Kind.MONEY, "99999999999999", '<c s="6" t="str"><v>99999999999999</v></c>'),
        (Kind.MONEY, "NaN", '<c s="6" t="str"><v>NaN</v></c>'),
        (Kind.NUMBER, "-Infinity", '<c s="6" t="str"><v>-Infinity</v></c>'),
        (Kind.NUMBER, "0.1234567890123456", '<c s="6" t="str"><v>0.1234567890123456</v></c>'),
        (Kind.NUMBER, "0.00000000000012345", "<c><v>0.00000000000012345</v></c>"),
        (Kind.NUMBER, "1e-07", "<c><v>1e-07</v></c>"),
        (Kind.DATE, "45941", '<c s="5"><v>45941</v></c>'),
        (Kind.DATE, "1899-12-31", '<c s="6" t="str"><v>1899-12-31</v></c>'),
        (Kind.DATETIME, "infinity", '<c s="6" t="str"><v>infinity</v></c>'),
        (Kind.BOOLEAN, None, EMPTY),
    ],
)
def test_what_a_spreadsheet_cannot_hold_is_text(kind, written, shown):
    column = [BoundColumn("x", "X", kind)]
    assert sheet([[written]], columns=column) == f"<row>{shown}</row>"
    around = "1" if kind is not Kind.BOOLEAN else "t"
    assert f"<row>{shown}</row>" in sheet([[around], [written], [around]], columns=column)


def test_texts_that_were_cut_are_counted_once(settings):
    join = SheetRows(COLUMNS[:2], FormatOptions())
    lines = [line(["x" * 40_000, "short"]), line(["short", "y" * 32_767]), line(["z" * 32_768, "z" * 32_768])]
    assert join(lines).cut_cells == 3
    assert join(lines[1:2]).cut_cells == 0


@pytest.mark.django_db
@t.batches
@given(values=t.many(t.texts))
def test_lines_are_those_of_copy(values):
    values = [*values, *t.TEXTS]
    pairs = list(zip(values, reversed(values), strict=True))
    with connection.cursor() as cursor:
        given_rows = "SELECT a, b FROM unnest(%s::text[], %s::text[]) WITH ORDINALITY u(a, b, n) ORDER BY n"
        with cursor.copy(
            f"COPY ({given_rows}) TO STDOUT ({DIALECT})", list(map(list, zip(*pairs, strict=True)))
        ) as copy:
            lines = [bytes(message)[:-1] for message in copy]
    assert lines == [line(pair) for pair in pairs]


@generous
@given(given_rows=st.lists(st.tuples(texts, texts), min_size=1, max_size=10))
def test_fields_are_found_even_when_they_hold_delimiters(given_rows):
    fields = fields_of(b"\x01".join(line(row) for row in given_rows))
    assert fields == [line([value]) for row in given_rows for value in row]


def test_amounts_of_every_length_are_judged_by_their_value():
    amounts = [Decimal(10) ** power - Decimal("0.01") for power in range(18)]
    shown = sheet([[str(amount)] for amount in amounts], columns=[BoundColumn("x", "X", Kind.MONEY)])
    assert shown.count('s="2"') == sum(amount <= Decimal("9999999999999.99") for amount in amounts) == 14
