"""Everything people and programs can get wrong: always a 4xx that names the field, never a 5xx, never a job."""

import json
import re
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jobs.models import ExportJob
from tests.exports_helpers import API, ENGLISH, Trail, post, undone

JSON = "application/json"


@pytest.fixture
def client(world, sign_in):
    return sign_in("finance")


@pytest.fixture
def no_job(world, client):
    """Afterwards there is no job and no new entry in the trail."""
    trail = Trail(world, "finance")
    yield
    with world.scope("finance"):
        assert ExportJob.objects.count() == 0
    assert trail.entries() == []


@pytest.mark.usefixtures("no_job")
class TestCreate:
    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"type": "payroll"}, "type"),
            ({"type": ""}, "type"),
            ({"type": None}, "type"),
            ({"type": ["orders"]}, "type"),
            ({"type": {"$ne": ""}}, "type"),
            ({"type": "x" * 5000}, "type"),
            ({"file_type": "exe"}, "file_type"),
            ({"file_type": "CSV"}, "file_type"),
            ({"file_type": 7}, "file_type"),
            ({"file_type": None}, "file_type"),
            ({"params": []}, "params"),
            ({"params": "start=2026"}, "params"),
            ({"params": None}, "params"),
            ({"params": {"colour": "red"}}, "params.colour"),
            ({"params": {"member__user__password": "x"}}, "params.member__user__password"),
            ({"params": {"status__in": "paid"}}, "params.status__in"),
            ({"params": {"tenant": "1"}}, "params.tenant"),
            ({"params": {"": "x"}}, "params."),
            ({"params": {"status": "done"}}, "params.status"),
            ({"params": {"status": ["paid", "done"]}}, "params.status"),
            ({"params": {"status": {"gte": 1}}}, "params.status"),
            ({"params": {"status": [["paid"]]}}, "params.status"),
            ({"params": {"status": ["paid"] * 501}}, "params.status"),
            ({"params": {"amount_min": "many"}}, "params.amount_min"),
            ({"params": {"amount_min": True}}, "params.amount_min"),
            ({"params": {"amount_min": "1e999"}}, "params.amount_min"),
            ({"params": {"amount_min": "Infinity"}}, "params.amount_min"),
            ({"params": {"amount_min": [1, 2]}}, "params.amount_min"),
            ({"params": {"amount_min": 10, "amount_max": 9}}, "params.amount_max"),
            ({"params": {"keyword": "x" * 501}}, "params.keyword"),
            ({"params": {"start": "yesterday"}}, "params.start"),
            ({"params": {"start": "2026-02-30"}}, "params.start"),
            ({"params": {"start": 20260101}}, "params.start"),
            ({"params": {"start": "2026-10-31", "end": "2026-10-01"}}, "params.end"),
            ({"columns": ["order_no", "password"]}, "columns"),
            ({"columns": ["order_no", "order_no"]}, "columns"),
            ({"columns": []}, "columns"),
            ({"columns": "order_no"}, "columns"),
            ({"columns": {"order_no": True}}, "columns"),
            ({"columns": [1]}, "columns"),
            ({"columns": [None]}, "columns"),
            ({"columns": [["order_no"]]}, "columns"),
            ({"columns": ["member__tenant__name"]}, "columns"),
            ({"options": []}, "options"),
            ({"options": {"bom": "yes"}}, "options.bom"),
            ({"options": {"bom": 1}}, "options.bom"),
            ({"options": {"raw": None}}, "options.raw"),
            ({"options": {"compression": "rar"}}, "options.compression"),
            ({"options": {"compression": ["gzip"]}}, "options.compression"),
            ({"options": {"compression": True}}, "options.compression"),
            ({"options": {"password": "x"}}, "options.password"),
            ({"file_type": "parquet", "options": {"compression": "gzip"}}, "options.compression"),
            ({"file_type": "xlsx", "options": {"compression": "gzip"}}, "options.compression"),
            ({"file_type": "xlsx", "options": {"bom": True}}, "options.bom"),
            ({"source": "x" * 201}, "source"),
            ({"source": "a\nb"}, "source"),
            ({"source": 5}, "source"),
            ({"source": None}, "source"),
            ({"status": "ready"}, "status"),
            ({"owner": "U1001"}, "owner"),
            ({"tenant_id": "1"}, "tenant_id"),
            ({"job_id": "E1"}, "job_id"),
            ({"x" * 5000: 1}, "x" * 100),
        ],
    )
    def test_a_wrong_field_is_named(self, client, change, field):
        response = post(client, API, {"type": "orders"} | change)
        assert response.status_code == 400
        body = response.json()
        assert body["code"] == "INVALID_PARAMETERS"
        assert list(body["details"]) == [field]
        assert all(isinstance(sentence, str) and sentence for sentence in body["details"][field])
        assert len(response.content) < 3000

    def test_the_type_is_required(self, client):
        response = post(client, API, {"file_type": "csv"})
        assert (response.status_code, response.json()["details"]) == (400, {"type": ["This field is required."]})

    def test_several_mistakes_are_told_at_once(self, client):
        response = post(client, API, {"type": 1, "params": 2, "colour": 3})
        assert set(response.json()["details"]) == {"type", "params", "colour"}
        response = post(client, API, {"type": "orders", "params": {"colour": 3, "start": "x", "status": "done"}})
        assert set(response.json()["details"]) == {"params.colour", "params.start", "params.status"}

    @pytest.mark.parametrize(
        ("change", "word"),
        [
            ({"type": "payroll"}, "Allowed: campaigns, kyc_cases, members, "),
            ({"file_type": "exe"}, "Allowed: csv, json, parquet, xlsx."),
            ({"file_type": "xlsx", "options": {"compression": "gzip"}}, "compressed already. Allowed: none, zip."),
            ({"params": {"colour": 1}}, "Allowed: amount_max, amount_min, "),
            ({"columns": ["password"]}, "Allowed: order_no, buyer_name, "),
            ({"options": {"password": 1}}, "Allowed: bom, raw, compression, lines"),
            ({"options": {"compression": "rar"}}, "Allowed: none, gzip, zip."),
            ({"options": {"lines": True}}, "A csv file has no such option. Allowed: bom, compression, raw."),
            (
                {"file_type": "json", "options": {"bom": False}},
                "A json file has no such option. Allowed: compression, lines, raw.",
            ),
            ({"colour": 1}, "Allowed: type, file_type, params, columns, options, source, reuse."),
        ],
    )
    def test_what_is_allowed_is_told(self, client, change, word):
        (sentences,) = post(client, API, {"type": "orders"} | change).json()["details"].values()
        assert word in " ".join(sentences)

    def test_a_declared_format_that_cannot_be_written_yet_is_refused(self, client):
        from jobs import formats

        for file_type in {"csv", "xlsx", "parquet", "json"} - set(formats.available()):
            response = post(client, API, {"type": "orders", "file_type": file_type})
            (sentence,) = response.json()["details"]["file_type"]
            assert sentence == (
                f"“{file_type}” is not a file type that can be written. Allowed: {', '.join(formats.available())}."
            )

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"{",
            b"nonsense",
            b'{"type": "orders"} {}',
            b'{"type": "orders", "type": "users"}',
            b'{"type": "orders", "params": {"status": "paid", "status": "done"}}',
            b'{"type": "orders", "params": {"amount_min": NaN}}',
            b'{"type": "orders", "params": {"amount_min": -Infinity}}',
            b'{"type": "orders", "params": {"keyword": "\\u0000"}}',
            b'{"type": "orders", "params": {"\\u0000": 1}}',
            b'{"type": "orders", "params": {"keyword": "\\ud800"}}',
            b'{"type": "orders", "source": "\\udfff"}',
            b'{"type": "orders", "params": {"keyword": "\xff"}}',
            b'{"type": "orders", "params": {"amount_min": ' + b"9" * 5000 + b"}}",
            b'{"type": "orders", "params": ' + b'{"a":' * 50 + b"1" + b"}" * 50 + b"}",
            b"[" * 100_000 + b"]" * 100_000,
            "﻿{}".encode("utf-16"),
            b"[]",
            b"[1, 2]",
            b'"orders"',
            b"1",
            b"null",
            b"true",
        ],
    )
    def test_a_body_that_is_no_json_object(self, client, body):
        response = client.post(API, body, content_type=JSON, **ENGLISH)
        assert response.status_code == 400
        assert response.json()["code"] in ("INVALID_REQUEST", "INVALID_PARAMETERS")

    @pytest.mark.parametrize(
        "content_type",
        ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/xml", "a/b"],
    )
    def test_another_content_type(self, client, content_type):
        response = client.generic("POST", API, b'{"type": "orders"}', content_type, **ENGLISH)
        assert (response.status_code, response.json()["code"]) == (415, "UNSUPPORTED_MEDIA_TYPE")

    def test_a_body_above_one_mebibyte(self, client):
        body = {"type": "orders", "params": {"keyword": "x" * (1 << 20)}}
        response = post(client, API, body)
        assert (response.status_code, response.json()["code"]) == (413, "BODY_TOO_LARGE")


