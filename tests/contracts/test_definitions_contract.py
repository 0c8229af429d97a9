"""The JSON of definitions of custom exports, and of custom exports themselves, as docs/api.md has it."""

import json
import re
import uuid

import pytest

from jobs.models import DefinitionVersion, ExportDefinition, ExportJob
from tests.contracts.schema import ITEM, OUR_DETAIL, OUR_ERROR, conform, conform_page
from tests.exports_helpers import API, ENGLISH, Trail, post

PATH = "/api/v1/export-definitions"
BODY = {
    "columns": [{"key": "order_no"}, {"key": "amount", "label": "Due"}],
    "order": [{"key": "amount", "descending": True}],
    "filters": [{"column": "amount", "op": "range", "value": {"min": 100}}],
}
NEW = {"name": "Month end", "dataset": "orders", "body": BODY}
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d")
ITEM_NAMES = [
    "id", "name", "description", "dataset", "version", "shared", "roles", "owner", "created_at", "updated_at",
    "archived_at", "may_change", "may_run",
]  # fmt: skip


@pytest.fixture
def client(world, sign_in):
    return sign_in("finance")


def patch(client, path, body):
    return client.patch(path, body, content_type="application/json", **ENGLISH)


def made(client, **fields):
    response = post(client, PATH, NEW | fields)
    assert response.status_code == 201, response.content
    return response.json()


def test_create_answers_with_the_whole_definition(client):
    response = post(client, PATH, NEW | {"description": "d", "comment": "first", "shared": "roles", "roles": ["risk"]})
    assert response.status_code == 201
    body = response.json()
    assert response["Location"] == f"{PATH}/{body['id']}"
    assert list(body) == [*ITEM_NAMES, "body", "versions"]
    assert (body["version"], body["shared"], body["roles"]) == (1, "roles", ["risk"])
    assert (body["archived_at"], body["may_change"], body["may_run"]) == (None, True, True)
    assert MOMENT.fullmatch(body["created_at"])
    assert body["body"] == {
        "columns": BODY["columns"],
        "order": BODY["order"],
        "filters": [{"column": "amount", "op": "range", "value": {"min": "100"}}],
        "file_type": "csv",
        "options": {},
    }
    (version,) = body["versions"]
    assert list(version) == ["version", "created_by", "created_at", "comment", "changes"]
    assert (version["version"], version["comment"], version["changes"]) == (1, "first", [])
    assert client.get(f"{PATH}/{body['id']}", **ENGLISH).json() == body


def test_the_list_has_pages_and_filters(client, sign_in):
    for number in range(3):
        made(client, name=f"n{number}", shared="tenant")
    made(sign_in("risk"), name="theirs", shared="tenant", dataset="risk_hits", body={})
    page = client.get(f"{PATH}?page_size=2&page=2").json()
    assert list(page) == ["total", "page", "page_size", "items"]
    assert (page["total"], page["page"], page["page_size"], len(page["items"])) == (4, 2, 2, 2)
    assert all(list(item) == ITEM_NAMES for item in page["items"])

    def names(query):
        return {item["name"] for item in client.get(f"{PATH}?{query}").json()["items"]}

    assert names("mine=false") == {"theirs"}
    assert names("mine=true&q=N1") == {"n1"}
    assert names("dataset=risk_hits") == {"theirs"}
    assert names("archived=true") == set()


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("mine=1", "mine"),
        ("archived=yes", "archived"),
        ("colour=red", "colour"),
        ("page=0", "page"),
        ("page_size=201", "page_size"),
        ("q=%00", "q"),
        ("dataset=%00", "dataset"),
        ("owner__password=x", "owner__password"),
    ],
)
def test_a_wrong_query_is_named(client, query, field):
    response = client.get(f"{PATH}?{query}", **ENGLISH)
    assert response.status_code == 400
    assert list(response.json()["details"]) == [field]


def test_a_change_makes_a_version_that_tells_it(client):
    first = made(client)
    path = f"{PATH}/{first['id']}"
    changed = patch(client, path, {"expected_version": 1, "body": {"columns": [{"key": "sku"}]}, "comment": "less"})
    assert changed.status_code == 200
    body = changed.json()
    assert body["version"] == 2
    assert [version["version"] for version in body["versions"]] == [2, 1]
    assert body["versions"][0]["comment"] == "less"
    assert "Filter removed: Amount ≥ 100" in body["versions"][0]["changes"]
    assert "Column added: SKU" in body["versions"][0]["changes"]
    old = client.get(f"{path}/versions/1").json()
    assert list(old) == ["version", "created_by", "created_at", "comment", "body"]
    assert old["body"] == first["body"]
    conflict = patch(client, path, {"expected_version": 1, "name": "mine"})
    assert conflict.status_code == 409
    conform(conflict.json(), OUR_ERROR)
    assert conflict.json()["details"] == {"version": 2}


