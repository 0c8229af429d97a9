"""Cells of a sheet made in Python are those that the database makes."""

from zoneinfo import ZoneInfo

import pytest
from hypothesis import given

from jobs.datasets import Kind
from jobs.formats import xlsx_cells
from jobs.formats.rendering import xlsx
from tests.jobs.formats import twins as t
from tests.jobs.formats.same_cells import SameCells


class TestCells(SameCells):
    key = "xlsx"


@pytest.mark.django_db
@pytest.mark.parametrize("raw", [False, True])
@t.batches
@given(texts=t.many(t.texts))
def test_any_long_text(raw, texts):
    """Of these many lie near the limit."""
    long = [None if text is None else ("x" * (32_767 - len(text)) + text + text) for text in texts[:15]]
    wide = [None if text is None else t.EMOJI * (16_383 - len(text) // 2) + text + "y" for text in texts[:15]]
    t.assert_same(t.twins("xlsx", Kind.TEXT, long + wide, "text", raw=raw), long + wide)


def test_a_cut_text_is_marked_as_the_writer_counts_it():
    assert xlsx.shown_text("x" * 40_000).startswith(xlsx_cells.CUT)
    assert xlsx.exact_text(t.EMOJI * 16_384).count(t.EMOJI) == 16_383
    assert xlsx_cells.CUT not in xlsx.shown_text(xlsx_cells.CUT * 1000)


def test_a_row_is_its_cells():
    assert (
        xlsx.line([xlsx.EMPTY, xlsx.shown_text("中 &")])
        == ('<row><c/><c s="6" t="inlineStr"><is><t xml:space="preserve">中 &amp;</t></is></c></row>').encode()
    )


def test_the_memory_of_offsets_is_bounded(monkeypatch):
    from datetime import UTC, datetime, timedelta

    from jobs.formats.rendering import clocks

    monkeypatch.setattr(clocks, "_MOST_DAYS", 10)
    days = clocks.Days(ZoneInfo("Asia/Shanghai"), lambda offset: offset)
    begin = datetime(2026, 1, 1, tzinfo=UTC).toordinal()
    assert {days[begin + number] for number in range(100)} == {timedelta(hours=8)}
    assert len(days) <= 10
