"""How a Parquet file is made: row groups, equal bytes, facts, headings, and what happens when it cannot be."""

import gc
import io
import subprocess
import sys
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from jobs import formats
from jobs.datasets.base import Kind
from jobs.datasets.query import BoundColumn
from jobs.formats import parquet_file
from jobs.formats.parquet_file import ParquetRows
from jobs.formats.unfit import UnfitValue
from tests.jobs.formats.test_csv import ZONE, Memory
from tests.jobs.formats.test_parquet import copied, packed, read

MIXED = [
    BoundColumn("t", "文字", Kind.TEXT),
    BoundColumn("s", "状态", Kind.CHOICE, labels=(("a", "甲"), ("b", "乙"))),
    BoundColumn("m", "金额", Kind.MONEY),
    BoundColumn("r", "比率", Kind.NUMBER),
    BoundColumn("d", "时间", Kind.DATETIME),
]
MIXED_SQL = (
    "SELECT CASE WHEN n %% 7 = 0 THEN E'\\n\"\\n' || n WHEN n %% 5 > 0 THEN 'x' || n %% 11 END AS c0, "
    "(ARRAY['a', 'b', NULL, 'c', ''])[1 + n * 3 %% 5] AS c1, n / 100.0 AS c2, 1.0 / n AS c3, "
    "timestamptz '2026-01-01Z' + n * interval '1 h' AS c4 FROM generate_series(1, %s) n ORDER BY n"
)


@pytest.mark.parametrize("every", [1, 7, 100, 5000])
@pytest.mark.parametrize("most", [1, 4000, 4 << 20])
def test_equal_rows_give_equal_bytes_however_they_are_cut(db, monkeypatch, every, most):
    lines = copied(MIXED, MIXED_SQL, [2500])
    whole = packed(MIXED, [b"".join(lines[:2000])], [b"".join(lines[2000:])])
    monkeypatch.setattr(parquet_file, "BLOCK_BYTES", most)
    segments = [
        [b"".join(part[n : n + every]) for n in range(0, len(part), every)] for part in (lines[:2000], lines[2000:])
    ]
    assert packed(MIXED, *segments) == whole


def test_a_segment_is_a_row_group(db):
    lines = copied(MIXED, MIXED_SQL, [2500])
    content = packed(MIXED, lines[:2000], [], lines[2000:2001], [], lines[2001:])
    file = parquet.ParquetFile(io.BytesIO(content))
    assert [file.metadata.row_group(n).num_rows for n in range(file.num_row_groups)] == [2000, 1, 499]
    column = file.metadata.row_group(0).column(2)
    assert column.compression == "ZSTD"
    assert (column.statistics.min, column.statistics.max) == (Decimal("0.01"), Decimal("20.00"))
    assert file.metadata.row_group(0).column(1).statistics.null_count == read(content).column(1)[:2000].null_count > 0
    assert "RLE_DICTIONARY" in file.metadata.row_group(0).column(1).encodings


def test_no_rows_still_tell_the_types(db):
    facts = {"dataset": "orders", "as of": "2026-11-22T10:00:00Z", "说明": "无"}
    empty, some = packed(MIXED, facts=facts), packed(MIXED, copied(MIXED, MIXED_SQL, [3]), facts=facts)
    assert read(empty).num_rows == 0
    assert read(empty).schema == read(some).schema
    assert parquet.ParquetFile(io.BytesIO(empty)).num_row_groups == 0
    for content in (empty, some):
        kept = parquet.read_metadata(io.BytesIO(content)).metadata
        assert {key: kept[key.encode()].decode() for key in facts} == facts


def test_two_columns_of_one_title_stay_two(db):
    titles = ["A", "A", "A (a1)", "", "B"]
    columns = [BoundColumn(f"a{n}", title, Kind.INTEGER) for n, title in enumerate(titles)]
    lines = copied(columns, "SELECT 1 AS c0, 2 AS c1, 3 AS c2, 4 AS c3, 5 AS c4")
    assert read(packed(columns, lines)).to_pylist() == [{"A (a0)": 1, "A (a1)'": 2, "A (a1)": 3, "a3": 4, "B": 5}]
    assert read(packed(columns, lines, raw=True)).column_names == ["a0", "a1", "a2", "a3", "a4"]


@settings(max_examples=300, deadline=None)
@given(amount=st.from_regex(r"-?(0|[1-9][0-9]{0,41})(\.[0-9]{1,4})?", fullmatch=True))
@example("9" * 38)
@example("1" + "0" * 37)
def test_an_amount_stays_itself_or_is_refused(amount):
    whole, _point, decimals = amount.lstrip("-").partition(".")
    try:
        table = read(packed([BoundColumn("x", "X", Kind.MONEY)], [f"{amount}\n".encode()]))
    except UnfitValue:
        assert len(whole + decimals) > 36 or decimals[2:].strip("0")
    else:
        table.validate(full=True)
        assert table.column(0).to_pylist() == [Decimal(amount)]


def test_lines_of_other_columns_are_no_file(db):
    with pytest.raises(ValueError, match="no CSV of these columns"):
        packed([BoundColumn("x", "X", Kind.TEXT), BoundColumn("y", "Y", Kind.INTEGER)], [b"a,1\n", b"b\n"])
    with pytest.raises(UnfitValue):
        packed([BoundColumn("x", "X", Kind.TEXT), BoundColumn("y", "Y", Kind.TEXT)], [b"a,\xff\n"])


class Full(Memory):
    """A disk with room for some blocks only."""

    def __init__(self, blocks: int) -> None:
        super().__init__()
        self.left = blocks

    def write(self, block: bytes) -> None:
        if not self.left:
            raise OSError(28, "no space left")
        self.left -= 1
        super().write(block)


def test_a_full_disk_comes_out_at_once_and_nothing_is_written_afterwards(db):
    lines = copied(MIXED, MIXED_SQL, [10])
    with pytest.raises(OSError, match="no space"):
        ParquetRows(Full(0), MIXED, raw=False, zone=ZONE, facts={})
    sink = Full(3)
    rows = ParquetRows(sink, MIXED, raw=False, zone=ZONE, facts={})
    rows.add(b"".join(lines))
    with pytest.raises(OSError, match="no space") as caught:
        rows.end_segment()
    assert caught.value.errno == 28
    sink.left = 100
    before = sink.content
    del rows, caught
    gc.collect()
    assert sink.content == before


def test_a_file_that_is_given_up_gets_no_foot(db):
    sink = Memory()
    rows = ParquetRows(sink, MIXED, raw=False, zone=ZONE, facts={})
    rows.add(b"".join(copied(MIXED, MIXED_SQL, [10])))
    rows.end_segment()
    before = sink.content
    del rows
    gc.collect()
    assert sink.content == before
    with pytest.raises(pa.ArrowInvalid):
        read(sink.content)


def test_pyarrow_is_imported_by_files_only():
    program = "import sys, django; django.setup(); import jobs.formats.parquet; sys.exit('pyarrow' in sys.modules)"
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
    assert "parquet" in formats.available()
