"""任务中心: exports and imports in one list, its filters, its pages, and cancelling."""

import itertools
from datetime import datetime, timedelta
from unittest import mock

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from exportcenter.common import clock
from jobs.batch import pages
from jobs.models import ImportJob
from tests.exports_helpers import signed_in
from tests.jobs.exports.pages.html import Element, read
from tests.jobs.imports import runs

PAGE = "/admin/tasks/"
CONTENT = "会员号,姓名,地区\r\nM00001,张三,华东\r\n".encode()


def page(client, query: str = "", **headers) -> Element:
    response = client.get(f"{PAGE}{query}", **headers)
    assert response.status_code == 200, response.content[:300]
    return read(response)


def numbers(found: Element) -> list[str]:
    return [row.attrs["data-job"] for row in found.all("tr", data_job=True)]


def row(found: Element, number: str) -> Element:
    return found.one("tr", data_job=number)


_minutes = itertools.count(1)


def later() -> datetime:
    """Each time a minute later: inside of a test's transaction the database's clock stands still."""
    return timezone.now() - timedelta(days=1) + timedelta(minutes=next(_minutes))


def ask(world, name: str = "operator") -> ImportJob:
    with mock.patch.object(clock, "now", later):
        return runs.ask(world, name, CONTENT)


def export(exports, name: str = "operator", status: str = "queued"):
    return exports.make(name, "members", status, created_at=later())


@pytest.fixture
def client(world):
    return signed_in(world, "operator")


def test_both_kinds_in_one_list_newest_first(world, client, exports):
    first = export(exports, "operator")
    second = ask(world)
    third = export(exports, "operator", "failed")
    found = page(client)
    assert numbers(found) == [third.job_no, second.job_no, first.job_no]
    assert [one.attrs["data-kind"] for one in found.all("tr", data_job=True)] == ["export", "import", "export"]
    shown = row(found, second.job_no)
    assert "导入" in shown.text
    assert "会员" in shown.text
    assert "members.csv" in shown.text
    assert "排队中" in shown.text
    assert f"/admin/imports/{second.job_no}/" in {link.attrs["href"] for link in shown.all("a")}


def test_filters_are_in_the_address(world, client, exports):
    failed = export(exports, "operator", "failed")
    waiting = ask(world)
    assert numbers(page(client, "?kind=import")) == [waiting.job_no]
    assert numbers(page(client, "?kind=export")) == [failed.job_no]
    assert numbers(page(client, "?status=failed")) == [failed.job_no]
    assert numbers(page(client, "?status=pending&status=failed")) == [waiting.job_no, failed.job_no]
    found = page(client, "?status=completed")
    assert numbers(found) == []
    assert "没有符合条件的任务" in found.one(id="empty").text
    box = page(client, "?kind=import&status=pending").all("input", checked=True)
    assert {one.attrs["value"] for one in box} == {"import", "pending"}


@pytest.mark.parametrize("query", ["?status=fried", "?kind=report", "?kind=%00", "?status=failed&status=x"])
def test_unknown_filters_are_passed_over_and_said(client, query):
    assert page(client, query).one(role="alert").text


def test_every_status_has_words_and_a_sign():
    covered = [status for _words, statuses, _tone, _sign in pages.STATUSES.values() for status in statuses]
    assert sorted(covered) == sorted(pages.Status)


def test_only_what_this_person_may_see(world, exports):
    mine, theirs = ask(world), export(exports, "operator2")
    assert numbers(page(signed_in(world, "operator"))) == [mine.job_no]
    admin = signed_in(world, "admin")
    assert set(numbers(page(admin))) == {mine.job_no, theirs.job_no}
    assert numbers(page(admin, "?mine=1")) == []
    assert signed_in(world, "nobody").get(PAGE).status_code == 403
    only = signed_in(world, "operator").get(f"{PAGE}rows", {"only": f"{theirs.job_no},{mine.job_no}"})
    assert numbers(read(only)) == [mine.job_no]


def test_empty_at_first(client):
    assert "还没有任务" in page(client).one(id="empty").text


def test_more_by_cursor(world, client, exports, monkeypatch):
    monkeypatch.setattr(pages, "FIRST_ROWS", 3)
    monkeypatch.setattr(pages, "MORE_ROWS", 2)
    made = [export(exports, "operator").job_no if number % 2 else ask(world).job_no for number in range(7)]
    found = page(client)
    seen = numbers(found)
    sizes = [len(seen)]
    while cursor := found.all("tr", data_cursor=True):
        found = read(client.get(f"{PAGE}rows", {"cursor": cursor[0].attrs["data-cursor"]}))
        seen += numbers(found)
        sizes.append(len(numbers(found)))
    assert seen == made[::-1]
    assert sizes == [3, 2, 2]


@pytest.mark.parametrize("cursor", ["x", "x" * 2000, "eyJ:1:2"])
def test_a_cursor_of_somewhere_else_is_refused(client, cursor):
    assert client.get(f"{PAGE}rows", {"cursor": cursor}).status_code == 400


def test_queries_do_not_grow_with_rows(world, client, exports):
    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            page(client)
        return len(queries)

    export(exports, "operator")
    ask(world)
    page(client)
    few = asked()
    for _number in range(4):
        export(exports, "operator")
        ask(world)
    assert asked() <= few


def test_doings_fit_the_state(world, client, exports):
    waiting, ready = ask(world), export(exports, "operator", "ready")
    found = page(client)
    assert [one.attrs["data-step"] for one in row(found, waiting.job_no).all("a", data_step=True)] == ["cancel"]
    (download,) = row(found, ready.job_no).all("a", data_step="download")
    assert download.attrs["href"] == f"/admin/exports/{ready.job_no}/download"
    ours = ImportJob.objects
    with world.scope("operator"):
        ours.filter(pk=waiting.pk).update(
            status="processing", slot=1, lease_until=waiting.created_at, deadline_at=waiting.created_at
        )
        ours.filter(pk=waiting.pk).update(
            status="review", stage="review", slot=None, lease_until=None, deadline_at=None,
            counts={"rows": 3, "faulty": 1, "to_create": 2},
        )  # fmt: skip
    shown = row(page(client), waiting.job_no)
    assert [one.attrs["data-step"] for one in shown.all("a", data_step=True)] == ["review", "cancel", "faulty"]
    assert "待确认" in shown.text
    assert "可写入 2 行" in shown.text


def test_cancel_asks_and_does(world, client, exports):
    for job in (ask(world), export(exports, "operator")):
        address = f"{PAGE}{job.job_no}/cancel"
        assert job.job_no in client.get(address).content.decode()
        assert client.post(address)["Location"] == PAGE
        with world.scope("operator"):
            assert type(job).objects.get(pk=job.pk).status == "canceled"
        again = client.post(address, follow=True)
        assert again.status_code == 200
        assert list(again.context["messages"])


def test_others_cannot_cancel(world, exports):
    job = ask(world)
    for name in ("operator2", "finance"):
        assert signed_in(world, name).post(f"{PAGE}{job.job_no}/cancel").status_code == 404
    assert signed_in(world, "operator").post(f"{PAGE}X1/cancel").status_code == 404
    assert runs.fresh(world, job).status == "queued"


def test_in_the_sidebar(client):
    groups = client.get(PAGE).context["sidebar_navigation"]
    items = {str(item["title"]): item for item in groups[0]["items"]}
    assert items["任务中心"]["active"]
    assert not items["导入"]["active"]
    assert items["导入"]["link"] == "/admin/imports/new/"
