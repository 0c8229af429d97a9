"""JSON made in Python is that of row_to_json."""

import json

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from jobs.formats.rendering.json import line, string
from tests.jobs.formats import twins as t
from tests.jobs.formats.same_cells import SameCells


class TestCells(SameCells):
    key = "json"


KEYS = ["a", "A b", '"', "\\", "%", "%s", "%%", "中文", "{}", "\n", "\x7f", "'", t.EMOJI]


def objects(keys: list[str], rows: list[tuple[str | None, ...]]) -> list[bytes]:
    """What row_to_json writes."""
    columns = list(zip(*rows, strict=True))
    names = ", ".join('"' + key.replace('"', '""').replace("%", "%%") + '"' for key in keys)
    arrays = ", ".join(["%s::text[]"] * len(columns))
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT row_to_json(t)::text FROM (SELECT {names} FROM unnest({arrays}) "
            f"WITH ORDINALITY u({names}, place_of_the_row) ORDER BY place_of_the_row) t",
            list(map(list, columns)),
        )
        return [written.encode() for (written,) in cursor.fetchall()]


def made(keys: list[str], rows: list[tuple[str | None, ...]]) -> list[bytes]:
    write = line(keys)
    return [write(["null" if text is None else string(text) for text in row]) for row in rows]


@pytest.mark.django_db
@pytest.mark.parametrize("width", [1, 2, len(KEYS)])
def test_awkward_keys_and_texts(width):
    rows = [(text,) * width for text in t.TEXTS]
    found = made(KEYS[:width], rows)
    assert found == objects(KEYS[:width], rows)
    assert [json.loads(row) for row in found] == [dict(zip(KEYS[:width], row, strict=True)) for row in rows]


@pytest.mark.django_db
@t.batches
@given(data=st.data())
def test_any_object(data):
    keys = data.draw(st.lists(st.text(t.letters, min_size=1, max_size=10), min_size=1, max_size=5, unique=True))
    rows = data.draw(st.lists(st.tuples(*[st.none() | t.texts] * len(keys)), min_size=50, max_size=100))
    assert made(keys, rows) == objects(keys, rows)
