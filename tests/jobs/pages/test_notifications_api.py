"""The bell: what one person reads, in the person's language, and nobody else's."""

import re

import pytest
from django.test import Client

from jobs.models import Notification
from tests.exports_helpers import ENGLISH, post

PATH = "/api/v1/notifications"
NAMES = ["id", "kind", "subject", "title", "text", "level", "created_at", "read_at", "link"]
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d")


def get(client, query="", **headers):
    response = client.get(f"{PATH}{query}", **(headers or ENGLISH))
    assert response.status_code == 200, response.content
    return response.json()


def ids(body) -> list[int]:
    return [item["id"] for item in body["items"]]


@pytest.fixture
def client(world, sign_in):
    return sign_in("finance")


class TestShape:
    def test_of_a_ready_export(self, world, client, told):
        row = told(world, "finance")
        body = get(client)
        assert list(body) == ["unread", "items"]
        (item,) = body["items"]
        assert list(item) == NAMES
        assert MOMENT.fullmatch(item.pop("created_at"))
        assert (body["unread"], item) == (
            1,
            {
                "id": row.pk,
                "kind": "export.ready",
                "subject": "E20261001001",
                "title": "Export E20261001001 is ready",
                "text": "“Orders”: 1,234,567 rows, 11.8 MB. Download the file before it expires.",
                "level": "success",
                "read_at": None,
                "link": "/admin/exports/E20261001001/",
            },
        )

    @pytest.mark.parametrize(
        ("kind", "level", "text"),
        [
            (
                "export.failed",
                "error",
                "“Orders”: The database that holds this data took too long. "
                "Choose a shorter period or fewer columns, then try again.",
            ),
            (
                "export.canceled",
                "info",
                "Somebody else has stopped your export of “Orders”. Ask an administrator why, or export it again.",
            ),
            ("echo.failed", "error", "Job E20261001001 has failed."),
            ("echo.ready", "success", "Job E20261001001 is ready."),
            ("echo.canceled", "info", "Job E20261001001 was canceled."),
            ("echo.sung", "info", "Job E20261001001 has news."),
        ],
    )
    def test_words_of_every_ending(self, world, client, told, kind, level, text):
        told(world, "finance", kind, error_code="SOURCE_TIMEOUT")
        (item,) = get(client)["items"]
        assert (item["level"], item["text"]) == (level, text)

    @pytest.mark.parametrize(
        ("code", "reason"),
        [
            ("CHUNK_FAILED", "A part of the file could not be written."),
            ("EXPORT_TIMEOUT", "Job exceeded the time limit."),
            ("GONE_BY_NOW", "The job could not be finished."),
            (None, "The job could not be finished."),
        ],
    )
    def test_codes_of_errors_become_sentences(self, world, client, told, code, reason):
        told(world, "finance", "export.failed", error_code=code)
        assert reason in get(client)["items"][0]["text"]

    def test_in_the_language_of_the_reader_or_of_the_request(self, world, client, told):
        told(world, "finance")
        assert get(client, "", HTTP_ACCEPT_LANGUAGE="")["items"][0]["title"] == "导出 E20261001001 已完成"
        assert get(client)["items"][0]["title"] == "Export E20261001001 is ready"

    def test_client_people_get_no_link(self, world, sign_in, told):
        told(world, "acme_admin", type="members")
        (item,) = get(sign_in("acme_admin"))["items"]
        assert item["link"] is None

    def test_a_dataset_that_is_gone_and_facts_that_are_missing(self, world, client, told):
        row = told(world, "finance", type="payroll")
        with world.scope("finance"):
            Notification.objects.filter(pk=told(world, "finance").pk).update(data={})
        texts = {item["id"]: item["text"] for item in get(client)["items"]}
        assert texts[row.pk].startswith("“payroll”: 1,234,567 rows")
        assert len(texts) == 2

    def test_what_looks_like_markup_is_data(self, world, client, told):
        told(world, "finance", subject="<script>alert(1)</script>", type="<img src=x>")
        response = client.get(PATH, **ENGLISH)
        assert response["Content-Type"] == "application/json"
        assert response.json()["items"][0]["subject"] == "<script>alert(1)</script>"


