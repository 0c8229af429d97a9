"""Writing, in chunks or all at once, beside other people's changes; and taking it back (SPEC B3, B4)."""

import threading

import pytest
from django.db import connection
from django.db.models import Max
from django.test import override_settings

from accounts.models import AuditEntry
from exportcenter.common.errors import StateConflict
from jobs.engine import kinds, lifecycle, runner
from jobs.imports import applying, services
from jobs.models import ImportChange, ImportChunk
from jobs.records.models import Member
from tests.jobs.imports import runs
from tests.jobs.records.samples import member, order


def content(*numbers: int, points: int = 1, header: str = "会员号,姓名,地区,积分") -> bytes:
    rows = "".join(f"M{number:05d},张{number},华东,{points}\r\n" for number in numbers)
    return f"{header}\r\n{rows}".encode()


def reviewed(world, data, name="operator", **request):
    job = runs.run(world, runs.ask(world, name, data, **request))
    assert job.status == "review", job.error_message
    return job


def members(world):
    with world.scope("platform"):
        return dict(Member.objects.order_by("member_no").values_list("member_no", "points"))


def test_chunks_are_a_thousand_rows(live):
    job = runs.confirm(live, reviewed(live, content(*range(2_500))))
    with live.scope("platform"):
        chunks = list(ImportChunk.objects.filter(job_id=job.pk).order_by("last_row"))
        assert [(chunk.last_row, chunk.counts) for chunk in chunks] == [
            (1_001, {"created": 1_000}),
            (2_001, {"created": 1_000}),
            (2_501, {"created": 500}),
        ]
    assert (job.rows_done, job.counts["created"]) == (2_500, 2_500)


def test_upsert_adds_changes_and_leaves_alone(live):
    with live.scope("platform"):
        member("M00001", points=1, name="张1")
        member("M00002", points=7, name="张2")
    job = runs.confirm(live, reviewed(live, content(1, 2, 3), mode="upsert"))
    assert job.counts == {
        "rows": 3, "to_create": 1, "to_update": 1, "to_keep": 1, "created": 1, "updated": 1, "unchanged": 1,
    }  # fmt: skip
    assert members(live) == {"M00001": 1, "M00002": 1, "M00003": 1}
    with live.scope("platform"):
        kept = Member.objects.get(member_no="M00002")
        assert (kept.phone, kept.email) == ("13812345678", "zhang.san@example.com")  # not in the file


def test_rows_that_came_up_since_the_check(live):
    """Somebody else makes a row between check and confirmation: that row alone is refused, with the reason."""
    job = reviewed(live, content(1, 2, 3))
    with live.scope("platform"):
        member("M00002", points=50)
    job = runs.confirm(live, job)
    assert (job.status, job.counts["created"], job.counts["faulty"]) == ("ready", 2, 1)
    assert runs.faults(live, job) == [(3, "member_no", "EXISTS")]
    assert members(live)["M00002"] == 50


def test_all_or_none(live):
    job = reviewed(live, content(*range(1_500)), on_error="stop")
    with live.scope("platform"):
        member("M01200", points=50)
    job = runs.confirm(live, job)
    assert (job.status, job.error_code) == ("failed", "NOT_ALL_ROWS")
    assert "1202" in job.error_message
    assert members(live) == {"M01200": 50}
    assert runs.faults(live, job) == [(1_202, "member_no", "EXISTS")]
    with live.scope("platform"):
        assert not ImportChange.objects.filter(job_id=job.pk).exists()
        assert not ImportChunk.objects.filter(job_id=job.pk).exists()


def test_what_the_database_refuses_is_one_row(live, owner):
    """A rule that only the database knows: the other rows of the chunk are written all the same."""
    owner.execute("ALTER TABLE records_member ADD CONSTRAINT odd CHECK (points <> 13) NOT VALID")
    try:
        job = reviewed(live, content(*range(40)) + b"M99999,\xe5\xbc\xa0,\xe5\x8d\x8e\xe4\xb8\x9c,13\r\n")
        job = runs.confirm(live, job)
    finally:
        owner.execute("ALTER TABLE records_member DROP CONSTRAINT odd")
    assert (job.counts["created"], job.counts["faulty"]) == (40, 1)
    assert runs.faults(live, job) == [(42, "", "REFUSED")]


