"""Hands and eyes on 导出中心 for tests in a browser."""

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Locator, Page, expect

from accounts.models import User
from tests.world import PASSWORD

PAGE = "/admin/exports/"


def sign_in(page: Page, name: str) -> None:
    """Sign in on the sign-in page as a person does."""
    page.goto("/admin/")
    page.fill("input[name=login]", name)
    page.fill("input[name=password]", PASSWORD)
    page.click("form:has(input[name=login]) button[type=submit]")
    page.wait_for_url("**/admin/")


def speak(live: Any, name: str, language: str) -> None:
    """Let this person read ``language`` from the next request on."""
    with live.scope(name):
        User.objects.filter(pk=live.users[name][1]).update(language=language)


def open_center(page: Page, query: str = "") -> None:
    """Open the page and wait until its scripts have begun."""
    page.goto(f"{PAGE}{query}")
    expect(page.locator("#live")).not_to_have_attribute("data-state", "starting", timeout=15_000)


def row(page: Page, job_no: str) -> Locator:
    """The row of an export."""
    return page.locator(f'#rows > tr[data-job="{job_no}"]')


def numbers(page: Page) -> list[str]:
    """The exports that are shown, in order."""
    return [one.get_attribute("data-job") or "" for one in page.locator("#rows > tr.ec-row").all()]


def status(page: Page, job_no: str, wanted: str, *, seconds: float = 30) -> None:
    """Wait until the row shows this status, without loading the page."""
    expect(row(page, job_no)).to_have_attribute("data-status", wanted, timeout=seconds * 1000)


def new_number(page: Page, act: Callable[[], None]) -> str:
    """The number of the export that ``act`` makes, which a message on the page says at once."""
    made = ("/api/v1/exports", "/retry")
    with page.expect_response(lambda one: one.request.method == "POST" and one.url.endswith(made)) as waiting:
        act()
    assert waiting.value.ok, waiting.value.text()
    told = waiting.value.json()
    number: str = told.get("new_job_id") or told["job_id"]
    expect(page.locator(".ec-toast", has_text=number).first).to_be_visible()
    return number