class TestOtherBodies:
    @pytest.mark.parametrize("uses", [0, -1, 1001, "5", 1.5, True, [], {}])
    def test_uses_of_a_link(self, client, exports, uses):
        job = exports.make("finance", status="ready")
        response = post(client, f"{API}/{job.job_no}/links", {"max_uses": uses})
        assert response.status_code == 400
        assert response.json()["details"] == {"max_uses": ["A whole number from 1 to 1000 is expected."]}

    @pytest.mark.parametrize("path", ["retry", "cancel", "accelerate"])
    def test_actions_take_no_fields(self, world, client, exports, path):
        job = exports.make("finance")
        for body, field in (({"force": True}, "force"), ([1], "body"), ("x", "body")):
            response = post(client, f"{API}/{job.job_no}/{path}", json.dumps(body))
            assert (response.status_code, list(response.json()["details"])) == (400, [field])
        with world.scope("finance"):
            assert ExportJob.objects.get().status == "queued"

    def test_delete_expired_takes_no_fields(self, world, sign_in, exports):
        exports.make("admin", status="expired")
        response = post(sign_in("admin"), f"{API}/batch_delete_expired", {"type": "orders"})
        assert (response.status_code, list(response.json()["details"])) == (400, ["type"])
        with world.scope("admin"):
            assert ExportJob.objects.count() == 1


