"""GET /exports and /export-definitions by cursor, and the header Link of both ways of paging."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from exportcenter.common import paging
from jobs.exports.filters import ORDERINGS
from jobs.models import ExportJob
from tests.exports_helpers import API, ENGLISH, path_of
from tests.jobs.exports.test_definitions import define

DEFINITIONS = "/api/v1/export-definitions"


def get(client, query: str, path: str = API):
    return client.get(f"{path}{query}", **ENGLISH)


def problem(response) -> list[str]:
    assert response.status_code == 400, response.content
    return list(response.json()["details"])


def walk(client, query: str, path: str = API) -> list[dict]:
    """Every page of a walk by the cursors in the bodies."""
    pages, cursor = [], ""
    while cursor is not None:
        pages.append(get(client, f"?cursor={cursor}{query}", path).json())
        cursor = pages[-1]["next_cursor"]
    return pages


def linked(response) -> str | None:
    """Path and query of the next page."""
    if "Link" not in response:
        return None
    address, kind = re.fullmatch(r"<([^>]+)>; (.*)", response["Link"]).groups()
    assert kind == 'rel="next"'
    assert address.startswith("http://testserver/")
    return path_of(address)


def numbers(pages) -> list[str]:
    return [item["job_id"] for page in pages for item in page["items"]]


@pytest.fixture
def jobs(world, exports):
    """Thirteen of finance in every state, some created, ended or sized alike."""
    day, made = timezone.now() - timedelta(days=40), []
    for number in range(13):
        status = ("ready", "failed", "canceled", "queued", "expired")[number % 5]
        moment = day + timedelta(days=number // 3)
        made.append(exports.make("finance", status=status, content=b"x" * (10 + number % 3), created_at=moment))
    return made


@pytest.fixture
def client(world, sign_in):
    return sign_in("finance")


@pytest.mark.parametrize("ordering", ORDERINGS)
@pytest.mark.parametrize(
    "narrowed",
    ["", "&status=queued&status=canceled", "&created_from=2020-01-01T00:00:00Z", "&status=ready", "&q=E2"],
)
def test_a_walk_is_what_the_pages_are(client, jobs, ordering, narrowed):
    query = f"&page_size=4&ordering={ordering}{narrowed}"
    by_page = numbers([get(client, f"?page={page}{query}").json() for page in range(1, 6)])
    pages = walk(client, query)
    assert numbers(pages) == by_page
    assert {tuple(page) for page in pages} == {("items", "page_size", "next_cursor")}
    assert {page["page_size"] for page in pages} == {4}


@pytest.mark.parametrize("ordering", ["finished_at", "-finished_at"])
def test_a_short_period_by_its_end(client, jobs, ordering):
    start = (timezone.now() - timedelta(days=41)).strftime("%Y-%m-%dT%H:%M:%SZ")
    end = (timezone.now() - timedelta(days=30)).strftime("%Y-%m-%dT%H:%M:%SZ")
    query = f"&page_size=3&ordering={ordering}&created_from={start}&created_to={end}"
    assert numbers(walk(client, query)) == numbers([get(client, f"?page_size=200{query[12:]}").json()])
    assert len(numbers(walk(client, query))) == 13


@pytest.mark.parametrize("begin", ["?page_size=4", "?cursor=&page_size=4&status=ready&status=failed"])
def test_links_lead_through_the_list_to_its_end(client, jobs, begin):
    address, found = f"{API}{begin}", []
    while address:
        response = client.get(address, **ENGLISH)
        found.append(response.json())
        address = linked(response)
    assert len(numbers(found)) == len(set(numbers(found))) == (13 if "status" not in begin else 6)


def test_no_link_to_a_page_that_cannot_be_asked_for(client, jobs, monkeypatch):
    monkeypatch.setattr(paging, "DEEPEST_ROW", 8)
    assert linked(get(client, "?page=1&page_size=4"))
    assert linked(get(client, "?page=2&page_size=4")) is None


def test_a_total_on_demand(client, jobs):
    page = get(client, "?cursor=&page_size=4&total=true").json()
    assert page["total"] == 13
    assert "total" not in get(client, "?cursor=&total=false").json()


def test_an_estimated_total_says_so(client, jobs, monkeypatch):
    monkeypatch.setattr(paging, "ALWAYS_EXACT", 5)
    monkeypatch.setattr(paging, "EXACT_UP_TO", 10)
    response = get(client, "?cursor=&total=true")
    assert response["X-Total-Estimated"] == "true"
    assert response.json()["total"] >= 11


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("?cursor=&page=1", ["page"]),
        ("?cursor=&total=yes", ["total"]),
        ("?total=true", ["total"]),
        ("?cursor=&page_size=0", ["page_size"]),
        ("?cursor=x", ["cursor"]),
        ("?cursor=%00", ["cursor"]),
        ("?cursor=" + "x" * 3000, ["cursor"]),
        ("?cursor=&colour=red", ["colour"]),
    ],
)
def test_what_is_refused_by_name(client, jobs, query, names):
    assert problem(get(client, query)) == names


def test_a_cursor_of_another_query_order_or_person_is_refused(client, sign_in, jobs):
    cursor = get(client, "?cursor=&page_size=4&status=ready&status=failed").json()["next_cursor"]
    assert get(client, f"?cursor={cursor}&status=ready&status=failed").status_code == 200
    assert get(client, f"?cursor={cursor}&status=failed&status=ready&page_size=2&total=true").status_code == 200
    for query in ("", "&status=ready", "&status=ready&status=failed&ordering=created_at", "&status=ready&type=orders"):
        assert problem(get(client, f"?cursor={cursor}{query}")) == ["cursor"]
    assert problem(get(sign_in("admin"), f"?cursor={cursor}&status=ready&status=failed")) == ["cursor"]
    assert problem(get(sign_in("acme_admin"), f"?cursor={cursor}&status=ready&status=failed")) == ["cursor"]
    assert problem(get(client, f"?cursor={cursor}", DEFINITIONS)) == ["cursor"]


def test_rows_that_come_and_go_meanwhile_double_and_lose_nothing(world, client, exports, jobs):
    first = get(client, "?cursor=&page_size=4").json()
    exports.make("finance")
    with world.scope("finance"):
        last = ExportJob.objects.filter(job_no__in=[job.job_no for job in jobs], status="expired").order_by(
            "created_at"
        )
        gone = last.first()
        ExportJob.objects.filter(pk=gone.pk)._raw_delete(using="default")
    rest, cursor = [], first["next_cursor"]
    while cursor is not None:
        rest.append(get(client, f"?cursor={cursor}&page_size=4").json())
        cursor = rest[-1]["next_cursor"]
    assert sorted(numbers([first, *rest])) == sorted(job.job_no for job in jobs if job.pk != gone.pk)


def test_nobody_walks_over_what_they_may_not_see(sign_in, exports, jobs):
    own = exports.make("operator")
    assert numbers(walk(sign_in("operator"), "&page_size=1")) == [own.job_no]
    assert numbers(walk(sign_in("acme_admin"), "&page_size=1")) == []


class TestDefinitions:
    def test_by_cursor_as_by_page(self, world, client):
        for number in range(5):
            define(world, "finance", name=f"月结 {number}")
        by_page = get(client, "?page_size=200", DEFINITIONS).json()["items"]
        pages = walk(client, "&page_size=2&mine=true", DEFINITIONS)
        assert [item["id"] for page in pages for item in page["items"]] == [item["id"] for item in by_page]
        assert [len(page["items"]) for page in pages] == [2, 2, 1]
        assert get(client, "?cursor=&total=true", DEFINITIONS).json()["total"] == 5

    def test_refusals_and_links(self, world, client, sign_in):
        for number in range(3):
            define(world, "finance", name=f"月结 {number}", shared="tenant")
        assert problem(get(client, "?cursor=&page=2", DEFINITIONS)) == ["page"]
        second = linked(get(client, "?cursor=&page_size=2", DEFINITIONS))
        assert len(client.get(second).json()["items"]) == 1
        assert problem(sign_in("admin").get(second, **ENGLISH)) == ["cursor"]
        assert linked(get(client, "?page_size=2", DEFINITIONS)) == f"{DEFINITIONS}?page_size=2&page=2"
