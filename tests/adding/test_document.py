"""docs/adding-a-dataset.md works as printed, and what it promises appears by itself."""

import csv
import io
import re
from decimal import Decimal
from fnmatch import fnmatch

import httpx
import psycopg
import pytest

from accounts.demo import DEMO_PASSWORD
from tests.accounts.test_matrix import PEOPLE
from tests.adding.developer import DOCUMENT, LEFT_OUT, ROOT, Developer
from tests.documents import DOCS
from tests.exports_helpers import API
from tests.processes import wait_for

pytestmark = [pytest.mark.processes, pytest.mark.timeout(300)]

REQUESTS = """
SELECT r.request_no, o.order_no, r.customer, r.phone, r.reason, r.status, r.refund::text, o.paid_amount::text,
       to_char(r.created_at AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM-DD HH24:MI:SS'), r.answered_at IS NULL, r.region
FROM aftersales_returnrequest r JOIN records_order o ON o.id = r.order_id ORDER BY r.id
"""
REFUNDED = """
SELECT o.order_no, o.amount FROM records_order o JOIN accounts_tenant t ON t.id = o.tenant_id
WHERE o.status = 'refunded' AND t.slug = 'platform' ORDER BY o.id
"""
REASONS = {"damaged": "商品破损", "wrong": "发错商品", "unwanted": "不想要了"}
STATES = {"open": "未答复", "accepted": "已同意", "refused": "已拒绝"}
HEADING = "申请编号,订单号,客户,电话,退货原因,状态,退款金额,实付金额,申请时间,未答复"


@pytest.fixture(scope="module")
def developer(tmp_path_factory):
    """Somebody who has done all that the document says."""
    one = Developer(tmp_path_factory.mktemp("adding"))
    try:
        one.start()
        one.follow()
        yield one
    finally:
        one.close()


@pytest.fixture
def http(developer):
    """http("finance") → a client with that person's token."""
    clients = []

    def _http(name: str) -> httpx.Client:
        client = httpx.Client(base_url=developer.web.address, trust_env=False, timeout=30)
        clients.append(client)
        said = client.post("/api/v1/auth/token", json={"username": name, "password": DEMO_PASSWORD})
        client.headers["Authorization"] = f"Bearer {said.json()['access']}"
        return client

    yield _http
    for client in clients:
        client.close()


@pytest.fixture
def admin_pages(developer):
    """A browser without scripts, signed in to the admin."""
    with httpx.Client(base_url=developer.web.address, trust_env=False, timeout=30, follow_redirects=True) as client:
        page = client.get("/accounts/login/")
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)[1]
        form = {"login": "admin", "password": DEMO_PASSWORD, "csrfmiddlewaretoken": token}
        assert client.post("/accounts/login/", data=form).status_code == 200
        yield client


def export(client: httpx.Client, **request) -> httpx.Response:
    """The file of an export."""
    made = client.post(API, json=request)
    assert made.status_code == 201, made.text

    def ended():
        job = client.get(f"{API}/{made.json()['job_id']}").json()
        return job if job["status"] in ("ready", "failed") else None

    job = wait_for(ended, 60, "the export does not end")
    assert job["status"] == "ready", job
    return client.get(job["download_url"])


def cells(response: httpx.Response) -> list[list[str]]:
    """Heading and rows of a CSV file."""
    return list(csv.reader(io.StringIO(response.content.decode("utf-8-sig"), newline="")))


def masked(row: tuple) -> list[str]:
    """A row of REQUESTS as finance reads it; the masks are written out here, not taken from the product."""
    no, order, customer, phone, reason, state, refund, paid, created, unanswered, _region = row
    assert len(phone) in (0, 11)
    hidden = [customer[0] + "*" * (len(customer) - 1), phone and f"{phone[:3]}****{phone[7:]}"]
    return [no, order, *hidden, REASONS[reason], STATES[state], refund, paid, created, "是" if unanswered else "否"]


