"""The disk is full, or the store refuses, in the middle of a file: the job comes back, and nothing is left behind."""

import errno
import io
import os
import threading
import zipfile
from pathlib import Path

import pytest
from django.utils import timezone

from jobs import storage
from jobs.formats.sink import SpoolFile
from jobs.models import ExportChunk, ExportJob, JobLog
from jobs.records.demo import fill
from tests.jobs.exports.test_chunks import ask, chunks_of, contents, run, stored

ROWS = 600
FORMATS = [
    ("csv", {}),
    ("csv", {"compression": "gzip"}),
    ("csv", {"compression": "zip"}),
    ("json", {"lines": True, "compression": "gzip"}),
    ("parquet", {}),
    ("parquet", {"compression": "zip"}),
    ("xlsx", {}),
    ("xlsx", {"compression": "zip"}),
]
each_format = pytest.mark.parametrize(
    ("file_type", "options"), FORMATS, ids=["-".join([key, *map(str, options.values())]) for key, options in FORMATS]
)


class Disk:
    """Room for spool files: so many bytes for all of them, as a full disk has it. Removed files give none back."""

    def __init__(self) -> None:
        self.room = 1 << 40
        self.written = 0

    def file(self, real) -> "_File":
        return _File(self, real)


class _File:
    """A raw file that writes what there is room for, and then refuses."""

    def __init__(self, disk: Disk, real) -> None:
        self._disk, self._real = disk, real

    def write(self, view) -> int:
        count = min(len(view), self._disk.room)
        if not count:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        count = self._real.write(view[:count])
        self._disk.room -= count
        self._disk.written += count
        return count

    def __getattr__(self, name):
        return getattr(self._real, name)


@pytest.fixture
def disk(monkeypatch):
    made = Disk()
    real = SpoolFile.__init__

    def opened(self, path):
        real(self, path)
        self._file = made.file(self._file)

    monkeypatch.setattr(SpoolFile, "__init__", opened)
    return made


@pytest.fixture
def orders(live, settings, tmp_path):
    settings.SPOOL_DIR = tmp_path / "spool"  # others' has what killed workers have left
    settings.EXPORT_SEGMENT_ROWS = 70
    settings.EXPORT_CHUNK_ROWS = 0
    with live.scope("platform"):
        fill(orders=ROWS, seed=5)


def nothing_left(settings, job: ExportJob) -> None:
    assert not list(Path(settings.SPOOL_DIR).glob("*"))
    assert stored(job) == []
    assert [thread.name for thread in threading.enumerate() if thread.name.startswith("pipe")] == []


def again(live, job: ExportJob) -> ExportJob:
    """Run it once more, without the wait that a retry has."""
    with live.scope("platform"):
        ExportJob.objects.filter(pk=job.pk).update(available_at=timezone.now())
    return run(live, job)


def errors(live, job: ExportJob) -> list[str]:
    with live.scope("platform"):
        return [line.message for line in JobLog.objects.filter(job_id=job.pk, level="error")]