def test_share_archive_restore(client, sign_in):
    path = f"{PATH}/{made(client)['id']}"
    operator = sign_in("operator")
    assert operator.get(path).status_code == 404
    assert post(client, f"{path}/share", {"shared": "roles", "roles": ["operator"]}).json()["roles"] == ["operator"]
    seen = operator.get(path).json()
    assert (seen["may_change"], seen["may_run"]) == (False, True)
    for step, body in (("share", {"shared": "private"}), ("archive", None), ("restore", None)):
        assert post(operator, f"{path}/{step}", body).status_code == 403
    assert patch(operator, path, {"expected_version": 1, "name": "x"}).status_code == 403
    assert post(client, f"{path}/restore").status_code == 409
    archived = post(client, f"{path}/archive").json()
    assert MOMENT.fullmatch(archived["archived_at"])
    assert archived["may_run"] is False
    assert post(client, f"{path}/run").status_code == 409
    assert patch(client, path, {"expected_version": 1, "name": "x"}).status_code == 409
    assert post(client, f"{path}/restore").json()["archived_at"] is None


def test_a_run_answers_like_an_export(client):
    definition = made(client)
    response = post(client, f"{PATH}/{definition['id']}/run", {"source": "/month-end", "file_type": "json"})
    assert response.status_code == 201
    job = response.json()
    conform(job, OUR_DETAIL)
    assert response["Location"] == f"{API}/{job['job_id']}"
    assert (job["type"], job["file_type"], job["source"]) == ("reports_custom", "json", "/month-end")
    assert (job["params"]["dataset"], job["params"]["definition"], job["params"]["version"]) == (
        "orders",
        definition["id"],
        1,
    )
    assert client.get(response["Location"], **ENGLISH).json() == job
    again = post(client, API, {"type": "reports_custom", "params": {"definition": definition["id"], "version": 1}})
    assert again.status_code == 201
    assert again.json()["params"] == job["params"]
    page = client.get(f"{API}?type=reports_custom").json()
    conform_page(page)
    assert page["total"] == 2
    assert client.get(f"{API}?type=orders").json()["total"] == 0
    assert post(client, f"{API}/{job['job_id']}/cancel").status_code == 200
    retried = post(client, f"{API}/{job['job_id']}/retry").json()["new_job_id"]
    assert client.get(f"{API}/{retried}").json()["params"] == job["params"]


def test_a_selection_needs_no_definition(client):
    response = post(client, API, {"type": "reports_custom", "params": {"dataset": "orders"} | BODY})
    assert response.status_code == 201
    job = response.json()
    conform({name: job[name] for name in ITEM}, ITEM)
    assert list(job["params"]) == ["dataset", "zone", "columns", "order", "filters"]
    assert "definition" not in job["params"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"params": {}}, "params.dataset"),
        ({"params": {"dataset": "payroll"}}, "params.dataset"),
        ({"params": {"dataset": "reports_custom"}}, "params.dataset"),
        ({"params": {"dataset": ["orders"]}}, "params.dataset"),
        ({"params": {"dataset": "orders", "zone": "UTC"}}, "params.zone"),
        ({"params": {"dataset": "orders", "status": "paid"}}, "params.status"),
        ({"params": {"dataset": "orders", "columns": [{"key": "x"}]}}, "params.columns.0.key"),
        ({"params": {"dataset": "orders", "filters": [{"column": "amount", "op": "raw"}]}}, "params.filters.0.op"),
        ({"params": {"dataset": "orders", "filters": [[[[[["x"]]]]]]}}, "params.filters.0"),
        ({"params": {"definition": 7}}, "params.definition"),
        ({"params": {"definition": None}}, "params.definition"),
        ({"params": {"definition": "' OR 1=1"}}, "params.definition"),
        ({"params": {"definition": str(uuid.uuid4())}}, "params.definition"),
        ({"params": {"definition": str(uuid.uuid4()), "dataset": "orders"}}, "params.dataset"),
        ({"columns": ["order_no"]}, "columns"),
        ({"file_type": "exe"}, "file_type"),
        ({"options": {"bom": 1}}, "options.bom"),
        ({"source": "a\nb"}, "source"),
    ],
)
def test_a_wrong_custom_export_is_named_and_leaves_nothing(world, client, change, field):
    trail = Trail(world, "finance")
    response = post(client, API, {"type": "reports_custom", "params": {"dataset": "orders"}} | change)
    assert response.status_code == 400
    body = response.json()
    conform(body, OUR_ERROR)
    assert list(body["details"]) == [field]
    with world.scope("finance"):
        assert ExportJob.objects.count() == 0
    assert trail.entries() == []


