"""What Python sends on its way into a sheet is what the database sends."""

from zoneinfo import ZoneInfo

from tests.jobs.formats.same_cells import SameCells


class TestCells(SameCells):
    key = "xlsx"


def test_the_memory_of_offsets_is_bounded(monkeypatch):
    from datetime import UTC, datetime, timedelta

    from jobs.formats.rendering import clocks

    monkeypatch.setattr(clocks, "_MOST_DAYS", 10)
    days = clocks.Days(ZoneInfo("Asia/Shanghai"), lambda offset: offset)
    begin = datetime(2026, 1, 1, tzinfo=UTC).toordinal()
    assert {days[begin + number] for number in range(100)} == {timedelta(hours=8)}
    assert len(days) <= 10
