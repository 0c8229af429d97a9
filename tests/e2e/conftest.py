"""A real browser against a real server and a real worker."""

import os
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from jobs.records.demo import fill
from tests.exports_helpers import Exports, Web
from tests.processes import Processes

# Playwright's synchronous API keeps an event loop in this thread; the test's own queries are not in it.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
DESK, TABLET, PHONE = (1440, 900), (1024, 768), (390, 844)
"""Sizes of screens, in CSS pixels."""


@pytest.fixture
def spool(tmp_path) -> Path:
    """Where the worker of ``product`` writes: something else in its place, and every export fails."""
    return tmp_path / "spool"


@pytest.fixture
def product(live, tmp_path, spool):
    """The product with 2,000 orders: its address. A worker runs, whose waits are short."""
    with live.scope("platform"):
        fill(orders=2_000, seed=7)
    processes = Processes(tmp_path)
    processes.worker(queues="exports,imports,bells", ENGINE_TIME_SCALE="20", SPOOL_DIR=str(spool))
    web = Web(tmp_path)
    yield web.address
    web.close()
    processes.close()


@pytest.fixture
def made(live):
    """Makes exports in any state."""
    factory = Exports(live)
    yield factory
    factory.close()


@pytest.fixture(scope="module")
def browser():
    """Headless Chromium of the system (make test installs it). One for the tests of a module, each of which opens
    contexts of its own; not for longer, since Playwright keeps an event loop in this thread."""
    program = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    assert program, "no Chromium found: run deploy/system_packages.sh as root"
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield running
        running.close()


@pytest.fixture
def open_page(browser, product):
    """Makes fresh pages: ``open_page(size=PHONE, locale="en-US", scheme="dark")``. Fails the test on a console error, a
    page error, or a request to another host."""
    contexts, complaints = [], []

    def open_one(*, size=DESK, locale="zh-CN", scheme="light"):
        context = browser.new_context(
            base_url=product,
            locale=locale,
            color_scheme=scheme,
            viewport={"width": size[0], "height": size[1]},
            has_touch=size == PHONE,
            accept_downloads=True,
        )
        contexts.append(context)
        page = context.new_page()
        page.on(
            "console",
            lambda message: (
                complaints.append(f"{message.text} {message.location}") if message.type == "error" else None
            ),
        )
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "request",
            lambda request: (
                None if request.url.startswith((product, "data:", "blob:")) else complaints.append(request.url)
            ),
        )
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def page(open_page):
    """A fresh page in Chinese on a desk."""
    return open_page()
