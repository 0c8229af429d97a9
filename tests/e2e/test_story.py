"""The main job as people do it: ask, see it become ready, download, and be refused what is not theirs."""

import hashlib
from pathlib import Path

import pytest

from accounts.models import AuditEntry
from jobs.exports import services
from tests.processes import wait_for
from tests.world import PASSWORD

pytestmark = [pytest.mark.e2e, pytest.mark.processes]


def sign_in(page, name: str) -> None:
    page.goto("/admin/")
    page.fill("input[name=login]", name)
    page.fill("input[name=password]", PASSWORD)
    page.click("form:has(input[name=login]) button[type=submit]")
    page.wait_for_url("**/admin/")


def ask(live, name: str):
    with live.scope(name):
        job = services.request_export(
            dataset="orders", file_type="csv", params={}, source="/orders", actor=live.user(name)
        )
    wait_for(lambda: look(live, name, job).status == "ready", 60, "the export did not become ready")
    return look(live, name, job)


def look(live, name: str, job):
    with live.scope(name):
        return type(job).objects.select_related("owner").get(pk=job.pk)


def test_finance_signs_in_sees_the_export_and_downloads_it(live, page):
    job = ask(live, "finance")
    sign_in(page, "finance")
    page.goto("/admin/jobs/exportjob/")
    row = page.locator("tr", has_text=job.job_no)
    assert "完成" in row.inner_text()
    row.locator("a", has_text=job.job_no).first.click()
    with page.expect_download() as waiting:
        page.locator("a[href*='/download?token=']").first.click()
    file = Path(waiting.value.path())
    assert waiting.value.suggested_filename == job.file_name == f"订单_{job.job_no}.csv"
    content = file.read_bytes()
    assert (len(content), hashlib.sha256(content).hexdigest()) == (job.file_size, job.file_sha256)
    assert content.decode("utf-8-sig").splitlines()[0].startswith("订单号,")
    with live.scope("finance"):
        entry = AuditEntry.objects.filter(operation="export_file_download").latest("seq")
        assert (entry.username, entry.result, entry.details["bytes"]) == ("finance", "success", job.file_size)


def test_an_operator_sees_the_own_amount_export_with_the_reason_instead_of_a_link(live, page):
    job = ask(live, "operator")
    sign_in(page, "operator")
    page.goto(f"/admin/jobs/exportjob/{job.pk}/change/")
    assert page.locator("a[href*='/download?token=']").count() == 0
    assert "金额类文件仅财务与管理员可下载" in page.locator("body").inner_text()
