"""A webhook in a browser from the first to the last, by keys alone, with a real receiver and the process that sends."""

import re
import sys
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from jobs.engine import kinds
from jobs.engine.record import note_change
from jobs.models import ExportJob, Webhook
from tests.e2e.accessibility import assert_accessible
from tests.e2e.center import sign_in, speak
from tests.exports_helpers import Web
from tests.processes import Processes, wait_for
from tests.receiver import Receiver

pytestmark = [pytest.mark.e2e, pytest.mark.processes, pytest.mark.timeout(300)]
LIST = "/admin/jobs/webhook/"
LOCAL = {"WEBHOOK_ALLOW_PRIVATE": "True"}
SECRET = re.compile(r"whsec_[A-Za-z0-9+/]+=*")
MOST_TABS = 120
"""More than any page here has."""


@pytest.fixture
def product(live, tmp_path) -> Iterator[str]:
    """The product that may send to this machine, with the process that sends: its address."""
    processes = Processes(tmp_path)
    log = tmp_path / "webhooks.log"
    processes._start([sys.executable, "manage.py", "webhooks"], log, LOCAL)
    web = Web(tmp_path, environment=LOCAL)
    wait_for(lambda: "ready" in log.read_text(), 90, f"webhooks did not start: {processes.logs()}")
    yield web.address
    web.close()
    processes.close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    one = Receiver()
    yield one
    one.close()


def reach(page: Page, target: Locator) -> None:
    """Walk there with Tab, as far as it takes; that the focus is seen is a matter of the style of the page."""
    expect(target).to_be_visible()
    for _step in range(MOST_TABS):
        if target.evaluate("(element) => element === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"no key leads to {target}")


def press(page: Page, target: Locator, key: str = "Enter") -> None:
    reach(page, target)
    page.keyboard.press(key)


def become_ready(live, made) -> ExportJob:
    """An export of finance that ends now, and its event."""
    job = made.make("finance", "members", "ready")
    with live.scope("finance"):
        note_change(kinds.get("export"), job, before="processing")
    return job


def test_by_keys_alone_from_new_to_deleted(live, made, receiver, product, open_page):
    speak(live, "finance", "en")
    page = open_page(locale="en-US")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    link = lambda name: page.get_by_role("link", name=name, exact=True)  # noqa: E731
    button = lambda name: page.get_by_role("button", name=name, exact=True)  # noqa: E731

    sign_in(page, "finance")
    page.goto(LIST)
    expect(page.get_by_text("Nothing here yet")).to_be_visible()
    expect(link("Reset filters")).to_have_count(0)
    press(page, page.locator(f"a[href='{LIST}new/']"))

    expect(page.get_by_label("Address", exact=True)).to_be_visible()
    assert page.locator("form [name=url]").count() == 1
    press(page, page.get_by_label("Address", exact=True), "f")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert").first).to_be_visible()
    assert_accessible(page, where="refused webhook")
    reach(page, page.get_by_label("Address", exact=True))
    page.keyboard.press("Control+A")
    page.keyboard.type(receiver.url)
    page.keyboard.press("Tab")
    page.keyboard.type("ERP")
    press(page, page.get_by_label("Ready", exact=True), "Space")
    press(page, button("Save"))

    field = page.locator("#secret-text")
    expect(field).to_be_focused()
    secret = field.input_value()
    assert SECRET.fullmatch(secret)
    assert_accessible(page, where="the secret")
    press(page, button("Copy"))
    expect(page.locator("#secret-copied")).to_have_text("Copied.")
    assert page.evaluate("navigator.clipboard.readText()") == secret
    press(page, link("I have copied it"))
    expect(page.locator("body")).to_contain_text(receiver.url)
    home = page.url
    assert secret not in page.content()

    press(page, page.locator("a[href$='/test/']"))
    assert receiver.received == []
    press(page, button("Send a test"))
    expect(page.get_by_text("It has arrived.")).to_be_visible(timeout=15_000)
    expect(page.get_by_text("Sending…")).to_be_hidden()
    assert_accessible(page, where="a test")
    assert [(got.json["type"], got.is_genuine(secret)) for got in receiver.received] == [("ping", True)]
    press(page, link("Back"))

    job = become_ready(live, made)
    wait_for(lambda: len(receiver.received) == 2, 20, "the message did not come")
    press(page, page.locator("a[href$='/log/']"))
    row = page.locator("tbody tr", has_text=job.job_no)
    expect(page.locator("tbody tr", has_text="ping")).to_have_count(1)
    expect(row).to_contain_text("Ready")
    press(page, row.locator("a").first)
    press(page, page.locator("a[href$='/resend/']"))
    press(page, button("Send again"))
    expect(page.get_by_text("It is sent again.")).to_be_visible()
    wait_for(lambda: len(receiver.received) == 3, 20, "it was not sent again")
    assert receiver.received[1].id == receiver.received[2].id

    page.goto(home)
    press(page, link("Rotate the secret").or_(page.locator("a[href*='/rotate']")))
    press(page, button("Rotate the secret"))
    expect(field).to_be_focused()
    fresh = field.input_value()
    assert fresh != secret
    press(page, link("I have copied it"))
    press(page, page.locator("a[href$='/test/']"))
    press(page, button("Send a test"))
    expect(page.get_by_text("It has arrived.")).to_be_visible(timeout=15_000)
    last = receiver.received[-1]
    assert last.is_genuine(fresh)
    assert last.is_genuine(secret), "the secret before signs along for a day"

    page.goto(LIST)
    expect(page.locator("tbody tr", has_text="ERP")).to_contain_text("HTTP 200")
    page.goto(home)
    press(page, page.locator("a[href*='/remove']"))
    with live.scope("finance"):
        assert Webhook.objects.count() == 1
    press(page, button("Delete"))
    expect(page.get_by_text("“ERP” was deleted.")).to_be_visible()
    expect(page.get_by_text("Nothing here yet")).to_be_visible()
    with live.scope("finance"):
        assert not Webhook.objects.exists()
