"""What people arrange for themselves on the page of exports: columns and their widths, saved views (SPEC U4, U7)."""

import pytest
from playwright.sync_api import expect

from accounts.models import User
from jobs.exports import services
from jobs.models import ExportJob, SavedView
from tests.e2e.center import open_center, sign_in
from tests.processes import wait_for

pytestmark = [pytest.mark.e2e, pytest.mark.processes]

FIRST = ["number", "type", "status", "progress", "file", "size", "creator", "created", "finished", "source", "params"]


@pytest.fixture
def exports(live):
    """Two exports of finance."""
    with live.scope("finance"):
        for _number in range(2):
            services.request_export(
                dataset="orders", file_type="csv", params={}, source="/orders", actor=live.user("finance")
            )


@pytest.fixture
def other(browser, product):
    """other("operator") → a page of that person in another browser. What goes wrong in it is the test's matter."""
    contexts = []

    def _other(name: str):
        contexts.append(browser.new_context(base_url=product, locale="zh-CN"))
        opened = contexts[-1].new_page()
        sign_in(opened, name)
        return opened

    yield _other
    for context in contexts:
        context.close()


def shown_columns(page, line: str) -> list[str]:
    """Keys of the columns that can be seen in a line of the table, from left to right."""
    cells = page.locator(f"{line} > [data-col]").evaluate_all(
        "cells => cells.filter(cell => !cell.hidden)"
        ".sort((one, other) => one.getBoundingClientRect().x - other.getBoundingClientRect().x)"
        ".map(cell => cell.dataset.col)"
    )
    return list(cells)


def assert_columns(page, keys: list[str]) -> None:
    """Heading and every row show these columns in this order."""
    assert shown_columns(page, "#jobs thead tr") == keys
    for number in range(page.locator("#rows > .ec-row").count()):
        assert shown_columns(page, f"#rows > .ec-row:nth-child({number + 1})") == keys


def width(page, key: str) -> int:
    return int(page.locator(f"#jobs col[data-col={key}]").evaluate("col => parseInt(col.style.width, 10)"))


def drawn(page, key: str) -> float:
    return float(page.locator(f"#jobs th[data-col={key}]").bounding_box()["width"])


def entry(page, key: str):
    return page.locator(f"#columns-list > li[data-key={key}]")


def close_columns(page) -> None:
    """Close the dialog, and wait until the choice is kept."""
    with page.expect_response(lambda answer: "/me/preferences/exports" in answer.url and answer.status == 200):
        page.click("#columns-dialog button[value=done]")


