"""From an event to a receiver: what arrives, signed how, when it is tried again, and when it is given up."""

import json
from datetime import timedelta
from itertools import pairwise

import pytest
from django.utils import timezone

from accounts.models import AuditEntry
from exportcenter.common import egress
from jobs.models import Notification, WebhookDelivery, WebhookSecret
from jobs.webhooks import retention, schedule, secrets, sending, services
from jobs.webhooks.fanout import fan_out
from jobs.webhooks.sending import Attempt, send_next, take, wish_in
from tests.exports_helpers import API
from tests.receiver import says, then

PAUSES = [5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400]
"""Seconds, from the requirement."""


class TestArrival:
    def test_what_arrives(self, world, hook, jobs, receive, run, log, sign_in):
        receiver = receive()
        webhook, secret = hook("finance", receiver.url)
        job = jobs.become("finance", "ready", "orders")
        assert run() == 1
        (got,) = receiver.received
        assert got.path == "/hook"
        assert got.headers["content-type"] == "application/json; charset=utf-8"
        assert got.is_genuine(secret)
        assert list(got.json) == ["type", "timestamp", "data"]
        assert got.json["type"] == "job.status"
        data = got.json["data"]
        assert (data["job_id"], data["from"], data["status"]) == (job.job_no, "processing", "ready")
        shown = sign_in("finance").get(f"{API}/{job.job_no}").json()
        assert shown["download_url"]
        assert data["job"] == shown | {"download_url": None}
        assert b"token" not in got.body
        (row,) = log.of(webhook)
        assert (row.state, row.attempts, row.response_code, row.answer, row.error) == ("sent", 1, 200, "thanks", "")
        assert got.id == row.message_id
        assert row.message_id.startswith("msg_")
        assert row.milliseconds is not None
        assert run() == 0

    @pytest.mark.parametrize("change", ["body", "id", "timestamp", "secret"])
    def test_a_message_that_was_changed_is_not_genuine(self, world, hook, jobs, receive, run, change):
        receiver = receive()
        _webhook, secret = hook("finance", receiver.url)
        _other, other_secret = hook("finance", receiver.url, statuses=["failed"])
        jobs.become("finance")
        run()
        (got,) = receiver.received
        assert got.is_genuine(secret)
        if change == "body":
            got.body = got.body.replace(b"ready", b"reads", 1)
        elif change == "secret":
            secret = other_secret
        else:
            name = f"webhook-{change}"
            got.headers[name] = got.headers[name][:-1] + ("1" if got.headers[name][-1] != "1" else "2")
        assert not got.is_genuine(secret)

    def test_each_event_once_and_in_order(self, world, hook, jobs, receive, run, log):
        receiver = receive()
        webhook, _secret = hook("finance", receiver.url)
        made = [jobs.become("finance", status).job_no for status in ("queued", "ready", "failed", "canceled") * 3]
        assert run() == 12
        assert [got.json["data"]["job_id"] for got in receiver.received] == made
        assert len({got.id for got in receiver.received}) == 12
        assert [fan_out(), run()] == [0, 0]
        assert log.states(webhook) == ["sent"] * 12

    def test_what_happened_before_it_was_made_is_not_told(self, world, hook, jobs, receive, run):
        receiver = receive()
        jobs.become("finance")
        hook("finance", receiver.url)
        assert run() == 0

    @pytest.mark.parametrize(
        ("fields", "heard"),
        [
            ({}, [0, 1, 2, 3]),
            ({"statuses": ["ready"]}, [0, 2]),
            ({"statuses": ["failed", "queued"]}, [1, 3]),
            ({"datasets": ["orders"]}, [2, 3]),
            ({"datasets": ["orders"], "statuses": ["ready"]}, [2]),
            ({"kinds": ["export"]}, [0, 1, 2, 3]),
            ({"kinds": ["echo"]}, []),
        ],
    )
    def test_only_what_was_asked_for(self, world, hook, jobs, receive, run, fields, heard):
        receiver = receive()
        hook("finance", receiver.url, **fields)
        made = [
            jobs.become("finance", status, dataset).job_no
            for status, dataset in (
                ("ready", "members"),
                ("failed", "members"),
                ("ready", "orders"),
                ("queued", "orders"),
            )
        ]
        run()
        assert [got.json["data"]["job_id"] for got in receiver.received] == [made[index] for index in heard]

    def test_every_company_in_one_run_and_nobody_elses_jobs(self, world, hook, jobs, receive, run):
        ours, theirs = receive(), receive()
        hook("admin", ours.url, scope="company")
        hook("acme_admin", theirs.url, scope="company")
        mine = [jobs.become(name).job_no for name in ("finance", "operator")]
        foreign = jobs.become("acme_manager").job_no
        assert run() == 3
        assert [got.json["data"]["job_id"] for got in ours.received] == mine
        assert [got.json["data"]["job_id"] for got in theirs.received] == [foreign]

    def test_of_ones_own_and_what_one_may_see(self, world, hook, jobs, receive, run):
        receiver = receive()
        hook("finance", receiver.url)
        own, amount = jobs.become("finance").job_no, jobs.become("operator", dataset="orders").job_no
        jobs.become("operator", dataset="members")
        jobs.become("risk", dataset="risk_hits")
        run()
        assert [got.json["data"]["job_id"] for got in receiver.received] == [own, amount]

    def test_the_words_are_in_the_owners_language_and_the_stack_stays_here(self, world, hook, jobs, receive, run):
        receiver = receive()
        hook("finance", receiver.url)
        jobs.become("finance", "failed", "orders")
        run()
        (got,) = receiver.received
        assert b"secret stack" not in got.body
        assert got.json["data"]["job"]["error"]["code"] == "EXPORT_TIMEOUT"

    def test_a_job_that_is_gone_by_now(self, world, hook, jobs, receive, run):
        receiver = receive()
        hook("finance", receiver.url)
        job = jobs.become("finance", "expired")
        with world.scope("finance"):
            job.delete()
        run()
        (got,) = receiver.received
        assert (got.json["data"]["job"], got.json["data"]["status"]) == (None, "expired")


