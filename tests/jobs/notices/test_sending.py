"""Mail: what it says, that it is sent at most once, and what becomes of it when something breaks."""

import os
import re
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from email import message_from_bytes, policy

import pytest
from django.core import mail
from django.core.mail.backends.base import BaseEmailBackend
from django.db import connection
from django.utils import timezone

from accounts.models import Tenant, User
from exportcenter.management.commands import doctor
from jobs.models import Notification
from jobs.notices import presenting, sending
from tests.exports_helpers import ROOT, in_thread
from tests.jobs.notices.smtp import MailServer
from tests.processes import wait_for

LOCMEM = "django.core.mail.backends.locmem.EmailBackend"
SMTP = "django.core.mail.backends.smtp.EmailBackend"
LATER = [timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30)]


class Counting(BaseEmailBackend):
    """Notes what is sent, slowly, so that senders meet."""

    sent: list[str] = []
    lock = threading.Lock()

    def send_messages(self, messages):
        time.sleep(0.01)
        with self.lock:
            self.sent.extend(message.extra_headers["Message-ID"] for message in messages)
        return len(messages)


class Failing(BaseEmailBackend):
    """Takes nothing."""

    def send_messages(self, messages):
        raise OSError("the disk is full\nreally \0")


class Unopened(BaseEmailBackend):
    """Cannot even be reached."""

    def open(self):
        raise TimeoutError("no answer")


@pytest.fixture
def wanted(wish):
    """Everybody of a few wants mail about everything."""

    def _wanted(world, *names: str) -> None:
        for name in names:
            wish(world, name, mail=["ready", "failed", "canceled"])

    return _wanted


@pytest.fixture
def server(settings):
    """server("cut") → a mail server to which the product sends."""
    made = []

    def _server(manner: str) -> MailServer:
        made.append(MailServer(manner))
        settings.EMAIL_BACKEND, settings.EMAIL_HOST, settings.EMAIL_PORT = SMTP, "127.0.0.1", made[-1].port
        return made[-1]

    yield _server
    for one in made:
        one.close()


def now_of(world, name: str, notification: Notification) -> Notification:
    with world.scope(name):
        return Notification.objects.get(pk=notification.pk)


def state(world, name: str, notification: Notification) -> tuple[str, int]:
    row = now_of(world, name, notification)
    return row.mail, row.mail_attempts


def make_due(world, name: str) -> None:
    with world.scope(name):
        Notification.objects.exclude(mail_due_at=None).update(mail_due_at=timezone.now() - timedelta(seconds=1))


class TestLetter:
    def test_what_it_says_to_people_of_the_platform(self, world, wanted, told, settings):
        settings.SITE_URL = "https://exports.example.com"
        wanted(world, "finance")
        with world.scope("finance"):
            User.objects.filter(pk=world.users["finance"][1]).update(language="en")
        row = told(world, "finance")
        assert sending.send_due() == 1
        (letter,) = mail.outbox
        assert letter.subject == "Export E20261001001 is ready · Export Center"
        assert letter.to == ["finance@example.com"]
        assert letter.body == (
            "Export E20261001001 is ready\n\n"
            "“Orders”: 1,234,567 rows, 11.8 MB.\nDownload the file before it expires.\n\n"
            "Open it here: https://exports.example.com/admin/exports/E20261001001/\n\n"
            "-- \nYou have asked for this mail. Change that here: https://exports.example.com/accounts/notifications/\n"
        )
        assert letter.extra_headers["Message-ID"] == f"<notification-{row.pk}@exports.example.com>"
        assert letter.message().get_content_type() == "text/plain"
        assert state(world, "finance", row) == ("sent", 1)

    def test_the_persons_language(self, world, wanted, told):
        wanted(world, "finance")
        told(world, "finance", "export.failed", error_code="EXPORT_TIMEOUT")
        sending.send_due()
        (letter,) = mail.outbox
        assert letter.subject == "导出 E20261001001 失败 · 导出中心"
        assert "“订单”：任务超过" in letter.body
        assert "Export" not in letter.body

    def test_client_people_get_no_link_to_a_page_they_have_not(self, world, wanted, told):
        wanted(world, "acme_admin")
        told(world, "acme_admin", type="members")
        sending.send_due()
        (letter,) = mail.outbox
        assert "/admin/" not in letter.body
        assert "/accounts/notifications/" in letter.body

    @pytest.mark.parametrize("kind", ["export.ready", "export.failed", "export.canceled", "echo.ready", "x.y"])
    def test_never_a_download_link(self, world, wanted, told, kind):
        wanted(world, "finance")
        row = told(world, "finance", kind)
        with world.scope("finance"):
            Notification.objects.filter(pk=row.pk).update(mail="queued", mail_due_at=row.created_at)
        assert sending.send_due() == 1
        (letter,) = mail.outbox
        assert not re.search(r"token|download\?|/api/", letter.body)
        assert row.subject in letter.body

    def test_every_ending_of_an_export_has_words(self):
        assert {"export.ready", "export.failed", "export.canceled"} <= set(presenting.kinds())
        with pytest.raises(ValueError, match="twice"):
            presenting.register("export.ready")(presenting._plain)


