"""The acceptance story of S0 §18, as people do it: ask on the page of the data, see it become ready, download it; then
one that fails, its reason, and the retry. In both languages, on a desk, a tablet and a phone, and by keys alone."""

import hashlib
import shutil
from pathlib import Path

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from accounts.models import AuditEntry
from jobs.models import ExportJob
from tests.e2e.center import PAGE, new_number, open_center, row, sign_in, speak, status
from tests.e2e.conftest import DESK, PHONE, TABLET
from tests.processes import wait_for
from tests.world import PASSWORD

pytestmark = [pytest.mark.e2e, pytest.mark.processes]
ORDERS = "/admin/records/order/"


def job_of(live, name, job_no) -> ExportJob:
    with live.scope(name):
        return ExportJob.objects.select_related("owner").get(job_no=job_no)


def break_disk(spool: Path) -> None:
    """Nothing can be written where the worker writes."""
    shutil.rmtree(spool, ignore_errors=True)
    spool.write_text("a file where the folder should be")


def use_up_attempts(live, name, job_no) -> None:
    """Let the engine's own retries follow each other at once instead of minutes apart, until it gives up."""

    def ended() -> bool:
        with live.scope(name):
            waiting = ExportJob.objects.filter(job_no=job_no, status="queued", available_at__gt=timezone.now())
            waiting.update(available_at=timezone.now())
        return job_of(live, name, job_no).status == "failed"

    wait_for(ended, 60, "the export did not fail")


def check_file(live, name, job_no, download) -> None:
    """The browser has exactly the bytes that the product says, and the audit trail knows."""
    job = job_of(live, name, job_no)
    content = Path(download.path()).read_bytes()
    assert (len(content), hashlib.sha256(content).hexdigest()) == (job.file_size, job.file_sha256)
    assert download.suggested_filename == job.file_name
    with live.scope(name):
        entry = AuditEntry.objects.filter(operation="export_file_download").latest("seq")
    assert (entry.username, entry.result, entry.details["bytes"]) == (name, "success", job.file_size)


@pytest.mark.parametrize(
    ("name", "language", "size"),
    [("finance", "zh-hans", DESK), ("admin", "en", TABLET), ("finance", "en", PHONE), ("admin", "zh-hans", PHONE)],
    ids=["finance-zh-1440", "admin-en-1024", "finance-en-390", "admin-zh-390"],
)
def test_from_the_data_to_the_file_and_from_a_failure_to_its_retry(live, open_page, spool, name, language, size):
    speak(live, name, language)
    page = open_page(size=size, locale="en-US" if language == "en" else "zh-CN")
    sign_in(page, name)
    page.goto(ORDERS)
    page.locator('[data-new-export="orders"]').click()
    job_no = new_number(page, page.locator("[data-create]").click)
    open_center(page)
    status(page, job_no, "ready")
    with page.expect_download() as waiting:
        row(page, job_no).locator("a[data-do=download]").first.click()
    check_file(live, name, job_no, waiting.value)
    assert job_of(live, name, job_no).source == ORDERS

    break_disk(spool)
    page.goto(ORDERS)
    page.locator('[data-new-export="orders"]').click()
    failing = new_number(page, page.locator("[data-create]").click)
    open_center(page)
    use_up_attempts(live, name, failing)
    status(page, failing, "failed")
    row(page, failing).locator("a.ec-number").click()
    drawer = page.locator("#drawer")
    job = job_of(live, name, failing)
    assert job.error_message
    assert job.error_advice
    expect(drawer.locator(".ec-failure")).to_contain_text(job.error_message)
    expect(drawer.locator(".ec-failure")).to_contain_text(job.error_advice)

    spool.unlink()
    again = new_number(page, drawer.locator("button[data-do=retry]").click)
    page.locator("[data-close-drawer]").click()
    status(page, again, "ready")
    assert job_of(live, name, again).retry_of == failing
    with page.expect_download() as waiting:
        row(page, again).locator("a[data-do=download]").first.click()
    check_file(live, name, again, waiting.value)


def test_the_whole_story_by_keys_alone(live, open_page, spool):
    speak(live, "finance", "en")
    page = open_page(locale="en-US")
    press = page.keyboard.press
    page.goto("/admin/")
    page.locator("input[name=login]").focus()
    page.keyboard.type("finance")
    press("Tab")
    page.keyboard.type(PASSWORD)
    press("Enter")
    page.wait_for_url("**/admin/")
    page.goto(PAGE)
    expect(page.locator("#live")).to_have_attribute("data-state", "live")
    press("n")
    dialog = page.locator("dialog.ne-dialog")
    expect(dialog).to_be_visible()
    page.keyboard.type("Orders")
    reach(page, dialog.locator('[data-value="orders"]').first)
    press("Enter")
    expect(dialog.locator("#new-export-form")).to_be_visible()
    reach(page, dialog.locator("[data-create]"))
    job_no = new_number(page, lambda: press("Enter"))
    expect(dialog).to_have_count(0)
    status(page, job_no, "ready")
    page.locator("body").evaluate("document.activeElement.blur()")
    press("j")
    assert page.evaluate("document.activeElement.dataset.job") == job_no
    with page.expect_download() as waiting:
        press("d")
    check_file(live, "finance", job_no, waiting.value)

    break_disk(spool)
    press("n")
    expect(dialog).to_be_visible()
    reach(page, dialog.locator('[data-value="orders"]').first)
    press("Enter")
    expect(dialog.locator("#new-export-form")).to_be_visible()
    reach(page, dialog.locator("[data-create]"))
    failing = new_number(page, lambda: press("Enter"))
    use_up_attempts(live, "finance", failing)
    status(page, failing, "failed")
    page.locator("body").evaluate("document.activeElement.blur()")
    press("Home")
    press("Enter")
    expect(page.locator("#drawer .ec-failure")).to_be_visible()
    spool.unlink()
    press("Escape")
    again = new_number(page, lambda: press("Space"))
    status(page, again, "ready")


def reach(page, target, most: int = 200) -> None:
    """Press Tab until ``target`` has the focus."""
    for _number in range(most):
        if target.evaluate("element => element === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError("Tab does not lead there")


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["1440", "390"])
def test_an_operator_sees_the_own_amount_export_with_the_reason_instead_of_a_link(live, made, open_page, size):
    job = made.make("operator", "orders", "ready")
    page = open_page(size=size)
    sign_in(page, "operator")
    open_center(page)
    assert row(page, job.job_no).locator("a[data-do=download]").count() == 0
    row(page, job.job_no).locator("a.ec-number").click()
    refused = page.locator("#drawer .ec-detail-doings [aria-disabled=true]").first
    assert "金额类文件仅财务与管理员可下载" in refused.get_attribute("aria-label")
    answer = page.request.get(f"{PAGE}{job.job_no}/download")
    assert answer.status == 403


def test_risk_people_see_risk_exports_of_others_and_may_download_them(live, made, open_page):
    hits = made.make("admin", "risk_hits", "ready")
    orders = made.make("admin", "orders", "ready")
    page = open_page()
    sign_in(page, "risk")
    open_center(page)
    expect(row(page, hits.job_no)).to_be_visible()
    assert row(page, orders.job_no).count() == 0
    with page.expect_download() as waiting:
        row(page, hits.job_no).locator("a[data-do=download]").first.click()
    assert Path(waiting.value.path()).stat().st_size == hits.file_size
    assert page.request.get(f"{PAGE}{orders.job_no}/").status == 404
