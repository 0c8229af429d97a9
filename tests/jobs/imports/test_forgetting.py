"""What imports keep goes when the file's time is over, and never under somebody's hands (SPEC E10, B4)."""

import threading
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import connection, transaction
from django.db.models.functions import Now
from django.utils import translation

from accounts import tenancy
from accounts.models import AuditEntry
from exportcenter.common.errors import NotFound, StateConflict
from jobs import storage
from jobs.engine import sweeps
from jobs.imports import files, forgetting, services
from jobs.imports.forgetting import forget_due
from jobs.models import ImportChange, ImportChunk, ImportFile, ImportJob, ImportRow, Notification
from jobs.records.models import Member
from tests.jobs.imports import runs

HEADER = "会员号,姓名,地区,积分\r\n"


def content(rows=5, faulty=0):
    lines = [f"M{number:04d},张三,华东,{number}" for number in range(rows)]
    lines += [f"F{number:04d},李四,华东,x" for number in range(faulty)]
    return (HEADER + "\r\n".join(lines)).encode()


def checked(world, **request):
    return runs.run(world, runs.ask(world, "operator", content(faulty=2), **request))


def written(world, **request):
    return runs.confirm(world, checked(world, **request))


def let_pass(world, job, hours=25):
    """Time goes by: everything that was kept until then is over."""
    with world.scope("platform"):
        past = Now() - timedelta(hours=hours) + settings.IMPORT_KEEP
        ImportFile.objects.filter(pk=job.file_id).update(expires_at=past)
        ImportJob.objects.filter(file=job.file_id, expires_at__isnull=False).update(expires_at=past)


def left(world, job):
    """(rows, changes, chunks, whether the file is in the store)"""
    with world.scope("platform"):
        mine = {"job_id": job.pk}
        kept = ImportFile.objects.get(pk=job.file_id)
        counts = [table.objects.filter(**mine).count() for table in (ImportRow, ImportChange, ImportChunk)]
        return (*counts, storage.store().exists(kept.key))


def refused(world, act, job, error=StateConflict):
    with world.scope("operator"), translation.override("en"), pytest.raises(error) as caught:
        act(job.job_no, actor=world.user("operator"))
    return caught.value.message


def test_nothing_goes_before_its_time(live):
    job = written(live)
    assert left(live, job) == (7, 5, 1, True)
    assert forget_due() == 0
    assert left(live, job) == (7, 5, 1, True)


def test_file_rows_changes_and_chunks_go_and_the_job_stays(live):
    job, other = written(live), checked(live, mode="upsert")
    let_pass(live, job)
    assert sweeps.expire() == 1
    assert forget_due() > 0
    assert left(live, job) == (0, 0, 0, False)
    assert left(live, other) == (7, 0, 0, True)
    job = runs.fresh(live, job)
    assert (job.status, job.counts["created"], job.file.removed_at is not None) == ("expired", 5, True)
    assert refused(live, services.undo_import, job) == "The time to take it back is over."
    assert job.problems
    with live.scope("platform"):
        assert Member.objects.count() == 5
    assert forget_due() == 0


def test_an_import_that_nobody_confirms_is_canceled(live):
    job = checked(live)
    let_pass(live, job)
    assert "no longer kept" in refused(live, services.confirm_import, job)
    forget_due()
    job = runs.fresh(live, job)
    assert (job.status, job.cancel_requested_by) == ("canceled", "")
    assert left(live, job) == (0, 0, 0, False)
    with live.scope("platform"):
        entry = AuditEntry.objects.filter(resource=f"import:{job.job_no}").order_by("-seq").first()
        assert (entry.details["to"], entry.user_id) == ("canceled", None)
        assert Notification.objects.filter(kind="import.canceled", subject=job.job_no).count() == 1
    refused(live, services.confirm_import, job)
    assert "no longer kept" in refused(live, services.retry_import, job)


def test_before_the_sweep_its_time_is_over_all_the_same(live):
    job, waiting = written(live), checked(live, mode="upsert")
    let_pass(live, job)
    let_pass(live, waiting)
    assert refused(live, services.undo_import, job) == "The time to take it back is over."
    assert "no longer kept" in refused(live, services.confirm_import, waiting)
    with live.scope("operator"), pytest.raises(NotFound):
        files.find_file(job.file_id, actor=live.user("operator"))
    with live.scope("operator"), pytest.raises(NotFound):
        services.request_import(file_id=job.file_id, dataset="members", mode="create", actor=live.user("operator"))
    assert runs.fresh(live, waiting).status == "review"


def test_what_is_half_gone_is_not_taken_back(live, monkeypatch):
    """Between two batches of a large import nobody may begin to take the rest of it back."""
    monkeypatch.setattr(forgetting, "BATCH", 2)
    job = written(live)
    let_pass(live, job)
    with live.scope("platform"):
        for _number in range(5):  # 7 rows in batches of 2, then the first batch of changes
            assert forgetting._forget_next()
    assert left(live, job) == (0, 3, 1, True)
    assert refused(live, services.undo_import, job) == "The time to take it back is over."
    forget_due()
    assert left(live, job) == (0, 0, 0, False)