class TestOnce:
    def test_what_is_sent_is_not_sent_again(self, world, wanted, told):
        wanted(world, "finance")
        told(world, "finance")
        assert [sending.send_due() for _run in range(3)] == [1, 0, 0]
        assert len(mail.outbox) == 1

    def test_one_run_serves_every_company(self, world, wanted, told):
        wanted(world, "finance", "acme_admin", "globex_admin")
        for name in ("finance", "acme_admin", "globex_admin"):
            told(world, name)
        assert sending.send_due() == 3
        assert {letter.to[0] for letter in mail.outbox} == {
            "finance@example.com",
            "acme_admin@example.com",
            "globex_admin@example.com",
        }

    def test_eight_senders_send_each_mail_once(self, live, wanted, told, settings):
        settings.EMAIL_BACKEND = f"{__name__}.Counting"
        Counting.sent = []
        wanted(live, "finance", "acme_admin")
        made = [told(live, name) for name in ("finance", "acme_admin") * 30]
        with ThreadPoolExecutor(8) as pool:
            counts = list(pool.map(lambda _n: in_thread(sending.send_due), range(8)))
        assert sum(counts) == len(Counting.sent) == len(set(Counting.sent)) == len(made) == 60
        assert sum(1 for count in counts if count) > 1, "one sender did it all: nothing was proved"
        for name in ("finance", "acme_admin"):
            with live.scope(name):
                assert set(Notification.objects.values_list("mail", "mail_attempts")) == {("sent", 1)}

    def test_a_sender_that_is_killed_in_the_middle_leaves_it_unknown(self, live, wanted, told, server):
        stalling = server("stall")
        wanted(live, "finance")
        row = told(live, "finance")
        code = "import django; django.setup(); from jobs.notices.sending import send_due; send_due()"
        sender = subprocess.Popen(
            [sys.executable, "-c", code],
            cwd=ROOT,
            env=os.environ | {"EMAIL_URL": f"smtp://127.0.0.1:{stalling.port}"},
        )
        try:
            assert stalling.arrived.wait(30)
        finally:
            sender.kill()
            sender.wait(10)
        assert state(live, "finance", row) == ("queued", 1)
        due = now_of(live, "finance", row).mail_due_at - timezone.now()
        assert timedelta(minutes=9) < due <= timedelta(minutes=10)
        assert sending.send_due() == 0
        assert state(live, "finance", row) == ("queued", 1)
        make_due(live, "finance")
        assert [sending.send_due(), sending.send_due()] == [0, 0]
        lost = now_of(live, "finance", row)
        assert (lost.mail, lost.mail_attempts, lost.mail_due_at) == ("unknown", 1, None)
        assert lost.mail_error
        assert len(stalling.received) == 1

    def test_a_line_that_breaks_after_the_content_leaves_it_unknown(self, world, wanted, told, server):
        cutting = server("cut")
        wanted(world, "finance")
        row = told(world, "finance")
        assert sending.send_due() == 0
        assert state(world, "finance", row) == ("unknown", 1)
        assert "SMTPServerDisconnected" in now_of(world, "finance", row).mail_error
        assert sending.send_due() == 0
        assert len(cutting.received) == 1

    def test_a_sender_that_wakes_up_late_tells_the_truth(self, live, wanted, told, server):
        """Paused beyond its lease, after the server took the mail: sent after all, and by nobody else."""
        stalling = server("stall")
        wanted(live, "finance")
        row = told(live, "finance")
        with ThreadPoolExecutor(1) as pool:
            late = pool.submit(in_thread, sending.send_due)
            assert stalling.arrived.wait(30)
            make_due(live, "finance")
            assert sending.send_due() == 0
            assert state(live, "finance", row) == ("unknown", 1)
            stalling.release.set()
            assert late.result(30) == 1
        assert state(live, "finance", row) == ("sent", 1)
        assert len(stalling.received) == 1

    def test_what_is_locked_by_another_sender_is_passed_over(self, live, wanted, told, superuser):
        wanted(live, "finance")
        first, second = told(live, "finance"), told(live, "finance")
        with superuser.transaction():
            superuser.execute("SELECT 1 FROM jobs_notification WHERE id = %s FOR UPDATE", [first.pk])
            assert sending.send_due() == 1
        assert state(live, "finance", first) == ("queued", 0)
        assert state(live, "finance", second) == ("sent", 1)
        assert mail.outbox[-1].extra_headers["Message-ID"].startswith(f"<notification-{second.pk}@")


