"""One export written in chunks: the bytes of the unbroken file, whoever writes them and whatever happens."""

import threading
from pathlib import Path

import pytest
from django.db import connection

from jobs import storage
from jobs.engine import kinds, runner
from jobs.exports import chunks, services
from jobs.models import ExportChunk, ExportJob, JobLog
from jobs.records.demo import fill

ROWS = 1_000
FORMATS = [
    ("csv", {}),
    ("csv", {"compression": "gzip"}),
    ("csv", {"compression": "zip"}),
    ("json", {}),
    ("json", {"lines": True, "compression": "gzip"}),
    ("parquet", {}),
    ("xlsx", {}),
    ("xlsx", {"compression": "zip"}),
]


@pytest.fixture
def orders(live, settings):
    settings.EXPORT_SEGMENT_ROWS = 70
    settings.EXPORT_CHUNK_ROWS = 150  # two whole segments
    with live.scope("platform"):
        fill(orders=ROWS, seed=5)
    return ROWS


def ask(live, file_type="csv", **request) -> ExportJob:
    with live.scope("finance"):
        values = {"dataset": "orders", "params": {}} | request
        return services.request_export(actor=live.user("finance"), file_type=file_type, **values)


def run(live, job: ExportJob) -> ExportJob:
    assert runner.run_one_due(kinds.get("export"), ring=False)
    with live.scope("platform"):
        return ExportJob.objects.get(pk=job.pk)


def contents(job: ExportJob) -> list[bytes]:
    return [Path(storage.store().path(key)).read_bytes() for key in job.stored_keys]


def stored(job: ExportJob) -> list[str]:
    return [key for key in storage._keys() if str(job.pk) in key]


def chunks_of(live, job: ExportJob) -> list[ExportChunk]:
    with live.scope("platform"):
        return list(ExportChunk.objects.filter(export_id=job.pk))


@pytest.mark.parametrize(("file_type", "options"), FORMATS)
def test_the_same_bytes_as_unbroken(live, orders, settings, file_type, options):
    split = run(live, ask(live, file_type, options=options))
    written = chunks_of(live, split)
    settings.EXPORT_CHUNK_ROWS = 0
    whole = run(live, ask(live, file_type, options=options))
    assert chunks_of(live, whole) == []
    assert (split.status, whole.status) == ("ready", "ready")
    assert len(written) == 8
    assert {chunk.status for chunk in written} == {"expired"}
    assert sum(chunk.rows_done for chunk in written) == split.row_count == ROWS
    assert [len(content) for content in contents(split)] == [len(content) for content in contents(whole)]
    if options.get("compression") != "zip":  # a zip names its entry after the job
        assert contents(split) == contents(whole)


def test_parts_are_the_same_too(live, orders, settings):
    settings.EXPORT_SPLIT_BYTES, settings.EXPORT_PART_BYTES = 40_000, 30_000
    split = run(live, ask(live))
    settings.EXPORT_CHUNK_ROWS = 0
    whole = run(live, ask(live))
    assert len(split.parts) > 3
    assert contents(split)[1:] == contents(whole)[1:]


def test_nothing_of_the_chunks_is_left_in_the_store(live, orders):
    job = run(live, ask(live))
    assert stored(job) == job.stored_keys


def test_filters_and_masks_hold_in_chunks(live, orders, settings):
    request = {"params": {"status": ["completed", "shipped"]}, "columns": ["order_no", "buyer_phone"]}
    split = run(live, ask(live, **request))
    assert len(chunks_of(live, split)) > 2
    settings.EXPORT_CHUNK_ROWS = 0
    assert contents(split) == contents(run(live, ask(live, **request)))


def test_small_results_are_written_by_one(live, orders, settings):
    settings.EXPORT_CHUNK_ROWS = ROWS
    assert chunks_of(live, run(live, ask(live))) == []


def test_a_chunk_of_an_attempt_that_is_over_is_refused(live, orders):
    """The coordinator dies: chunks that others find afterwards must not be written from another picture."""
    job = ask(live)
    gone = []

    def die(*given):
        gone.append(True)
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chunks, "_ready", die)
        patch.setattr(chunks, "_drop", lambda *given, **more: None)
        with pytest.raises(KeyboardInterrupt):
            runner.run_one_due(kinds.get("export"), ring=False)
    assert gone
    assert runner.run_one_due(kinds.get("chunk"), ring=False)
    (failed,) = [chunk for chunk in chunks_of(live, job) if chunk.status == "failed"]
    assert failed.error_code == "COORDINATOR_GONE"


def test_deleting_an_expired_export_deletes_its_chunks(live, orders):
    job = run(live, ask(live))
    with live.scope("platform"):
        with connection.cursor() as cursor:
            cursor.execute("UPDATE jobs_exportjob SET status = 'expired' WHERE id = %s", [job.pk])
        assert services.delete_expired(actor=live.user("admin")) == 1
        assert not ExportChunk.objects.exists()
        assert not JobLog.objects.filter(kind="chunk").exists()


def test_a_canceled_export_stops_its_chunks(live, orders, monkeypatch):
    job = ask(live)
    real = chunks._take

    def cancel_after_first(chunk, archive):
        real(chunk, archive)
        with live.scope("platform"):
            services.cancel_export(job.job_no, actor=live.user("finance"))
        threading.Event().wait(0.5)

    monkeypatch.setattr(chunks, "_take", cancel_after_first)
    done = run(live, job)
    assert done.status == "canceled"
    assert {chunk.status for chunk in chunks_of(live, job)} <= {"expired", "canceled"}
    assert stored(job) == []