class TestList:
    def test_newest_first_in_pieces(self, world, client, told):
        made = [told(world, "finance", subject=f"E{number}").pk for number in range(5)]
        assert ids(get(client)) == made[::-1]
        assert ids(get(client, "?limit=2")) == made[:2:-1]
        assert ids(get(client, f"?limit=2&before={made[3]}")) == [made[2], made[1]]
        assert ids(get(client, f"?before={made[0]}")) == []
        assert get(client, "?limit=1")["unread"] == 5

    def test_twenty_unless_said(self, world, client, told):
        for number in range(21):
            told(world, "finance", subject=f"E{number}")
        assert len(get(client)["items"]) == 20

    @pytest.mark.parametrize(
        ("query", "field"),
        [
            ("?limit=0", "limit"),
            ("?limit=101", "limit"),
            ("?limit=x", "limit"),
            ("?limit=%00", "limit"),
            ("?before=-1", "before"),
            ("?before=1e3", "before"),
            ("?before=9999999999999999999999", "before"),
            ("?before=", "before"),
            ("?page=1", "page"),
            ("?user__password=x", "user__password"),
        ],
    )
    def test_a_wrong_query_is_named(self, client, query, field):
        response = client.get(f"{PATH}{query}", **ENGLISH)
        assert (response.status_code, list(response.json()["details"])) == (400, [field])

    def test_everybody_reads_the_own_ones_only(self, world, sign_in, told):
        made = {name: told(world, name).pk for name in ("finance", "operator", "acme_admin", "acme_user")}
        for name, key in made.items():
            body = get(sign_in(name))
            assert (ids(body), body["unread"]) == ([key], 1), name
        assert get(sign_in("admin")) == {"unread": 0, "items": []}
        assert get(sign_in("globex_admin")) == {"unread": 0, "items": []}

    def test_nobody_without_a_session(self, world):
        assert Client().get(PATH).status_code == 401
        assert Client().post(f"{PATH}/read", {}, content_type="application/json").status_code == 401


class TestRead:
    def test_some_then_all(self, world, client, told):
        made = [told(world, "finance").pk for _number in range(3)]
        assert post(client, f"{PATH}/read", {"ids": made[:2]}).json() == {"unread": 1}
        read = {item["id"]: item["read_at"] for item in get(client)["items"]}
        assert [read[key] is not None for key in made] == [True, True, False]
        assert MOMENT.fullmatch(read[made[0]])
        assert post(client, f"{PATH}/read", {"all": True}).json() == {"unread": 0}
        assert get(client)["unread"] == 0

    def test_the_first_reading_counts(self, world, client, told):
        row = told(world, "finance")
        post(client, f"{PATH}/read", {"ids": [row.pk]})
        with world.scope("finance"):
            Notification.objects.update(read_at=row.created_at)
        post(client, f"{PATH}/read", {"ids": [row.pk]})
        post(client, f"{PATH}/read", {"all": True})
        with world.scope("finance"):
            assert Notification.objects.get(pk=row.pk).read_at == row.created_at

    def test_ids_of_others_are_passed_over(self, world, sign_in, told):
        mine, theirs, foreign = (told(world, name).pk for name in ("finance", "operator", "acme_admin"))
        answer = post(sign_in("finance"), f"{PATH}/read", {"ids": [theirs, foreign, 10**11, -5, 10**30]})
        assert (answer.status_code, answer.json()) == (200, {"unread": 1})
        post(sign_in("finance"), f"{PATH}/read", {"all": True})
        for name, key in {"operator": theirs, "acme_admin": foreign}.items():
            with world.scope(name):
                assert Notification.objects.get(pk=key).read_at is None
        with world.scope("finance"):
            assert Notification.objects.get(pk=mine).read_at is not None

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({}, "ids"),
            ({"all": False}, "ids"),
            ({"all": True, "ids": [1]}, "ids"),
            ({"ids": None}, "ids"),
            ({"ids": "1"}, "ids"),
            ({"ids": ["1"]}, "ids"),
            ({"ids": [True]}, "ids"),
            ({"ids": [1.5]}, "ids"),
            ({"ids": [None]}, "ids"),
            ({"ids": [1] * 501}, "ids"),
            ({"all": 1}, "all"),
            ({"every": True}, "every"),
        ],
    )
    def test_a_wrong_body_is_named_and_changes_nothing(self, world, client, told, body, field):
        told(world, "finance")
        response = post(client, f"{PATH}/read", body)
        assert (response.status_code, list(response.json()["details"])) == (400, [field])
        assert get(client)["unread"] == 1

    @pytest.mark.parametrize("method", ["put", "patch", "delete"])
    def test_nothing_else_can_be_done(self, client, method):
        assert getattr(client, method)(PATH).status_code == 405


def test_queries_do_not_grow_with_rows(world, client, told, django_assert_max_num_queries):
    for number in range(20):
        told(world, "finance", "export.failed", subject=f"E{number}")
    get(client)
    with django_assert_max_num_queries(9):
        assert len(get(client)["items"]) == 20
