"""JSON and ndjson."""

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.imports.reading import ErrorCell, Fault, Number, Problem
from jobs.imports.reading.opening import of_source
from jobs.imports.reading.table import Choices
from tests.jobs.imports.reading.conftest import labels


def rows(table):
    return [row.cells for row in table.rows()]


def test_an_array_of_objects(opened):
    table = opened('[{"a": 1, "名": "x"},\n {"名": "", "c": true}, {}, {"a": 123456789012345678, "c": null}]')
    assert (table.kind, table.encoding, labels(table)) == ("json", "utf-8", ["a", "名", "c"])
    assert [(row.number, row.line) for row in table.rows()] == [(1, 1), (2, 2), (4, 2)]
    assert rows(table) == [
        [Number("1"), "x", None],
        [None, None, True],
        [Number("123456789012345678"), None, None],
    ]


def test_an_object_per_line(opened):
    table = opened('{"a": 1}\n\n{"a": 1.50}\r\n{"b": "x"}')
    assert (table.kind, labels(table)) == ("ndjson", ["a", "b"])
    assert [(row.number, row.line, row.cells[0]) for row in table.rows()] == [
        (1, 1, Number("1")),
        (2, 3, Number("1.50")),
        (3, 4, None),
    ]


def test_cells_that_cannot_be(opened):
    table = opened('[{"a": [1, {"b": 2.50}]}, {"a": "\\ud800x"}, {"a": "\\u0000"}, {"a": 1e9999}]')
    assert [cells[0] for cells in rows(table)] == [
        ErrorCell("NESTED", '["1", {"b": "2.50"}]'),
        ErrorCell("BAD_TEXT", "\ufffdx"),
        ErrorCell("BAD_TEXT", "\ufffd"),
        ErrorCell("BAD_NUMBER", "1e9999"),
    ]


def test_a_key_that_comes_late_is_told(opened):
    table = opened("[" + '{"a": 1},' * 1_000 + '{"a": 2, "z": 3}]')
    last = list(table.rows())[-1]
    assert (last.cells, last.problems) == ([Number("2")], (Problem("UNKNOWN_KEYS", {"keys": "z"}),))


def test_objects_larger_than_a_block(opened):
    text = "x" * 900_000
    table = opened(json.dumps([{"a": text, "b": text, "c": n} for n in range(4)]))
    assert [cells[2].value for cells in rows(table)] == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ('[\n{"a": 1},\n{"a": x}]', "BAD_JSON", 3),
        ('[{"a": 1}\n{"a": 2}]', "BAD_JSON", 2),
        ('[{"a": 1},\n5]', "NOT_OBJECTS", 2),
        ('[{"a": 1},\n{"a": Infinity}]', "NOT_A_JSON_NUMBER", 2),
        ('[{"a": 1},\n\n{"b": 1, "b": 1}]', "DUPLICATE_KEY", 3),
        ('{"a": 1}\n{"a": 2', "TRUNCATED_JSON", 2),
        ('[{"a": 1},', "TRUNCATED_JSON", 1),
        ('[{"a": 1},]', "BAD_JSON", 1),
        ('[{"a": "' + "x" * 300_000 + '\n"}]', "BAD_JSON", 1),
    ],
)
def test_what_is_wrong_is_told_by_line(opened, text, code, line):
    with pytest.raises(Fault) as caught:
        rows(opened(text))
    assert (caught.value.code, caught.value.params["line"]) == (code, line)


def test_text_that_only_looks_like_json(opened):
    assert opened("[id],name\n1,2\n").kind == "csv"
    assert labels(opened('["a"],b\n1,2\n', kind="csv")) == ['["a"]', "b"]


VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**30), 10**30),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1),
)


@given(
    st.lists(st.fixed_dictionaries({"a": VALUES, "b": VALUES}), min_size=1, max_size=6),
    st.booleans(),
    st.booleans(),
    st.sampled_from(["utf-8", "utf-16", "utf-8-sig"]),
)
def test_what_json_writes_is_read_back(objects, as_lines, ascii_only, encoding):
    dump = [json.dumps(each, ensure_ascii=ascii_only) for each in objects]
    text = "\n".join(dump) if as_lines else json.dumps(objects, ensure_ascii=ascii_only, indent=1)
    with of_source(io.BytesIO(text.encode(encoding)), Choices()) as table:
        assert table.kind == ("ndjson" if as_lines else "json")
        keys = labels(table)
        found = [[float(c.value) if isinstance(c, Number) else c for c in row.cells] for row in table.rows()]
    plain = [[float(each[key]) if type(each[key]) in (int, float) else each[key] for key in keys] for each in objects]
    assert found == [row for row in plain if any(v is not None for v in row)]
