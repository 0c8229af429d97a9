"""docs/api.md: its verifiers work as printed."""

import json
import re
import subprocess

import pytest

from jobs.models import WebhookSecret
from jobs.webhooks import checks, schedule, secrets, services
from tests import documents
from tests.receiver import Received

JAVASCRIPT = """
import { isGenuine } from "./verify_webhook.mjs";
let text = "";
for await (const chunk of process.stdin) text += chunk;
const { secret, headers, body } = JSON.parse(text);
console.log(isGenuine(secret, headers, Buffer.from(body, "base64")));
"""


def node() -> str:
    """A JavaScript runtime: the one that the browser's driver brings along."""
    from playwright._impl._driver import compute_driver_executable

    return str(compute_driver_executable()[0])


def python_says(secret: str, got: Received, _folder) -> bool:
    (block,) = documents.blocks("api.md", "python", "verify_webhook.py")
    scope: dict = {}
    exec(compile(block.text, "verify_webhook.py", "exec"), scope)  # the document is the thing that is tested
    return scope["is_genuine"](secret, got.headers, got.body)


def javascript_says(secret: str, got: Received, folder) -> bool:
    import base64

    (block,) = documents.blocks("api.md", "javascript", "verify_webhook.mjs")
    (folder / "verify_webhook.mjs").write_text(block.text)
    (folder / "check.mjs").write_text(JAVASCRIPT)
    said = {"secret": secret, "headers": got.headers, "body": base64.b64encode(got.body).decode()}
    done = subprocess.run(
        [node(), "check.mjs"], cwd=folder, input=json.dumps(said), capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


@pytest.mark.parametrize("says", [python_says, javascript_says])
def test_the_verifiers_accept_what_we_send_and_nothing_else(world, hook, jobs, receive, run, tmp_path, says):
    receiver = receive()
    webhook, old = hook("finance", receiver.url)
    _other, foreign = hook("finance", receiver.url, statuses=["failed"])
    with world.scope("finance"):
        new = secrets.text_of(services.rotate_secret(webhook.pk, actor=world.user("finance"))[1])
        assert WebhookSecret.objects.filter(webhook=webhook).count() == 2
    jobs.become("finance")
    run()
    (got,) = receiver.received
    assert says(new, got, tmp_path)
    assert says(old, got, tmp_path)
    assert not says(foreign, got, tmp_path)
    for change in ({"webhook-id": "msg_x"}, {"webhook-timestamp": "1"}, {"webhook-signature": "v1,AAAA v2,x"}):
        changed = Received(got.path, got.headers | change, got.body)
        assert not says(new, changed, tmp_path), change
    assert not says(new, Received(got.path, got.headers, got.body + b" "), tmp_path)


def test_the_pauses_stand_as_they_are():
    (text,) = re.findall(
        r"after 5 seconds, 5 and 30 minutes, 2, 5, 10, 14, 20 and 24 hours",
        documents.DOCS.joinpath("api.md").read_text(),
    )
    assert text
    hours = [int(pause.total_seconds()) // 3600 for pause in schedule.PAUSES[3:]]
    assert hours == [2, 5, 10, 14, 20, 24]
    assert [pause.total_seconds() for pause in schedule.PAUSES[:3]] == [5, 300, 1800]


def test_every_type_of_event_is_named():
    text = documents.DOCS.joinpath("api.md").read_text()
    assert all(f"`{json.dumps([name])}`" in text for name in checks.EVENTS)
