"""What every GET of the API asks the database, to the question. A number that grows must be written down here."""

from collections.abc import Iterator

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, URLResolver, get_resolver

from bench.page import OF_TRANSACTIONS
from jobs.models import ExportPreview
from jobs.notices import tell
from tests.exports_helpers import ENGLISH, link, post
from tests.jobs.exports.test_definitions import define

COUNTS = {
    "exports": 7,
    "exports-detail": 6,
    "exports-download": 8,
    "exports-estimate-accuracy": 4,
    "exports-facts": 4,
    "exports-log": 9,
    "exports-logs": 5,
    "exports-preview": 5,
    "exports-usage": 14,
    "datasets": 3,
    "datasets-detail": 3,
    "imports": 7,
    "imports-changes": 5,
    "imports-datasets": 3,
    "imports-detail": 11,
    "imports-faulty-rows": 11,
    "imports-files-detail": 6,
    "imports-rows": 5,
    "imports-template": 3,
    "definitions": 6,
    "definitions-detail": 6,
    "definitions-version": 5,
    "events": 8,
    "events-key": 2,
    "notifications": 5,
    "preferences": 4,
    "saved-views": 8,
    "saved-views-detail": 5,
    "batch-tasks": 9,
    "batch-tasks-detail": 4,
    "client-permissions": 4,
    "client-workspace": 2,
    "tokens": 4,
    "webhooks": 6,
    "webhooks-deliveries": 5,
    "webhooks-detail": 6,
    "errors": 2,
    "openapi_json": 2,
    "openapi_yaml": 2,
}
"""Name of the address → questions for the admin's session: three are session, person and rights; a token saves the
first. Beginning and ending transactions is none, nor is saying whose rows are seen."""
FACTS = {
    **dict.fromkeys(("dataset", "title", "requested_by", "time_zone", "language"), "x"),
    **{name: [] for name in ("filters", "columns", "masked")},
    **dict.fromkeys(("rows", "cut_cells", "rounded_numbers"), 0),
    **{"job_id": "E20251003001", "data_as_of": "2025-10-03T10:00:00+08:00", "file_type": "csv"},
    **{"totals": {}, "options": {}},
}
QUERIES = {
    "exports": "?page_size=50",
    "imports": "?page_size=50",
    "imports-files-detail": "?dataset=members&mode=create",
    "imports-template": "?dataset=members&mode=create",
    "saved-views": "?page=exports",
}


def names(patterns=None, before: str = "") -> Iterator[tuple[str, str]]:
    """(name, address) of every GET of the API."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        address = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            if "api/v1/".startswith(address) or address.startswith("api/v1/"):
                yield from names(pattern.url_patterns, address)
        elif isinstance(pattern, URLPattern) and address.startswith("api/v1/"):
            view = getattr(pattern.callback, "view_class", getattr(pattern.callback, "cls", None))
            if view is not None and hasattr(view, "get"):
                yield pattern.name, address


@pytest.fixture
def made(world, exports, imports, sign_in, settings):
    """Values for the addresses: a ready export with a log and a preview, imports, a definition, a view, a notification,
    a webhook."""
    settings.WEBHOOK_ALLOW_PRIVATE = True
    for _number in range(3):
        job = exports.make("admin", status="ready", facts=FACTS)
    with world.scope("admin"):
        user = world.user("admin")
        ExportPreview.objects.create(job=job, rows=[])
        tell(user_id=user.pk, kind="export.ready", subject=job.job_no, data={"type": "orders"})
    view = post(sign_in("admin"), "/api/v1/saved-views", {"page": "exports", "name": "x", "query": {}}).json()
    hook = post(sign_in("admin"), "/api/v1/webhooks", {"url": "http://127.0.0.1:9/hook"}).json()
    token = link(job, user).partition("?")[2]
    values = {"job_no": job.job_no, "number": "1", "page": "exports"}
    keys = {"definitions": str(define(world, "admin").pk), "saved": view["id"], "datasets": "orders"}
    keys["webhooks"] = hook["id"]
    imported = [imports.make("admin", "ready") for _number in range(3)][-1]
    keys["imports"], values["file_id"] = imported.job_no, str(imported.file_id)
    return values, keys, token


def address_of(name: str, pattern: str, made) -> str:
    values, keys, token = made
    for parameter in ("job_no", "number", "page", "key", "file_id"):
        value = keys.get(name.partition("-")[0], "") if parameter == "key" else values[parameter]
        value = values["job_no"] if name == "batch-tasks-detail" else value
        value = keys["imports"] if name.startswith("imports") and parameter == "job_no" else value
        for kind in ("str", "int"):
            pattern = pattern.replace(f"<{kind}:{parameter}>", value)
    query = f"?{token}" if name == "exports-download" else QUERIES.get(name, "")
    return f"/{pattern}{query}"


def test_every_get_asks_so_many_questions(world, made, sign_in):
    admin, of_company, found = sign_in("admin"), sign_in("acme_admin"), {}
    for name, pattern in names():
        client = of_company if name.startswith("client-") else admin
        address = address_of(name, pattern, made)
        client.get(address, **ENGLISH)  # what a process remembers
        with CaptureQueriesContext(connection) as captured:
            response = client.get(address, **ENGLISH)
        assert response.status_code == 200, (address, response.content[:300])
        found[name] = sum(not query["sql"].startswith(OF_TRANSACTIONS) for query in captured)
    assert found == COUNTS