class TestFailure:
    def test_after_one_five_and_thirty_minutes_and_then_never(self, world, wanted, told, settings):
        settings.EMAIL_BACKEND = f"{__name__}.Failing"
        wanted(world, "finance")
        row = told(world, "finance")
        for attempt, pause in enumerate(LATER, start=1):
            assert sending.send_due() == 0
            failed = now_of(world, "finance", row)
            assert pause - timedelta(seconds=30) < failed.mail_due_at - timezone.now() <= pause
            assert (failed.mail, failed.mail_attempts) == ("queued", attempt)
            assert failed.mail_error == "OSError: the disk is full really  "
            assert sending.send_due() == 0
            assert state(world, "finance", row) == ("queued", attempt)
            make_due(world, "finance")
        assert sending.send_due() == 0
        failed = now_of(world, "finance", row)
        assert (failed.mail, failed.mail_attempts, failed.mail_due_at) == ("failed", 4, None)
        assert failed.mail_error
        settings.EMAIL_BACKEND = LOCMEM
        assert sending.send_due() == 0

    def test_a_failure_that_heals(self, world, wanted, told, settings):
        settings.EMAIL_BACKEND = f"{__name__}.Unopened"
        wanted(world, "finance")
        row = told(world, "finance")
        sending.send_due()
        assert now_of(world, "finance", row).mail_error == "TimeoutError: no answer"
        settings.EMAIL_BACKEND = LOCMEM
        make_due(world, "finance")
        assert sending.send_due() == 1
        healed = now_of(world, "finance", row)
        assert (healed.mail, healed.mail_attempts, healed.mail_error) == ("sent", 2, "")

    @pytest.mark.parametrize(("manner", "word"), [("refuse", "SMTPRecipientsRefused"), ("reject", "SMTPDataError")])
    def test_a_server_that_says_no(self, world, wanted, told, server, manner, word):
        server(manner)
        wanted(world, "finance")
        row = told(world, "finance")
        assert sending.send_due() == 0
        refused = now_of(world, "finance", row)
        assert (refused.mail, refused.mail_attempts) == ("queued", 1)
        assert word in refused.mail_error

    def test_a_server_that_is_away(self, world, wanted, told, settings):
        settings.EMAIL_BACKEND, settings.EMAIL_HOST, settings.EMAIL_PORT = SMTP, "127.0.0.1", 1
        wanted(world, "finance")
        row = told(world, "finance")
        assert sending.send_due() == 0
        assert state(world, "finance", row) == ("queued", 1)

    def test_a_real_server_gets_a_real_mail(self, world, wanted, told, server):
        accepting = server("accept")
        wanted(world, "finance")
        told(world, "finance")
        assert sending.send_due() == 1
        (letter,) = accepting.received
        assert letter["To"] == "finance@example.com"
        assert letter["Subject"].strip() == "导出 E20261001001 已完成 · 导出中心"
        assert letter.get_content_type() == "text/plain"
        assert "1,234,567" in letter.get_content()

    def test_words_that_break_do_not_hold_up_the_others(self, world, wanted, told, monkeypatch):
        def broken(_notification):
            raise ZeroDivisionError("words")

        monkeypatch.setitem(presenting._presenters, "echo.ready", broken)
        wanted(world, "finance")
        bad, good = told(world, "finance", "echo.ready"), told(world, "finance")
        assert sending.send_due() == 1
        assert state(world, "finance", bad) == ("queued", 1)
        assert now_of(world, "finance", bad).mail_error == "ZeroDivisionError: words"
        assert state(world, "finance", good) == ("sent", 1)


