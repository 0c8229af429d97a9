"""Makes the pictures of the user guide in docs/images: ``make screenshots``. Not a test; it uses what the tests use.

Each picture shows one state of the product with made-up people and orders. After a change of the page, run this again
and look at what has come out.
"""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from accounts.models import AccessToken, User
from accounts.tokens import create_token
from jobs.models import ExportJob, JobLog, Webhook, WebhookDelivery
from tests.e2e import imports
from tests.e2e.center import PAGE, new_number, open_center, row, sign_in, speak, status
from tests.e2e.conftest import DESK, PHONE, TABLET

pytestmark = [pytest.mark.e2e, pytest.mark.processes]
IMAGES = Path(__file__).resolve().parent.parent.parent / "docs" / "images"
NAMES = {"finance": "林静", "operator": "王运营", "admin": "陈管理", "risk": "周风控"}


def shoot(page: Page, name: str) -> None:
    """Keep what is on the screen as docs/images/<name>.png, without blinking cursors and moving signs."""
    page.wait_for_timeout(350)
    page.screenshot(path=IMAGES / f"{name}.png", animations="disabled", caret="hide")


@pytest.fixture
def filled(live, made):
    """Exports of finance in every state, as on a working day."""
    for name, words in NAMES.items():
        with live.scope(name):
            User.objects.filter(pk=live.users[name][1]).update(display_name=words)
    now = timezone.now()
    for hours, dataset, state in [
        (30, "orders", "expired"), (27, "withdraws", "ready"), (9, "wallet_ledger", "canceled"),
        (7, "orders", "ready"), (6, "wallet_summary", "ready"), (5, "withdraws", "ready"), (3, "orders", "ready"),
    ]:  # fmt: skip
        made.make("finance", dataset, state, created_at=now - timedelta(hours=hours), source="/admin/records/order/")
    failed = made.make("finance", "wallet_ledger", "failed", created_at=now - timedelta(hours=2))
    running = made.make("finance", "orders", "processing", created_at=now - timedelta(minutes=1))
    ready = made.make("finance", "withdraws", "ready", created_at=now - timedelta(minutes=30))
    waiting = made.make("finance", "orders", "queued")
    with live.scope("finance"):
        ExportJob.objects.filter(pk=running.pk).update(
            started_at=now - timedelta(seconds=21), rows_done=640_000, rows_expected=1_000_000
        )
        for number, words in enumerate(
            ("Took the job", "Snapshot taken", "Wrote 240,000 rows", "The time limit is over")
        ):
            JobLog.objects.create(
                kind="export", job_id=failed.pk, level="error" if number == 3 else "info", message=words, at=now
            )
    return {"failed": failed, "running": running, "ready": ready, "waiting": waiting}


def test_signing_in(open_page):
    page = open_page()
    page.goto("/accounts/login/")
    shoot(page, "sign-in")
    page.goto("/accounts/login/?next=/admin/exports/E1/")
    phone = open_page(size=PHONE, scheme="dark")
    phone.goto("/accounts/login/")
    shoot(phone, "sign-in-phone")


def test_an_empty_page(live, open_page):
    page = open_page()
    sign_in(page, "finance")
    open_center(page)
    shoot(page, "exports-empty")


def test_the_list(live, filled, open_page):
    page = open_page()
    sign_in(page, "finance")
    open_center(page)
    shoot(page, "exports")
    row(page, filled["ready"].job_no).locator(".ec-doings-button").click()
    shoot(page, "exports-menu")
    page.keyboard.press("Escape")
    page.locator("#views-button").click()
    expect(page.locator("#views-menu [role^=menuitem]").first).to_be_visible()
    shoot(page, "exports-views")
    page.keyboard.press("Escape")
    page.locator("#column-settings").click()
    shoot(page, "exports-columns")
    page.keyboard.press("Escape")
    page.locator("#keys").click()
    shoot(page, "exports-keys")
    page.keyboard.press("Escape")
    row(page, filled["failed"].job_no).locator(".ec-cell-select").click()
    row(page, filled["ready"].job_no).locator(".ec-cell-select").click()
    shoot(page, "exports-selection")
    page.locator("#selection-clear").click()
    open_center(page, "?status=fried&from=yesterday&type=orders")
    shoot(page, "exports-problems")
    open_center(page, "?status=ready&file_type=parquet")
    shoot(page, "exports-nothing-found")
    page.locator("#center-bell").click()
    expect(page.locator("#center-news")).to_be_visible()
    shoot(page, "notifications")


