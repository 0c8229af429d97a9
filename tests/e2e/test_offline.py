"""No connection: the offline page, in the language one reads, and nothing but it from the cache."""

import pytest
from playwright.sync_api import Error, expect

from tests.e2e.test_story import sign_in
from tests.exports_helpers import Web
from tests.processes import wait_for

pytestmark = [pytest.mark.e2e, pytest.mark.processes]

KEPT = """async () => {
    const kept = await Promise.all((await caches.keys()).map((name) => caches.open(name)));
    const lists = await Promise.all(kept.map((cache) => cache.keys()));
    return lists.flat().map((request) => request.url.replace(location.origin, "")).sort();
}"""
NOTED = "caches.match('/reader/language').then((noted) => noted.text())"
READY = "navigator.serviceWorker.ready.then((one) => one.active.scriptURL.replace(location.origin, ''))"
KEPT_FILES = [
    "/offline/?language=en",
    "/offline/?language=zh-hans",
    "/reader/language",
    "/static/css/pages.css",
    "/static/css/tokens.css",
    "/static/img/mark.svg",
]


@pytest.fixture
def product(live, tmp_path):
    """The product without workers: its address."""
    web = Web(tmp_path)
    yield web.address
    web.close()


def test_without_a_connection_a_page_says_so_and_trying_again_comes_back(page):
    page.goto("/accounts/login/")
    assert page.evaluate(READY) == "/service-worker.js"
    page.context.set_offline(True)
    page.goto("/accounts/login/?next=/admin/")
    expect(page.get_by_role("heading", level=1)).to_have_text("无法连接到导出中心")
    assert page.evaluate("getComputedStyle(document.body).display") == "flex"  # its style is there, too
    assert page.evaluate("document.querySelector('.brand img').naturalWidth") > 0
    page.context.set_offline(False)
    page.get_by_role("link", name="重试").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("登录")
    assert page.url.endswith("/accounts/login/?next=/admin/")


def test_the_admin_registers_it_too_and_nothing_else_is_kept(page):
    sign_in(page, "admin")
    page.goto("/admin/accounts/user/")
    page.evaluate(READY)
    wait_for(lambda: page.evaluate(KEPT) == KEPT_FILES, 10, f"kept: {page.evaluate(KEPT)}")
    page.context.set_offline(True)
    page.goto("/admin/accounts/role/")
    expect(page.get_by_role("heading", level=1)).to_have_text("无法连接到导出中心")
    page.context.set_offline(False)


def test_requests_of_scripts_and_downloads_fail_as_without_a_worker(page):
    page.goto("/accounts/login/")
    page.evaluate(READY)
    assert page.evaluate("fetch('/healthz').then((one) => one.status)") == 200
    bare = page.context.browser.new_context(base_url=page.url)
    silent = bare.new_page()
    silent.goto(page.url)
    silent.evaluate(READY)
    bare.set_offline(True)
    assert silent.evaluate("fetch('/healthz').catch((reason) => reason.name)") == "TypeError"
    with pytest.raises(Error, match="ERR_INTERNET_DISCONNECTED"):
        silent.goto("/api/v1/exports/E1/download?token=x")
    bare.close()


def test_the_page_follows_the_language(page):
    page.goto("/accounts/login/")
    page.evaluate(READY)
    page.get_by_role("button", name="English").click()
    page.wait_for_url("**/accounts/login/")
    wait_for(lambda: page.evaluate(NOTED) == "en", 10, "the language was not noted")
    page.context.set_offline(True)
    page.goto("/accounts/login/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Export Center cannot be reached")
    page.context.set_offline(False)
