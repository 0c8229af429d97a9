"""axe-core on 导出中心 in all its states: no serious or critical finding, in both themes, on desk and phone (U13)."""

import pytest
from playwright.sync_api import expect

from tests.e2e.accessibility import assert_accessible
from tests.e2e.center import PAGE, open_center, row, sign_in, speak
from tests.e2e.conftest import DESK, PHONE

pytestmark = [pytest.mark.e2e, pytest.mark.processes]


@pytest.fixture
def jobs(made):
    """One export in each status that a reader can meet."""
    return {
        state: made.make("finance", status=state) for state in ("ready", "failed", "canceled", "expired", "processing")
    }


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_and_everything_that_opens_on_it(live, jobs, open_page, scheme):
    page = open_page(scheme=scheme)
    sign_in(page, "finance")
    open_center(page, "?status=fried&period=7d")
    assert_accessible(page, where="list with filters and a problem")
    row(page, jobs["ready"].job_no).locator(".ec-doings-button").click()
    assert_accessible(page, where="menu of a row")
    page.keyboard.press("Escape")
    page.locator("#views-button").click()
    expect(page.locator("#views-menu [role^=menuitem]").first).to_be_visible()
    assert_accessible(page, where="menu of views")
    page.keyboard.press("Escape")
    for button, dialog in (("#column-settings", "#columns-dialog"), ("#keys", "#keys-dialog")):
        page.locator(button).click()
        expect(page.locator(dialog)).to_be_visible()
        assert_accessible(page, where=dialog)
        page.keyboard.press("Escape")
    page.locator("#select-all").click()
    assert_accessible(page, where="selection")
    page.locator('[data-bulk="retry"]').click()
    expect(page.locator("#confirm-dialog")).to_be_visible()
    assert_accessible(page, where="question")
    page.keyboard.press("Escape")
    page.locator("#center-bell").click()
    assert_accessible(page, where="notifications")
    page.keyboard.press("Escape")
    for state, job in jobs.items():
        row(page, job.job_no).locator("a.ec-number").click()
        expect(page.locator("#drawer #drawer-title")).to_contain_text(job.job_no)
        page.evaluate("document.querySelectorAll('#drawer details').forEach((section) => (section.open = true))")
        assert_accessible(page, where=f"drawer of one that is {state}")
        page.keyboard.press("Escape")
        expect(page.locator("#drawer")).to_be_hidden()
    page.goto(f"{PAGE}{jobs['failed'].job_no}/")
    assert_accessible(page, where="page of one export")
    open_center(page, "?type=members&status=failed")
    assert_accessible(page, where="nothing found")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_new_export(live, open_page, scheme):
    page = open_page(scheme=scheme)
    sign_in(page, "finance")
    open_center(page)
    assert_accessible(page, where="no exports yet")
    page.keyboard.press("n")
    dialog = page.locator("dialog.ne-dialog")
    expect(dialog.locator("[data-choose]").first).to_be_visible()
    assert_accessible(page, where="choice of data")
    dialog.locator('[data-value="orders"]').first.click()
    expect(dialog.locator("#new-export-form")).to_be_visible()
    assert_accessible(page, where="form of a new export")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_usage(live, jobs, open_page, scheme):
    page = open_page(scheme=scheme)
    sign_in(page, "admin")
    page.goto(f"{PAGE}usage/")
    page.wait_for_load_state("networkidle")
    assert_accessible(page, where="usage")


@pytest.mark.parametrize("language", ["zh-hans", "en"])
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["1440", "390"])
def test_in_both_languages_on_a_desk_and_a_phone(live, jobs, open_page, language, size):
    speak(live, "finance", language)
    page = open_page(size=size)
    sign_in(page, "finance")
    open_center(page)
    assert_accessible(page, where="list")
    if size == PHONE:
        page.locator(".ec-filters-open").click()
        assert_accessible(page, where="filters on a phone")
        page.keyboard.press("Escape")
    row(page, jobs["failed"].job_no).locator("a.ec-number").click()
    expect(page.locator("#drawer #drawer-title")).to_be_visible()
    assert_accessible(page, where="drawer")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "the page is wider than the screen"
