"""Sign-in, account, errors, and what is typical of the admin: no grave finding of axe, light and dark, in both
languages, on a desk and on a phone."""

import pytest

from accounts.models import AccessToken, Role, TokenFamily, User
from jobs.models import ExportJob, KeptAnswer, Webhook, WebhookDelivery, WebhookSecret
from jobs.records.demo import fill
from jobs.records.models import Order
from tests.accounts import rows
from tests.e2e.accessibility import assert_accessible, findings
from tests.e2e.test_story import sign_in
from tests.exports_helpers import Exports, Web, link

pytestmark = [pytest.mark.e2e, pytest.mark.processes, pytest.mark.timeout(300)]

DESK, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
OUTSIDE = ["/accounts/login/", "/accounts/inactive/", "/nowhere/", "/offline/", "/docs/errors"]
ACCOUNT = [
    "/accounts/me/",
    "/accounts/tokens/",
    "/accounts/tokens/?new",
    "/accounts/notifications/",
    "/accounts/password/change/",
    "/accounts/logout/",
    "/nowhere/",
]
LISTS = [
    "/admin/",
    "/admin/accounts/user/",
    "/admin/accounts/accesstoken/",
    "/admin/accounts/auditentry/",
    "/admin/records/order/",
    "/admin/jobs/exportjob/",
    "/admin/jobs/exportdefinition/",
    "/admin/jobs/webhook/",
    "/admin/jobs/webhook/?enabled__exact=0",
    "/admin/jobs/webhookdelivery/",
    "/admin/jobs/webhooksecret/",
    "/admin/jobs/keptanswer/",
    "/admin/accounts/tokenfamily/",
    "/admin/django_celery_beat/periodictask/",
]
FORMS = [
    "/admin/jobs/exportdefinition/new/",
    "/admin/jobs/exportdefinition/new/?dataset=orders",
    "/admin/jobs/webhook/new/",
    "/admin/accounts/user/add/",
    "/admin/django_celery_beat/crontabschedule/add/",
    "/admin/django_celery_beat/periodictask/1/change/",
    "/admin/django_celery_beat/periodictask/1/delete/",
]
SINGLE = [Webhook, WebhookDelivery, WebhookSecret, KeptAnswer, AccessToken, TokenFamily]
API_PAGES = ["/api/docs/", "/api/redoc/"]


@pytest.fixture
def product(live, tmp_path):
    """The product without workers, with 300 orders and an export in every state: its address."""
    maker = Exports(live)
    with live.scope("platform"):
        fill(orders=300, seed=7)
    with live.scope("admin"):
        for model in SINGLE:
            rows.one_of(model, live.user("admin"))
    for status in ("queued", "processing", "ready", "failed", "canceled", "expired"):
        maker.make("admin", status=status)
    web = Web(tmp_path)
    yield web.address
    web.close()
    maker.close()


@pytest.fixture
def language_of_admin(live):
    """language_of_admin("en"): how pages speak to the admin, until the test is over."""

    def speak(language: str) -> None:
        with live.scope("admin"):
            User.objects.filter(pk=live.users["admin"][1]).update(language=language)

    yield speak
    speak("zh-hans")


def rows_of(live) -> list[str]:
    """Pages of single rows, among them one export per state."""
    with live.scope("admin"):
        exports = [f"/admin/jobs/exportjob/{pk}/change/" for pk in ExportJob.objects.values_list("pk", flat=True)]
        role, order = Role.objects.get(key="operator").pk, Order.objects.values_list("pk", flat=True)[0]
        single = [rows.one_of(model, live.user("admin")) for model in SINGLE]
        webhook, delivery = Webhook.objects.all()[0], WebhookDelivery.objects.all()[0]
    user = live.users["finance"][1]
    places = [f"/admin/{row._meta.app_label}/{row._meta.model_name}/{row.pk}/change/" for row in single]
    doings = ["test", "edit", "rotate", "switch_off", "remove"]
    return [
        *exports,
        *places,
        *(f"/admin/jobs/webhook/{webhook.pk}/{doing}/" for doing in doings),
        f"/admin/jobs/webhookdelivery/{delivery.pk}/resend/",
        f"/admin/accounts/role/{role}/change/",
        f"/admin/accounts/user/{user}/change/",
        f"/admin/records/order/{order}/change/",
    ]


def context_of(browser, product, *, scheme: str, language: str, viewport=DESK):
    return browser.new_context(
        base_url=product, locale={"zh-hans": "zh-CN", "en": "en-US"}[language], color_scheme=scheme, viewport=viewport
    )


