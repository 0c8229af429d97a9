"""导出中心 over 1,000,000 jobs of 90 days: whole answers of the page, as its readers get them."""

import gzip
import time
from pathlib import Path
from typing import Any

from bench import environment, usage

PAGES = {
    "the page": "/admin/exports/",
    "failed ones": "/admin/exports/?status=failed",
    "one type, largest first": "/admin/exports/?type=orders&ordering=-file_size",
    "last 7 days": "/admin/exports/?period=7d",
    "somebody's": "/admin/exports/?created_by=B7",
    "search": "/admin/exports/?q=E2026",
}
OF_TRANSACTIONS = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE", "SELECT set_config")
"""Not questions: they begin and end a transaction and say whose rows it sees."""
OWN = ("css/center.css", "css/center-page.css", "js/exports")
"""Static files of ours that the page loads, beyond the admin theme's."""


def measure(rows: int, rounds: int = 40) -> dict[str, Any]:
    """Milliseconds of whole answers (p50 and p95) and queries, by page; bytes over the wire of page and own assets."""
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    from accounts.models import User
    from accounts.tenancy import tenant_scope

    usage.fill(rows)
    tenant_id, user_id = environment.actor()
    client = Client(REMOTE_ADDR="127.0.0.1", SERVER_NAME="127.0.0.1")
    with tenant_scope(tenant_id):
        client.force_login(User.objects.get(pk=user_id))
    found: dict[str, Any] = {"rows": rows, "rounds": rounds, "pages": {}}
    for name, address in PAGES.items():
        times = []
        for _number in range(rounds + 1):
            started = time.perf_counter()
            response = client.get(address)
            times.append((time.perf_counter() - started) * 1000)
            assert response.status_code == 200, response.content[:300]
        times = sorted(times[1:])
        with CaptureQueriesContext(connection) as captured:
            client.get(address)
        found["pages"][name] = {
            "p50_ms": round(times[len(times) // 2], 1),
            "p95_ms": round(times[int(len(times) * 0.95) - 1], 1),
            "queries": sum(not query["sql"].startswith(OF_TRANSACTIONS) for query in captured),
        }
    found["p95_ms"] = max(page["p95_ms"] for page in found["pages"].values())
    found["queries"] = max(page["queries"] for page in found["pages"].values())
    found["page_bytes"] = len(gzip.compress(client.get(PAGES["the page"]).content, 6))
    found["asset_bytes"] = sum(len(gzip.compress(path.read_bytes(), 6)) for path in own_assets())
    return found


def own_assets() -> list[Path]:
    """Our style sheets and scripts that the page loads; the chart library belongs to another page."""
    static = environment.ROOT / "static"
    files = [static / name for name in OWN if (static / name).is_file()]
    scripts = [path for path in (static / "js/exports").glob("*.js") if path.name not in ("usage.js", "detail-page.js")]
    return [*files, *sorted(scripts)]