@pytest.mark.parametrize("on_error", ["skip", "stop"])
def test_overlapping_imports_at_the_same_time(live, on_error):
    """Two imports add the same thousand rows: each row is there once, and one of the two tells the conflict."""
    one = reviewed(live, content(*range(1_500), points=1), on_error=on_error)
    other = reviewed(live, content(*reversed(range(500, 2_000)), points=2), "admin", on_error=on_error)
    for job in (one, other):
        with live.scope("platform"):
            services.confirm_import(job.job_no, actor=job.owner)
    connection.close()

    def work():
        runner.run_one_due(kinds.get("import"), ring=False)

    workers = [threading.Thread(target=work) for _number in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    ended = [runs.fresh(live, job) for job in (one, other)]
    if on_error == "stop":
        assert sorted(job.status for job in ended) == ["failed", "ready"]
        assert len(members(live)) == 1_500
        return
    assert [job.status for job in ended] == ["ready", "ready"]
    assert len(members(live)) == 2_000
    assert sum(job.counts["created"] for job in ended) == 2_000
    assert sum(job.counts.get("faulty", 0) for job in ended) == 1_000
    assert {code for job in ended for _row, _column, code in runs.faults(live, job)} == {"EXISTS"}


def test_canceled_between_chunks(live, monkeypatch):
    job = reviewed(live, content(*range(3_000)))
    with live.scope("platform"):
        services.confirm_import(job.job_no, actor=job.owner)
    write_next = applying._Writer.write_next

    def write_and_cancel(writer):
        if writer.counts.created == 1_000:
            writer_context.abort("canceled")
        return write_next(writer)

    write_chunks = applying._write_chunks
    writer_context = None

    def remember(writer, context):
        nonlocal writer_context
        writer_context = context
        with live.scope("platform"):
            lifecycle.request_cancel(kinds.get("import"), runs.locked(job), actor=job.owner)
        write_chunks(writer, context)

    monkeypatch.setattr(applying, "_write_chunks", remember)
    monkeypatch.setattr(applying._Writer, "write_next", write_and_cancel)
    job = runs.run(live, job)
    assert job.status == "canceled"
    assert len(members(live)) in (1_000, 2_000)
    assert job.counts["created"] == len(members(live))
    with live.scope("platform"):
        undo = services.undo_import(job.job_no, actor=job.owner)
    undo = runs.run(live, undo)
    assert undo.counts["removed"] == job.counts["created"]
    assert members(live) == {}


class TestUndo:
    def test_restores_keeps_and_removes(self, live):
        with live.scope("platform"):
            member("M00001", points=5, name="原名")
            before = Member.objects.values().get(member_no="M00001")
            member("M00002", points=5)
        job = runs.confirm(live, reviewed(live, content(1, 2, 3, 4, 5, points=9), "admin", mode="upsert"))
        with live.scope("platform"):
            Member.objects.filter(member_no="M00002").update(points=10)  # edited since
            order("A1", member=Member.objects.get(member_no="M00003"))  # used since
            Member.objects.filter(member_no="M00004").delete()  # gone since
            undo = services.undo_import(job.job_no, actor=job.owner)
        undo = runs.run(live, undo)
        assert undo.counts == {"rows": 5, "removed": 1, "restored": 1, "kept": 3}
        with live.scope("platform"):
            outcomes = dict(ImportChange.objects.filter(job_id=job.pk).values_list("key", "outcome"))
            assert outcomes == {
                "M00001": "restored", "M00002": "edited", "M00003": "used", "M00004": "gone", "M00005": "removed",
            }  # fmt: skip
            assert Member.objects.values().get(member_no="M00001") == before
        assert members(live) == {"M00001": 5, "M00002": 10, "M00003": 9}

    def test_once(self, live):
        job = runs.confirm(live, reviewed(live, content(1)))
        with live.scope("platform"):
            first = services.undo_import(job.job_no, actor=job.owner)
            with pytest.raises(StateConflict) as refused:
                services.undo_import(job.job_no, actor=job.owner)
            assert first.job_no in refused.value.message
        undo = runs.run(live, first)
        with live.scope("platform"), pytest.raises(StateConflict):
            services.undo_import(undo.job_no, actor=job.owner)

    def test_not_without_a_deed(self, live):
        job = reviewed(live, content(1))
        with live.scope("platform"), pytest.raises(StateConflict):
            services.undo_import(job.job_no, actor=job.owner)

    def test_of_users(self, live):
        data = "登录名,姓名,邮箱\r\nnewcomer_1,王五,w5@example.com\r\nNewComer_2,赵六,z6@example.com\r\n".encode()
        job = runs.confirm(live, reviewed(live, data, "admin", dataset="users"))
        assert job.counts["created"] == 2
        with live.scope("platform"):
            made = type(job.owner).objects.get(username="newcomer_2")
            assert (made.display_name, made.has_usable_password(), made.is_active) == ("赵六", False, True)
            assert made.code.startswith("U")
            undo = services.undo_import(job.job_no, actor=job.owner)
        assert runs.run(live, undo).counts == {"rows": 2, "removed": 2}


def test_the_trail_tells_it_all(live):
    with live.scope("platform"):
        before = AuditEntry.objects.aggregate(last=Max("seq"))["last"] or 0
    with override_settings(IMPORT_CHUNK_ROWS=1):
        job = runs.confirm(live, reviewed(live, content(1, 2)))
        with live.scope("platform"):
            undo = services.undo_import(job.job_no, actor=job.owner)
        runs.run(live, undo)
    with live.scope("platform"):
        told = AuditEntry.objects.filter(resource__in=[f"import:{job.job_no}", f"import:{undo.job_no}"])
        operations = list(told.filter(seq__gt=before).order_by("seq").values_list("operation", flat=True))
    assert [name for name in operations if not name.endswith("status_change")] == [
        "import_job_create",
        "import_job_confirm",
        "import_job_undo",
    ]
    assert operations.count("import_job_status_change") == 9


def test_a_failed_import_is_tried_again_with_the_same_file(live):
    job = reviewed(live, content(1, 2), on_error="stop")
    with live.scope("platform"):
        member("M00002")
    job = runs.confirm(live, job)
    assert job.status == "failed"
    with live.scope("platform"):
        Member.objects.all().delete()
        again = services.retry_import(job.job_no, actor=job.owner)
    assert (again.retry_of, again.file_id, again.mapping) == (job.job_no, job.file_id, job.mapping)
    again = runs.confirm(live, runs.run(live, again))
    assert again.counts["created"] == 2