ODD_NUMBERS = [
    "'", '"', "';--", "%27%20OR%201=1", "%00", "E20261122001%00", "E" * 10_000, "..", "..%2f..%2fetc%2fpasswd",
    "%2e%2e", "{}", "${x}", "%0d%0aSet-Cookie:x=1", "E２０２６", "😀", "%ff%fe", "-1", "0", "*", "%25", "<b>",
]  # fmt: skip


class TestJobNumbers:
    @pytest.mark.parametrize("number", ODD_NUMBERS, ids=range(len(ODD_NUMBERS)))
    def test_odd_ones_are_not_found_anywhere(self, client, number):
        quoted = quote(number, safe="%")
        for path in ("", "/links", "/log", "/retry", "/cancel", "/accelerate"):
            method = "GET" if path in ("", "/log") else "POST"
            response = client.generic(method, f"{API}/{quoted}{path}", **ENGLISH)
            assert response.status_code == 404, path
        assert client.delete(f"{API}/{quoted}/links").status_code == 404

    @pytest.mark.parametrize("number", ODD_NUMBERS, ids=range(len(ODD_NUMBERS)))
    def test_odd_ones_have_no_file_and_the_attempt_is_recorded(self, world, client, number):
        trail = Trail(world, "finance")
        response = client.get(f"{API}/{quote(number, safe='%')}/download?token=x", **ENGLISH)
        assert response.status_code in (403, 404)
        assert [entry.result for entry in trail.downloads()] == ["refused"] * (response.status_code == 403)


# --- a light fuzz ---------------------------------------------------------------------------------------
anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=[]), max_size=30)
    | st.sampled_from(["orders", "paid", "2026-10-01", "9999-12-31", "0001-01-01", "1e400", "-0", "١", "%", "\0"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=8,
)
FILTERS = ["start", "end", "status", "region", "amount_min", "amount_max", "keyword", "member_no", "product", "sku"]
bodies = st.fixed_dictionaries(
    {"type": st.sampled_from(["orders", "members", "users", "risk_hits"]) | anything},
    optional={
        "file_type": st.just("csv") | anything,
        "params": st.dictionaries(st.sampled_from(FILTERS) | st.text(max_size=10), anything, max_size=4) | anything,
        "columns": st.lists(st.sampled_from(["order_no", "amount", "code"]) | anything, max_size=3) | anything,
        "options": st.dictionaries(st.sampled_from(["bom", "raw", "compression"]), anything, max_size=3) | anything,
        "source": st.text(max_size=20) | anything,
    },
)
words = (
    st.text(max_size=20)
    | st.integers().map(str)
    | st.datetimes().map(str)
    | st.sampled_from(
        [
            "ready",
            "orders",
            "csv",
            "-created_at",
            "1e400",
            "NaN",
            "0001-01-01T00:00:00+14:00",
            "9999-12-31",
            "E99991231",
        ]
    )
)
LIST_WORDS = [
    "status", "type", "file_type", "created_by", "source", "created_from", "created_to", "size_min", "size_max", "q",
    "page", "page_size", "ordering",
]  # fmt: skip
queries = st.lists(st.tuples(st.sampled_from(LIST_WORDS) | st.text(max_size=10), words), max_size=4)
fuzz = settings(
    max_examples=200,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def told(response: Any) -> None:
    """Either it worked, or it is a refusal of the one shape; never a fault of ours."""
    assert response.status_code < 500, response.content
    if response.status_code >= 400:
        assert list(response.json()) == ["code", "message", "advice", "details", "request_id", "docs"]


@fuzz
@given(body=bodies)
def test_no_create_body_breaks_it(client, body):
    raw = json.dumps(body)  # \ud800 stays an escape
    with undone():
        response = client.post(API, raw, content_type=JSON, **ENGLISH)
    told(response)
    assert response.status_code in (201, 400)


@fuzz
@given(raw=st.binary(max_size=60))
def test_no_bytes_break_it(client, raw):
    told(client.post(API, raw, content_type=JSON, **ENGLISH))


@fuzz
@given(query=queries)
def test_no_query_string_breaks_the_list(client, query):
    encoded = urlencode(
        [(re.sub("[\ud800-\udfff]", "?", name), re.sub("[\ud800-\udfff]", "?", word)) for name, word in query]
    )
    response = client.get(f"{API}?{encoded}", **ENGLISH)
    told(response)
    assert response.status_code in (200, 400)
