"""导出中心 in a browser: the list, the drawer, what moves by itself, and the keyboard (SPEC U1–U8, T1, T3)."""

import re

import pytest
from playwright.sync_api import expect

from jobs.exports import services
from jobs.models import ExportJob
from jobs.models.page import PagePreference
from tests.e2e.center import numbers, open_center, row, sign_in, status

pytestmark = [pytest.mark.e2e, pytest.mark.processes]


def request_orders(live, name, **more):
    with live.scope(name):
        return services.request_export(
            dataset="orders", file_type="csv", params={}, source="/orders", actor=live.user(name), **more
        )


def watch_shifts(page) -> None:
    """From now on window.shifts lists what moves on the screen without the reader's doing."""
    page.evaluate(
        """() => {
            window.shifts = [];
            const at = (box) => `${box.x},${box.y} ${box.width}×${box.height}`;
            new PerformanceObserver((list) => {
                for (const entry of list.getEntries()) {
                    if (entry.hadRecentInput) continue;
                    for (const { node, previousRect, currentRect } of entry.sources) {
                        const words = node instanceof Element ? node.outerHTML : node?.textContent;
                        window.shifts.push(`${words?.slice(0, 120)}: ${at(previousRect)} → ${at(currentRect)}`);
                    }
                }
            }).observe({type: "layout-shift", buffered: false});
        }"""
    )
    page.wait_for_timeout(600)  # what a click shifts within half a second is the reader's own doing


def test_progress_and_the_end_move_nothing_on_the_screen(live, made, page):
    made.make("finance", status="ready")
    job = made.make("finance", status="processing")
    made.make("finance", status="failed")
    sign_in(page, "finance")
    open_center(page)
    watch_shifts(page)
    for done in (30, 71, 93):
        with live.scope("finance"):
            ExportJob.objects.filter(pk=job.pk).update(rows_done=done)
        expect(row(page, job.job_no).locator(".ec-progress-words").first).to_contain_text(f"{done}%")
    row(page, job.job_no).locator(".ec-doings-button").focus()
    with live.scope("finance"):
        made.fail(job)
    status(page, job.job_no, "failed")
    assert page.evaluate("document.activeElement.closest('tr')?.dataset.job") == job.job_no
    assert page.evaluate("window.shifts") == []


def test_canceling_what_runs_asks_first_and_shows_at_once(live, made, page):
    job = made.make("finance", status="processing")
    sign_in(page, "finance")
    open_center(page)
    row(page, job.job_no).locator("button[data-do=cancel]").first.click()
    page.keyboard.press("Escape")
    with live.scope("finance"):
        assert ExportJob.objects.get(pk=job.pk).cancel_requested_at is None
    row(page, job.job_no).locator("button[data-do=cancel]").first.click()
    page.locator("#confirm-yes").click()
    expect(row(page, job.job_no).locator(".ec-status-words")).to_have_text("正在取消")


def test_a_new_export_of_ones_own_comes_by_itself_and_becomes_ready(live, page):
    sign_in(page, "finance")
    open_center(page)
    assert page.locator("#empty").is_visible()
    job = request_orders(live, "finance")
    status(page, job.job_no, "ready")
    assert not page.locator("#empty").is_visible()
    assert row(page, job.job_no).locator("a[data-do=download]").first.is_visible()
    expect(page.locator('[data-card="started"] .ec-card-figure')).to_have_text("1")


def test_exports_of_others_wait_behind_a_button_and_nothing_moves(live, made, page):
    first = made.make("admin", status="ready")
    sign_in(page, "admin")
    open_center(page)
    watch_shifts(page)
    job = request_orders(live, "finance")
    button = page.locator("#arrivals button")
    expect(button).to_be_visible()
    expect(button).to_contain_text("1")
    assert numbers(page) == [first.job_no]
    assert page.evaluate("window.shifts") == []
    button.click()
    expect(row(page, job.job_no)).to_be_visible()
    assert numbers(page) == [job.job_no, first.job_no]
    assert not button.is_visible()


def test_filters_follow_the_address_and_the_address_follows_them(live, made, page):
    ready, failed = made.make("finance", status="ready"), made.make("finance", status="failed")
    sign_in(page, "finance")
    open_center(page)
    page.locator('input[name="status"][value="failed"]').check()
    expect(row(page, ready.job_no)).to_have_count(0)
    assert numbers(page) == [failed.job_no]
    assert "status=failed" in page.url
    page.locator('input[name="period"][value="today"]').click()
    expect(page.locator(".ec-applied-one")).to_have_count(2)
    page.locator('input[name="from"]').fill("2020-01-01")
    expect(page.locator('input[name="period"]:checked')).to_have_count(0)
    page.wait_for_url("**from=2020-01-01**")
    page.go_back()
    page.go_back()
    expect(page.locator('input[name="status"]:checked')).to_have_count(1)
    expect(page.locator(".ec-applied-one")).to_have_count(1)
    page.locator(".ec-applied-one").click()
    expect(row(page, ready.job_no)).to_be_visible()
    assert "view=all" in page.url
    page.locator("#search").press_sequentially(failed.job_no)
    expect(row(page, ready.job_no)).to_have_count(0)
    assert page.evaluate("document.activeElement.id") == "search"
    assert page.locator("#search").input_value() == failed.job_no
    page.reload()
    assert numbers(page) == [failed.job_no]


