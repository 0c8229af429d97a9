"""Who is told what, when, and in which transaction."""

import threading

import pytest
from django.db import connection, transaction

from accounts.audit.recorder import lock_head
from accounts.models import User
from jobs.engine import kinds, lifecycle, queue, runner
from jobs.engine.errors import JobTimeout, StorageTrouble
from jobs.engine.record import note_change
from jobs.exports import services
from jobs.models import Event, ExportChunk, Notification, PagePreference
from jobs.notices import tell
from jobs.pages.preferences import set_preference
from tests.accounts import rows
from tests.echo.kind import Said
from tests.exports_helpers import in_thread
from tests.jobs.records import samples
from tests.processes import wait_for


@pytest.fixture
def kind():
    return kinds.get("echo")


@pytest.fixture
def held(world, echo, kind):
    """A claim on a job of finance."""
    echo(world, "finance")
    return queue.claim(kind, worker="test:1")


def notifications(world, name: str) -> list[Notification]:
    with world.scope(name):
        return list(Notification.objects.order_by("id"))


def events(world, name: str) -> list[Event]:
    with world.scope(name):
        return list(Event.objects.filter(type="notification").order_by("seq"))


class TestEnds:
    def test_a_ready_job_tells_its_owner_once(self, world, held):
        assert lifecycle.publish(held, Said(7))
        (told,) = notifications(world, "finance")
        assert (told.user_id, told.kind, told.subject) == (world.users["finance"][1], "echo.ready", held.job.job_no)
        assert (told.data, told.read_at, told.mail) == ({"rows": 7, "error_code": ""}, None, "none")

    def test_the_event_is_the_owners_and_counts_what_is_unread(self, world, held, told):
        told(world, "finance")
        told(world, "operator")
        assert lifecycle.publish(held, Said(7))
        event = events(world, "finance")[-1]
        (row,) = [one for one in notifications(world, "finance") if one.kind == "echo.ready"]
        assert (event.subject, event.owner_id, event.sensitivity) == (row.subject, row.user_id, "")
        assert event.data == {
            "notification_id": row.pk,
            "kind": "echo.ready",
            "subject": held.job.job_no,
            "unread": 2,
            "rows": 7,
            "error_code": "",
        }

    def test_an_older_fence_tells_nobody(self, world, held):
        assert not lifecycle.publish(queue.Claim(held.kind, held.job, held.fence - 1, "late:1"), Said(7))
        assert notifications(world, "finance") == []

    def test_automatic_retries_tell_nobody_and_the_last_failure_does(self, world, held, kind):
        claim = held
        for _attempt in range(3):
            lifecycle.fail(claim, StorageTrouble())
            assert notifications(world, "finance") == []
            with world.scope("finance"):
                kind.model.objects.filter(pk=held.job.pk).update(available_at=held.job.available_at)
            claim = queue.claim(kind, worker="test:1")
        lifecycle.fail(claim, StorageTrouble())
        (told,) = notifications(world, "finance")
        assert (told.kind, told.data["error_code"]) == ("echo.failed", "STORAGE_UNAVAILABLE")

    def test_release_tells_nobody(self, world, held):
        lifecycle.release(held)
        assert notifications(world, "finance") == []

    def test_a_timeout_is_a_failure(self, world, held):
        lifecycle.fail(held, JobTimeout(), stack="secret")
        (told,) = notifications(world, "finance")
        assert (told.kind, told.data) == ("echo.failed", {"rows": 0, "error_code": "EXPORT_TIMEOUT"})

    @pytest.mark.parametrize(("canceler", "kinds_told"), [("operator", []), ("admin", ["export.canceled"])])
    @pytest.mark.parametrize("status", ["queued", "processing"])
    def test_a_cancel_is_told_when_somebody_else_did_it(self, world, exports, canceler, kinds_told, status):
        job = exports.make("operator", status=status)
        with world.scope(canceler):
            services.cancel_export(job.job_no, actor=world.user(canceler))
            job.refresh_from_db()
        if status == "processing":
            lifecycle.cancel(queue.Claim(kinds.get("export"), job, job.fence, "test:1"))
        assert [told.kind for told in notifications(world, "operator")] == kinds_told
        assert {told.user_id for told in notifications(world, "operator")} <= {world.users["operator"][1]}

    def test_an_expiry_tells_nobody(self, world, exports):
        job = exports.make("operator", status="ready")
        with world.scope("operator"):
            lifecycle.expire(kinds.get("export"), job)
        assert notifications(world, "operator") == []

    def test_parts_of_another_job_tell_nobody(self, world):
        with world.scope("finance"):
            chunk = rows.one_of(ExportChunk, world.user("finance"))
            chunk.status = "failed"
            note_change(kinds.get("chunk"), chunk, before="processing")
        assert notifications(world, "finance") == []

    def test_the_notification_comes_before_the_status_without_a_gap(self, world, held):
        assert lifecycle.publish(held, Said(7))
        with world.scope("finance"):
            found = list(Event.objects.filter(subject=held.job.job_no).order_by("seq"))
        assert [event.type for event in found] == ["job.status", "job.status", "notification", "job.status"]
        assert [event.seq for event in found] == list(range(found[0].seq, found[0].seq + 4))