def entries(content: bytes) -> list[bytes]:
    """What a zip holds, in order, but for the manifest."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return [archive.read(name) for name in archive.namelist() if name != "manifest.json"]


@pytest.mark.parametrize("parts", [False, True], ids=["one", "parts"])
@each_format
def test_wherever_the_disk_ends_the_job_comes_back_whole(live, orders, disk, settings, file_type, options, parts):
    if parts:
        settings.EXPORT_SPLIT_BYTES, settings.EXPORT_PART_BYTES = 15_000, 12_000
    whole = run(live, ask(live, file_type, options=options))
    assert whole.status == "ready"
    assert (len(whole.parts) > 2) == (parts and options.get("compression") != "zip")
    size, wanted = disk.written, contents(whole)
    job = ask(live, file_type, options=options)
    # The manifest in a zip names the job and its time: packed, it may be some bytes shorter than that of the other job.
    foot = size - (20 if options.get("compression") == "zip" else 1)
    for attempt, room in enumerate((0, size // 2, foot), 1):  # at the head, within rows, in the foot
        disk.room = room
        broken = run(live, job) if attempt == 1 else again(live, job)
        assert (broken.status, broken.attempt, broken.file_key) == ("queued", attempt, None)
        assert disk.room == 0
        nothing_left(settings, job)
        assert errors(live, job).count(f"OSError: {os.strerror(errno.ENOSPC)}") == attempt
    disk.room = 1 << 40
    mended = again(live, job)
    assert (mended.status, mended.row_count) == ("ready", ROWS)
    assert list(Path(settings.SPOOL_DIR).glob("*")) == []
    if options.get("compression") != "zip":  # a zip names its entry after the job
        ours, theirs = contents(mended), wanted
        assert ours[1:] == theirs[1:] if parts and len(theirs) > 1 else ours == theirs
    else:
        assert entries(contents(mended)[0]) == entries(wanted[0])


def test_a_disk_that_stays_full_fails_the_job_clearly(live, orders, disk, settings):
    disk.room = 0
    job = ask(live, "xlsx")
    last = run(live, job)
    for _attempt in range(10):
        if last.status != "queued":
            break
        last = again(live, job)
    assert (last.status, last.error["code"], last.file_key) == ("failed", "STORAGE_UNAVAILABLE", None)
    assert last.error["message"]
    assert last.error["advice"]
    nothing_left(settings, job)


@pytest.mark.parametrize("file_type", ["csv", "xlsx", "parquet"])
def test_a_sync_that_fails_is_no_file(live, orders, disk, settings, monkeypatch, file_type):
    """The kernel may tell of a bad disk only when the file is synced."""
    real, calls = os.fsync, []

    def sync(handle):
        calls.append(handle)
        if len(calls) == 1:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        real(handle)

    monkeypatch.setattr(os, "fsync", sync)
    job = ask(live, file_type)
    assert run(live, job).status == "queued"
    nothing_left(settings, job)
    assert again(live, job).status == "ready"


@pytest.mark.parametrize("when", [1, 2, 3])
def test_a_store_that_refuses_a_part_leaves_none_of_them(live, orders, settings, monkeypatch, when):
    settings.EXPORT_SPLIT_BYTES, settings.EXPORT_PART_BYTES = 15_000, 12_000
    real, calls = storage._link, []

    def link(source, target):
        calls.append(target)
        if len(calls) == when:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(source, target)

    monkeypatch.setattr(storage, "_link", link)
    job = ask(live)
    assert run(live, job).status == "queued"
    nothing_left(settings, job)
    done = again(live, job)
    assert (done.status, done.row_count) == ("ready", ROWS)
    assert sorted(stored(done)) == sorted(done.stored_keys)


@pytest.mark.parametrize(("file_type", "options"), [("csv", {"compression": "gzip"}), ("xlsx", {}), ("parquet", {})])
def test_a_chunk_for_which_there_was_no_room_is_written_again_alone(
    live, orders, disk, settings, monkeypatch, file_type, options
):
    whole = run(live, ask(live, file_type, options=options))
    settings.EXPORT_CHUNK_ROWS = 140
    job = ask(live, file_type, options=options)
    disk.room = 3_000
    real = SpoolFile.discard

    def cleaned(self):  # somebody makes room
        real(self)
        if not disk.room:
            disk.room = 1 << 40

    monkeypatch.setattr(SpoolFile, "discard", cleaned)
    done = run(live, job)
    assert done.status == "ready"
    assert contents(done) == contents(whole)
    assert sorted(chunk.attempt for chunk in chunks_of(live, done)) == [1, 1, 1, 1, 2]
    with live.scope("platform"):
        assert ExportChunk.objects.exclude(status="expired").count() == 0
    assert stored(done) == done.stored_keys
    assert not list(Path(settings.SPOOL_DIR).glob("*"))