def test_nonsense_in_the_address_is_said_and_the_rest_counts(live, made, page):
    ready, _failed = made.make("finance", status="ready"), made.make("finance", status="failed")
    sign_in(page, "finance")
    open_center(page, "?status=ready&status=fried&from=yesterday&mb_min=huge&colour=red&ordering=luck")
    notice = page.locator(".ec-notice[role=alert]")
    assert notice.locator("li").count() >= 4
    notice.locator("a[data-soft]").click()
    expect(notice).to_have_count(0)
    assert ready.job_no in numbers(page)


def test_long_lists_load_as_one_scrolls_and_each_export_stands_once(live, made, page):
    with live.scope("finance"):
        jobs = [made.make("finance", status="canceled").job_no for _number in range(75)]
    sign_in(page, "finance")
    open_center(page)
    assert len(numbers(page)) < 75
    for _turn in range(10):
        page.locator("#more").scroll_into_view_if_needed()
        page.wait_for_timeout(200)
        if len(numbers(page)) == 75:
            break
    assert numbers(page) == sorted(jobs, reverse=True)
    assert "75" in page.locator("#loaded").inner_text()
    assert not page.locator("#more-link").is_visible()


def test_the_drawer_has_an_address_and_back_closes_it(live, made, page):
    job, other = made.make("finance", status="ready"), made.make("finance", status="failed")
    sign_in(page, "finance")
    open_center(page, "?status=ready&status=failed")
    row(page, job.job_no).locator("a.ec-number").click()
    drawer = page.locator("#drawer")
    expect(drawer.locator("#drawer-title")).to_contain_text(job.job_no)
    assert page.url.endswith(f"/admin/exports/{job.job_no}/")
    expect(drawer.locator('[data-part="log"]')).to_be_attached()
    page.keyboard.press("k")
    expect(drawer.locator("#drawer-title")).to_contain_text(other.job_no)
    assert "Choose a shorter period." in drawer.locator(".ec-failure").inner_text()
    page.keyboard.press("Escape")
    expect(drawer).to_be_hidden()
    assert page.url.endswith("?status=ready&status=failed")
    assert page.evaluate("document.activeElement.dataset.job") == other.job_no
    page.go_forward()
    expect(drawer).to_be_visible()
    page.reload()  # the address alone shows a page of its own
    expect(page.locator("#detail-page #drawer-title")).to_contain_text(other.job_no)


def test_width_of_the_drawer_and_folded_sections_are_remembered(live, made, page):
    job = made.make("finance", status="ready")
    sign_in(page, "finance")
    open_center(page)
    row(page, job.job_no).locator("a.ec-number").click()
    expect(page.locator("#drawer #drawer-title")).to_be_focused()
    page.locator(".ec-drawer-grip").focus()
    before = round(page.locator("#drawer").bounding_box()["width"])
    for _turn in range(3):
        page.keyboard.press("ArrowLeft")
    assert round(page.locator("#drawer").bounding_box()["width"]) == before + 72
    page.locator('[data-section="facts"] > summary').click()
    with page.expect_response("**/me/preferences/exports") as answered:
        page.locator('[data-section="params"] > summary').click()
    assert answered.value.ok
    page.wait_for_timeout(800)
    with live.scope("finance"):
        kept = PagePreference.objects.get(user_id=live.users["finance"][1], page="exports").value
    assert kept["drawer_width"] == before + 72
    assert set(kept["folded"]) >= {"facts", "params:open"}
    open_center(page)
    row(page, job.job_no).locator("a.ec-number").click()
    expect(page.locator('[data-section="facts"]')).not_to_have_attribute("open", re.compile(".*"))
    expect(page.locator('[data-section="params"]')).to_have_attribute("open", re.compile(".*"))
    assert round(page.locator("#drawer").bounding_box()["width"]) == before + 72


