"""The process that sends, as in life: killed in the middle, away for a while, several at once, with slow receivers."""

import signal
import subprocess
import sys
import threading
import time

import pytest
from django.db import connection

from jobs.models import WebhookDelivery
from jobs.webhooks.fanout import fan_out
from jobs.webhooks.sending import send_next
from tests.exports_helpers import in_thread
from tests.processes import kill_family, wait_for
from tests.receiver import Certificate, Receiver, says

SCALE = "1000"


@pytest.fixture
def start(processes):
    """start() → a running `manage.py webhooks`."""

    def _start(**environment: str) -> subprocess.Popen:
        log = processes.folder / f"webhooks-{len(processes._running)}.log"
        settings = {"WEBHOOK_ALLOW_PRIVATE": "True", "WEBHOOK_TIME_SCALE": SCALE} | environment
        process = processes._start([sys.executable, "manage.py", "webhooks"], log, settings)
        wait_for(lambda: "ready" in log.read_text(), 90, f"webhooks did not start: {processes.logs()}")
        return process

    return _start


def job_numbers(receiver: Receiver) -> list[str]:
    return [got.json["data"]["job_id"] for got in receiver.received]


@pytest.mark.processes
class TestProcess:
    def test_it_sends_soon_after_the_event(self, live, hook, jobs, receive, start, log):
        receiver = receive()
        webhook, secret = hook("finance", receiver.url)
        start()
        began = time.monotonic()
        job = jobs.become("finance")
        wait_for(lambda: receiver.received, 15, "nothing was sent")
        assert time.monotonic() - began < 5
        assert receiver.received[0].is_genuine(secret)
        assert job_numbers(receiver) == [job.job_no]
        wait_for(lambda: log.states(webhook) == ["sent"], 5, "it was not written down")

    def test_killed_in_the_middle_and_away_for_a_while_nothing_is_lost(
        self, live, hook, jobs, receive, start, log, processes
    ):
        """kill -9 while a message is on its way, then events without any sender, then another one."""
        receiver = receive()
        receiver.manner = lambda handler, number: (receiver.hang if number == 2 else says(200))(handler, number)
        webhook, secret = hook("finance", receiver.url)
        made = [jobs.become("finance").job_no for _number in range(5)]
        first = start()
        wait_for(lambda: len(receiver.received) == 3, 20, "the third message did not come")
        kill_family(first)
        made += [jobs.become("finance").job_no for _number in range(5)]
        start()
        wait_for(lambda: log.states(webhook) == ["sent"] * 10, 40, "not all were sent")
        assert job_numbers(receiver) == [*made[:3], made[2], *made[3:]], "lost, in disorder, or more than once"
        ids = [got.id for got in receiver.received]
        assert (len(ids), len(set(ids))) == (11, 10)
        assert ids[2] == ids[3], "a receiver cannot tell that it is the same message"
        assert all(got.is_genuine(secret) for got in receiver.received)

    def test_killed_again_and_again_while_events_come(self, live, hook, jobs, receive, start, log, processes):
        receivers = [receive() for _number in range(3)]
        hooks = [hook("finance", receiver.url)[0] for receiver in receivers]
        for receiver in receivers:
            receiver.manner = lambda handler, number: (time.sleep(0.02), says(200)(handler, number))
        made: list[str] = []

        def work() -> None:
            made.extend(jobs.become("finance").job_no for _number in range(40))
            connection.close()

        busy = threading.Thread(target=work)
        busy.start()
        for _death in range(3):
            victim = start()
            time.sleep(0.7)
            kill_family(victim)
        busy.join()
        start()
        for webhook, receiver in zip(hooks, receivers, strict=True):
            wait_for(lambda one=webhook: log.states(one) == ["sent"] * 40, 60, f"not all: {processes.logs()[-3000:]}")
            seen = list(dict.fromkeys(job_numbers(receiver)))
            assert seen == made, "in another order than it happened"
            assert receiver.most_at_once <= 2, "more than the one of a sender that was killed"

    def test_several_processes_send_each_message_once(self, live, hook, jobs, receive, start, log):
        receiver = receive()
        receiver.manner = lambda handler, number: (time.sleep(0.02), says(200)(handler, number))
        webhook, _secret = hook("finance", receiver.url)
        for _number in range(2):
            start()
        made = [jobs.become("finance").job_no for _number in range(20)]
        wait_for(lambda: log.states(webhook) == ["sent"] * 20, 40, "not all were sent")
        assert job_numbers(receiver) == made
        assert receiver.most_at_once == 1

    def test_a_receiver_that_hangs_holds_up_nobody(self, live, hook, jobs, receive, start, log):
        slow, fast = receive(), receive()
        slow.manner = slow.hang
        hook("finance", slow.url)
        quick, _secret = hook("finance", fast.url)
        start(WEBHOOK_SENDERS="2")
        made = [jobs.become("finance").job_no for _number in range(5)]
        wait_for(lambda: len(fast.received) == 5, 8, "the fast one waited for the slow one")
        assert job_numbers(fast) == made
        assert len(slow.received) == 1
        wait_for(lambda: log.states(quick) == ["sent"] * 5, 5, "it was not written down")

    def test_told_to_stop_it_lets_arrive_what_is_on_its_way(self, live, hook, jobs, receive, start, log):
        receiver = receive()
        receiver.manner = lambda handler, number: (time.sleep(1.5), says(200)(handler, number))
        webhook, _secret = hook("finance", receiver.url)
        for _number in range(3):
            jobs.become("finance")
        process = start()
        wait_for(lambda: receiver.received, 10, "nothing came")
        process.send_signal(signal.SIGTERM)
        assert process.wait(12) == 0
        assert sorted(log.states(webhook)) == ["queued", "queued", "sent"]
        assert log.now(webhook).lease_until is None

    def test_https_with_the_systems_authorities(self, live, hook, jobs, receive, start, log, tmp_path):
        certificate = Certificate(tmp_path, "localhost")
        receiver = receive(certificate=certificate)
        webhook, secret = hook("finance", f"https://localhost:{receiver.port}/hook")
        start(SSL_CERT_FILE=str(certificate.file))
        jobs.become("finance")
        wait_for(lambda: log.states(webhook) == ["sent"], 15, "it did not arrive")
        assert receiver.received[0].is_genuine(secret)
        assert receiver.names[-1] == "localhost"


