"""Paging, ordering and filters of GET /exports."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from tests.exports_helpers import API, ENGLISH


def get(client, query: str = ""):
    return client.get(f"{API}{query}", **ENGLISH)


def numbers(response) -> list[str]:
    assert response.status_code == 200, response.content
    return [item["job_id"] for item in response.json()["items"]]


class TestPaging:
    def test_twenty_by_default(self, world, exports, sign_in):
        jobs = [exports.make("finance") for _number in range(45)]
        client = sign_in("finance")
        newest_first = [job.job_no for job in reversed(jobs)]
        pages = [get(client, f"?page={page}") for page in (1, 2, 3, 4)]
        assert [len(numbers(page)) for page in pages] == [20, 20, 5, 0]
        assert [number for page in pages for number in numbers(page)] == newest_first
        assert {page.json()["total"] for page in pages} == {45}
        assert "X-Total-Estimated" not in pages[0]

    def test_two_hundred_at_most(self, world, exports, sign_in):
        for _number in range(3):
            exports.make("finance")
        response = get(sign_in("finance"), "?page_size=200")
        assert (response.json()["page_size"], len(numbers(response))) == (200, 3)

    @pytest.mark.parametrize("size", ["0", "201", "abc", "-1", "1.5", "", "１０", "9" * 400, "%00"])
    def test_other_sizes_are_refused_with_the_range(self, world, sign_in, size):
        response = get(sign_in("finance"), f"?page_size={size}")
        assert response.status_code == 400
        assert list(response.json()["details"]) == ["page_size"]
        assert response.json()["details"]["page_size"] in (
            ["A whole number from 1 to 200 is expected."],
            ["NUL characters are not allowed."],
        )

    @pytest.mark.parametrize("page", ["0", "abc", "-1", "50001"])
    def test_other_pages_are_refused_with_the_range(self, world, sign_in, page):
        response = get(sign_in("finance"), f"?page={page}")
        assert response.status_code == 400
        assert response.json()["details"] == {"page": ["A whole number from 1 to 50000 is expected."]}

    def test_the_number_of_queries_does_not_grow_with_the_rows(
        self, world, exports, sign_in, django_assert_num_queries, django_assert_max_num_queries
    ):
        client = sign_in("finance")
        exports.make("finance", status="ready")
        get(client)
        with django_assert_max_num_queries(30) as few:
            assert len(numbers(get(client))) == 1
        for _number in range(30):
            exports.make("finance", status="ready")
        with django_assert_num_queries(len(few)):
            assert len(numbers(get(client, "?page_size=200"))) == 31


class TestOrdering:
    @pytest.fixture
    def jobs(self, world, exports):
        now = timezone.now()
        big = exports.make("finance", status="ready", content=b"x" * 900, created_at=now - timedelta(days=2))
        small = exports.make("finance", status="ready", content=b"x" * 30, created_at=now - timedelta(days=1))
        open_job = exports.make("finance", created_at=now - timedelta(days=3))
        return {"big": big.job_no, "small": small.job_no, "open": open_job.job_no}

    @pytest.mark.parametrize(
        ("ordering", "expected"),
        [
            ("-created_at", ["small", "big", "open"]),
            ("created_at", ["open", "big", "small"]),
            ("-finished_at", ["small", "big", "open"]),
            ("finished_at", ["open", "big", "small"]),
            ("-file_size", ["big", "small", "open"]),
            ("file_size", ["open", "small", "big"]),
        ],
    )
    def test_by_time_and_size(self, jobs, sign_in, ordering, expected):
        assert numbers(get(sign_in("finance"), f"?ordering={ordering}")) == [jobs[name] for name in expected]

    def test_newest_first_by_default(self, jobs, sign_in):
        assert numbers(get(sign_in("finance"))) == [jobs[name] for name in ("small", "big", "open")]

    @pytest.mark.parametrize("ordering", ["", "status", "owner__password", "-created_at,id", "?"])
    def test_others_are_refused(self, world, sign_in, ordering):
        response = get(sign_in("finance"), f"?ordering={ordering}")
        assert response.status_code == 400
        assert response.json()["details"] == {
            "ordering": ["Allowed: created_at, -created_at, finished_at, -finished_at, file_size, -file_size."]
        }


class TestFilters:
    @pytest.fixture
    def jobs(self, world, exports):
        def at(day: int) -> datetime:
            return datetime(2026, 10, day, 12, tzinfo=UTC)

        made = {
            "queued": exports.make("finance", created_at=at(1), source="/orders"),
            "running": exports.make("finance", "members", "processing", created_at=at(2), source="/members"),
            "ready": exports.make("risk", "orders", "ready", created_at=at(3), content=b"x" * 500),
            "failed": exports.make("admin", "risk_hits", "failed", created_at=at(4), file_type="xlsx"),
            "canceled": exports.make("operator", "members", "canceled", created_at=at(5)),
            "expired": exports.make("admin", "users", "expired", created_at=at(6), content=b"x" * 70),
        }
        return made

    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ("?status=queued", {"queued"}),
            ("?status=ready&status=failed", {"ready", "failed"}),
            ("?type=orders", {"queued", "ready"}),
            ("?type=orders&type=users", {"queued", "ready", "expired"}),
            ("?file_type=xlsx", {"failed"}),
            ("?source=/members", {"running", "canceled"}),
            ("?source=/member", set()),
            ("?created_from=2026-10-04T12:00:00%2B00:00", {"failed", "canceled", "expired"}),
            ("?created_to=2026-10-02T12:00:00Z", {"queued"}),
            ("?created_from=2026-10-02T20:00:00%2B08:00&created_to=2026-10-03T12:00:01Z", {"running", "ready"}),
            ("?created_from=2026-10-05T06:45:00%2B18:45&created_to=2026-10-05T07:45:00%2B00:00", {"failed"}),
            ("?size_min=70", {"ready", "expired"}),
            ("?size_max=70", {"expired"}),
            ("?size_min=71&size_max=500", {"ready"}),
            ("?status=queued&type=members", set()),
            ("?source=", {"queued", "running", "ready", "failed", "canceled", "expired"}),
        ],
    )
    def test_narrows(self, jobs, sign_in, query, expected):
        found = numbers(get(sign_in("admin"), query))
        assert set(found) == {jobs[name].job_no for name in expected}
        assert len(found) == len(expected)

    def test_by_creator(self, world, jobs, sign_in):
        with world.scope("admin"):
            code = world.user("finance").code
        client = sign_in("admin")
        assert set(numbers(get(client, f"?created_by={code}"))) == {jobs["queued"].job_no, jobs["running"].job_no}
        assert numbers(get(client, "?created_by=U1")) == []

    def test_creator_of_another_company_finds_nothing(self, world, jobs, exports, sign_in):
        exports.make("acme_admin", "members")
        with world.scope("acme_admin"):
            code = world.user("acme_admin").code
        assert numbers(get(sign_in("admin"), f"?created_by={code}")) == []

    def test_by_number(self, jobs, sign_in):
        number = jobs["failed"].job_no
        client = sign_in("admin")
        assert numbers(get(client, f"?q={number}")) == [number]
        assert numbers(get(client, f"?q={number[:9]}")) == [number]  # the only one of its day
        assert len(numbers(get(client, "?q=E202610"))) == 6
        assert numbers(get(client, "?q=%25")) == []  # no wildcard

    @pytest.mark.parametrize(
        "text", ["E99991231", "E00010101", "E20261399", "E20260230001", "E٢٠٢٦١٠٠١", "😀20261001", "E'--"]
    )
    def test_odd_numbers_find_nothing(self, jobs, sign_in, text):
        assert numbers(get(sign_in("admin"), f"?q={text}")) == []

    def test_total_counts_what_was_found(self, jobs, sign_in):
        assert get(sign_in("admin"), "?type=orders&page_size=1").json()["total"] == 2

    def test_filters_never_widen_what_one_may_see(self, jobs, sign_in):
        client = sign_in("operator")
        for query in ("", "?type=orders", "?status=ready", "?created_by=U1001"):
            assert set(numbers(get(client, query))) <= {jobs["canceled"].job_no}

    @pytest.mark.parametrize(
        ("query", "field"),
        [
            ("?colour=red", "colour"),
            ("?owner__password=x", "owner__password"),
            ("?status__in=ready", "status__in"),
            ("?tenant=1", "tenant"),
            ("?status=done", "status"),
            ("?status=", "status"),
            ("?status=ready&status=done", "status"),
            ("?type=payroll", "type"),
            ("?file_type=exe", "file_type"),
            ("?created_from=yesterday", "created_from"),
            ("?created_to=2026-13-01", "created_to"),
            ("?created_to=0001-01-01T00:00:00%2B08:00", "created_to"),
            ("?size_min=-1", "size_min"),
            ("?size_max=many", "size_max"),
            ("?size_max=1e400", "size_max"),
            ("?size_min=NaN", "size_min"),
            ("?created_by=" + "U" * 21, "created_by"),
            ("?q=" + "E" * 31, "q"),
            ("?source=" + "x" * 201, "source"),
            ("?q=%00", "q"),
            ("?format=csv", "format"),
        ],
    )
    def test_wrong_ones_are_refused_by_name(self, jobs, sign_in, query, field):
        response = get(sign_in("admin"), query)
        assert response.status_code == 400
        assert list(response.json()["details"]) == [field]

    @pytest.mark.parametrize(
        ("query", "word"), [("?status=x", "queued"), ("?type=x", "orders"), ("?file_type=x", "csv")]
    )
    def test_a_wrong_choice_is_told_the_right_ones(self, world, sign_in, query, word):
        (sentences,) = get(sign_in("admin"), query).json()["details"].values()
        assert any(sentence.startswith("Allowed: ") and word in sentence for sentence in sentences)

    def test_unknown_filter_is_told_the_known_ones(self, world, sign_in):
        details = get(sign_in("admin"), "?colour=red").json()["details"]
        assert details == {
            "colour": [
                "There is no filter of this name. Allowed: created_by, created_from, created_to, cursor, file_type, "
                "ordering, page, page_size, q, size_max, size_min, source, status, total, type."
            ]
        }
