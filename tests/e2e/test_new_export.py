"""A new export made in a browser: from a list with its filters, by keyboard, on a phone; errors at their fields."""

import re

import pytest

from jobs.models import ExportDefinition, ExportJob, UiEvent
from tests.e2e.test_story import sign_in
from tests.processes import wait_for

pytestmark = [pytest.mark.e2e, pytest.mark.processes]

ORDERS = "/admin/records/order/"
DIALOG = "dialog.ne-dialog[open]"
JOB_NO = re.compile(r"E\d{11,}")


@pytest.fixture
def refusing_page(browser, product):
    """As ``page``, for tests in which the server refuses: browsers log each refusal as an error."""
    context = browser.new_context(base_url=product, locale="zh-CN")
    yield context.new_page()
    context.close()


def open_from_list(page, query: str = "") -> None:
    page.goto(f"{ORDERS}{query}")
    page.locator(".ec-list-export").click()
    page.wait_for_selector(f"{DIALOG} form")


def estimated(page) -> None:
    """Wait for the estimate."""
    page.wait_for_function("document.querySelector('[data-figure=rows]').textContent !== '—'")


def columns(page) -> list[str]:
    return [box.get_attribute("value") for box in page.locator("#ne-columns input:checked").all()]


def only_job(live) -> ExportJob:
    with live.scope("finance"):
        return ExportJob.objects.get()


def test_what_the_list_shows_is_exported(live, page):
    sign_in(page, "finance")
    open_from_list(page, "?status__exact=paid&channel__exact=app&o=1")
    chosen = page.locator(f"{DIALOG} [data-filter] input:checked")
    assert [box.get_attribute("value") for box in chosen.all()] == ["paid", "app"]
    assert "排序" in page.locator(".ne-notes").inner_text()
    listed = columns(page)
    assert listed[:2] == ["order_no", "buyer_name"]
    estimated(page)
    assert re.search(r"约 \d+", page.locator("[data-figure=rows]").inner_text())
    assert "买家" in page.locator("[data-limits]").inner_text()  # masked for finance

    page.locator("#ne-columns").scroll_into_view_if_needed()
    first, third = (page.locator("#ne-columns .ec-handle").nth(number).bounding_box() for number in (0, 2))
    page.mouse.move(first["x"] + 5, first["y"] + 5)
    page.mouse.down()
    page.mouse.move(third["x"] + 5, third["y"] + third["height"], steps=6)
    page.mouse.up()
    assert columns(page) == [listed[1], listed[2], listed[0], *listed[3:]]
    page.locator("#ne-columns input[value=quantity]").uncheck()
    wanted = columns(page)

    page.get_by_role("button", name="精确计数").click()
    page.wait_for_function("!document.querySelector('[data-figure=rows]').textContent.includes('约')")
    counted = int(page.locator("[data-figure=rows]").inner_text().replace(",", ""))
    page.locator("[data-create]").dblclick()
    page.wait_for_selector("dialog.ne-dialog", state="detached")
    told = JOB_NO.search(page.locator(".ec-toast").first.inner_text())[0]
    assert page.evaluate("document.activeElement.classList.contains('ec-list-export')")

    job = only_job(live)  # a double click makes one
    assert (job.job_no, job.type, job.source, job.columns) == (told, "orders", ORDERS, wanted)
    assert job.params == {"status": ["paid"], "channel": ["app"]}

    def is_ready():
        return only_job(live).status == "ready"

    wait_for(is_ready, 60, "the export did not become ready")
    assert only_job(live).row_count == counted

    page.reload()  # page events leave with the page at the latest

    def is_recorded():
        with live.scope("finance"):
            return UiEvent.objects.filter(name="export_create_click").count() == 1

    wait_for(is_recorded, 15, "the click was not recorded")
    page.locator("#center-header [data-new-export]").click()
    page.locator(f"{DIALOG} [data-choose=again]").click()
    page.wait_for_selector(f"{DIALOG} form")
    assert columns(page) == wanted


