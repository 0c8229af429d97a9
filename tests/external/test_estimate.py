"""Estimates of data in another database: from earlier exports alone, and nobody connects there to ask."""

from django.db import connections

from jobs.exports import services
from jobs.exports.estimating import accuracy
from tests.exports_helpers import post, signed_in
from tests.external import crm

SIGNED = {"status": ["signed"]}


def preview(source, **request):
    with source.scope("acme_admin"):
        values = {"dataset": crm.KEY, "params": {}, "actor": source.user("acme_admin")} | request
        return services.preview_export(**values).estimate


def test_unknown_at_first_then_from_experience(source, ask, run):
    made = preview(source, params=SIGNED)
    assert (made.basis, made.figures) == ("unknown", None)
    first = run(ask("acme_admin", params=SIGNED))
    assert (first.estimated_rows, first.estimated_bytes, accuracy.errors(first)) == (None, None, None)
    made = preview(source, params=SIGNED)
    assert (made.basis, made.figures.rows) == ("history", first.row_count)
    second = run(ask("acme_admin", params=SIGNED))
    assert accuracy.errors(second)["rows"] == 0
    assert abs(accuracy.errors(second)["bytes"]) < 1
    assert preview(source).basis == "unknown"


def test_it_is_neither_asked_nor_counted(source, ask):
    connections["crm"].close()
    made = preview(source, exact=True)
    assert not made.exact
    assert len(made.notes) == 2
    ask("acme_admin")
    assert connections["crm"].connection is None


def test_the_door_says_null(source):
    answer = post(signed_in(source, "acme_admin"), "/api/v1/exports/estimate", {"type": crm.KEY, "exact": True})
    assert answer.status_code == 200
    body = answer.json()
    assert [body[name] for name in ("rows", "rows_range", "bytes", "seconds")] == [None] * 4
    assert (body["basis"], body["exact"]) == ("unknown", False)
    assert body["note"].startswith("Data in another database is not counted beforehand.")