def test_one_export(live, filled, open_page):
    page = open_page()
    sign_in(page, "finance")
    open_center(page)
    for name in ("ready", "failed", "running"):
        row(page, filled[name].job_no).locator("a.ec-number").click()
        expect(page.locator("#drawer #drawer-title")).to_contain_text(filled[name].job_no)
        shoot(page, f"export-{name}")
        page.keyboard.press("Escape")
        expect(page.locator("#drawer")).to_be_hidden()
    page.goto(f"{PAGE}{filled['failed'].job_no}/")
    shoot(page, "export-page")


def test_other_looks(live, filled, open_page):
    dark = open_page(scheme="dark")
    sign_in(dark, "finance")
    open_center(dark)
    shoot(dark, "exports-dark")
    phone = open_page(size=PHONE)
    sign_in(phone, "finance")
    open_center(phone)
    shoot(phone, "exports-phone")
    phone.locator(".ec-filters-open").click()
    shoot(phone, "exports-phone-filters")
    speak(live, "finance", "en")
    tablet = open_page(size=TABLET, locale="en-US")
    sign_in(tablet, "finance")
    open_center(tablet)
    shoot(tablet, "exports-en")


def test_a_new_export(live, open_page):
    page = open_page()
    sign_in(page, "finance")
    page.goto("/admin/records/order/")
    shoot(page, "dataset-page")
    page.locator('[data-new-export="orders"]').click()
    expect(page.locator("#new-export-form")).to_be_visible()
    expect(page.locator('[data-figure="rows"]')).not_to_have_text("—", timeout=10_000)
    shoot(page, "new-export")
    page.locator("[data-create]").click()
    expect(page.locator(".ec-toast")).to_be_visible()
    shoot(page, "new-export-made")
    open_center(page)
    page.keyboard.press("n")
    expect(page.locator("dialog.ne-dialog")).to_be_visible()
    shoot(page, "new-export-choice")


def test_an_import(live, open_page, tmp_path):
    """From the button on a list to the undo: a file of members with three kinds of faults."""
    with live.scope("operator"):
        User.objects.filter(pk=live.users["operator"][1]).update(display_name=NAMES["operator"])
    page = open_page()
    sign_in(page, "operator")
    page.goto(imports.NEW)
    shoot(page, "import-new")
    page.goto("/admin/records/member/")
    page.locator(".ec-list-import").click()
    path = imports.written(tmp_path, "会员名单.csv", imports.as_csv(imports.members()))
    imports.send(page, path)
    shoot(page, "import-file")
    page.locator("#mapping-title").scroll_into_view_if_needed()
    page.locator("[name=column_0]").select_option("")
    page.locator("#im-go").scroll_into_view_if_needed()
    shoot(page, "import-columns")
    page.locator("[name=column_0]").select_option("member_no")
    address = page.url
    number = imports.begin(page)
    imports.status(page, "review")
    page.locator(".ec-toast button").last.click()
    shoot(page, "import-review")
    phone, dark = open_page(size=PHONE), open_page(scheme="dark")
    for one, name in ((phone, "phone"), (dark, "dark")):
        sign_in(one, "operator")
        one.goto(address)
        shoot(one, f"import-file-{name}")
        one.goto(page.url)
        shoot(one, f"import-review-{name}")
    page.locator("#im-confirm").click()
    imports.status(page, "ready")
    page.locator(".ec-toast button").last.click()
    shoot(page, "import-done")
    page.locator("[data-step=undo]").click()
    shoot(page, "import-undo")
    page.locator("#ask-yes").click()
    page.wait_for_url(lambda url: "/admin/imports/I" in url and number not in url)
    imports.status(page, "ready")
    shoot(page, "import-undone")
    page.goto(f"{imports.NEW}?dataset=members&mode=upsert")
    imports.send(page, path)
    imports.begin(page)
    imports.status(page, "review")
    page.goto("/admin/records/order/")
    page.locator('[data-new-export="orders"]').click()
    new_number(page, page.locator("[data-create]").click)
    for one, name in ((page, "tasks"), (phone, "tasks-phone"), (dark, "tasks-dark")):
        one.goto("/admin/tasks/")
        expect(one.locator("tr[data-kind=export][data-status=ready]")).to_be_visible(timeout=30_000)
        shoot(one, name)
    speak(live, "operator", "en")
    tablet = open_page(size=TABLET, locale="en-US")
    sign_in(tablet, "operator")
    tablet.goto(f"/admin/imports/{number}/")
    shoot(tablet, "import-en")


