"""Fixtures of tests of archives."""

import pytest

from tests.jobs.formats.archived import Desk, threads


@pytest.fixture
def desk(tmp_path):
    """A desk; afterwards no thread and no file may be left."""
    made = Desk(tmp_path / "spool")
    yield made
    assert threads() == []
    assert made.left == []


@pytest.fixture
def sizes(settings):
    """sizes(split, part, rows of a segment)"""

    def put(split: int, part: int, segment: int) -> None:
        settings.EXPORT_SPLIT_BYTES, settings.EXPORT_PART_BYTES, settings.EXPORT_SEGMENT_ROWS = split, part, segment

    return put
