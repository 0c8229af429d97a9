"""Cells of a Parquet file that Python makes are those of the database, and so are whole files."""

import io

import pyarrow as pa
import pytest
from django.utils import translation
from pyarrow import parquet

from jobs import datasets
from jobs.datasets.base import Kind
from jobs.datasets.query import plan
from jobs.formats import FormatOptions
from jobs.formats.base import About
from jobs.formats.deflate import PlainStream, Segment
from jobs.formats.parquet import ParquetFormat
from tests.jobs.formats import twins as t
from tests.jobs.formats.one_file import write_file
from tests.jobs.formats.same_cells import RAW, SameCells
from tests.jobs.formats.same_cells import ZONE as ZONE_NAMES
from tests.jobs.formats.test_csv import ZONE, Memory

NAMES = ["order_no", "buyer_phone", "status", "quantity", "amount", "created_at", "paid_at", "note", "product_name"]


class TestCells(SameCells):
    key = "parquet"

    @RAW
    @ZONE_NAMES
    def test_awkward_moments(self, zone, raw):
        """Without those whose microseconds exceed 64 bits: PostgreSQL rounds them, and the file refuses them."""
        held = [moment for moment in t.MOMENTS if moment is None or not moment.startswith("294275")]
        self.same(Kind.DATETIME, held, "timestamptz", raw=raw, zone=zone)


@pytest.fixture
def orders(world):
    """Some orders, as finance may see them."""
    from jobs.records.demo import fill

    with world.scope("platform"):
        fill(orders=300, seed=5)
    with world.scope("admin"), translation.override("zh-hans"):
        yield plan(datasets.get("orders"), viewer=world.user("finance"), params={}, columns=NAMES, zone=ZONE)


def read(content: bytes) -> pa.Table:
    return parquet.read_table(io.BytesIO(content))


@pytest.mark.parametrize("raw", [False, True])
def test_a_file_holds_what_the_database_holds_on_either_way(orders, settings, raw):
    settings.EXPORT_SEGMENT_ROWS = 64
    writer = ParquetFormat(FormatOptions(raw=raw), ZONE)
    by_database, by_python = Memory(), Memory()
    written = write_file(orders, writer, by_database)
    assert write_file(orders, writer, by_python, every=True) == written
    assert by_python.content == by_database.content
    table = read(by_database.content)
    labels = {code: code if raw else label for code, label in orders.columns[2].labels}
    expected = [
        (number, phone and phone[:3] + "****" + phone[-4:], labels[status], *others)
        for number, phone, status, *others in orders.rows.values_list(*NAMES)
    ]
    assert table.column_names == [column.key if raw else column.title for column in orders.columns]
    assert [tuple(row.values()) for row in table.to_pylist()] == expected
    assert written.rows == len(expected) == 300
    assert parquet.ParquetFile(io.BytesIO(by_database.content)).num_row_groups == 5


def test_segments_from_elsewhere_become_the_same_file(orders):
    writer = ParquetFormat(FormatOptions(), ZONE)
    about = About("说明", lambda rows, cut: [("数据集", "orders"), ("行数", str(rows))])
    columns = orders.columns[:1]
    lines = [b"a\nb\n", b"c\n"]
    here, there = Memory(), Memory()
    file = writer.open(columns, PlainStream(here.write), about)
    for block in lines:
        file.block(block)
        file.end_segment(block.count(b"\n"))
    file.finish(0)
    assert file.size == len(here.content)
    file = writer.open(columns, PlainStream(there.write), about)
    for block in lines:
        file.append(Segment(block.count(b"\n"), len(block), len(block), len(block)), [block])
    file.finish(0)
    assert here.content == there.content
    kept = parquet.read_metadata(io.BytesIO(here.content)).metadata
    assert (kept["数据集".encode()], kept["行数".encode()]) == (b"orders", b"3")


def test_a_row_that_is_missing_is_noticed(orders):
    file = ParquetFormat(FormatOptions(), ZONE).open(orders.columns[:1], PlainStream(Memory().write))
    file.block(b"a\n")
    with pytest.raises(ValueError, match="2 rows were expected, 1"):
        file.end_segment(2)
