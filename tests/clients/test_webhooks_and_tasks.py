"""Batch tasks and webhooks through the client: real messages of a real sender, verified by ``verify_webhook``."""

import asyncio
import json
import re

import pytest
from django.db import connection

from exportcenter_client import AsyncClient, Conflict, Forbidden, NotFound, WebhookInvalid, verify_webhook
from jobs.models import Webhook, WebhookDelivery
from tests.clients.conftest import SETTINGS, running
from tests.processes import wait_for
from tests.receiver import Receiver, says, then
from tests.world import PASSWORD

pytestmark = pytest.mark.processes

FEW = {"params": {"status": ["completed"]}, "columns": ["order_no"]}


@pytest.fixture(scope="module")
def center(_world, django_db_blocker, tmp_path_factory):
    with (
        django_db_blocker.unblock(),
        running(_world, tmp_path_factory.mktemp("center"), SETTINGS, sender=True) as built,
    ):
        yield built


@pytest.fixture
def receiver():
    one = Receiver()
    yield one
    one.close()


@pytest.fixture
def signed(center):
    with center.client() as client:
        yield client
        for webhook in client.webhooks.list():
            client.webhooks.delete(webhook["id"])
    connection.close()


def arrived(receiver, count):
    wait_for(lambda: len(receiver.received) >= count, 40, f"only {len(receiver.received)} messages came")
    return receiver.received[:count]


def verified(got, secret, **more):
    return verify_webhook(got.headers, got.body, secret, **more)


def sent_at(got):
    return int(got.headers["webhook-timestamp"])


# --- webhooks --------------------------------------------------------------------------------------------------
def test_a_message_of_the_server_is_genuine_and_nothing_else_is(signed, receiver):
    hook = signed.webhooks.create(receiver.url, statuses=["ready"], description="ERP")
    export = signed.exports.create("orders", **FEW)
    (got,) = arrived(receiver, 1)
    message = verified(got, hook["secret"])
    assert (message["type"], message["data"]["job_id"], message["data"]["status"]) == (
        "job.status", export.job_id, "ready",
    )  # fmt: skip
    assert message["data"]["job"]["rows"] > 0
    shouting = {name.upper(): value for name, value in got.headers.items()}
    assert verify_webhook(shouting, got.body, [hook["secret"]]) == message

    foreign = "whsec_" + "A" * 43 + "="
    for secret, headers, body in (
        (foreign, {}, got.body),
        (hook["secret"], {"webhook-id": "msg_other"}, got.body),
        (hook["secret"], {"webhook-timestamp": str(sent_at(got) + 1)}, got.body),
        (hook["secret"], {"webhook-timestamp": "soon"}, got.body),
        (hook["secret"], {"webhook-timestamp": "١٢٣"}, got.body),
        (hook["secret"], {"webhook-signature": ""}, got.body),
        (hook["secret"], {"webhook-signature": "v1a," + got.headers["webhook-signature"][3:]}, got.body),
        (hook["secret"], {"webhook-signature": "v1,\ud800é"}, got.body),
        (hook["secret"], {}, got.body + b" "),
        (hook["secret"], {}, b""),
    ):
        with pytest.raises(WebhookInvalid):
            verify_webhook(got.headers | headers, body, secret)
    for missing in ("webhook-id", "webhook-timestamp", "webhook-signature"):
        with pytest.raises(WebhookInvalid, match=missing):
            verify_webhook({name: text for name, text in got.headers.items() if name != missing}, got.body, foreign)
    for wrong in ("", "whsec_", "whsec_!!", "nonsense!"):
        with pytest.raises(ValueError, match="secret"):
            verified(got, wrong)


def test_a_message_may_be_five_minutes_off_and_no_more(signed, receiver):
    secret = signed.webhooks.create(receiver.url)["secret"]
    signed.webhooks.test(signed.webhooks.list()[0]["id"])
    (got,) = arrived(receiver, 1)
    for seconds in (-300, -299, 0, 299, 300):
        assert verified(got, secret, now=sent_at(got) + seconds)["type"] == "ping"
    for seconds in (-302, -301, 301, 302, 86_400):
        with pytest.raises(WebhookInvalid, match="too old"):
            verified(got, secret, now=sent_at(got) + seconds)
    assert verified(got, secret, now=sent_at(got) + 900, tolerance=1000)


def test_while_a_secret_is_replaced_the_old_and_the_new_one_verify(signed, receiver):
    hook = signed.webhooks.create(receiver.url, statuses=["ready"])
    new = signed.webhooks.rotate(hook["id"])["secret"]
    assert new != hook["secret"]
    assert [one["number"] for one in signed.webhooks.get(hook["id"])["secrets"]] in ([1, 2], [2, 1])
    signed.exports.create("orders", **FEW)
    (got,) = arrived(receiver, 1)
    assert len(got.signatures()) == 2
    for secret in (hook["secret"], new, [new, hook["secret"]], ("whsec_QUFBQQ==", new)):
        assert verified(got, secret)["data"]["status"] == "ready"


