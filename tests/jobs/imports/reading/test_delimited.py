"""CSV as people have it."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.imports.reading import Fault, Limits, Problem
from jobs.imports.reading.dialect import find_delimiter
from jobs.imports.reading.limits import LIMITS
from jobs.imports.reading.opening import of_source
from jobs.imports.reading.table import Choices
from tests.jobs.imports.reading.conftest import labels

ZH = "订单号,金额\n甲一,1\n乙二,2\n"


def rows(table):
    return [row.cells for row in table.rows()]


@pytest.mark.parametrize(
    ("data", "encoding", "by"),
    [
        (ZH.encode(), "utf-8", "utf-8"),
        (b"\xef\xbb\xbf" + ZH.encode(), "utf-8", "bom"),
        (ZH.encode("gb18030"), "gb18030", "gb18030"),
        ("名,b\n".encode("gbk"), "gb18030", "gb18030"),
        (("\ufeff" + ZH).encode("utf-16-le"), "utf-16-le", "bom"),
        (("\ufeff" + ZH).encode("utf-16-be"), "utf-16-be", "bom"),
        ("order,amount\n1,2\n".encode("utf-16-le"), "utf-16-le", "guess"),
        (b"a,b\n1,2\n", "utf-8", "utf-8"),
    ],
)
def test_encodings(opened, data, encoding, by):
    table = opened(data)
    assert (table.encoding, table.encoding_by) == (encoding, by)
    assert not table.header[0].label.startswith("\ufeff")
    assert all("\ufffd" not in column.label for column in table.header)


def test_a_guess_is_told_and_another_can_be_chosen(opened):
    data = "Größe,straße,café\né,à,ü\n".encode("latin-1")
    assert opened(data).encoding_by == "guess"
    table = opened(data, encoding="iso-8859-1")
    assert (table.encoding_by, labels(table)) == ("chosen", ["Größe", "straße", "café"])


def test_the_first_chinese_far_below_still_decides(opened):
    table = opened(b"a,b\n" + b"1,2\n" * 200_000 + "甲,乙\n".encode("gbk"))
    assert table.encoding == "gb18030"
    assert next(row for row in table.rows() if row.number == 200_002).cells == ["甲", "乙"]


@pytest.mark.parametrize("choice", ["klingon", "base64", "utf-7", "rot13", "\0", "idna"])
def test_an_encoding_that_is_none_is_refused(opened, choice):
    with pytest.raises(Fault) as caught:
        opened(ZH, encoding=choice)
    assert (caught.value.code, caught.value.params["field"]) == ("UNKNOWN_CHOICE", "encoding")


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_wrong_byte_is_told_by_line_after_the_rows_before_it(opened, end):
    good = "".join(f"甲,{n}{end}" for n in range(100_000)).encode()
    table = opened(good + b"x,\xff" + end.encode())
    seen = []
    with pytest.raises(Fault) as caught:
        seen.extend(table.rows())
    assert len(seen) == 99_999
    assert caught.value.params | {"name": 0} == {"line": 100_001, "byte": "FF", "encoding": "UTF-8", "name": 0}


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiters(opened, delimiter):
    text = f'a{delimiter}b{delimiter}c\n1{delimiter}"x,;|\t, ,"{delimiter}3\n'
    table = opened(text)
    assert table.delimiter == delimiter
    assert table.kind == ("tsv" if delimiter == "\t" else "csv")
    assert rows(table) == [["1", "x,;|\t, ,", "3"]]


def test_decimal_commas_do_not_mislead():
    assert find_delimiter("a;b\n1,5;2,5\n3,5;4,5\n") == ";"
    assert find_delimiter("name\nx\n") == ","
    assert find_delimiter("") == ","


def test_sep_line(opened):
    table = opened("sep=;\r\na;b\r\n1,5;2\r\n")
    assert (table.delimiter, labels(table)) == (";", ["a", "b"])
    assert [(row.number, row.line) for row in table.rows()] == [(2, 3)]


def test_a_delimiter_can_be_chosen(opened):
    assert labels(opened("a,b;c\n1,2;3\n", delimiter=";")) == ["a,b", "c"]
    assert labels(opened("a,b\tc\n", kind="tsv")) == ["a,b", "c"]
    for wrong in ("", ",,", '"', "\n"):
        with pytest.raises(Fault, match="UNKNOWN_CHOICE"):
            opened("a,b\n", delimiter=wrong)


def test_mixed_line_ends_and_newlines_in_cells(opened):
    table = opened('a,b\r\n1,"x\r\ny"\r2,"p\nq"\n\n3,z')
    found = [(row.number, row.line, row.cells) for row in table.rows()]
    assert found == [(2, 2, ["1", "x\r\ny"]), (3, 4, ["2", "p\nq"]), (5, 7, ["3", "z"])]


def test_quotes_as_people_set_them(opened):
    assert rows(opened('a,b\n"say ""hi""",x\n5" disk,"a"b\n')) == [['say "hi"', "x"], ['5" disk', "ab"]]