class TestWishes:
    def test_bell_off_and_no_mail_leaves_no_row(self, world, wish):
        wish(world, "finance", bell=["failed"])
        with world.scope("finance"):
            assert tell(user_id=world.users["finance"][1], kind="export.ready", subject="E1", data={}) is None
        assert notifications(world, "finance") == events(world, "finance") == []

    def test_mail_without_bell_is_a_row_that_is_read_and_no_event(self, world, wish, told):
        wish(world, "finance", bell=[], mail=["ready"])
        row = told(world, "finance")
        assert (row.mail, row.mail_attempts, row.read_at, row.mail_due_at) == (
            "queued",
            0,
            row.created_at,
            row.created_at,
        )
        assert events(world, "finance") == []

    def test_both_ways(self, world, wish, told):
        wish(world, "finance", mail=["failed"])
        assert [told(world, "finance", kind).mail for kind in ("export.ready", "export.failed")] == ["none", "queued"]
        assert len(events(world, "finance")) == 2

    @pytest.mark.parametrize(("bell", "count"), [([], 0), (["ready"], 1)])
    def test_no_mail_without_an_address(self, world, wish, bell, count):
        wish(world, "finance", bell=bell, mail=["ready"])
        with world.scope("finance"):
            User.objects.filter(pk=world.users["finance"][1]).update(email="")
            tell(user_id=world.users["finance"][1], kind="export.ready", subject="E1", data={})
        assert [row.mail for row in notifications(world, "finance")] == ["none"] * count

    def test_an_ending_that_nobody_can_choose_about_rings_the_bell_alone(self, world, wish, told):
        wish(world, "finance", bell=[], mail=["ready", "failed", "canceled"])
        row = told(world, "finance", "import.undone")
        assert (row.mail, row.read_at) == ("none", None)

    def test_wishes_are_each_persons_own(self, world, wish, told):
        wish(world, "operator", bell=[], mail=[])
        told(world, "finance")
        assert len(notifications(world, "finance")) == 1

    def test_a_broken_preference_counts_as_none(self, world, told, wish):
        wish(world, "finance", mail=["ready"])
        with world.scope("finance"):
            PagePreference.objects.update(value={"mail": "yes", "bell": {"ready": 1}, "other": 3})
        assert (told(world, "finance").mail, len(events(world, "finance"))) == ("none", 1)


def test_an_export_tells_rows_size_and_dataset_and_nothing_else(live):
    with live.scope("finance"):
        for number in range(3):
            samples.order(f"N{number}")
        job = services.request_export(dataset="orders", params={"status": "paid"}, actor=live.user("finance"))
    assert runner.run_one_due(kinds.get("export"), ring=False)
    with live.scope("finance"):
        job.refresh_from_db()
    (told,) = notifications(live, "finance")
    assert (told.kind, told.subject) == ("export.ready", job.job_no)
    assert told.data == {"type": "orders", "rows": job.row_count, "size": job.file_size, "error_code": ""}


def test_a_rolled_back_end_tells_nobody(live, echo, kind):
    echo(live, "finance")
    claim = queue.claim(kind, worker="test:1")
    with live.scope("finance"):
        assert lifecycle.publish(claim, Said(7))
        assert Notification.objects.count() == 1
        transaction.set_rollback(True)
    assert notifications(live, "finance") == events(live, "finance") == []
    assert lifecycle.publish(claim, Said(7))
    assert len(notifications(live, "finance")) == len(events(live, "finance")) == 1


def test_ending_a_job_and_changing_its_owner_do_not_wait_for_each_other_in_a_circle(live, echo, kind):
    """Who changes people locks their rows and then the head; so must who tells them."""
    echo(live, "finance")
    claim = queue.claim(kind, worker="test:1")
    person_locked, may_go_on = threading.Event(), threading.Event()

    def change_person() -> None:
        with live.scope("admin"):
            list(User.objects.filter(pk=live.users["finance"][1]).select_for_update(of=("self",)))
            person_locked.set()
            assert may_go_on.wait(20)
            lock_head()

    def end_job() -> None:
        assert lifecycle.publish(claim, Said(7))

    errors: list[BaseException] = []

    def run(function) -> None:
        try:
            in_thread(function)
        except BaseException as error:  # noqa: BLE001 - told to the test below
            errors.append(error)

    changer = threading.Thread(target=run, args=[change_person])
    changer.start()
    assert person_locked.wait(20)
    ender = threading.Thread(target=run, args=[end_job])
    ender.start()
    _wait_until_somebody_waits()
    may_go_on.set()
    for thread in (changer, ender):
        thread.join(20)
    assert errors == []
    assert len(notifications(live, "finance")) == 1


def _wait_until_somebody_waits() -> None:
    def waiting() -> bool:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            return cursor.fetchone()[0] > 0

    wait_for(waiting, 20, "the end of the job did not wait for the person's row")


def test_unread_is_counted_to_a_thousand(world, told):
    with world.scope("finance"):
        user = world.user("finance")
        row = told(world, "finance")
        Notification.objects.bulk_create(
            [Notification(user=user, kind="x.ready", subject=str(n), created_at=row.created_at) for n in range(1100)]
        )
    told(world, "finance")
    assert events(world, "finance")[-1].data["unread"] == 1000


def test_nobody_is_told_of_another_company(world, told):
    told(world, "finance")
    assert notifications(world, "acme_admin") == []
    with world.scope("acme_admin"):
        assert Notification.objects.filter(user_id=world.users["finance"][1]).count() == 0
        set_preference(page="notifications", value={}, actor=world.user("acme_admin"))
    assert len(notifications(world, "finance")) == 1