class TestAgain:
    def test_the_pauses_of_the_requirement(self, world, hook, jobs, receive, run, log):
        receiver = receive(says(500, b"\xff\0" + b"no" * 2000))
        webhook, secret = hook("finance", receiver.url)
        jobs.become("finance")
        for attempt, pause in enumerate(PAUSES, start=1):
            assert run() == 1
            (row,) = log.of(webhook)
            assert (row.state, row.attempts, row.response_code, row.error) == ("queued", attempt, 500, "status")
            wait = (row.next_attempt_at - timezone.now()).total_seconds()
            assert 0.9 * pause - 30 < wait <= 1.1 * pause
            assert run() == 0
            log.make_due(webhook)
        assert run() == 1
        (row,) = log.of(webhook)
        assert (row.state, row.attempts, row.next_attempt_at) == ("failed", 10, None)
        assert row.answer == "\ufffd\ufffd" + "no" * 511
        log.make_due(webhook)
        assert run() == 0
        assert len(receiver.received) == 10
        assert len({got.id for got in receiver.received}) == 1
        assert all(got.is_genuine(secret) for got in receiver.received)
        assert 75 <= sum(PAUSES) / 3600 < 76

    def test_pauses_differ_so_that_not_all_come_at_once(self):
        assert len({schedule.pause_after(3) for _number in range(20)}) > 10

    def test_a_receiver_that_comes_back(self, world, hook, jobs, receive, run, log):
        receiver = receive(then(says(503), says(500), says(204, b"")))
        webhook, _secret = hook("finance", receiver.url)
        made = [jobs.become("finance").job_no for _number in range(3)]
        for _attempt in range(4):
            run()
            log.make_due(webhook)
        told = [got.json["data"]["job_id"] for got in receiver.received]
        assert told == [made[0], made[0], *made], "the order was lost in a short outage"
        now = log.now(webhook)
        assert (log.states(webhook), now.failures, now.failing_since) == (["sent"] * 3, 0, None)

    def test_while_it_fails_the_others_wait_but_not_for_long(self, world, hook, jobs, receive, run, log):
        receiver = receive(says(500))
        webhook, _secret = hook("finance", receiver.url)
        for _number in range(5):
            jobs.become("finance")
        assert run() == 1
        for _failure in range(4):
            log.make_due(webhook)
            assert run() == 1
        hold = log.now(webhook).not_before - timezone.now()
        assert hold <= timedelta(minutes=5)
        assert log.now(webhook).failures == 5

    @pytest.mark.parametrize(
        ("asked", "least", "most"), [("3600", 3500, 3600), ("1", 0, 6), ("999999999", 86_000, 86_400)]
    )
    def test_retry_after_is_respected(self, world, hook, jobs, receive, run, log, asked, least, most):
        receiver = receive(says(429, b"", Retry_After=asked))
        webhook, _secret = hook("finance", receiver.url)
        jobs.become("finance")
        run()
        (row,) = log.of(webhook)
        assert least < (row.next_attempt_at - timezone.now()).total_seconds() <= most
        assert least < (log.now(webhook).not_before - timezone.now()).total_seconds() <= most

    def test_retry_after_in_words(self):
        assert wish_in("120") == timedelta(seconds=120)
        assert wish_in("Wed, 21 Oct 2015 07:28:00 GMT") == timedelta()
        soon = (timezone.now() + timedelta(hours=2)).strftime("%a, %d %b %Y %H:%M:%S GMT")
        assert timedelta(minutes=119) < wish_in(soon) <= timedelta(hours=2)
        for nonsense in ("", "soon", "-5", "1.5", "٣", "Wed, 99 Oct"):
            assert wish_in(nonsense) is None

    @pytest.mark.parametrize("status", [301, 302, 307])
    def test_a_redirect_is_a_failure(self, world, hook, jobs, receive, run, log, status):
        elsewhere = receive()
        receiver = receive(says(status, b"", Location=elsewhere.url))
        webhook, _secret = hook("finance", receiver.url)
        jobs.become("finance")
        run()
        (row,) = log.of(webhook)
        assert (row.state, row.response_code, row.error) == ("queued", status, "status")
        assert elsewhere.received == []

    def test_nobody_there(self, world, hook, jobs, receive, run, log):
        receiver = receive()
        receiver.close()
        webhook, _secret = hook("finance", receiver.url)
        jobs.become("finance")
        run()
        (row,) = log.of(webhook)
        assert (row.state, row.response_code, row.error) == ("queued", None, "no_connection")

    def test_a_name_that_leads_inside_by_now(self, world, hook, jobs, receive, run, log, settings, monkeypatch):
        """It was public when it was registered."""
        inside = receive()
        settings.WEBHOOK_ALLOW_PRIVATE, settings.WEBHOOK_PORTS = False, [443, inside.port]
        answers = iter([["1.1.1.1"], ["127.0.0.1"], ["127.0.0.1"]])
        monkeypatch.setattr(egress, "system_resolver", lambda _host, _port: next(answers))
        webhook, _secret = hook("finance", f"https://hooks.example.com:{inside.port}/")
        jobs.become("finance")
        run()
        (row,) = log.of(webhook)
        assert (row.state, row.error) == ("queued", "address_refused")
        assert inside.received == []