class TestGone:
    @pytest.mark.parametrize("gone", ["person", "company", "address"])
    def test_nobody_to_send_to(self, world, wanted, told, gone):
        wanted(world, "acme_admin")
        row = told(world, "acme_admin")
        with world.scope("acme_admin"):
            if gone == "company":
                Tenant.objects.update(is_active=False)
            else:
                change = {"is_active": False} if gone == "person" else {"email": ""}
                User.objects.filter(pk=row.user_id).update(**change)
        assert sending.send_due() == 0
        after = now_of(world, "acme_admin", row)
        assert (after.mail, after.mail_attempts, after.mail_due_at) == ("none", 0, None)
        assert "no" in after.mail_error
        assert mail.outbox == []

    def test_mail_that_is_not_due_waits(self, world, wanted, told):
        wanted(world, "finance")
        row = told(world, "finance")
        with world.scope("finance"):
            Notification.objects.update(mail_due_at=timezone.now() + timedelta(hours=1))
        assert sending.send_due() == 0
        assert state(world, "finance", row) == ("queued", 0)

    def test_a_run_ends_in_time_and_the_next_goes_on(self, world, wanted, told):
        wanted(world, "finance")
        told(world, "finance")
        assert sending.send_due(seconds=0) == 0
        assert sending.send_due() == 1


def test_files_hold_the_mail_when_nothing_else_is_set(live, wanted, told, settings, tmp_path):
    settings.EMAIL_BACKEND, settings.EMAIL_FILE_PATH = "django.core.mail.backends.filebased.EmailBackend", str(tmp_path)
    wanted(live, "finance")
    told(live, "finance")
    assert sending.send_due() == 1
    (file,) = tmp_path.iterdir()
    assert message_from_bytes(file.read_bytes(), policy=policy.default)["To"] == "finance@example.com"


def test_the_default_is_a_private_folder_of_files():
    code = "from django.conf import settings as s; print(s.EMAIL_BACKEND, s.EMAIL_FILE_PATH, s.SITE_URL)"
    environment = {name: value for name, value in os.environ.items() if name not in ("EMAIL_URL", "SITE_URL")}
    said = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    ).stdout.split()
    folder = os.path.join(os.environ["VAR_DIR"], "mail")
    assert said == ["django.core.mail.backends.filebased.EmailBackend", folder, "http://127.0.0.1:8000"]
    assert os.stat(folder).st_mode & 0o777 == 0o700


@pytest.mark.parametrize("address", ["exports.example.com", "ftp://x", "https://", "javascript:alert(1)"])
def test_an_address_of_the_site_that_is_none_stops_the_start(address):
    code = "from django.conf import settings as s; s.DEBUG"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=os.environ | {"SITE_URL": address},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("error: SITE_URL must be an address")


@pytest.mark.processes
def test_a_worker_sends_as_soon_as_the_bell_rings(live, wanted, told, processes, tmp_path):
    folder = tmp_path / "mail"
    processes.worker(queues="bells", EMAIL_URL=f"filemail:///{folder}")
    wanted(live, "finance")
    row = told(live, "finance")
    wait_for(lambda: state(live, "finance", row) == ("sent", 1), 20, f"no mail was sent: {processes.logs()}")
    assert len(list(folder.iterdir())) == 1


def test_the_timetable_knows_the_tasks(world):
    from django_celery_beat.models import PeriodicTask

    from exportcenter.celery import app

    app.loader.import_default_modules()
    for name, minutes in {"jobs.send_mail": 1, "jobs.prune_pages": 60}.items():
        entry = PeriodicTask.objects.get(task=name)
        assert name in app.tasks
        assert (entry.interval.every, entry.interval.period, entry.enabled) == (minutes, "minutes", True)
    connection.close()


class TestDoctor:
    def test_a_server_that_lets_us_in(self, server):
        accepting = server("accept")
        assert doctor.mail() == f"127.0.0.1:{accepting.port}"

    def test_a_server_that_is_away(self, settings):
        settings.EMAIL_BACKEND, settings.EMAIL_HOST, settings.EMAIL_PORT = SMTP, "127.0.0.1", 1
        with pytest.raises(doctor.Wrong, match=r"127\.0\.0\.1:1: .*\nCheck EMAIL_URL"):
            doctor.mail()

    def test_a_folder_that_is_there_and_one_that_is_not(self, settings, tmp_path):
        settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
        settings.EMAIL_FILE_PATH = str(tmp_path)
        assert str(tmp_path) in doctor.mail()
        settings.EMAIL_FILE_PATH = str(tmp_path / "gone")
        with pytest.raises(doctor.Wrong, match="mail folder"):
            doctor.mail()