def test_no_connection_and_no_transaction_while_a_message_is_on_its_way(live, hook, jobs, receive, superuser):
    receiver = receive()
    receiver.manner = receiver.hang
    hook("finance", receiver.url)
    jobs.become("finance")
    fan_out()
    connection.close()
    backends = """SELECT count(*) FROM pg_stat_activity
                  WHERE datname = current_database() AND usename = 'exportcenter_app'"""
    before = superuser.execute(backends).fetchone()[0]
    sender = threading.Thread(target=in_thread, args=[send_next])
    sender.start()
    wait_for(lambda: receiver.received, 10, "nothing came")
    connection.close()
    try:
        wait_for(lambda: superuser.execute(backends).fetchone()[0] <= before, 5, "a connection is held")
    finally:
        receiver.release.set()
        sender.join()
    with live.scope("finance"):
        assert list(WebhookDelivery.objects.values_list("state", flat=True)) == ["sent"]


def test_senders_in_threads_share_the_work_and_never_one_receiver(live, hook, jobs, receive):
    receivers = [receive() for _number in range(4)]
    for receiver in receivers:
        receiver.manner = lambda handler, number: (time.sleep(0.05), says(200)(handler, number))
        hook("finance", receiver.url)
    for _number in range(5):
        jobs.become("finance")
    assert fan_out() == 20

    def send() -> None:
        while send_next():
            pass

    threads = [threading.Thread(target=in_thread, args=[send]) for _number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    while send_next():  # a sender that found all receivers busy has gone home early
        pass
    with live.scope("finance"):
        told = list(WebhookDelivery.objects.values_list("state", "attempts", "response_code", "error", "error_detail"))
    assert set(told) == {("sent", 1, 200, "", "")}
    assert [len(receiver.received) for receiver in receivers] == [5] * 4
    assert [receiver.most_at_once for receiver in receivers] == [1] * 4


def test_two_that_look_at_events_write_each_message_once(live, hook, jobs):
    hook("finance", "http://127.0.0.1:9/")
    hook("acme_admin", "http://127.0.0.1:9/", scope="company")
    for name in ("finance", "acme_manager") * 10:
        jobs.become(name)
    counts: list[int] = []
    threads = [threading.Thread(target=in_thread, args=[lambda: counts.append(fan_out())]) for _number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    counts.append(fan_out())
    assert sum(counts) == 20
    for name in ("finance", "acme_admin"):
        with live.scope(name):
            numbers = list(WebhookDelivery.objects.order_by("event_seq").values_list("event_seq", flat=True))
            assert len(numbers) == len(set(numbers)) == 10


def test_a_webhook_that_cannot_be_served_does_not_stop_the_others(live, hook, jobs, receive, monkeypatch):
    from jobs.webhooks import fanout

    bad, _secret = hook("finance", "http://127.0.0.1:9/")
    receiver = receive()
    hook("finance", receiver.url)
    advance = fanout._advance

    def broken(key):
        if key == bad.pk:
            raise ZeroDivisionError("this one")
        return advance(key)

    monkeypatch.setattr(fanout, "_advance", broken)
    jobs.become("finance")
    assert fan_out() == 1
    monkeypatch.setattr(fanout, "_advance", advance)
    assert fan_out() == 1
