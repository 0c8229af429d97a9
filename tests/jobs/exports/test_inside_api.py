"""What is inside an export, over the API: log lines as they come, facts, first rows."""

import pytest
from django.test import Client
from django.utils import timezone

from jobs.exports.presenting import TAIL_LINES
from jobs.models import ExportJob, ExportPreview, JobLog
from tests.exports_helpers import API, ENGLISH, in_scope_of
from tests.jobs.exports.runs import ask, run


def get(client, job: ExportJob, rest: str):
    return client.get(f"{API}/{job.job_no}/{rest}", **ENGLISH)


def write(job: ExportJob, *messages: str, level: str = "info") -> None:
    with in_scope_of(job):
        for message in messages:
            JobLog.objects.create(kind="export", job_id=job.pk, at=timezone.now(), level=level, message=message)


def messages(response) -> list[str]:
    assert response.status_code == 200, response.content
    return [line["message"] for line in response.json()["lines"]]


class TestLogs:
    def test_a_tail_gets_every_line_once_in_order(self, world, exports, sign_in):
        job, other = exports.make("finance", status="processing"), exports.make("finance")
        client, seen, after = sign_in("finance"), [], 0
        for round_number in range(4):
            write(job, *(f"{round_number}.{number}" for number in range(5)))
            write(other, "of another")
            more = True
            while more:
                body = get(client, job, f"logs?after={after}&limit=2").json()
                seen += [line["message"] for line in body["lines"]]
                after, more = body["next"], body["more"]
        assert seen == [f"{first}.{second}" for first in range(4) for second in range(5)]
        assert get(client, job, f"logs?after={after}").json() == {"lines": [], "next": after, "more": False}

    def test_a_line(self, world, exports, sign_in):
        job = exports.make("finance", status="processing")
        write(job, "Attention", level="warning")
        (line,) = get(sign_in("finance"), job, "logs").json()["lines"]
        assert list(line) == ["seq", "time", "level", "message"]
        assert (line["level"], line["message"]) == ("warning", "Attention")
        assert line["time"].endswith("+08:00")

    def test_the_beginning_of_a_long_log_is_for_those_who_may_have_it_whole(self, world, exports, sign_in):
        job = exports.make("finance", status="processing")
        write(job, *map(str, range(TAIL_LINES + 30)))
        assert messages(get(sign_in("admin"), job, "logs?limit=1000")) == [str(n) for n in range(TAIL_LINES + 30)]
        client = sign_in("finance")
        for after in ("", "&after=0", "&after=1"):
            assert messages(get(client, job, f"logs?limit=1000{after}")) == [str(n) for n in range(30, TAIL_LINES + 30)]
        first = get(client, job, "logs?limit=99").json()
        assert (first["more"], messages(get(client, job, f"logs?after={first['next']}"))) == (True, ["129"])

    @pytest.mark.parametrize(
        ("query", "name"),
        [("after=x", "after"), ("after=-1", "after"), ("limit=0", "limit"), ("limit=1001", "limit"), ("x=1", "x")],
    )
    def test_what_is_refused_by_name(self, world, exports, sign_in, query, name):
        response = get(sign_in("finance"), exports.make("finance"), f"logs?{query}")
        assert response.status_code == 400
        assert list(response.json()["details"]) == [name]


@pytest.mark.parametrize("rest", ["logs", "facts", "preview"])
def test_who_may_not_see_the_job_finds_nothing(world, exports, sign_in, rest):
    job = exports.make("finance", status="ready")
    for client in (sign_in("operator"), sign_in("acme_admin")):
        assert get(client, job, rest).status_code == 404
    assert get(Client(), job, rest).status_code == 401
    assert sign_in("finance").post(f"{API}/{job.job_no}/{rest}").status_code == 405
    assert sign_in("finance").get(f"{API}/E%00/{rest}").status_code == 404
    if rest != "logs":
        assert list(get(sign_in("finance"), job, f"{rest}?x=1").json()["details"]) == ["x"]


@pytest.mark.parametrize(
    ("status", "facts", "preview"),
    [
        ("queued", 409, 409),
        ("processing", 409, 409),
        ("failed", 409, 409),
        ("canceled", 409, 409),
        ("ready", 404, 404),  # of a release that wrote neither down
        ("expired", 404, 410),
    ],
)
def test_without_a_file(world, exports, sign_in, status, facts, preview):
    job, client = exports.make("finance", status=status), sign_in("finance")
    assert get(client, job, "facts").status_code == facts
    assert get(client, job, "preview").status_code == preview


def test_facts_and_first_rows_of_a_real_file(live, orders, sign_in):
    job = run(live, ask(live, "admin", columns=["order_no", "buyer_phone", "amount"]))
    admin = sign_in("admin")
    facts = get(admin, job, "facts").json()
    assert facts == admin.get(f"{API}/{job.job_no}", **ENGLISH).json()["facts"]
    assert facts["rows"] == orders
    assert facts["totals"]
    seen = get(admin, job, "preview").json()
    assert list(seen) == ["columns", "rows", "more", "masked"]
    assert [column["type"] for column in seen["columns"]] == ["id", "text", "money"]
    assert (len(seen["rows"]), seen["more"], seen["masked"]) == (100, True, [])
    masked = get(sign_in("finance"), job, "preview").json()
    assert len(masked["masked"]) == 1
    assert "****" in masked["rows"][0][1]
    assert masked["rows"][0][2] == seen["rows"][0][2]
    # Sums tell of the content: they are for people who may have the file, and finance would see contact data in it.
    assert get(sign_in("finance"), job, "facts").json()["totals"] == {}


def test_a_preview_needs_the_right_to_the_file(world, exports, sign_in):
    job = exports.make("operator", "orders", "ready", facts={"columns": []})
    with in_scope_of(job):
        ExportPreview.objects.create(job=job, rows=[])
    refused = get(sign_in("operator"), job, "preview")
    assert (refused.status_code, refused.json()["code"]) == (403, "FORBIDDEN")
    assert get(sign_in("finance"), job, "preview").status_code == 200