class TestOff:
    def heard(self, world, name):
        with world.scope(name):
            return list(
                Notification.objects.filter(kind__startswith="webhook").values_list("user_id", "kind", "data__reason")
            )

    def test_410_switches_it_off(self, world, hook, jobs, receive, run, log):
        receiver = receive(says(410))
        webhook, _secret = hook("finance", receiver.url)
        jobs.become("finance")
        jobs.become("finance")
        assert run() == 1
        now = log.now(webhook)
        assert (now.enabled, now.stopped) == (False, "gone")
        assert [(row.state, row.error) for row in log.of(webhook)] == [("failed", "status"), ("failed", "stopped")]
        assert self.heard(world, "finance") == [(world.users["finance"][1], "webhook.stopped", "gone")]
        with world.scope("finance"):
            (entry,) = AuditEntry.objects.filter(operation="webhook_stop")
            assert entry.details["reason"] == "gone"
        jobs.become("finance")
        assert run() == 0

    def test_five_days_of_failure_switch_it_off(self, world, hook, jobs, receive, run, log):
        receiver = receive(says(500))
        webhook, _secret = hook("finance", receiver.url)
        jobs.become("finance")
        run()
        for age, enabled in ((timedelta(days=4, hours=23), True), (timedelta(days=5, hours=1), False)):
            log.change(webhook, failing_since=timezone.now() - age)
            log.make_due(webhook)
            assert run() == 1
            assert log.now(webhook).enabled is enabled
        assert log.now(webhook).stopped == "failing"
        assert self.heard(world, "finance") == [(world.users["finance"][1], "webhook.stopped", "failing")]

    def test_on_again_it_hears_of_what_happens_from_then_on(self, world, hook, jobs, receive, run, log):
        receiver = receive()
        webhook, _secret = hook("finance", receiver.url, enabled=False)
        jobs.become("finance")
        assert run() == 0
        with world.scope("finance"):
            services.update_webhook(webhook.pk, enabled=True, actor=world.user("finance"))
        later = jobs.become("finance").job_no
        assert run() == 1
        assert [got.json["data"]["job_id"] for got in receiver.received] == [later]

    @pytest.mark.parametrize("moment", ["before the event", "between event and sending"])
    def test_an_owner_who_was_disabled(self, world, hook, jobs, receive, run, log, moment):
        receiver = receive()
        webhook, _secret = hook("finance", receiver.url)
        if moment != "before the event":
            jobs.become("finance")
            fan_out()
        with world.scope("finance"):
            user = world.user("finance")
            user.is_active = False
            user.save()
        if moment == "before the event":
            jobs.become("finance")
        run()
        assert receiver.received == []
        now = log.now(webhook)
        assert (now.enabled, now.stopped) == (False, "rights")
        assert set(log.states(webhook)) <= {"failed"}
        assert self.heard(world, "finance") == [(world.users["admin"][1], "webhook.stopped", "rights")]

    def test_a_job_that_the_owner_may_not_see_any_more(self, world, hook, jobs, receive, run, log):
        """Rights withdrawn between event and sending: that message stays here, others go on."""
        receiver = receive()
        webhook, _secret = hook("finance", receiver.url)
        jobs.become("operator", dataset="orders")
        assert fan_out() == 1
        with world.scope("finance"):
            world.user("finance").user_roles.all().delete()
        own = jobs.become("finance").job_no
        run()
        assert [(row.state, row.error) for row in log.of(webhook)] == [("failed", "rights"), ("sent", "")]
        assert [got.json["data"]["job_id"] for got in receiver.received] == [own]

    def test_a_webhook_of_the_company_whose_owner_is_no_admin_any_more(self, world, hook, jobs, receive, run, log):
        receiver = receive()
        webhook, _secret = hook("admin", receiver.url, scope="company")
        jobs.become("finance")
        fan_out()
        with world.scope("admin"):
            world.user("admin").user_roles.all().delete()
        run()
        assert receiver.received == []
        assert log.now(webhook).stopped == "rights"
        assert self.heard(world, "admin") == [(world.users["admin"][1], "webhook.stopped", "rights")]


