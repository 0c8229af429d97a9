"""A real browser against a real server and a real worker."""

import os
import shutil

import pytest
from playwright.sync_api import sync_playwright

from jobs.records.demo import fill
from tests.exports_helpers import Web
from tests.processes import Processes

# Playwright's synchronous API keeps an event loop in this thread; the test's own queries are not in it.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"

BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture
def product(live, tmp_path):
    """The product with 2,000 orders: its address. A worker runs."""
    with live.scope("platform"):
        fill(orders=2_000, seed=7)
    processes = Processes(tmp_path)
    processes.worker(queues="exports,bells", ENGINE_TIME_SCALE="1")
    web = Web(tmp_path)
    yield web.address
    web.close()
    processes.close()


@pytest.fixture
def browser():
    """Headless Chromium of the system (make test installs it)."""
    program = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    assert program, "no Chromium found: run deploy/system_packages.sh as root"
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield running
        running.close()


@pytest.fixture
def page(browser, product):
    """A fresh page in Chinese. Fails the test on a console error, a page error, or a request to another host."""
    context = browser.new_context(base_url=product, locale="zh-CN", accept_downloads=True)
    opened = context.new_page()
    complaints: list[str] = []
    opened.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on(
        "request",
        lambda request: None if request.url.startswith((product, "data:")) else complaints.append(request.url),
    )
    yield opened
    context.close()
    assert complaints == []
