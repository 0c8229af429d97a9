"""Webhooks in the admin: made, tested, rotated, switched, looked through, by those whose they are."""

import re

import pytest
from django.urls import reverse

from jobs.models import Webhook, WebhookDelivery
from tests.exports_helpers import body_of
from tests.receiver import says

LIST = "/admin/jobs/webhook/"
SECRET = re.compile(r"whsec_[A-Za-z0-9+/]+=*")


def page(webhook: Webhook, action: str = "change") -> str:
    return reverse(f"admin:jobs_webhook_{action}", args=[webhook.pk])


def only(world, name: str) -> Webhook:
    with world.scope(name):
        return Webhook.objects.get()


@pytest.fixture
def address():
    """address(name, webhook) → path of one of the buttons."""

    def _address(action: str, webhook: Webhook) -> str:
        return reverse(f"admin:jobs_webhook_{action}", args=[webhook.pk])

    return _address


def test_made_with_the_form_and_the_secret_shown_once(world, sign_in, receive, jobs, run):
    receiver, client = receive(), sign_in("finance")
    new = reverse("admin:jobs_webhook_new")
    assert client.get(LIST).status_code == client.get(new).status_code == 200
    assert "scope" not in client.get(new).context["form"].fields, "a choice that would be refused"
    answer = client.post(new, {"url": receiver.url, "description": "ERP", "statuses": ["ready"]})
    (secret,) = set(SECRET.findall(answer.content.decode()))
    assert "no-store" in answer["Cache-Control"]
    webhook = only(world, "finance")
    assert (webhook.url, webhook.description, webhook.statuses, webhook.scope) == (
        receiver.url, "ERP", ["ready"], "person",
    )  # fmt: skip
    for path in (LIST, page(webhook), "/admin/jobs/webhooksecret/"):
        assert not SECRET.search(client.get(path).content.decode())
    jobs.become("finance")
    run()
    assert receiver.received[0].is_genuine(secret)


def test_what_is_refused_comes_back_to_where_it_was_typed(world, sign_in):
    client = sign_in("finance")
    answer = client.post(reverse("admin:jobs_webhook_new"), {"url": "https://u:p@x.example.com/<script>"})
    assert answer.status_code == 200
    assert answer.context["form"].errors["url"]
    assert b"/<script>" not in answer.content
    assert client.post(reverse("admin:jobs_webhook_new"), {}).context["form"].errors["url"]
    with world.scope("finance"):
        assert not Webhook.objects.exists()


def test_of_the_company_by_its_admin(world, sign_in):
    client = sign_in("admin")
    answer = client.post(reverse("admin:jobs_webhook_new"), {"url": "http://127.0.0.1:9/", "scope": "company"})
    assert SECRET.search(answer.content.decode())
    assert only(world, "admin").scope == "company"


def test_edit_switch_rotate_delete(world, sign_in, hook, address):
    client = sign_in("finance")
    webhook, secret = hook("finance", "http://127.0.0.1:9/a")
    for action in ("edit", "rotate", "switch_off", "remove", "test"):
        assert client.get(address(action, webhook)).status_code == 200, action
    assert only(world, "finance").enabled
    assert (
        client.post(address("edit", webhook), {"url": "http://127.0.0.1:9/b", "datasets": ["orders"]}).status_code
        == 302
    )
    now = only(world, "finance")
    assert (now.url, now.datasets) == ("http://127.0.0.1:9/b", ["orders"])
    assert client.post(address("switch_off", webhook)).status_code == 302
    assert only(world, "finance").stopped == "by_hand"
    assert client.post(address("switch_on", webhook)).status_code == 302
    assert only(world, "finance").enabled
    (fresh,) = set(SECRET.findall(client.post(address("rotate", webhook)).content.decode()))
    assert fresh != secret
    assert client.post(address("remove", webhook)).status_code == 302
    with world.scope("finance"):
        assert not Webhook.objects.exists()


def test_a_test_shows_what_came_back(world, sign_in, hook, address, receive):
    receiver = receive(says(418, b"<script>teapot</script>"))
    client = sign_in("finance")
    webhook, secret = hook("finance", receiver.url)
    assert client.get(address("test", webhook)).status_code == 200
    assert receiver.received == []
    shown = body_of(client.post(address("test", webhook))).decode()
    assert "HTTP 418" in shown
    assert "&lt;script&gt;teapot" in shown
    assert "<script>teapot" not in shown
    assert shown.rstrip().endswith("</html>")
    (got,) = receiver.received
    assert got.is_genuine(secret)


def test_the_log_and_sending_again(world, sign_in, hook, jobs, receive, run, log, address):
    receiver = receive()
    client = sign_in("finance")
    webhook, _secret = hook("finance", receiver.url)
    job = jobs.become("finance")
    run()
    (row,) = log.of(webhook)
    place = client.get(address("log", webhook))["Location"]
    assert job.job_no in client.get(place).content.decode()
    assert job.job_no in client.get(reverse("admin:jobs_webhookdelivery_change", args=[row.pk])).content.decode()
    again = reverse("admin:jobs_webhookdelivery_resend", args=[row.pk])
    assert client.get(again).status_code == 200
    assert log.states(webhook) == ["sent"]
    assert client.post(again).status_code == 302
    assert log.states(webhook) == ["queued"]
    assert run() == 1
    assert len({got.id for got in receiver.received}) == 1


@pytest.mark.parametrize("stranger", ["admin", "operator", "risk"])
def test_personal_ones_are_hidden_from_everybody_else(world, sign_in, hook, jobs, receive, run, log, address, stranger):
    receiver = receive()
    webhook, _secret = hook("finance", receiver.url, description="hidden-one")
    jobs.become("finance")
    run()
    (row,) = log.of(webhook)
    client = sign_in(stranger)
    for path in (LIST, "/admin/jobs/webhookdelivery/", "/admin/jobs/webhooksecret/"):
        assert "hidden-one" not in client.get(path).content.decode()
    for action in ("edit", "rotate", "switch_off", "remove", "test", "log"):
        answer = client.post(address(action, webhook), {"url": "http://127.0.0.1:9/"})
        assert (answer.status_code, answer["Location"]) == (302, "/admin/"), action
    assert client.post(reverse("admin:jobs_webhookdelivery_resend", args=[row.pk]))["Location"] == "/admin/"
    with world.scope("finance"):
        assert Webhook.objects.filter(url=receiver.url, enabled=True).exists()
        assert WebhookDelivery.objects.get().state == "sent"
    assert len(receiver.received) == 1


@pytest.mark.parametrize("action", ["edit", "rotate", "switch_off", "remove", "test", "log"])
def test_people_without_jobs_have_no_door(world, sign_in, hook, address, action):
    webhook, _secret = hook("nobody", "http://127.0.0.1:9/")
    assert sign_in("nobody").post(address(action, webhook)).status_code == 403


def test_bell(world, sign_in, hook, jobs, receive, run):
    """What the notification says, and where it leads."""
    receiver = receive(says(410))
    webhook, _secret = hook("finance", receiver.url, description="ERP")
    jobs.become("finance")
    run()
    client = sign_in("finance")
    items = client.get("/api/v1/notifications", HTTP_ACCEPT_LANGUAGE="en").json()["items"]
    (said,) = [item for item in items if item["kind"].startswith("webhook")]
    assert "ERP" in said["title"]
    assert "410" in said["text"]
    assert client.get(said["link"]).status_code == 200
    assert said["link"] == page(webhook)
