"""Archives that break off: what went wrong comes out, and neither files nor threads stay behind."""

import errno
import random
from typing import Any

import pytest

from jobs.formats.sink import SpoolFile
from jobs.formats.writing import write_rows
from tests.jobs.formats.archived import COLUMNS, EVERY, export, joined, manifest, values_of, writer_of


class FullDisk(SpoolFile):
    """Takes so many bytes."""

    room = 0

    def write(self, block: Any) -> None:
        if self.size + len(block) > self.room:
            raise OSError(errno.ENOSPC, "No space left on device")
        super().write(block)


class BrokenDisk(SpoolFile):
    """Takes everything and cannot keep it."""

    def close(self) -> None:
        raise OSError(errno.EIO, "Input/output error")


@EVERY
class TestFailures:
    def run(self, desk, key, options, values, **more) -> None:
        """As a job's body does it: whatever happens, close."""
        writer = writer_of(key, options)
        advance = more.pop("advance", lambda rows: None)
        made = desk.archive(writer, len(values), **more)
        try:
            write_rows(joined(writer, values), writer, COLUMNS, made, advance)
            spool = made.finish(manifest)
            if spool is not None:
                spool.discard()
        finally:
            made.close()

    @pytest.mark.parametrize("room", [0, 5, 3_000, 8_000])
    def test_a_full_disk_comes_out_and_leaves_no_file(self, desk, sizes, key, options, room):
        sizes(split=30_000, part=16_000, segment=100)
        kind = type("Disk", (FullDisk,), {"room": room})
        with pytest.raises(OSError, match="No space left") as caught:
            self.run(
                desk, key, options, values_of(3_000), new_spool=lambda: kind(desk.folder / f"{random.random()}.part")
            )
        assert caught.value.errno == errno.ENOSPC

    def test_a_disk_that_cannot_sync_leaves_no_file(self, desk, sizes, key, options):
        sizes(split=10**9, part=16_000, segment=100)
        with pytest.raises(OSError, match="Input/output"):
            self.run(desk, key, options, values_of(50), new_spool=lambda: BrokenDisk(desk.folder / "1.part"))

    def test_a_store_that_refuses_the_second_part_leaves_no_file(self, desk, sizes, key, options):
        sizes(split=30_000, part=16_000, segment=100)

        def landed(part, spool):
            if part.number == 2:
                raise ConnectionError("the store is away")
            desk.landed(part, spool)

        if options["compression"] == "zip":
            self.run(desk, key, options, values_of(3_000), landed=landed)  # nothing lands one by one
            return
        with pytest.raises(ConnectionError):
            self.run(desk, key, options, values_of(3_000), landed=landed)
        assert [part.number for part in desk.parts] == [1]

    def test_a_stop_in_the_middle_leaves_no_file(self, desk, sizes, key, options):
        sizes(split=30_000, part=16_000, segment=100)

        def advance(rows):
            if rows > 2_500:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            self.run(desk, key, options, values_of(3_000), advance=advance)

    def test_a_manifest_that_cannot_be_made_leaves_no_file(self, desk, sizes, key, options):
        sizes(split=1, part=1, segment=10)
        writer = writer_of(key, options)
        made = desk.archive(writer, 30)
        write_rows(joined(writer, values_of(30)), writer, COLUMNS, made, lambda rows: None)
        if made.is_zip:
            with pytest.raises(ZeroDivisionError):
                made.finish(lambda parts: bytes(1 // 0))
        else:
            assert made.finish(lambda parts: bytes(1 // 0)) is None  # only a zip holds one
        made.close()


@pytest.mark.parametrize("key", ["csv", "parquet"])
def test_what_the_packer_raises_comes_out_before_the_rows_end(desk, sizes, key):
    """Nobody writes for hours into a broken file: within a few blocks the reader of rows hears of it."""
    sizes(split=10**9, part=10**9, segment=1_000)
    writer = writer_of(key, {})
    seen: list[int] = []
    made = desk.archive(writer, 50_000, new_spool=lambda: FullDisk(desk.folder / "1.part"))
    FullDisk.room = 100
    try:
        with pytest.raises(OSError, match="No space left"):
            write_rows(joined(writer, values_of(50_000)), writer, COLUMNS, made, seen.append)
    finally:
        FullDisk.room = 0
        made.close()
    assert (seen or [0])[-1] < 10_000


def test_closing_twice_and_after_the_end_is_harmless(desk, sizes):
    sizes(split=10**9, part=10**9, segment=100)
    made = export(desk, "csv", {}, values_of(10))
    made.close()
    made.close()
    assert len(desk.files) == 1