def test_a_running_job_is_waited_for(live):
    job = written(live)
    with live.scope("operator"):
        undo = services.undo_import(job.job_no, actor=live.user("operator"))
    let_pass(live, job)
    assert forget_due() == 1
    assert left(live, job) == (7, 5, 1, True)
    with live.scope("platform"):
        kept = ImportFile.objects.get(pk=job.file_id)
        assert kept.removed_at is None
        assert not kept.is_over
    undo = runs.run(live, undo)
    assert (undo.status, undo.counts["removed"]) == ("ready", 5)
    assert left(live, job) == (7, 5, 1, True)
    let_pass(live, job)
    forget_due()
    assert left(live, job) == (0, 0, 0, False)


def test_each_step_keeps_the_file_for_longer(live):
    job = checked(live)
    let_pass(live, job, hours=23)

    def hours():
        with live.scope("platform"):
            kept = ImportFile.objects.get(pk=job.file_id)
            return round((kept.expires_at - files.clock.now()).total_seconds() / 3600)

    assert hours() == 1
    with live.scope("operator"):
        services.confirm_import(job.job_no, actor=live.user("operator"))
    assert hours() == 24
    let_pass(live, job, hours=23)
    runs.run(live, job)
    assert hours() == 24
    let_pass(live, job, hours=23)
    with live.scope("operator"):
        services.undo_import(job.job_no, actor=live.user("operator"))
    assert hours() == 24


def test_a_request_and_a_sweep_at_once(live):
    """Whoever asks with a file that is due in this moment either gets a job that can read it, or is refused."""
    kept = runs.send(live, "operator", content())
    inside, done = threading.Event(), threading.Event()
    gone = []

    def sweep():
        inside.wait(10)
        with live.scope("platform"):
            ImportFile.objects.update(expires_at=Now() - timedelta(seconds=1))  # waits for the request
        gone.append(forget_due())
        connection.close()
        done.set()

    thread = threading.Thread(target=sweep)
    thread.start()
    with live.scope("operator"):
        request = {"file_id": kept.pk, "dataset": "members", "mode": "create", "actor": live.user("operator")}
        job = services.request_import(**request)
        inside.set()
        assert not done.wait(0.5)
    thread.join(10)
    assert gone == [1]  # put off: a job waits
    job = runs.run(live, job)
    assert (job.status, runs.counts(job).rows) == ("review", 5)


def test_two_sweeps_at_once(live, monkeypatch):
    monkeypatch.setattr(forgetting, "BATCH", 1)
    jobs = [written(live) for _number in range(1)]
    jobs += [checked(live, mode="upsert") for _number in range(3)]
    for job in jobs:
        let_pass(live, job)
    problems, done = [], []

    def sweep():
        try:
            done.append(forget_due())
        except Exception as error:  # noqa: BLE001 - told by the test
            problems.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=sweep) for _number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert problems == []
    assert [left(live, job) for job in jobs] == [(0, 0, 0, False)] * 4
    with live.scope("platform"):
        assert ImportFile.objects.filter(removed_at=None).count() == 0
        assert Notification.objects.filter(kind="import.canceled").count() == 3
    assert [runs.fresh(live, job).status for job in jobs] == ["ready", "canceled", "canceled", "canceled"]


def test_a_job_that_is_worked_on_meanwhile_does_not_deadlock(live):
    """Imports lock the job, then its file; so does the sweep."""
    job = checked(live)
    let_pass(live, job)
    problems = []

    def sweep():
        try:
            forget_due()
        except Exception as error:  # noqa: BLE001 - told by the test
            problems.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=sweep)
    with live.scope("platform"):
        ImportJob.objects.select_for_update().get(pk=job.pk)
        thread.start()
        thread.join(0.5)
        assert thread.is_alive()
        with transaction.atomic():
            ImportFile.objects.filter(pk=job.file_id).update(expires_at=Now() + timedelta(hours=1))
    thread.join(10)
    assert problems == []
    assert runs.fresh(live, job).status == "review"
    assert left(live, job) == (7, 0, 0, True)


def test_a_store_that_refuses_leaves_an_orphan(live, monkeypatch):
    job = checked(live)
    let_pass(live, job)
    with monkeypatch.context() as broken:
        broken.setattr(storage, "delete", lambda _key: False)
        forget_due()
    assert left(live, job) == (0, 0, 0, True)
    monkeypatch.setattr(storage, "ORPHAN_AGE", timedelta(seconds=-1))
    assert storage.sweep_orphans() >= 1
    assert left(live, job) == (0, 0, 0, False)


def test_each_company_its_own(live):
    """The sweep walks the companies one by one."""
    job = checked(live)
    with live.scope("acme"):
        now = files.clock.now()
        facts = {"name": "m.csv", "key": "imports/none", "size": 1, "sha256": "", "created_at": now, "expires_at": now}
        kept = ImportFile.objects.create(owner=live.user("acme_admin"), **facts)
    forget_due()
    with live.scope("acme"):
        assert ImportFile.objects.get(pk=kept.pk).removed_at is not None
        assert tenancy.current() is not None
    assert left(live, job) == (7, 0, 0, True)