def test_test_deliveries_and_resend(signed, receiver):
    receiver.manner = then(says(200), says(500), says(200))
    hook = signed.webhooks.create(receiver.url, statuses=["ready"])
    tried = signed.webhooks.test(hook["id"])
    assert (tried["type"], tried["status"], tried["response_code"]) == ("ping", "sent", 200)
    signed.exports.create("orders", **FEW)
    arrived(receiver, 3)
    assert receiver.received[1].id == receiver.received[2].id  # refused once, sent again
    wait_for(lambda: states(signed, hook) == ["sent", "sent"], 20, "it was not written down")
    (first,) = signed.webhooks.deliveries(hook["id"], page_size=1, type="job.status")
    assert (first["attempts"], first["id"]) == (2, receiver.received[1].id)
    assert signed.webhooks.resend(hook["id"], first["id"])["id"] == first["id"]
    assert arrived(receiver, 4)[3].id == first["id"]
    assert verified(receiver.received[3], hook["secret"])


def states(client, hook):
    return [one["status"] for one in client.webhooks.deliveries(hook["id"])]


def test_a_long_log_of_messages_comes_page_after_page(center, signed, receiver):
    hook = signed.webhooks.create(receiver.url)
    signed.webhooks.test(hook["id"])
    with center.world.scope("finance"):
        first = WebhookDelivery.objects.get(webhook=Webhook.objects.get(pk=hook["id"]))
        for number in range(11):
            first.pk, first.message_id, first.event_seq = None, f"msg_{number}", None
            first.save(force_insert=True)
    names = [one["id"] for one in signed.webhooks.deliveries(hook["id"], page_size=5)]
    assert len(names) == len(set(names)) == 12
    assert names[0] == "msg_10"


def test_webhooks_are_changed_and_deleted(signed, receiver):
    hook = signed.webhooks.create(receiver.url, statuses=["ready"])
    assert signed.webhooks.update(hook["id"], enabled=False)["enabled"] is False
    with pytest.raises(Forbidden):
        signed.webhooks.create(receiver.url, scope="company")
    signed.webhooks.delete(hook["id"])
    with pytest.raises(NotFound):
        signed.webhooks.get(hook["id"])
    assert signed.webhooks.list() == []


def test_webhooks_on_the_command_line(center, receiver, tmp_path):
    def say(*words):
        done = center.command("webhooks", *words, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        return done.stdout

    hook = json.loads(say("create", receiver.url, "--set", 'statuses:=["ready"]', "--set", "description=ERP", "--json"))
    assert (hook["statuses"], hook["description"]) == (["ready"], "ERP")
    assert receiver.url in say("list")
    new = json.loads(say("rotate", hook["id"], "--json"))["secret"]
    assert re.search(r"^response_code +200$", say("test", hook["id"]), flags=re.MULTILINE)
    assert verified(receiver.received[0], new)["type"] == "ping"
    assert center.command("exports", "create", "orders", "--wait", cwd=tmp_path).returncode == 0
    arrived(receiver, 2)
    wait_for(lambda: len(say("deliveries", hook["id"], "--filter", "status=sent").splitlines()) == 2, 20, "not noted")
    (line,) = say("deliveries", hook["id"], "--filter", "type=job.status", "--json").splitlines()
    assert "queued" in say("resend", hook["id"], json.loads(line)["id"])
    assert arrived(receiver, 3)[2].id == json.loads(line)["id"]
    say("delete", hook["id"])
    assert say("list") == ""
    assert center.command("webhooks", "test", hook["id"], cwd=tmp_path).returncode == 4


# --- batch tasks -------------------------------------------------------------------------------------------------
def test_tasks_are_listed_shown_and_canceled(center, signed, tmp_path):
    ready = center.exports.make("finance", status="ready").job_no
    waiting = [center.exports.make("finance", available_at="2030-01-01T00:00:00Z").job_no for _ in range(5)]
    listed = [task["id"] for task in signed.tasks.list(page_size=2, status="pending", task_type="export")]
    assert listed == waiting[::-1]
    assert signed.tasks.get(ready)["status"] == "completed"
    assert signed.tasks.cancel(waiting[0])["status"] == "canceled"
    with pytest.raises(Conflict):
        signed.tasks.cancel(ready)
    with pytest.raises(NotFound):
        signed.tasks.get("E20200101001")

    def command(*words):
        return center.command("tasks", *words, cwd=tmp_path)

    assert command("list", "--filter", "status=pending", "--limit", "2").stdout.splitlines()[0].startswith(waiting[4])
    shown = command("show", ready, "--json").stdout
    assert json.loads(shown)["id"] == ready
    assert "token=" not in shown
    assert command("cancel", waiting[1]).stdout == f"Canceled {waiting[1]}.\n"
    assert command("cancel", waiting[1]).returncode == 5
    assert command("show", "E20200101001").returncode == 4


def test_the_asynchronous_client_has_them_too(center, receiver):
    async def everything():
        async with AsyncClient(center.web.address, username="finance", password=PASSWORD) as signed:
            hook = await signed.webhooks.create(receiver.url)
            tried = await signed.webhooks.test(hook["id"])
            sent = [one["id"] async for one in signed.webhooks.deliveries(hook["id"])]
            await signed.webhooks.delete(hook["id"])
            token = await signed.tokens.create("aio", ["exports:read"])
            await signed.tokens.revoke(token["id"])
            tasks = [task["id"] async for task in signed.tasks.list(page_size=3)]
            return hook, tried, sent, tasks, await signed.sign_out()

    hook, tried, sent, tasks, out = asyncio.run(everything())
    assert sent == [tried["id"]]
    assert verified(receiver.received[0], hook["secret"])["data"] == {"webhook_id": hook["id"]}
    assert len(tasks) == len(set(tasks))
    assert out is True
