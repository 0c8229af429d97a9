"""Every hostile file is refused with its own reason, soon and in little memory, by the limited process (SPEC B7)."""

import time

import pytest

from jobs.imports.reading import texts
from jobs.imports.reading.errors import UnreadableFile
from jobs.imports.reading.guarded import open_guarded
from tests.jobs.imports.reading.hostile import FILES

SECONDS = 5
MEMORY = 150 << 20


def read(path):
    with open_guarded(path, "orders.csv") as reading:
        for _chunk in reading.chunks():
            pass


@pytest.mark.parametrize("name", FILES)
def test_refused_soon_in_little_memory(name, tmp_path):
    content, reason = FILES[name]
    path = tmp_path / "orders.csv"
    if callable(content):
        content(path)
    else:
        path.write_bytes(content)
    begun = time.monotonic()
    with pytest.raises(UnreadableFile) as caught:
        read(path)
    took = time.monotonic() - begun
    error = caught.value
    assert error.reason == reason or (reason == "*" and error.reason in texts.FAULTS), error.params
    assert error.reason not in ("CRASHED", "KILLED", "TOO_MUCH_MEMORY", "TOO_SLOW")
    assert (error.status, error.code) == (422, "UNREADABLE_FILE")
    assert error.message
    assert error.advice
    assert took < SECONDS
    assert 0 < error.memory < MEMORY
