"""A custom export made in a browser, with the keyboard only where it matters."""

import pytest

from jobs.models import ExportDefinition, ExportJob
from tests.e2e.center import sign_in
from tests.processes import wait_for

pytestmark = [pytest.mark.e2e, pytest.mark.processes]


def test_finance_makes_a_custom_export_and_runs_it(live, page):
    sign_in(page, "finance")
    page.goto("/admin/jobs/exportdefinition/new/")
    page.locator(".def-tiles").get_by_role("link", name="订单", exact=True).click()
    page.get_by_label("方案名称").fill("大额订单")
    for box in page.locator("input[name=column]").all():
        box.set_checked(box.get_attribute("value") in ("order_no", "amount"))

    rows = page.locator(".def-row:has([name=filter_column])")
    first = rows.nth(0)
    first.locator("[name=filter_column]").select_option("amount")
    operators = first.locator("[name=filter_op] option:not([hidden])")
    assert [option.get_attribute("value") for option in operators.all()] == [
        "equals",
        "in",
        "range",
        "empty",
        "not_empty",
    ]
    assert not first.locator("[name=filter_to]").is_visible()
    first.locator("[name=filter_op]").select_option("range")
    assert first.locator("[name=filter_to]").is_visible()
    first.locator("[name=filter_value]").fill("viel")

    before = rows.count()
    add = page.get_by_role("button", name="添加筛选")
    add.focus()
    page.keyboard.press("Enter")
    assert rows.count() == before + 1
    assert page.evaluate("document.activeElement.name") == "filter_column"
    rows.nth(before).locator("[name=filter_column]").select_option("note")
    rows.nth(before).locator("[name=filter_op]").select_option("contains")
    rows.nth(1).get_by_role("button", name="移除此行").press("Enter")
    assert rows.count() == before
    rows.nth(before - 1).get_by_role("button", name="移除此行").click()

    page.get_by_role("button", name="保存").click()
    assert "输入一个数字" in page.locator(".def-row .def-error").inner_text()
    assert page.get_by_label("方案名称").input_value() == "大额订单"
    page.locator("[name=filter_value]").first.fill("1,000")
    page.get_by_role("button", name="保存").click()
    page.wait_for_url("**/change/")
    assert "≥ 1,000" in page.locator("body").inner_text()

    page.get_by_role("link", name="立即导出").click()
    page.get_by_role("button", name="立即导出").click()
    page.wait_for_url("**/change/")
    with live.scope("finance"):
        definition = ExportDefinition.objects.get()
        job = ExportJob.objects.get(definition=definition)
    assert page.get_by_role("link", name=job.job_no).count() == 1

    def is_ready():
        with live.scope("finance"):
            return ExportJob.objects.get(pk=job.pk).status == "ready"

    wait_for(is_ready, 60, "the export did not become ready")
    with live.scope("finance"):
        assert job.params["filters"] == [{"column": "amount", "op": "range", "value": {"min": "1000"}}]
        assert 0 < ExportJob.objects.get(pk=job.pk).row_count < 2_000