def test_what_is_refused_is_said_at_its_field_and_stays_typed(live, refusing_page):
    page = refusing_page
    sign_in(page, "finance")
    open_from_list(page)
    page.fill("#ne-amount_min", "viel")
    page.fill("#ne-start", "2026-03-02")
    page.fill("#ne-end", "2026-03-01")
    page.locator("[data-create]").click()
    page.wait_for_selector("#ne-error-amount_min:not([hidden])")
    for name, words in (("amount_min", "数字"), ("end", "2026-03-01")):
        field = page.locator(f"#ne-{name}")
        assert field.get_attribute("aria-invalid") == "true"
        assert field.get_attribute("aria-describedby") == f"ne-error-{name}"
        assert words in page.locator(f"#ne-error-{name}").inner_text()
    assert page.input_value("#ne-amount_min") == "viel"
    assert page.locator(DIALOG).count() == 1

    page.fill("#ne-amount_min", "5")
    page.fill("#ne-end", "2026-03-03")
    page.wait_for_selector("#ne-error-amount_min", state="hidden")
    assert page.locator("[aria-invalid]").count() == 0
    assert page.locator("#ne-amount_min").get_attribute("aria-describedby") is None

    page.locator("[data-set=none]").click()
    page.locator("[data-create]").click()
    assert page.locator("#ne-error-columns").inner_text()
    with live.scope("finance"):
        assert not ExportJob.objects.exists()


def test_filters_and_columns_are_kept_as_a_definition_and_run(live, page):
    sign_in(page, "finance")
    open_from_list(page, "?status__exact=paid")
    page.fill("#ne-amount_min", "10")
    page.fill("#ne-amount_max", "1000")
    page.fill("#ne-start", "2020-01-01")
    page.locator(".ne-save summary").click()
    page.fill("#ne-name", "已付款")
    page.keyboard.press("Enter")
    page.wait_for_selector("[data-saved] a")
    with live.scope("finance"):
        definition = ExportDefinition.objects.get(name="已付款")
        body = definition.versions.get().body
    assert body["filters"] == [
        {"column": "created_at", "op": "range", "value": {"min": "2020-01-01"}},
        {"column": "status", "op": "in", "value": ["paid"]},
        {"column": "amount", "op": "range", "value": {"min": "10", "max": "1000"}},
    ]
    page.keyboard.press("Escape")
    page.locator(".ne-ask .ec-danger").click()
    page.locator("#center-header [data-new-export]").click()
    page.locator(f"{DIALOG} [data-search]").fill("已付")
    assert page.locator(f"{DIALOG} [data-find]:not([hidden])").count() == 1
    page.keyboard.press("Enter")
    page.wait_for_selector(f"{DIALOG} form")
    estimated(page)
    page.locator("[data-create]").click()
    page.wait_for_selector("dialog.ne-dialog", state="detached")
    job = only_job(live)
    assert (job.definition_id, job.definition_version, job.source) == (definition.pk, 1, ORDERS)


def test_with_the_keyboard_alone(live, page):
    sign_in(page, "finance")
    page.goto(ORDERS)
    page.locator("#center-header [data-new-export]").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector(f"{DIALOG} [data-search]:focus")
    page.keyboard.type("members")
    page.keyboard.press("Enter")
    page.wait_for_selector(f"{DIALOG} form")
    assert page.evaluate("document.querySelector('dialog.ne-dialog').contains(document.activeElement)")
    before = columns(page)
    page.locator("#ne-columns input").nth(0).focus()
    page.keyboard.press("Alt+ArrowDown")
    assert columns(page)[:2] == [before[1], before[0]]
    assert page.evaluate("document.activeElement.value") == before[0]
    page.keyboard.press("Space")
    assert columns(page) == before[1:]

    page.keyboard.press("Escape")
    page.wait_for_selector(".ne-ask[open]")
    page.keyboard.press("Escape")
    page.wait_for_selector(".ne-ask", state="detached")
    assert page.locator(DIALOG).count() == 1
    page.locator("#ne-city").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("dialog.ne-dialog", state="detached")
    assert page.evaluate("document.activeElement.hasAttribute('data-new-export')")
    assert only_job(live).columns == before[1:]

    page.keyboard.press("Enter")
    page.wait_for_selector(f"{DIALOG} .ne-start")
    page.keyboard.press("Escape")  # nothing was chosen: nothing is asked
    page.wait_for_selector("dialog.ne-dialog", state="detached")


def test_on_a_phone_it_is_the_whole_screen(page):
    page.set_viewport_size({"width": 390, "height": 844})
    sign_in(page, "operator")
    open_from_list(page)
    box = page.locator(DIALOG).bounding_box()
    assert (box["x"], box["y"], box["width"], box["height"]) == (0, 0, 390, 844)
    estimated(page)
    wide = page.evaluate(
        "[...document.querySelectorAll('dialog.ne-dialog *')].filter((one) => one.scrollWidth > 391).length"
    )
    assert wide == 0
    create = page.locator("[data-create]").bounding_box()
    assert create["y"] + create["height"] <= 844
    assert create["height"] >= 40
    assert "约" in page.locator("[data-short]").inner_text()