def test_nothing_but_the_files_of_the_document_is_new_or_changed(developer):
    def files(root):
        found = (path for path in root.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
        names = {path.relative_to(root) for path in found if path.suffix != ".mo"}
        return {name.as_posix() for name in names if not any(fnmatch(name.parts[0], pattern) for pattern in LEFT_OUT)}

    before, after = files(ROOT), files(developer.tree)
    made = {"aftersales/migrations/0001_initial.py", "aftersales/migrations/__init__.py", "return_requests.csv"}
    assert after - before == developer.written | made
    assert {name for name in before if (ROOT / name).read_bytes() != (developer.tree / name).read_bytes()} == set()
    assert "An empty `aftersales/__init__.py`" in (DOCS / DOCUMENT).read_text()


def test_the_file_of_the_document_holds_the_right_rows_masked(developer):
    content = (developer.tree / "return_requests.csv").read_text(encoding="utf-8-sig")
    heading, *rows = csv.reader(content.splitlines())
    everything = developer.query(REQUESTS)
    assert heading == HEADING.split(",")
    assert len(everything) == 90
    assert rows == [masked(row) for row in everything if not row[9]]
    assert len(rows) == 60
    printed = next(said for said in developer.said if "订单号" in said)
    assert printed.removeprefix("\ufeff").splitlines() == content.splitlines()[:3]


def test_rows_and_masks_depend_on_who_asks(developer, http):
    everything = developer.query(REQUESTS)
    _heading, *whole = cells(export(http("risk"), type="return_requests"))
    assert [row[2:4] for row in whole] == [list(row[2:4]) for row in everything]
    _heading, *regional = cells(export(http("operator"), type="return_requests"))
    assert [row[0] for row in regional] == [row[0] for row in everything if row[10] == "华东"]
    assert 0 < len(regional) < len(everything)
    refused = http("acme_admin").post(API, json={"type": "return_requests"})
    assert refused.status_code == 403


def test_filters_and_columns_of_python(http):
    wish = {"params": {"reason": ["wrong"], "refund_min": 1}, "columns": ["message", "reason"]}
    found = export(http("admin"), type="return_requests", file_type="json", **wish).json()
    assert found == [{"message": "Lid & box are broken", "reason": "发错商品"}] * 30
    refused = http("admin").post(API, json={"type": "return_requests", "params": {"refund_min": 5, "refund_max": 4}})
    assert list(refused.json()["details"]) == ["params.refund_max"]


def test_the_dataset_in_one_file(developer, http):
    heading, *rows = cells(export(http("finance"), type="refunded_orders"))
    assert heading == ["订单号", "买家", "渠道", "金额", "下单时间"]
    assert [(row[0], Decimal(row[3])) for row in rows] == developer.query(REFUNDED)
    assert rows
    assert all(row[1][1:] == "*" * (len(row[1]) - 1) for row in rows)


def test_the_api_knows_both(http):
    client = http("finance")
    refused = client.post(API, json={"type": "nothing"}).json()["details"]["type"][0]
    assert {"refunded_orders", "return_requests"} <= set(re.findall(r"\w+", refused))
    export(client, type="return_requests")
    for key in ("return_requests", "refunded_orders"):
        listed = client.get(API, params={"type": key})
        assert listed.status_code == 200
        assert {job["type"] for job in listed.json()["items"]} <= {key}
    assert client.get(API, params={"type": "return_requests"}).json()["total"] > 0


def test_custom_exports_know_its_columns(http):
    body = {
        "name": "大额退货",
        "dataset": "return_requests",
        "body": {
            "columns": [{"key": "request_no"}, {"key": "refund", "label": "退款"}],
            "filters": [{"column": "unanswered", "op": "equals", "value": True}],
            "order": [{"key": "refund", "descending": True}],
        },
    }
    client = http("finance")
    made = client.post("/api/v1/export-definitions", json=body)
    assert made.status_code == 201, made.text
    refused = client.post("/api/v1/export-definitions", json=body | {"body": {"order": [{"key": "message"}]}})
    assert refused.status_code == 400  # nobody sorts by what Python computes


def test_the_admin_knows_both(developer, admin_pages):
    exports = admin_pages.get("/admin/jobs/exportjob/").text
    form = admin_pages.get("/admin/jobs/exportdefinition/new/").text
    (role,) = developer.query(
        "SELECT r.id FROM accounts_role r JOIN accounts_tenant t ON t.id = r.tenant_id "
        "WHERE r.key = 'operator' AND t.slug = 'platform'"
    )[0]
    rights = admin_pages.get(f"/admin/accounts/role/{role}/change/").text
    for key, title in (("return_requests", "退货申请"), ("refunded_orders", "退款订单")):
        assert f"type={key}" in exports
        assert title in exports
        assert title in form
        for verb in ("create", "download"):
            assert re.search(rf'<input[^>]*value="export\.{key}\.{verb}"[^>]*checked', rights), (key, verb)
        assert f"{title} · " in rights


def test_the_orders_page_still_shows_all_orders(admin_pages):
    """A second dataset over the table does not take its page over."""
    page = admin_pages.get("/admin/records/order/").text
    assert "已完成" in page


def test_estimates_know_both(developer, http):
    client = http("finance")
    for key, rows in (("return_requests", REQUESTS), ("refunded_orders", REFUNDED)):
        guessed = client.post(f"{API}/estimate", json={"type": key}).json()
        counted = client.post(f"{API}/estimate", json={"type": key, "exact": True}).json()
        assert guessed["rows"] >= 0
        assert guessed["bytes"] > 0
        assert (counted["rows"], counted["exact"]) == (len(developer.query(rows)), True)


def test_migrations_and_translations_are_in_order(developer):
    doctor = next(said for said in developer.said if "ok     python" in said)
    assert "ok     migrations: all applied" in doctor
    assert "WRONG" not in doctor


def test_contract_and_matrix_have_tested_both(developer):
    """The document's last command: which tests ran, by name, in a tree where nobody has told them of the datasets."""
    ran = set(re.findall(r"^(tests/\S+)\s+PASSED", developer.said[-1], flags=re.MULTILINE))
    assert not re.search(r"FAILED|ERROR|SKIPPED", developer.said[-1])
    for key in ("return_requests", "refunded_orders"):
        policy = "tests/accounts/test_matrix.py::test_the_policy_says_what_the_tables_say"
        assert {f"{policy}[{role}-{key}]" for role in PEOPLE} <= ran
        contract = {name for name in ran if name.startswith("tests/jobs/datasets/test_contract.py::")}
        names = {name.partition("::")[2].partition("[")[0] for name in contract if key in name}
        wanted = {"test_every_column_runs", "test_a_stranger_sees_nothing_of_ours", "test_rows_come_in_one_order_only"}
        assert wanted < names
        assert len(names) >= 12
        operators = "test_every_operator_of_every_column_of_every_dataset_runs"
        assert f"tests/jobs/datasets/test_conditions.py::{operators}[{key}]" in ran


def test_the_wall_round_the_table_stands(developer):
    table = "aftersales_returnrequest"
    assert developer.query(f"SELECT relrowsecurity, relforcerowsecurity FROM pg_class WHERE relname = '{table}'") == [
        (True, True)
    ]
    policies = developer.query(f"SELECT policyname FROM pg_policies WHERE tablename = '{table}' ORDER BY 1")
    assert policies == [("tenant_rows",), ("tenant_wall",)]
    keys = developer.query(
        f"SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = '{table}'::regclass AND contype = 'f'"
    )
    assert [key for (key,) in keys] == [
        "FOREIGN KEY (tenant_id, order_id) REFERENCES records_order(tenant_id, id) DEFERRABLE INITIALLY DEFERRED"
    ]
    with psycopg.connect(developer.environment["DATABASE_URL"]) as app:
        assert app.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)
