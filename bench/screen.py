"""From a change in the database to what somebody sees: 导出中心 in a real browser, open before the changes."""

import os
import shutil
import time
from typing import Any

from bench import environment, live

# Playwright's synchronous API keeps an event loop in this thread; our own queries are not in it.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"

CHANGES = 120
PAUSE_SECONDS = (0.2, 1.0)
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
WATCH = """
() => {
    window.seen = {};
    const look = () => {
        for (const row of document.querySelectorAll("#rows > .ec-row")) {
            const key = `${row.dataset.job} ${row.dataset.status}`;
            window.seen[key] ??= performance.timeOrigin + performance.now();
        }
    };
    look();
    const all = {childList: true, subtree: true, attributes: true};
    new MutationObserver(look).observe(document.getElementById("rows"), all);
}
"""
"""Notes in milliseconds of the wall clock when each export is first shown in each status."""


def measure(changes: int = CHANGES) -> dict[str, Any]:
    """Milliseconds from the commit of a change of status to the row that shows it, over ``changes`` of them."""
    from playwright.sync_api import sync_playwright

    program = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if program is None:
        raise RuntimeError("no Chromium found: run deploy/system_packages.sh as root")
    environment.clear_jobs()
    with live.web(10) as (port, _process), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        context = browser.new_context(base_url=f"http://127.0.0.1:{port}", locale="zh-CN")
        context.add_cookies([{"name": "sessionid", "value": _session(), "domain": "127.0.0.1", "path": "/"}])
        page = context.new_page()
        page.goto("/admin/exports/")
        page.wait_for_selector('#live[data-state="live"]')
        page.evaluate(WATCH)
        committed = {f"{job_no} {status}": time.time() * 1000 for job_no, status in live.change(changes, PAUSE_SECONDS)}
        page.wait_for_function("keys => keys.every(key => window.seen[key])", arg=list(committed), timeout=20_000)
        seen = page.evaluate("window.seen")
        browser.close()
    environment.clear_jobs()
    delays = sorted(seen[key] - at for key, at in committed.items())
    return {"changes": len(delays)} | {
        f"p{percent}_ms": round(delays[len(delays) * percent // 100 - 1], 1) for percent in (50, 95, 99)
    }


def _session() -> str:
    from django.test import Client

    from accounts.models import User
    from accounts.tenancy import tenant_scope

    tenant_id, user_id = environment.actor()
    client = Client(REMOTE_ADDR="127.0.0.1")
    with tenant_scope(tenant_id):
        client.force_login(User.objects.get(pk=user_id))
    return client.cookies["sessionid"].value