@pytest.mark.parametrize(
    ("text", "line"),
    [('a,b\n"x,1\n', 2), ('a,b\n1,"x\n2,y\n', 2), ('a,b\n1,2\n"p\nq","r\n', 4), ('a,b\r1,"x\r2\r', 2), ('"a,b\n', 1)],
)
def test_an_open_quote_is_told_by_the_line_where_it_began(opened, text, line):
    with pytest.raises(Fault) as caught:
        rows(opened(text))
    assert (caught.value.code, caught.value.params["line"]) == ("UNCLOSED_QUOTE", line)


def test_ragged_rows_are_told_row_by_row(opened):
    table = opened("a,b,c\n1,2\n1,2,3,4\n1,2,3,,\n1,2,3\n")
    assert [row.problems for row in table.rows()] == [
        (Problem("TOO_FEW_CELLS", {"expected": 3, "found": 2}),),
        (Problem("TOO_MANY_CELLS", {"expected": 3, "found": 4}),),
        (),
        (),
    ]
    assert rows(table) == [["1", "2", None], ["1", "2", "3", "4"], ["1", "2", "3"], ["1", "2", "3"]]


def test_the_header_can_be_elsewhere_or_nowhere(opened):
    text = "\n,,\nReport of May\n\na,b\n1,2\n"
    assert labels(opened(text)) == ["Report of May"]
    table = opened(text, header_row=5)
    assert (labels(table), rows(table)) == (["a", "b"], [["1", "2"]])
    table = opened("1,2\n3,4\n", header_row=0)
    assert (labels(table), table.header_row, rows(table)) == (["A", "B"], 0, [["1", "2"], ["3", "4"]])
    with pytest.raises(Fault, match="NO_HEADER"):
        opened(text, header_row=4)
    with pytest.raises(Fault, match="UNKNOWN_CHOICE"):
        opened(text, header_row=-1)


def test_too_many_rows(put):
    with of_source(put("a\n1\n2\n3\n").open("rb"), Choices(), Limits(rows=3)) as table:
        with pytest.raises(Fault, match="TOO_MANY_ROWS"):
            rows(table)


def test_rows_can_be_asked_for_again(opened):
    table = opened("a\n1\n")
    assert rows(table) == rows(table) == [["1"]]


CELL = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)
TABLES = st.integers(1, 5).flatmap(lambda width: st.lists(st.lists(CELL, min_size=width, max_size=width), max_size=8))


@given(
    TABLES, st.sampled_from(",;\t|"), st.sampled_from(["\n", "\r\n"]), st.sampled_from(["utf-8", "gb18030", "utf-16"])
)
def test_what_csv_writes_is_read_back(table, delimiter, end, encoding):
    width = len(table[0]) if table else 1
    made = io.StringIO(newline="")
    writer = csv.writer(made, delimiter=delimiter, lineterminator=end, quoting=csv.QUOTE_ALL)
    writer.writerows([[f"h{at}" for at in range(width)], *table])
    source = io.BytesIO(made.getvalue().encode(encoding))
    with of_source(source, Choices("csv", encoding, delimiter), LIMITS) as found:
        expected = [[text or None for text in row] for row in table if any(text.strip() for text in row)]
        assert [row.cells for row in found.rows()] == expected
        assert all(row.problems == () for row in found.rows())
