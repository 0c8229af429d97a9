"""The page of API tokens in a browser: by mouse and by keys alone, in both languages, on a desk and a phone."""

import re

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.accounts.token_helpers import outdated
from tests.e2e.accessibility import assert_accessible
from tests.e2e.center import sign_in, speak
from tests.e2e.conftest import DESK, PHONE
from tests.exports_helpers import Web
from tests.world import PASSWORD

pytestmark = [pytest.mark.e2e, pytest.mark.processes, pytest.mark.timeout(300)]
PAGE = "/accounts/tokens/"
KEYS = ("new", "name", "create", "copy", "copied", "revoke")
WORDS = {
    "zh-hans": ("新建令牌", "名称", "创建令牌", "复制", "已复制。", "撤销"),
    "en": ("New token", "Name", "Create token", "Copy", "Copied.", "Revoke"),
}


@pytest.fixture
def product(live, tmp_path):
    """The product without workers: its address."""
    web = Web(tmp_path)
    yield web.address
    web.close()


def is_let_in(product: str, text: str) -> bool:
    answer = httpx.get(f"{product}/api/v1/exports", headers={"Authorization": f"Bearer {text}"}, trust_env=False)
    assert answer.status_code in (200, 401)
    return answer.status_code == 200


def wide_as_the_screen(page: Page) -> bool:
    return page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    ("language", "size"), [("zh-hans", DESK), ("en", DESK), ("zh-hans", PHONE), ("en", PHONE)],
    ids=["zh-desk", "en-desk", "zh-phone", "en-phone"],
)  # fmt: skip
def test_from_the_empty_page_to_a_revoked_token(live, product, open_page, language, size, scheme):
    words, where = dict(zip(KEYS, WORDS[language], strict=True)), f"{language} {size[0]} {scheme}"
    speak(live, "finance", language)
    page = open_page(size=size, locale={"zh-hans": "zh-CN", "en": "en-US"}[language], scheme=scheme)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    sign_in(page, "finance")
    page.goto(PAGE)
    expect(page.locator(".empty")).to_be_visible()
    assert_accessible(page, where=f"empty {where}")

    page.get_by_role("button", name=words["new"]).or_(page.get_by_role("link", name=words["new"])).click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    assert_accessible(page, where=f"dialog {where}")
    dialog.get_by_label(words["name"], exact=True).fill("夜间任务")
    dialog.get_by_role("button", name=words["create"]).click()
    expect(page.get_by_role("alert")).to_be_visible()
    expect(dialog.get_by_label(words["name"], exact=True)).to_have_value("夜间任务")
    assert_accessible(page, where=f"refused {where}")
    dialog.locator("input[value='exports:read']").check()
    dialog.get_by_role("button", name=words["create"]).click()

    field = page.locator("#token-text")
    expect(field).to_be_visible()
    text = field.input_value()
    assert re.fullmatch(r"ec_[0-9A-Za-z]{12}_[0-9A-Za-z]{49}", text)
    expect(page.locator("#made-title")).to_be_focused()
    assert_accessible(page, where=f"made {where}")
    page.get_by_role("button", name=words["copy"]).click()
    expect(page.locator("#copied")).to_have_text(words["copied"])
    assert page.evaluate("navigator.clipboard.readText()") == text
    assert is_let_in(product, text)
    assert wide_as_the_screen(page)

    outdated(live, "finance")
    page.reload()
    expect(page.locator("#token-text")).to_have_count(0)
    assert text not in page.content()
    expect(page.locator(".tokens > li")).to_have_count(1)
    page.locator(".ended summary").click()
    assert_accessible(page, where=f"list {where}")
    assert wide_as_the_screen(page)

    page.get_by_role("link", name=re.compile(words["revoke"])).click()
    expect(page.get_by_role("button", name=words["revoke"])).to_be_visible()  # the next page, not the one that goes
    assert_accessible(page, where=f"question {where}")
    assert is_let_in(product, text)
    page.get_by_role("button", name=words["revoke"]).click()
    expect(page.locator(".notice.success")).to_be_visible()
    expect(page.locator(".empty")).to_be_visible()
    assert not is_let_in(product, text)


def test_by_keys_alone(live, product, open_page):
    speak(live, "finance", "en")
    page = open_page(locale="en-US")
    sign_in(page, "finance")
    page.goto(PAGE)
    page.locator("#new").focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(page.locator("#new")).to_be_focused()
    page.keyboard.press("Enter")
    expect(dialog.get_by_label("Name", exact=True)).to_be_focused()
    page.keyboard.type("by keys")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    assert dialog.locator("input:checked").count() == 1
    page.keyboard.press("Enter")
    expect(page.locator("#made-title")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.locator("#token-text")).to_be_focused()
    assert page.evaluate("getSelection().toString()").startswith("ec_")
    page.keyboard.press("Tab")
    expect(page.locator("#copy")).to_be_focused()
    page.get_by_role("link", name="Revoke by keys").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/revoke/")
    page.get_by_role("button", name="Revoke").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".empty")).to_be_visible()


def test_without_a_script(live, product, browser):
    context = browser.new_context(base_url=product, java_script_enabled=False, locale="zh-CN")
    page = context.new_page()
    _sign_in_outside(page)
    page.goto(PAGE)
    page.get_by_role("link", name="新建令牌").click()
    page.get_by_label("名称", exact=True).fill("x")
    page.locator("input[value='events:read']").check()
    page.get_by_role("button", name="创建令牌").click()
    text = page.locator("#token-text").input_value()
    assert text.startswith("ec_")
    expect(page.locator("#copy")).to_be_hidden()
    context.close()


def _sign_in_outside(page: Page) -> None:
    """A person of a client company, who has no admin."""
    page.goto("/accounts/login/")
    page.fill("input[name=login]", "acme_user")
    page.fill("input[name=password]", PASSWORD)
    page.click("form:has(input[name=login]) button[type=submit]")