class TestSecrets:
    def test_after_a_rotation_both_sign_for_a_day(self, world, hook, jobs, receive, run):
        receiver = receive()
        webhook, old = hook("finance", receiver.url)
        with world.scope("finance"):
            _webhook, made = services.rotate_secret(webhook.pk, actor=world.user("finance"))
            new = secrets.text_of(made)
        assert new != old
        jobs.become("finance")
        run()
        with world.scope("finance"):
            (first, second) = WebhookSecret.objects.filter(webhook=webhook).order_by("number")
            left = first.expires_at - timezone.now()
            assert timedelta(hours=23, minutes=59) < left <= timedelta(hours=24)
            assert second.expires_at is None
            WebhookSecret.objects.filter(pk=first.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
        jobs.become("finance")
        run()
        during, after = receiver.received
        assert (len(during.signatures()), during.is_genuine(old), during.is_genuine(new)) == (2, True, True)
        assert (len(after.signatures()), after.is_genuine(old), after.is_genuine(new)) == (1, False, True)
        assert retention.prune() == 0
        with world.scope("finance"):
            assert WebhookSecret.objects.filter(webhook=webhook).count() == 1

    def test_never_more_than_three_sign(self, world, hook, jobs, receive, run):
        receiver = receive()
        webhook, first = hook("finance", receiver.url)
        made = [first]
        for _time in range(4):
            with world.scope("finance"):
                made.append(secrets.text_of(services.rotate_secret(webhook.pk, actor=world.user("finance"))[1]))
        jobs.become("finance")
        run()
        (got,) = receiver.received
        assert len(got.signatures()) == 3
        assert [got.is_genuine(secret) for secret in made] == [False, False, True, True, True]

    def test_none_is_stored_and_each_is_its_own(self, world, hook, superuser, settings):
        one, first = hook("finance", "http://127.0.0.1:9/")
        _two, second = hook("finance", "http://127.0.0.1:9/")
        assert first != second
        assert first.startswith("whsec_")
        with world.scope("finance"):
            (row,) = WebhookSecret.objects.filter(webhook=one).values()
        assert first.removeprefix("whsec_") not in json.dumps(row, default=str)
        settings.WEBHOOK_KEYS = {"new": "another", **settings.WEBHOOK_KEYS}
        with world.scope("finance"):
            (kept,) = WebhookSecret.objects.filter(webhook=one)
            assert secrets.text_of(kept) == first, "a new key in front changes no secret that was given out"
            _webhook, made = services.rotate_secret(one.pk, actor=world.user("finance"))
            assert made.key_id == "new"

    def test_a_key_that_is_gone(self, world, hook, jobs, receive, run, log, settings):
        receiver = receive()
        webhook, _secret = hook("finance", receiver.url)
        settings.WEBHOOK_KEYS = {"other": "x"}
        jobs.become("finance")
        run()
        (row,) = log.of(webhook)
        assert (row.state, row.error) == ("failed", "key_gone")
        assert receiver.received == []


class TestLease:
    def test_one_at_a_time_for_each_webhook(self, world, hook, jobs, receive, run):
        one, two = receive(), receive()
        hook("finance", one.url)
        hook("finance", two.url)
        for _number in range(2):
            jobs.become("finance")
        assert fan_out() == 4
        first, second = take(), take()
        assert isinstance(first, Attempt)
        assert isinstance(second, Attempt)
        assert first.webhook_id != second.webhook_id
        assert take() is None
        for attempt in (first, second):
            sending.settle(attempt, sending.deliver(attempt.message))
        assert run() == 2
        assert [len(receiver.received) for receiver in (one, two)] == [2, 2]

    def test_a_sender_that_died_is_given_up_and_the_message_sent_again(self, world, hook, jobs, receive, run, log):
        receiver = receive()
        webhook, _secret = hook("finance", receiver.url)
        jobs.become("finance")
        fan_out()
        lost = take()
        assert run() == 0
        left = log.now(webhook).lease_until - timezone.now()
        assert timedelta(seconds=30) < left <= timedelta(seconds=60)
        log.change(webhook, lease_until=timezone.now() - timedelta(seconds=1))
        assert run() == 1
        assert [(row.state, row.attempts) for row in log.of(webhook)] == [("sent", 2)]
        sending.settle(lost, sending.Outcome(error="timeout"))
        assert log.states(webhook) == ["sent"], "a late failure overwrote what arrived"

    def test_a_late_failure_of_a_sender_that_lost_its_lease_says_nothing(self, world, hook, jobs, receive, log):
        receiver = receive()
        webhook, _secret = hook("finance", receiver.url)
        jobs.become("finance")
        fan_out()
        lost = take()
        log.change(webhook, lease_until=timezone.now() - timedelta(seconds=1))
        again = take()
        sending.settle(lost, sending.Outcome(error="timeout"))
        assert log.now(webhook).lease_until is not None
        sending.settle(again, sending.deliver(again.message))
        assert log.states(webhook) == ["sent"]

    def test_senders_that_die_each_time_come_to_an_end(self, world, hook, jobs, receive, log):
        receiver = receive()
        webhook, _secret = hook("finance", receiver.url)
        jobs.become("finance")
        fan_out()
        for _death in range(10):
            assert isinstance(take(), Attempt)
            log.change(webhook, lease_until=timezone.now() - timedelta(seconds=1))
        assert not isinstance(take(), Attempt)
        assert [(row.state, row.error) for row in log.of(webhook)] == [("failed", "interrupted")]

    def test_a_webhook_that_is_deleted_while_its_message_is_on_its_way(self, world, hook, jobs, receive):
        receiver = receive()
        webhook, _secret = hook("finance", receiver.url)
        jobs.become("finance")
        fan_out()
        attempt = take()
        with world.scope("finance"):
            services.delete_webhook(webhook.pk, actor=world.user("finance"))
        sending.settle(attempt, sending.deliver(attempt.message))
        assert send_next() is False


class TestMemory:
    def test_events_that_were_deleted_are_missed_aloud(self, world, hook, jobs, receive, run, log):
        receiver = receive()
        _webhook, _secret = hook("finance", receiver.url)
        jobs.become("finance")
        with world.scope("finance"):
            from jobs.models import Event

            Event.objects.all().delete()
        assert run() == 0
        with world.scope("finance"):
            assert Notification.objects.filter(kind="webhook.missed").count() == 1
        jobs.become("finance")
        assert run() == 1

    def test_messages_are_kept_for_thirty_days(self, world, hook, jobs, receive, run, log):
        receiver = receive(then(says(200), says(200), says(500)))
        webhook, _secret = hook("finance", receiver.url)
        for _number in range(3):
            jobs.become("finance")
        run()
        old, young, waiting = log.of(webhook)
        now = timezone.now()
        with world.scope("finance"):
            for row, days in ((old, 31), (young, 29), (waiting, 31)):
                WebhookDelivery.objects.filter(pk=row.pk).update(created_at=now - timedelta(days=days))
        assert retention.prune() == 1
        assert [row.pk for row in log.of(webhook)] == [young.pk, waiting.pk]

    def test_the_timetable_knows_the_task(self, world):
        from django_celery_beat.models import PeriodicTask

        from exportcenter.celery import app

        app.loader.import_default_modules()
        entry = PeriodicTask.objects.get(task="jobs.prune_webhooks")
        assert entry.task in app.tasks
        assert (entry.interval.every, entry.interval.period, entry.enabled) == (60, "minutes", True)


def test_the_scale_shrinks_every_period(settings):
    settings.WEBHOOK_TIME_SCALE = 1000
    assert schedule.pause_after(9) < timedelta(seconds=100)
    assert schedule.scaled(schedule.PATIENCE) == timedelta(days=5) / 1000
    assert schedule.lease() == timedelta(seconds=15)


def test_pauses_never_shrink():
    assert all(first < second for first, second in pairwise(schedule.PAUSES))