def test_usage_and_settings(live, filled, open_page):
    page = open_page()
    sign_in(page, "admin")
    page.goto("/admin/exports/usage/")
    page.wait_for_timeout(1500)
    shoot(page, "usage")
    page.goto("/accounts/notifications/")
    shoot(page, "notification-settings")


def test_programs(live, open_page):
    """API tokens, webhooks and the documentation of the API: what programs use."""
    with live.scope("finance"):
        User.objects.filter(pk=live.users["finance"][1]).update(display_name=NAMES["finance"])
        finance = live.user("finance")
        for name, scopes, days in (
            ("对账脚本", ["events:read"], 30),
            ("夜间报表", ["exports:read", "exports:write", "exports:download"], 90),
        ):
            create_token(name=name, scopes=scopes, days=days, actor=finance)
        AccessToken.objects.filter(name="夜间报表").update(last_used_at=timezone.now(), last_used_ip="10.2.0.14")
        _webhooks(finance)
    page = open_page()
    sign_in(page, "finance")
    page.goto("/accounts/tokens/")
    shoot(page, "api-tokens")
    page.goto("/accounts/tokens/?new")
    page.locator("[name=name]").fill("仓库同步")
    page.locator("[value='exports:read']").check()
    shoot(page, "api-token-new")
    page.goto("/admin/jobs/webhook/")
    shoot(page, "webhooks")
    page.goto("/admin/jobs/webhookdelivery/")
    shoot(page, "webhook-messages")
    page.goto("/api/docs/")
    expect(page.get_by_text("导出任务列表")).to_be_visible(timeout=30_000)
    shoot(page, "api-docs")


def _webhooks(owner: User) -> None:
    """One that works and one that does not, with their messages. Nothing is sent."""
    now = timezone.now()
    times = {"created_at": now - timedelta(days=3), "updated_at": now, "served_at": now}
    failing = {"failures": 3, "failing_since": now - timedelta(hours=2), "not_before": now + timedelta(hours=1)}
    works, fails = (
        Webhook.objects.create(owner=owner, url=url, description=words, events=["job.status"], **times, **more)
        for url, words, more in (
            ("https://erp.example.com/hooks/exports", "ERP 对账", {}),
            ("https://bi.example.com/in/7f3a", "数据仓库", failing),
        )
    )
    for number in reversed(range(6)):
        webhook, good = (works, True) if number % 3 else (fails, False)
        WebhookDelivery.objects.create(
            webhook=webhook,
            type="job.status",
            subject=f"E{now:%Y%m%d}0{18 - number}",
            data={"status": "ready" if number != 4 else "failed"},
            event_at=now,
            created_at=now - timedelta(minutes=7 * number),
            state="sent" if good else "queued",
            attempts=1 if good else 3,
            response_code=200 if good else 503,
            milliseconds=84 + 13 * number,
            error="" if good else "status",
        )


def test_what_goes_wrong(live, made, browser, product):
    job = made.make("finance", "orders", "ready")
    context = browser.new_context(base_url=product, locale="zh-CN", viewport={"width": DESK[0], "height": DESK[1]})
    page = context.new_page()
    sign_in(page, "finance")
    page.goto("/admin/exports/E20200101001/")
    shoot(page, "not-found")
    address = page.request.get(f"/api/v1/exports/{job.job_no}").json()["download_url"]
    page.goto(re.sub(r"token=.{8}", "token=xxxxxxxx", address))
    shoot(page, "link-refused")
    with live.scope("finance"):
        ExportJob.objects.filter(pk=job.pk).update(expires_at=timezone.now() - timedelta(hours=1))
    page.goto(address)
    shoot(page, "link-expired")
    page.goto("/accounts/login/")
    context.set_offline(True)
    page.goto("/admin/exports/")
    shoot(page, "offline")
    context.close()


def test_live_progress(live, open_page):
    """The one picture that is not still: an export of one's own that has just come."""
    page = open_page()
    sign_in(page, "finance")
    page.goto("/admin/records/order/")
    page.locator('[data-new-export="orders"]').click()
    job_no = new_number(page, page.locator("[data-create]").click)
    open_center(page)
    status(page, job_no, "ready")
    shoot(page, "exports-new")