def pull(page, key: str, by: int) -> None:
    """Drag the right edge of a heading."""
    grip = page.locator(f"#jobs th[data-col={key}] .ec-grip").bounding_box()
    x, y = grip["x"] + grip["width"] / 2, grip["y"] + grip["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + by / 2, y)
    page.mouse.move(x + by, y)
    page.mouse.up()


# --- columns ------------------------------------------------------------------------------------------------
def test_columns_hidden_moved_and_widened_stay_so_on_every_device(exports, page, other):
    sign_in(page, "finance")
    open_center(page)
    assert_columns(page, FIRST)

    page.click("#column-settings")
    assert entry(page, "number").locator("[type=checkbox]").is_disabled()
    assert entry(page, "number").locator("[data-move]").count() == 0
    entry(page, "progress").locator("[type=checkbox]").uncheck()
    entry(page, "type").locator("[data-move=up]").click()  # nothing passes the fixed column
    entry(page, "created").locator("[data-move=up]").click()
    handle, place = entry(page, "params").locator(".ec-handle"), entry(page, "type").bounding_box()
    handle.hover()
    page.mouse.down()
    page.mouse.move(place["x"] + 40, place["y"] + 4, steps=8)
    page.mouse.up()
    expected = ["number", "params", "type", "status", "file", "size", "created", "creator", "finished", "source"]
    assert_columns(page, expected)  # at once, behind the dialog
    close_columns(page)

    with page.expect_response("**/me/preferences/exports"):
        before = drawn(page, "params")
        pull(page, "params", 60)
        assert drawn(page, "params") == pytest.approx(before + 60, abs=3)
    widened = width(page, "params")

    for again in (page, other("finance")):
        open_center(again)
        assert_columns(again, expected)
        assert width(again, "params") == widened
    operator = other("operator")
    open_center(operator)
    assert_columns(operator, FIRST)  # it is one's own choice


def test_rows_that_come_later_stand_in_the_chosen_order(exports, live, page):
    sign_in(page, "finance")
    open_center(page)
    expect(page.locator("#live")).to_have_attribute("data-state", "live")
    page.click("#column-settings")
    with page.expect_response("**/me/preferences/exports"):
        entry(page, "type").locator("[data-move=down]").click()
        entry(page, "size").locator("[type=checkbox]").uncheck()
    expected = ["number", "status", "type", *(key for key in FIRST[3:] if key != "size")]
    with live.scope("finance"):
        job = services.request_export(
            dataset="orders", file_type="csv", params={}, source="", actor=live.user("finance")
        )
    page.wait_for_selector(
        f"#rows > .ec-row[data-job={job.job_no}][data-status=ready]", timeout=60_000, state="attached"
    )
    assert page.locator("#rows > .ec-row").count() == 3
    assert_columns(page, expected)


def test_widths_have_limits_fit_their_content_and_can_be_typed(exports, page):
    sign_in(page, "finance")
    open_center(page)
    pull(page, "type", -400)
    assert width(page, "type") == 48
    page.locator("#jobs th[data-col=type] .ec-grip").dblclick()
    assert 48 < width(page, "type") < 200
    cut = page.locator("#rows > .ec-row td[data-col=type] .ec-cut").evaluate_all(
        "cells => cells.filter(cell => cell.scrollWidth > cell.clientWidth).length"
    )
    assert cut == 0

    page.click("#column-settings")
    field = entry(page, "type").locator("input[type=number]")
    assert field.get_attribute("aria-label") == "「类型」的列宽（像素）"
    field.fill("300")
    assert width(page, "type") == 300
    field.fill("5")
    assert width(page, "type") == 300  # half typed
    field.press("Tab")
    assert (field.input_value(), width(page, "type")) == ("48", 48)
    field.fill("")
    field.press("Tab")
    assert (field.input_value(), width(page, "type")) == ("48", 48)
    field.fill("9000")
    close_columns(page)
    open_center(page)
    assert width(page, "type") == 800


def test_the_edge_follows_the_pointer_where_columns_are_stretched(exports, open_page):
    page = open_page(size=(2560, 900))
    sign_in(page, "finance")
    open_center(page)
    assert drawn(page, "file") > width(page, "file") + 20
    for key, by in (("file", 60), ("type", -30), ("file", 500), ("file", -520)):
        before = drawn(page, key)
        pull(page, key, by)
        assert drawn(page, key) == pytest.approx(before + by, abs=2)


def test_columns_are_arranged_by_keys_alone_and_reset_with_a_way_back(exports, page):
    sign_in(page, "finance")
    open_center(page)
    page.focus("#column-settings")
    page.keyboard.press("Enter")
    page.keyboard.press("Space")  # the first column that can be hidden has the focus
    page.keyboard.press("Alt+ArrowDown")
    assert page.locator("#columns-told").inner_text() == "类型：第 3 列，共 11 列"
    page.keyboard.press("Alt+ArrowDown")
    changed = ["number", "status", "progress", *FIRST[4:]]
    assert_columns(page, changed)
    with page.expect_response("**/me/preferences/exports"):
        page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.id") == "column-settings"

    page.keyboard.press("Enter")
    page.click("#columns-reset")
    page.get_by_text("列设置已恢复默认。").wait_for()
    assert_columns(page, FIRST)
    with page.expect_response("**/me/preferences/exports"):
        page.get_by_role("button", name="撤销").click()
    assert_columns(page, changed)
    open_center(page)
    assert_columns(page, changed)


def test_compact_rows_stay_compact(exports, page, other):
    sign_in(page, "finance")
    open_center(page)
    tall = page.locator("#rows > .ec-row").first.bounding_box()["height"]
    with page.expect_response("**/me/preferences/exports"):
        page.click("#density")
    assert page.locator("#density").get_attribute("aria-pressed") == "true"
    assert page.locator("#rows > .ec-row").first.bounding_box()["height"] < tall
    page.click("#refresh")
    page.wait_for_load_state("networkidle")
    assert page.locator("#exports-page.ec-compact").count() == 1
    elsewhere = other("finance")
    open_center(elsewhere)
    assert elsewhere.locator("#exports-page.ec-compact").count() == 1


def test_what_cannot_be_kept_is_told_and_taken_back(exports, other):
    page = other("finance")
    open_center(page)
    page.route("**/me/preferences/exports", lambda route: route.abort())
    page.click("#column-settings")
    entry(page, "file").locator("[type=checkbox]").uncheck()
    assert "file" not in shown_columns(page, "#jobs thead tr")
    page.locator("#columns-dialog .ec-failure-toast").wait_for()
    wait_for(
        lambda: entry(page, "file").locator("[type=checkbox]").is_checked(), 10, "the dialog does not tell the truth"
    )
    assert_columns(page, FIRST)
    page.locator(".ec-failure-toast button").click()  # it lies within the dialog, where it can be reached
    assert page.locator(".ec-failure-toast").count() == 0


def test_a_choice_that_waits_is_kept_when_the_page_is_left(exports, page):
    sign_in(page, "finance")
    open_center(page)
    page.click("#density")
    open_center(page)  # within the moment in which choices are gathered

    def compact() -> bool:
        page.reload()
        return page.locator("#exports-page.ec-compact").count() == 1

    wait_for(compact, 10, "the choice was lost")


# --- views --------------------------------------------------------------------------------------------------
def open_menu(page):
    """The menu of views, with what the server says."""
    page.click("#views-button")
    page.wait_for_selector("#views-menu [role=menuitemradio]")
    return page.locator("#views-menu")


def choose(page, name: str) -> None:
    open_menu(page).get_by_role("menuitem", name=name).click()


def assert_label(page, words: str) -> None:
    name, *changed = words.split(" · ")
    expect(page.locator("#views-button .ec-views-name")).to_have_text(name)
    expect(page.locator("#views-button .ec-views-changed")).to_have_text([f"· {word}" for word in changed])


def save_view(page, name: str, *, shared: str = "private", roles: tuple[str, ...] = (), default: bool = False) -> None:
    choose(page, "将当前筛选保存为视图…")
    dialog = page.locator("#view-dialog")
    dialog.locator("[name=name]").fill(name)
    dialog.locator(f"[name=shared][value={shared}]").check()
    for role in roles:
        dialog.locator(f"[name=roles][value={role}]").check()
    dialog.locator("[name=by_default]").set_checked(default)
    dialog.locator("button[value=save]").click()


def stored(live, name: str) -> list[tuple[str, dict, str, list[str]]]:
    with live.scope(name):
        owner = User.objects.get(pk=live.user(name).pk)
        views = SavedView.objects.filter(owner=owner).order_by("name")
        return [(view.name, view.query, view.shared, view.roles) for view in views]


def test_a_view_is_saved_shared_changed_and_opened_by_another_person(exports, live, page, other):
    sign_in(page, "finance")
    open_center(page, "?status=ready&status=failed&ordering=-file_size&period=7d")
    save_view(page, "本周文件", shared="roles", roles=("risk", "finance"))
    assert_label(page, "本周文件")
    query = {"status": ["ready", "failed"], "period": ["7d"], "ordering": ["-file_size"]}
    assert stored(live, "finance") == [("本周文件", query, "roles", ["finance", "risk"])]

    colleague = other("risk")
    open_center(colleague)
    menu = open_menu(colleague)
    assert menu.get_by_role("group", name="共享给我的").get_by_role("menuitemradio").all_inner_texts() == [
        "本周文件\nfinance"
    ]
    assert menu.get_by_role("menuitemradio", name="全部导出").get_attribute("aria-checked") == "true"
    menu.get_by_role("menuitemradio", name="本周文件").click()
    assert_label(colleague, "本周文件")
    assert colleague.locator("#filter-form [name=status]:checked").evaluate_all("all => all.map(one => one.value)") == [
        "ready",
        "failed",
    ]
    menu = open_menu(colleague)
    assert menu.get_by_role("menuitemradio", name="本周文件").get_attribute("aria-checked") == "true"
    assert menu.get_by_role("menuitem", name="删除").count() == 0  # it is not theirs
    stranger = other("operator")
    open_center(stranger)
    assert open_menu(stranger).get_by_text("本周文件").count() == 0

    page.locator("#filter-form [name=status][value=failed]").uncheck()
    assert_label(page, "本周文件 · 已修改")
    choose(page, "放弃更改")
    assert_label(page, "本周文件")
    assert page.locator("#filter-form [name=status][value=failed]").is_checked()
    page.locator("#filter-form [name=status][value=ready]").uncheck()
    assert_label(page, "本周文件 · 已修改")
    choose(page, "保存更改")
    page.get_by_text("对「本周文件」的更改已保存。").wait_for()
    assert_label(page, "本周文件")
    assert stored(live, "finance") == [("本周文件", query | {"status": ["failed"]}, "roles", ["finance", "risk"])]


def test_a_default_view_opens_until_it_is_no_longer_the_default(exports, live, page):
    sign_in(page, "finance")
    open_center(page, "?status=failed")
    save_view(page, "失败的", default=True)
    page.get_by_text("今后进入页面时显示「失败的」。").wait_for()
    open_center(page)
    assert_label(page, "失败的")
    assert page.locator("#rows > .ec-row").count() == 0
    menu = open_menu(page)
    assert "默认视图" in menu.get_by_role("menuitemradio", name="失败的").inner_text()
    menu.get_by_role("menuitemradio", name="全部导出").click()
    assert_label(page, "视图")
    page.wait_for_selector("#rows > .ec-row")

    open_center(page)
    choose(page, "取消默认视图")
    page.get_by_text("今后进入页面时显示全部导出。").wait_for()
    open_center(page)
    assert_label(page, "视图")
    open_menu(page).get_by_role("menuitemradio", name="我发起的").click()
    choose(page, "设为默认视图")
    page.get_by_text("今后进入页面时显示「我发起的」。").wait_for()
    open_center(page)
    assert_label(page, "我发起的")


def test_a_view_is_renamed_and_errors_stand_at_their_field(exports, live, other):
    page = other("finance")
    open_center(page, "?status=ready")
    save_view(page, "甲")
    assert_label(page, "甲")
    choose(page, "将当前筛选保存为视图…")
    dialog = page.locator("#view-dialog")
    dialog.locator("[name=name]").fill(" 甲 ")
    dialog.locator("button[value=save]").click()
    dialog.locator("#view-name-error").get_by_text("您已有同名视图").wait_for()
    assert dialog.locator("[name=name]").get_attribute("aria-invalid") == "true"
    assert dialog.locator("[name=name]").input_value() == " 甲 "
    assert page.evaluate("document.activeElement.name") == "name"
    dialog.locator("[name=name]").fill("乙")
    dialog.locator("[name=shared][value=roles]").check()
    dialog.locator("button[value=save]").click()
    dialog.locator("#view-shared-error").wait_for()
    assert not dialog.locator("#view-name-error").is_visible()
    dialog.locator("[name=roles][value=risk]").check()
    dialog.locator("button[value=save]").click()
    assert_label(page, "乙")

    choose(page, "重命名与共享…")
    assert dialog.locator("[name=name]").input_value() == "乙"
    assert dialog.locator("[name=roles]:checked").evaluate_all("all => all.map(one => one.value)") == ["risk"]
    dialog.locator("[name=name]").fill("丙")
    dialog.locator("[name=shared][value=tenant]").check()
    dialog.locator("[name=name]").press("Enter")
    assert_label(page, "丙")
    assert [(name, shared, roles) for name, _query, shared, roles in stored(live, "finance")] == [
        ("丙", "tenant", []),
        ("甲", "private", []),
    ]

    choose(page, "重命名与共享…")
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.id") == "views-button"
    assert_label(page, "丙")


def test_a_deleted_view_can_be_had_back_for_some_seconds(exports, live, page):
    sign_in(page, "finance")
    open_center(page, "?status=ready")
    save_view(page, "临时")
    assert_label(page, "临时")
    choose(page, "删除")
    assert_label(page, "视图")
    assert page.locator("#filter-form [name=status][value=ready]").is_checked()  # nothing jumps
    assert open_menu(page).get_by_role("menuitemradio", name="临时").count() == 0
    page.keyboard.press("Escape")
    page.get_by_role("button", name="撤销").click()
    assert_label(page, "临时")
    assert len(stored(live, "finance")) == 1

    with page.expect_response(lambda answer: answer.request.method == "DELETE", timeout=10_000):
        choose(page, "删除")
    assert stored(live, "finance") == []
    save_view(page, "第二个")
    assert_label(page, "第二个")
    choose(page, "删除")
    page.goto("/admin/")  # leaving the page is an answer, too
    wait_for(lambda: stored(live, "finance") == [], 10, "the view is still there")


def test_the_menu_is_walked_by_keys_and_failures_are_told(exports, live, other):
    page = other("finance")
    open_center(page)
    page.focus("#views-button")
    page.keyboard.press("Enter")
    page.wait_for_function("document.activeElement.getAttribute('role') === 'menuitemradio'")
    assert page.evaluate("document.activeElement.textContent").endswith("全部导出")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Space")
    assert_label(page, "我发起的")
    assert page.locator("#views-menu:popover-open").count() == 0

    page.route("**/api/v1/saved-views**", lambda route: route.abort())
    page.click("#views-button")
    page.locator(".ec-failure-toast").wait_for()
    assert page.locator("#views-menu:popover-open").count() == 0
    page.unroute("**/api/v1/saved-views**")
    choose(page, "将当前筛选保存为视图…")
    dialog = page.locator("#view-dialog")
    dialog.locator("[name=name]").fill("断网")
    page.route("**/api/v1/saved-views", lambda route: route.abort())
    dialog.locator("button[value=save]").click()
    dialog.locator("[data-error='']").wait_for()
    assert dialog.locator("[name=name]").input_value() == "断网"
    page.unroute("**/api/v1/saved-views")
    dialog.locator("button[value=save]").click()
    assert_label(page, "断网")
    assert [name for name, *_rest in stored(live, "finance")] == ["断网"]
    with live.scope("finance"):
        assert ExportJob.objects.count() == 2