def test_everything_can_be_done_by_keys(live, made, page):
    older = made.make("finance", status="failed")
    newer = made.make("finance", status="ready")
    sign_in(page, "finance")
    open_center(page)
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "search"
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    assert page.evaluate("document.activeElement.dataset.job") == newer.job_no
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.dataset.job") == older.job_no
    page.keyboard.press("x")
    assert row(page, older.job_no).locator("input[type=checkbox]").is_checked()
    page.keyboard.press("Escape")
    assert not row(page, older.job_no).locator("input[type=checkbox]").is_checked()
    page.keyboard.press("?")
    assert page.locator("#keys-dialog").is_visible()
    page.keyboard.press("Escape")
    assert not page.locator("#keys-dialog").is_visible()
    row(page, older.job_no).focus()
    page.keyboard.press("Enter")
    expect(page.locator("#drawer")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#drawer")).to_be_hidden()
    page.keyboard.press("Space")
    expect(page.locator(".ec-toast", has_text=f"E{older.job_no[1:9]}").first).to_be_visible()
    with live.scope("finance"):
        again = ExportJob.objects.get(root_id=older.root_id, retry_no=1)
    status(page, again.job_no, "ready")
    row(page, again.job_no).focus()
    with page.expect_download() as waiting:
        page.keyboard.press("d")
    assert waiting.value.suggested_filename.endswith(".csv")


def test_several_exports_are_run_again_at_once(live, made, page):
    jobs = [made.make("finance", status="failed") for _number in range(3)]
    running = made.make("finance", status="processing")
    sign_in(page, "finance")
    open_center(page)
    row(page, jobs[2].job_no).locator(".ec-cell-select").click()
    row(page, jobs[0].job_no).locator(".ec-cell-select").click(modifiers=["Shift"])
    row(page, running.job_no).locator("input[type=checkbox]").check()
    assert "4" in page.locator("#selection-count").inner_text()
    page.locator('[data-bulk="retry"]').click()
    page.locator("#confirm-yes").click()
    toast = page.locator(".ec-toast", has_text="3")
    expect(toast.first).to_be_visible()
    assert row(page, running.job_no).locator("input[type=checkbox]").is_checked()
    assert not row(page, jobs[0].job_no).locator("input[type=checkbox]").is_checked()
    with live.scope("finance"):
        assert ExportJob.objects.filter(retry_no=1).count() == 3


def test_canceling_what_waits_can_be_undone(live, made, page):
    for _number in range(3):
        made.make("finance", status="processing")
    job = made.make("finance")
    sign_in(page, "finance")
    open_center(page)
    row(page, job.job_no).locator("button[data-do=cancel]").first.click()
    page.locator(".ec-toast", has_text=job.job_no).locator("button").click()
    page.wait_for_timeout(6000)
    with live.scope("finance"):
        assert ExportJob.objects.get(pk=job.pk).status == "queued"
    row(page, job.job_no).locator("button[data-do=cancel]").first.click()
    status(page, job.job_no, "canceled", seconds=15)


def test_a_refused_button_says_why(live, made, page):
    job = made.make("operator", status="ready")
    sign_in(page, "operator")
    open_center(page)
    button = row(page, job.job_no).locator("button[aria-disabled=true]").first
    reason = button.get_attribute("data-reason")
    assert "财务" in reason
    assert reason in button.get_attribute("aria-label")
    assert button.get_attribute("title") == reason
    button.click(force=True)
    expect(page.locator(".ec-toast", has_text=reason)).to_be_visible()


def test_expired_exports_are_deleted_after_a_question(live, made, page):
    gone = [made.make("finance", status="expired") for _number in range(2)]
    kept = made.make("finance", status="ready")
    sign_in(page, "admin")
    open_center(page)
    page.locator("#delete-expired").click()
    expect(page.locator("#confirm-title")).to_contain_text("2")
    page.keyboard.press("Escape")
    with live.scope("finance"):
        assert ExportJob.objects.filter(status="expired").count() == 2
    page.locator("#delete-expired").click()
    page.locator("#confirm-yes").click()
    expect(row(page, gone[0].job_no)).to_have_count(0)
    assert numbers(page) == [kept.job_no]


def test_without_a_stream_the_page_asks_and_rests_when_nothing_moves(live, browser, product):
    context = browser.new_context(base_url=product, locale="zh-CN")
    page = context.new_page()
    asked = []
    page.on("request", lambda request: asked.append(request) if "/api/v1/events" in request.url else None)
    page.route(
        re.compile("/api/v1/events"),
        lambda route: route.abort() if "event-stream" in route.request.headers.get("accept", "") else route.continue_(),
    )
    sign_in(page, "finance")
    open_center(page)
    expect(page.locator("#live")).to_have_attribute("data-state", "resting", timeout=15_000)
    job = request_orders(live, "finance")
    page.locator("#refresh").click()
    status(page, job.job_no, "ready", seconds=30)
    page.wait_for_timeout(6000)  # one more look may be on its way
    quiet = len(asked)
    page.wait_for_timeout(7000)
    assert len(asked) == quiet, "nothing moves any more, and still the page asks"
    context.close()
