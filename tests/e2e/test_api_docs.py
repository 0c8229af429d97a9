"""The pages that describe the API, in a real browser under the policy of every page. ``page`` fails a test on a console
error, which a breach of the policy is, and on any request to another host."""

import pytest
from playwright.sync_api import expect

from tests.e2e.test_story import sign_in
from tests.exports_helpers import Web

LONG = 30_000
"""Milliseconds: both draw some thousand elements, and the machine may be busy."""
pytestmark = [pytest.mark.e2e, pytest.mark.processes]


@pytest.fixture
def product(live, tmp_path):
    """The product without workers: its address."""
    web = Web(tmp_path)
    yield web.address
    web.close()


def test_swagger_shows_every_chapter_and_tries_out_with_ones_own_session(page):
    sign_in(page, "admin")
    page.goto("/admin/")
    page.locator('a[href="/api/docs/"]').click()
    page.wait_for_url("**/api/docs/")
    expect(page.get_by_text("导出任务列表")).to_be_visible(timeout=LONG)
    assert page.locator(".opblock").count() > 40
    block = page.locator("#operations-exports-listExports")
    block.get_by_text("导出任务列表").click()
    block.get_by_role("button", name="Try it out").click()
    block.get_by_role("button", name="Execute").click()
    expect(block.locator(".live-responses-table tbody .response-col_status").first).to_contain_text("200")
    expect(block.locator(".live-responses-table")).to_contain_text('"total": 0')


def test_a_change_is_tried_out_with_the_token_against_forgery(page):
    sign_in(page, "finance")
    page.goto("/api/docs/#/exports/createExport")
    block = page.locator("#operations-exports-createExport")
    block.get_by_role("button", name="Try it out").click()
    block.get_by_role("button", name="Execute").click()
    expect(block.locator(".live-responses-table tbody .response-col_status").first).to_contain_text("201")


def test_redoc_shows_every_chapter_in_the_language_of_the_page(page):
    sign_in(page, "finance")
    page.goto("/accounts/me/")
    page.locator('a[href="/api/docs/"]').click()
    page.get_by_role("link", name="阅读文档").click()
    expect(page.get_by_role("heading", name="导出任务列表")).to_be_visible(timeout=LONG)
    page.get_by_role("button", name="English").click()
    expect(page.get_by_role("heading", name="List exports")).to_be_visible(timeout=LONG)
    expect(page.get_by_role("heading", name="Run a custom export")).to_be_attached()
    assert page.evaluate("getComputedStyle(document.querySelector('#api h1')).fontFamily").startswith("system-ui")
