"""CSV fields made in Python are those that the database makes; lines are those of COPY."""

from decimal import Decimal

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from jobs.formats.rendering import csv
from jobs.formats.rendering.numbers import decimal_text
from tests.jobs.formats import twins as t
from tests.jobs.formats.same_cells import SameCells


class TestCells(SameCells):
    key = "csv"


def copied(rows: list[tuple[str | None, ...]]) -> list[bytes]:
    """The lines of COPY, without their ends."""
    columns = list(zip(*rows, strict=True))
    names = [f"c{number}" for number in range(len(columns))]
    arrays = ", ".join(["%s::text[]"] * len(columns))
    sql = f"COPY (SELECT {', '.join(names)} FROM unnest({arrays}) WITH ORDINALITY u({', '.join(names)}, n) ORDER BY n)"
    with connection.cursor() as cursor, cursor.copy(f"{sql} TO STDOUT (FORMAT csv)", list(map(list, columns))) as copy:
        return [bytes(message)[:-1] for message in copy]


@pytest.mark.django_db
def test_awkward_fields_are_quoted_as_copy_does():
    for rows in (
        [(text,) for text in t.TEXTS],
        [(text, "x") for text in t.TEXTS],
        [(text, text) for text in t.TEXTS],
        [("\\.", None, text) for text in t.TEXTS],
        [(None, None), ("", ""), ("", None), (None, "")],
    ):
        assert [csv.line(row) for row in rows] == copied(rows)


@pytest.mark.django_db
@pytest.mark.parametrize("width", [1, 2, 5])
@t.batches
@given(data=st.data())
def test_any_row_is_quoted_as_copy_does(width, data):
    fields = st.none() | t.texts | st.text(st.sampled_from(',"\r\n\\. a'), max_size=4)
    rows = data.draw(st.lists(st.tuples(*[fields] * width), min_size=50, max_size=200))
    assert [csv.line(row) for row in rows] == copied(rows)


def test_no_number_is_called_nan_in_one_way_only():
    """What PostgreSQL would not take, a function of Python may still give."""
    for text in ("NaN", "-NaN", "sNaN", "NaN123"):
        assert decimal_text(Decimal(text)) == "NaN"
