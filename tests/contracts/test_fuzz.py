"""The API against its own document, with inputs that nobody thought of (SPEC A7)."""

import os
import secrets

import pytest

from jobs.exports import links
from tests.contracts import fuzz
from tests.exports_helpers import post, signed_in

CASES = int(os.environ.get("FUZZ_CASES", "300"))
SEED = os.environ.get("FUZZ_SEED", "20261128")
"""`make fuzz` asks more, each time others; it prints the seed."""


@pytest.fixture
def real(live, exports, imports):
    """name of a parameter → values that exist."""
    made = [exports.make("finance", status=one) for one in ("queued", "failed", "ready", "expired", "canceled")]
    made += [exports.make("operator", "members"), exports.make("acme_admin", "members", "failed")]
    made += [imports.make("operator", one) for one in ("queued", "review", "failed", "ready", "canceled")]
    made += [imports.make("admin", "review"), imports.make("acme_admin", "ready")]
    with live.scope("finance"):
        token = links.link_for(made[2], live.user("finance"))
    client = signed_in(live, "finance")
    definition = {"name": "Month end", "dataset": "orders", "body": {"columns": [{"key": "order_no"}]}}
    view = {"page": "exports", "name": "Failed", "query": {"status": ["failed"]}}
    keys = [
        post(client, "/api/v1/export-definitions", definition).json()["id"],
        post(client, "/api/v1/saved-views", view).json()["id"],
        "mine",
    ]
    files = [str(imports.file("admin").pk), str(imports.file("operator").pk)]
    numbers = [job.job_no for job in made]
    return {"job_no": numbers, "key": keys, "token": [token], "page": ["exports"], "file_id": files}


@pytest.mark.timeout(3600)
def test_answers_keep_to_the_document(real, capsys):
    seed = secrets.randbelow(2**32) if SEED == "random" else int(SEED)
    report = fuzz.run(cases=CASES, seed=seed, real=real)
    with capsys.disabled():
        print(f"\nfuzz: seed {seed}, {sum(report.cases.values())} cases, {dict(report.cases)}, {dict(report.statuses)}")
    assert report.failures == [], "\n\n".join(report.failures)
    assert sum(report.cases.values()) > CASES * 0.8
    assert set(report.cases) == {role or "anonymous" for role in fuzz.ROLES}
    assert {200, 201, 400, 401, 403, 404} <= set(report.statuses)