@pytest.mark.parametrize("language", ["zh-hans", "en"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
class TestPages:
    def test_outside_of_the_admin(self, live, browser, product, language_of_admin, scheme, language):
        language_of_admin(language)
        for viewport in (DESK, PHONE):
            context = context_of(browser, product, scheme=scheme, language=language, viewport=viewport)
            page = context.new_page()
            where = f"{scheme} {language} {viewport['width']}"
            for address in OUTSIDE:
                page.goto(address)
                assert page.locator("html").get_attribute("lang") == language
                assert_accessible(page, where=f"{address} {where}")
            page.goto("/accounts/login/")
            page.fill("input[name=login]", "admin")
            page.fill("input[name=password]", "wrong")
            page.click("form:has(input[name=login]) button[type=submit]")
            page.wait_for_selector("#problem")
            assert_accessible(page, where=f"refused sign-in {where}")
            sign_in(page, "admin")
            for address in ACCOUNT:
                page.goto(address)
                assert_accessible(page, where=f"{address} {where}")
            with live.scope("admin"):
                old = ExportJob.objects.get(status="expired")
                address = link(old, live.user("admin"))
            assert page.goto(address).status == 410
            assert_accessible(page, where=f"expired file {where}")
            context.close()

    def test_the_admin(self, live, browser, product, language_of_admin, scheme, language):
        language_of_admin(language)
        context = context_of(browser, product, scheme=scheme, language=language)
        page = context.new_page()
        sign_in(page, "admin")
        dark = page.locator("html").evaluate("(html) => html.classList.contains('dark')")
        assert dark == (scheme == "dark")
        for address in [*LISTS, *FORMS, *rows_of(live)]:
            assert page.goto(address).status == 200, address
            assert_accessible(page, where=f"{address} {scheme} {language}")
        context.close()


@pytest.mark.parametrize("viewport", [DESK, PHONE], ids=["desk", "phone"])
def test_the_frame_of_the_api_documentation(live, browser, product, viewport):
    """What is ours of these pages; Swagger UI and Redoc are as their makers made them."""
    context = context_of(browser, product, scheme="light", language="zh-hans", viewport=viewport)
    page = context.new_page()
    sign_in(page, "admin")
    for address in API_PAGES:
        page.goto(address)
        page.get_by_role("heading", name="Export Center API").first.wait_for(timeout=30_000)
        assert_accessible(page, where=address, within=".api-bar")
        assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    context.close()


def test_the_admin_on_a_phone(live, browser, product):
    context = context_of(browser, product, scheme="light", language="zh-hans", viewport=PHONE)
    page = context.new_page()
    sign_in(page, "admin")
    for address in [*LISTS, *FORMS, *rows_of(live)]:
        page.goto(address)
        assert_accessible(page, where=f"{address} on a phone")
        wide = page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
        assert not wide or "/webhook" not in address, address
    context.close()


def test_a_finding_is_told_with_its_node(browser, product):
    context = context_of(browser, product, scheme="light", language="en")
    page = context.new_page()
    page.goto("/accounts/login/")
    page.evaluate("""() => {
        const main = document.querySelector("main");
        main.insertAdjacentHTML("beforeend", '<button id="mute"></button><p id="pale">pale</p>');
        document.querySelector("#pale").style.color = "#ddd";
    }""")
    assert [one["id"] for one in findings(page)] == ["button-name", "color-contrast"]
    assert findings(page, without=("#mute", "#pale")) == findings(page, within="form") == []
    with pytest.raises(AssertionError, match=r"(?s)the sign-in: 2 findings.*button-name.*#mute.*color-contrast.*#pale"):
        assert_accessible(page, where="the sign-in")
    context.close()


@pytest.mark.parametrize("viewport", [DESK, PHONE], ids=["desk", "phone"])
def test_the_sidebar_is_switched_by_keys(live, browser, product, viewport):
    context = context_of(browser, product, scheme="light", language="zh-hans", viewport=viewport)
    page = context.new_page()
    sign_in(page, "admin")
    menu = page.get_by_role("button", name="菜单")
    assert menu.count() == 1
    before = menu.get_attribute("aria-expanded")
    menu.focus()
    page.keyboard.press("Enter")
    page.wait_for_function("(before) => document.activeElement.getAttribute('aria-expanded') !== before", arg=before)
    assert {before, menu.get_attribute("aria-expanded")} == {"true", "false"}
    context.close()
