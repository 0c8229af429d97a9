"""Results of several files that break off: nothing stays in the store, and nobody gets half a result."""

import errno
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.utils import timezone

from jobs import storage
from jobs.engine.context import Reason
from jobs.engine.errors import StorageTrouble
from jobs.exports import delivery, services, work
from jobs.formats.sink import SpoolFile
from jobs.models import ExportJob, JobLog
from tests.exports_helpers import in_scope_of, in_thread
from tests.jobs.exports.runs import ask, in_store, run
from tests.processes import wait_for


@pytest.fixture(autouse=True)
def small(settings, local_store):
    """Parts of kilobytes; afterwards no unfinished file and no thread of a broken run may be left."""
    settings.EXPORT_SPLIT_BYTES, settings.EXPORT_PART_BYTES, settings.EXPORT_SEGMENT_ROWS = 30_000, 25_000, 100
    yield
    assert list(settings.SPOOL_DIR.iterdir()) == []
    assert [thread.name for thread in threading.enumerate() if thread.name.startswith("pipe")] == []


@pytest.fixture
def puts(monkeypatch):
    """Counts what is stored; ``puts.before(n, act)`` does something before the n-th is."""
    counter = Puts()
    monkeypatch.setattr(delivery.storage, "put", counter.put)
    return counter


class Puts:
    def __init__(self) -> None:
        self.count = 0
        self._acts = {}
        self._put = storage.put

    def before(self, number, act) -> None:
        self._acts[number] = act

    def put(self, path, **named):
        self.count += 1
        if self.count in self._acts:
            try:
                self._acts[self.count]()
            except BaseException:
                path.unlink()  # as storage.put does, whatever happens
                raise
        return self._put(path, **named)


def refuse() -> None:
    raise StorageTrouble()


def make_due(job: ExportJob) -> None:
    """Its pause after a transient failure is over."""
    with in_scope_of(job):
        ExportJob.objects.filter(pk=job.pk).update(available_at=timezone.now())


@pytest.mark.parametrize("options", [{}, {"compression": "gzip"}])
@pytest.mark.parametrize("number", [1, 2])
def test_a_store_that_refuses_a_part_means_another_try(live, orders, puts, options, number):
    job = ask(live, "finance", options=options)
    puts.before(number, refuse)
    failed = run(live, job)
    assert (failed.status, failed.attempt, failed.file_key, failed.parts) == ("queued", 1, None, [])
    assert puts.count == number
    assert in_store(job) == set()
    make_due(job)
    done = run(live, job)
    assert (done.status, done.row_count) == ("ready", orders)
    assert in_store(job) == set(done.stored_keys)
    assert len(done.parts) > 2


def test_a_store_that_refuses_the_manifest_leaves_no_part(live, orders, puts):
    counted = run(live, ask(live, "finance"))
    puts.count = 0
    puts.before(len(counted.parts), refuse)  # as many as parts and manifest: the last one is the manifest
    job = ask(live, "finance")
    failed = run(live, job)
    assert failed.status == "queued"
    assert puts.count == len(counted.parts)
    assert in_store(job) == set()


def test_a_store_that_refuses_a_zip_leaves_nothing(live, orders, puts):
    job = ask(live, "finance", options={"compression": "zip"})
    puts.before(1, refuse)
    assert run(live, job).status == "queued"
    assert in_store(job) == set()


@pytest.mark.parametrize("options", [{}, {"compression": "zip"}])
def test_a_disk_that_fills_up_means_another_try(live, orders, monkeypatch, options):
    write = SpoolFile.write
    left = [60_000]

    def fill_up(self, block):
        left[0] -= len(block)
        if left[0] < 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        write(self, block)

    job = ask(live, "finance", options=options)
    monkeypatch.setattr(SpoolFile, "write", fill_up)
    failed = run(live, job)
    assert (failed.status, failed.attempt) == ("queued", 1)
    assert in_store(job) == set()
    with in_scope_of(job):
        lines = list(JobLog.objects.filter(job_id=job.pk, level="error").values_list("message", flat=True))
    assert any("No space left" in line for line in lines)
    monkeypatch.setattr(SpoolFile, "write", write)
    make_due(job)
    assert run(live, job).status == "ready"


def test_a_cancel_in_the_middle_leaves_nothing(live, orders, puts, monkeypatch):
    """Asked while the second part is being stored; the body hears of it from its heartbeat."""
    job = ask(live, "finance")
    contexts = []

    def remember(job, context, write=work.write_file):
        contexts.append(context)
        return write(job, context)

    def cancel():
        with live.scope("finance"):
            services.cancel_export(job.job_no, actor=live.user("finance"))

    def cancel_and_wait():
        with ThreadPoolExecutor(1) as pool:
            pool.submit(in_thread, cancel).result()
        wait_for(lambda: contexts[0].reason == Reason.CANCELED, 20, "the body did not hear of the cancel")

    monkeypatch.setattr(work, "write_file", remember)
    puts.before(2, cancel_and_wait)
    ended = run(live, job)
    assert (ended.status, ended.file_key, ended.parts, ended.facts) == ("canceled", None, [], None)
    assert puts.count == 2
    assert in_store(job) == set()


def test_a_cancel_after_the_last_part_leaves_nothing(live, orders, monkeypatch):
    """Asked when everything is stored: the publication is refused, and all files go."""
    job = ask(live, "finance")
    finish = delivery.Delivery.finish
    seen = []

    def cancel():
        with live.scope("finance"):
            services.cancel_export(job.job_no, actor=live.user("finance"))

    def finish_then_cancel(self, *given):
        result = finish(self, *given)
        seen.append(in_store(job))
        with ThreadPoolExecutor(1) as pool:
            pool.submit(in_thread, cancel).result()
        return result

    monkeypatch.setattr(delivery.Delivery, "finish", finish_then_cancel)
    ended = run(live, job)
    assert (ended.status, ended.parts) == ("canceled", [])
    assert len(seen[0]) > 2
    assert in_store(job) == set()


@pytest.mark.parametrize("broken", [{"file_sha256": ""}, {"parts": ["\0"]}])
def test_a_result_that_the_database_refuses_leaves_nothing(live, orders, monkeypatch, broken):
    job = ask(live, "finance")
    fields = delivery.ExportFile.fields
    seen = []

    def wrong(self):
        seen.append(in_store(job))
        return fields(self) | broken

    monkeypatch.setattr(delivery.ExportFile, "fields", wrong)
    ended = run(live, job)
    assert (ended.status, ended.error["code"], ended.file_key) == ("failed", "INTERNAL_ERROR", None)
    assert len(seen[0]) > 2
    assert in_store(job) == set()


def test_rows_that_are_missing_are_never_published(live, orders, monkeypatch):
    write_rows = work.write_rows

    def lose_some(rows, *others):
        return write_rows((row for number, row in enumerate(rows) if number != 700), *others)

    monkeypatch.setattr(work, "write_rows", lose_some)
    job = ask(live, "finance")
    ended = run(live, job)
    assert (ended.status, ended.error["code"]) == ("failed", "ROWS_MISSING")
    assert in_store(job) == set()


def test_a_worker_that_lost_its_job_removes_its_files(live, orders, puts, superuser):
    """Another worker has the job by now: what this one stored is of no use to anybody."""
    job = ask(live, "finance")

    def lose():
        superuser.execute("UPDATE jobs_exportjob SET fence = fence + 1 WHERE id = %s", [job.pk])

    puts.before(2, lose)
    ended = run(live, job)
    assert (ended.status, ended.file_key) == ("processing", None)
    assert in_store(job) == set()