@pytest.mark.parametrize("version", [0, 2, -1, True, "1", 1.5, 2**40, None])
def test_a_version_that_is_none(client, version):
    definition = made(client)
    named = {"definition": definition["id"], "version": version}
    response = post(client, API, {"type": "reports_custom", "params": named})
    assert response.status_code == 400
    assert list(response.json()["details"]) == ["params.version"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": 7}, "name"),
        ({"name": ""}, "name"),
        ({"dataset": "payroll"}, "dataset"),
        ({"body": []}, "body"),
        ({"body": {"sql": "SELECT 1"}}, "body.sql"),
        ({"body": {"filters": [{"column": "amount", "op": "equals", "value": "x"}]}}, "body.filters.0.value"),
        ({"shared": "world"}, "shared"),
        ({"shared": "roles"}, "roles"),
        ({"roles": "finance"}, "roles"),
        ({"owner": "U1001"}, "owner"),
        ({"version": 7}, "version"),
    ],
)
def test_a_wrong_definition_is_named_and_leaves_nothing(world, client, change, field):
    trail = Trail(world, "finance")
    response = post(client, PATH, NEW | change)
    assert response.status_code == 400
    assert list(response.json()["details"]) == [field]
    with world.scope("finance"):
        assert ExportDefinition.objects.count() == DefinitionVersion.objects.count() == 0
    assert trail.entries() == []


def test_everything_wrong_is_named_at_once(client):
    response = post(client, PATH, {"name": "", "dataset": "orders", "body": {"columns": [], "order": 1}, "shared": "x"})
    assert set(response.json()["details"]) == {"name", "body.columns", "body.order", "shared"}


@pytest.mark.parametrize("body", [{}, {"expected_version": 0}, {"expected_version": "1"}, {"expected_version": 2**31}])
def test_the_expected_version_is_needed(client, body):
    response = patch(client, f"{PATH}/{made(client)['id']}", body)
    assert response.status_code == 400
    assert list(response.json()["details"]) == ["expected_version"]


@pytest.mark.parametrize("key", ["x", "0", "5f0c2c1e-8f0a-4d6e-9b1d-2f7f6f1f3a10", "%00", "..", "a" * 500])
def test_what_is_not_there_is_404(client, key):
    for path in (f"{PATH}/{key}", f"{PATH}/{key}/versions/1"):
        assert client.get(path).status_code == 404
    for step in ("run", "archive", "restore"):
        assert post(client, f"{PATH}/{key}/{step}").status_code == 404
    assert client.get(f"{PATH}/{made(client)['id']}/versions/{2**70}").status_code == 404


def test_strangers_and_anonymous_people_get_nothing(client, sign_in):
    path = f"{PATH}/{made(client, shared='tenant')['id']}"
    for name in ("acme_admin", "globex_admin"):
        stranger = sign_in(name)
        assert stranger.get(path).status_code == 404
        assert stranger.get(PATH).json()["total"] == 0
        assert post(stranger, f"{path}/run").status_code == 404
        assert patch(stranger, path, {"expected_version": 1, "name": "x"}).status_code == 404
    assert type(client)().get(PATH).status_code == 401
    assert post(sign_in("nobody"), f"{path}/run").status_code == 403


def test_a_refused_mask_names_the_place(client):
    filters = [{"column": "buyer_phone", "op": "contains", "value": "138"}]
    response = post(client, API, {"type": "reports_custom", "params": {"dataset": "orders", "filters": filters}})
    assert response.status_code == 403
    assert list(response.json()["details"]) == ["params.filters.0.column"]
    assert "masked" in response.json()["message"]


def test_a_body_of_many_thousand_values_is_refused_quickly(client):
    filters = [{"column": "amount", "op": "in", "value": list(range(2000))}] * 40
    raw = json.dumps({"type": "reports_custom", "params": {"dataset": "orders", "filters": filters}})
    response = client.post(API, raw, content_type="application/json", **ENGLISH)
    assert response.status_code == 400
    assert set(response.json()["details"]) == {f"params.filters.{number}.value" for number in range(40)}
