"""Ask before you run: the planner's figures, exact counts, limits. Nothing is executed, nothing is stored."""

import json
import logging
from dataclasses import replace
from types import SimpleNamespace

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import translation
from hypothesis import given

from accounts.models import Tenant
from jobs import datasets, formats
from jobs.datasets import Kind
from jobs.datasets.query import plan
from jobs.engine.config import SLOTS_PER_OWNER
from jobs.exports import estimating, services
from jobs.exports.estimating import forecast, planner
from jobs.formats import FormatOptions
from jobs.formats.csv import CsvFormat
from jobs.formats.xlsx import XlsxFormat
from jobs.models import DayNumber, ExportJob
from jobs.records.demo import fill
from jobs.records.models import Member, Order
from tests.exports_helpers import API, ENGLISH, Trail, post, undone
from tests.jobs.exports.test_bad_input import bodies, fuzz, told
from tests.jobs.records.samples import member, order

ASK = f"{API}/estimate"
ORDERS = 5_000
FIELDS = ["rows", "rows_range", "bytes", "seconds", "wait_seconds", "exact", "basis", "limits", "note"]


@pytest.fixture
def orders(world):
    """Orders of the platform and fewer of a client, with statistics."""
    with world.scope("acme"):
        fill(orders=300, seed=4)
    with world.scope("platform"):
        fill(orders=ORDERS, seed=3)


@pytest.fixture
def finance(world, sign_in):
    return sign_in("finance")


def preview(world, name, **request):
    with world.scope(name), translation.override("zh-hans"):
        values = {"dataset": "orders", "file_type": "csv", "params": {}} | request
        return services.preview_export(actor=world.user(name), **values)


def estimate(world, name, **request) -> SimpleNamespace:
    """Figures and basis on one level."""
    made = preview(world, name, **request).estimate
    return SimpleNamespace(**vars(made), **vars(made.figures))


def limits(world, name, **request) -> dict[str, str]:
    return {limit.code: limit.message for limit in preview(world, name, **request).limits}


class TestPlanner:
    @pytest.mark.parametrize("file_type", ["csv", "json", "xlsx"])
    def test_a_whole_table(self, world, orders, file_type):
        made = estimate(world, "admin", file_type=file_type)
        assert made.rows == pytest.approx(ORDERS, rel=0.05)
        assert made.rows_low < ORDERS < made.rows_high
        assert (made.basis, made.exact) == ("planner", False)
        assert made.bytes > 20 * made.rows
        assert made.seconds > 0

    @pytest.mark.parametrize("file_type", formats.available())
    def test_every_dataset_with_all_its_columns(self, world, file_type):
        for dataset in datasets.all_datasets():
            wish = {"dataset": dataset.key, "file_type": file_type, "columns": [c.key for c in dataset.columns]}
            assert estimate(world, "admin", **wish).planned_rows >= 0
            with world.scope("admin"):
                job = services.request_export(params={}, actor=world.user("admin"), **wish)
            assert job.estimated_rows is not None, dataset.key

    @pytest.mark.parametrize(
        "params",
        [
            {"status": ["paid"]},
            {"region": ["华东"]},
            {"start": "2026-03-01", "end": "2026-08-31"},
            {"amount_min": "300"},
        ],
    )
    def test_filters_are_followed(self, world, orders, params):
        made = estimate(world, "admin", params=params)
        exact = estimate(world, "admin", params=params, exact=True)
        assert 0 < exact.rows < ORDERS
        assert made.rows < ORDERS
        assert made.rows_low <= exact.rows <= made.rows_high

    def test_fewer_columns_are_fewer_bytes(self, world, orders):
        wide, narrow = estimate(world, "admin"), estimate(world, "admin", columns=["order_no"])
        assert narrow.rows == wide.rows
        assert narrow.bytes < wide.bytes / 4

    def test_the_kind_of_file_counts(self, world, orders):
        plain = estimate(world, "admin").bytes
        assert estimate(world, "admin", options={"compression": "gzip"}).bytes < plain / 2
        assert estimate(world, "admin", file_type="json").bytes > plain * 1.5
        assert estimate(world, "admin", file_type="xlsx").bytes < plain

    def test_an_operator_is_told_of_the_own_regions_only(self, world, orders):
        everything, own = estimate(world, "admin"), estimate(world, "operator")
        exact = estimate(world, "operator", exact=True)
        assert own.rows < everything.rows / 2
        assert own.rows == pytest.approx(exact.rows, rel=0.2)
        assert limits(world, "operator")["regions"] == "仅包含您所属区域的数据：华东。"

    def test_a_company_is_told_of_its_own_rows_only(self, world, orders):
        mine = estimate(world, "acme_admin", dataset="members")
        with world.scope("acme_admin"):
            exact = Member.objects.count()
        assert estimate(world, "acme_admin", dataset="members", exact=True).rows == exact
        assert mine.rows == pytest.approx(exact, rel=0.3)
        assert estimate(world, "globex_admin", dataset="members", exact=True).rows == 0

    def test_nobody_without_a_region_gets_rows(self, world, orders):
        assert estimate(world, "operator2").rows == 0
        assert "regions" in limits(world, "operator2")

    def test_a_table_without_rows(self, live, superuser):
        superuser.execute("TRUNCATE records_order CASCADE")  # forgets the statistics, too
        for analyzed in (False, True):
            made = estimate(live, "admin")
            assert made.rows_low == 0
            assert made.rows <= 1_000
            assert estimate(live, "admin", exact=True).rows == 0
            superuser.execute("ANALYZE records_order")
            assert made.basis == ("planner" if analyzed else "guess")

    def test_a_table_without_statistics(self, live, superuser):
        superuser.execute("TRUNCATE records_order CASCADE")
        with live.scope("platform"):
            for number in range(20):
                order(f"{number:018d}", member=None)
        assert superuser.execute("SELECT reltuples FROM pg_class WHERE relname = 'records_order'").fetchone() == (-1,)
        made = estimate(live, "admin")
        assert (made.basis, made.rows_low) == ("guess", 0)
        assert made.rows_high >= 20
        assert "还没有统计信息" in made.notes[0]

    def test_a_joined_table_without_statistics_counts_too(self, live, superuser):
        superuser.execute("TRUNCATE records_order, records_member CASCADE")
        with live.scope("platform"):
            order("1" * 18, member=member())
        superuser.execute("ANALYZE records_order")
        assert estimate(live, "admin").basis == "planner"
        assert estimate(live, "admin", columns=["order_no", "member_no"]).basis == "guess"

    def test_nothing_is_executed(self, world):
        """Each row of this dataset sleeps: to run it would take many times as long as the planner may."""
        with world.scope("platform"):
            fill(orders=100, seed=3)
            members = Member.objects.count()
        assert members * 0.004 > 3
        with world.scope("admin"):
            admin, slow = world.user("admin"), datasets.get("slow")
            whole = plan(slow, viewer=admin, params={}, columns=None, zone=admin.zone)
            wish = estimating.Wish("slow", slow, whole, {}, None, "csv", FormatOptions(), admin)
            assert estimating.estimate(wish, seconds=0.5).figures.rows == pytest.approx(members, rel=0.1)

    def test_columns_that_python_makes(self, world, orders):
        """The database is not asked to write what Python will write."""
        with world.scope("admin"):
            admin, dataset = world.user("admin"), datasets.get("orders")
            whole = plan(dataset, viewer=admin, params={}, columns=["order_no", "buyer_name"], zone=admin.zone)
            made = tuple(replace(column, kind=Kind.DATETIME, python=len) for column in whole.columns)
            planned = planner.ask(
                replace(whole, columns=made), CsvFormat(FormatOptions(), admin.zone), seconds=2
            )  # a text as a time: PostgreSQL would refuse to write it
        assert planned.rows == pytest.approx(ORDERS, rel=0.05)


class TestExactCount:
    def test_counted(self, world, orders):
        made = estimate(world, "admin", params={"product": "茶"}, exact=True)
        with world.scope("admin"):
            there = Order.objects.filter(product_name__icontains="茶").count()
        assert there > 0
        assert (made.rows, made.rows_low, made.rows_high) == (there, there, there)
        assert (made.basis, made.exact) == ("count", True)

    def test_too_slow_is_no_error(self, world, orders, settings, sign_in):
        settings.EXPORT_COUNT_TIMEOUT_SECONDS = 0.001
        answer = post(sign_in("admin"), ASK, {"type": "orders", "params": {"product": "茶"}, "exact": True})
        assert answer.status_code == 200
        body = answer.json()
        assert (body["exact"], body["basis"]) == (False, "planner")
        assert body["note"].startswith("Counting would take longer than 0.001 s, so the rows are estimated.")

    def test_afterwards_statements_may_take_as_long_as_before(self, world, orders, settings):
        settings.EXPORT_COUNT_TIMEOUT_SECONDS = 0.001
        with world.scope("admin"), connection.cursor() as cursor:
            cursor.execute("SELECT set_config('statement_timeout', '7777', true)")
            for exact in (True, False):
                estimate(world, "admin", params={"product": "茶"}, exact=exact)
                cursor.execute("SHOW statement_timeout")
                assert cursor.fetchone() == ("7777ms",)

    def test_one_count_of_a_person_at_a_time(self, live, superuser):
        with live.scope("platform"):
            order("1" * 18, member=None)
        key = f"export-count:{live.users['admin'][1]}"
        superuser.execute("SELECT pg_advisory_lock(hashtextextended(%s, 0))", [key])
        busy = estimate(live, "admin", exact=True)
        assert not busy.exact
        assert busy.notes[0].startswith("您正在统计另一项")
        assert estimate(live, "finance", exact=True).exact
        superuser.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 0))", [key])
        assert estimate(live, "admin", exact=True).exact


class TestDoor:
    def test_the_answer(self, world, orders, sign_in):
        body = {"type": "orders", "file_type": "xlsx", "params": {"status": "paid"}, "source": "/orders"}
        answer = post(sign_in("finance"), ASK, body)
        assert answer.status_code == 200
        assert list(answer.json()) == FIELDS
        low, high = answer.json()["rows_range"]
        assert 0 <= low <= answer.json()["rows"] <= high
        assert answer.json()["wait_seconds"] == 0

    def test_nothing_is_stored(self, world, orders, sign_in):
        client, trail = sign_in("finance"), Trail(world, "finance")
        for exact in (False, True):
            assert post(client, ASK, {"type": "orders", "exact": exact}).status_code == 200
        with world.scope("finance"):
            assert (ExportJob.objects.count(), DayNumber.objects.count()) == (0, 0)
        assert trail.entries() == []

    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"type": "payroll"}, "type"),
            ({"type": None}, "type"),
            ({"file_type": "exe"}, "file_type"),
            ({"params": []}, "params"),
            ({"params": {"colour": "red"}}, "params.colour"),
            ({"params": {"status": ["paid", "done"]}}, "params.status"),
            ({"params": {"start": "2026-10-02", "end": "2026-10-01"}}, "params.end"),
            ({"columns": ["password"]}, "columns"),
            ({"options": {"compression": "rar"}}, "options.compression"),
            ({"file_type": "xlsx", "options": {"compression": "gzip"}}, "options.compression"),
            ({"source": "a\nb"}, "source"),
            ({"colour": 1}, "colour"),
            ({"exact": "yes"}, "exact"),
            ({"exact": 1}, "exact"),
            ({"exact": None}, "exact"),
        ],
    )
    def test_what_is_wrong_is_named_as_when_creating(self, world, sign_in, change, field):
        client = sign_in("finance")
        answer = post(client, ASK, {"type": "orders"} | change)
        assert (answer.status_code, list(answer.json()["details"])) == (400, [field])
        if field not in ("exact", "colour"):
            created = post(client, API, {"type": "orders"} | change)
            assert created.json()["details"] == answer.json()["details"]

    def test_creating_takes_no_exact(self, world, sign_in):
        assert list(post(sign_in("finance"), API, {"type": "orders", "exact": True}).json()["details"]) == ["exact"]

    @pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"orders"', b'{"type": "orders", "type": "users"}'])
    def test_no_object(self, world, sign_in, body):
        answer = sign_in("finance").post(ASK, body, content_type="application/json", **ENGLISH)
        assert answer.status_code == 400

    def test_who_may_not_export_may_not_ask(self, world, orders, sign_in, client):
        assert post(sign_in("nobody"), ASK, {"type": "orders"}).status_code == 403
        assert post(sign_in("acme_admin"), ASK, {"type": "orders"}).status_code == 403
        assert post(client, ASK, {"type": "orders"}).status_code == 401

    def test_the_word_is_no_job(self, world, sign_in):
        assert sign_in("finance").get(ASK).status_code == 405

    @fuzz
    @given(body=bodies)
    def test_no_body_breaks_it(self, finance, body):
        with undone():
            answer = finance.post(ASK, json.dumps(body), content_type="application/json", **ENGLISH)
        told(answer)
        assert answer.status_code in (200, 400)

    def test_a_database_that_does_not_answer(self, live, superuser, sign_in, monkeypatch):
        monkeypatch.setattr(planner, "ask", _impatient(planner.ask))
        with superuser.transaction():
            superuser.execute("LOCK TABLE records_order IN ACCESS EXCLUSIVE MODE")
            answer = post(sign_in("finance"), ASK, {"type": "orders"})
        assert (answer.status_code, answer.json()["code"]) == (503, "UNAVAILABLE")
        assert answer.headers["Retry-After"] == "5"


def _impatient(ask):
    """The same question with less patience, so that the test does not have to wait."""
    return lambda plan, writer, *, seconds: ask(plan, writer, seconds=0.1)


class TestCreation:
    """A job carries its estimate; without one it is created all the same."""

    def test_the_estimate_is_on_the_job_and_stays(self, world, orders):
        expected = estimate(world, "finance", params={"status": "paid"})
        with world.scope("finance"), translation.override("zh-hans"):
            job = services.request_export(
                dataset="orders", file_type="csv", params={"status": "paid"}, actor=world.user("finance")
            )
            job.refresh_from_db()
            assert (job.estimated_rows, job.estimated_bytes) == (expected.rows, expected.bytes)
            assert job.estimated_seconds == expected.seconds
            assert (job.planned_rows, job.filter_shape) == (expected.planned_rows, "status")
            for name in ("planned_rows", "estimated_rows", "estimated_bytes", "estimated_seconds"):
                with pytest.raises(IntegrityError, match="its estimate is frozen"), transaction.atomic():
                    ExportJob.objects.filter(pk=job.pk).update(**{name: 1})
            assert ExportJob.objects.filter(pk=job.pk).update(rows_done=5) == 1

    def test_a_retry_has_its_own(self, world, orders, exports):
        old = exports.make("finance", status="failed", params={})
        assert old.estimated_rows is None
        with world.scope("finance"):
            job = services.retry_export(old.job_no, actor=world.user("finance"))
        assert job.estimated_rows == pytest.approx(ORDERS, rel=0.05)

    def test_a_locked_table_does_not_keep_a_job_from_being_created(self, live, superuser, monkeypatch, caplog):
        monkeypatch.setattr(forecast, "AT_CREATION_SECONDS", 0.1)
        with superuser.transaction(), live.scope("finance"):
            superuser.execute("LOCK TABLE records_order IN ACCESS EXCLUSIVE MODE")
            job = services.request_export(dataset="orders", file_type="csv", params={}, actor=live.user("finance"))
        with live.scope("finance"):
            stored = ExportJob.objects.get(pk=job.pk)
        assert (stored.status, stored.estimated_rows, stored.planned_rows) == ("queued", None, None)
        assert "no estimate for orders: canceling statement due to statement timeout" in caplog.text

    def test_a_mistake_in_the_estimate_does_not_either(self, world, sign_in, monkeypatch, caplog):
        monkeypatch.setattr(planner, "ask", lambda plan, writer, *, seconds: 1 / 0)
        created = post(sign_in("finance"), API, {"type": "orders"})
        assert created.status_code == 201
        assert created.json()["estimate"] is None
        (record,) = [record for record in caplog.records if record.levelno == logging.ERROR]
        assert record.exc_info[0] is ZeroDivisionError


class TestLimits:
    def test_masked_columns_are_named(self, world, orders):
        assert limits(world, "finance")["masked_columns"] == "以下列对您的角色部分隐藏：买家, 电话。"
        assert "masked_columns" not in limits(world, "finance", columns=["order_no"])
        assert "masked_columns" not in limits(world, "risk")

    def test_more_sheets(self, world, orders, monkeypatch):
        assert "sheet_rows" not in limits(world, "admin", file_type="xlsx")
        monkeypatch.setattr(XlsxFormat, "sheet_rows", 1_001)
        assert "5" in limits(world, "admin", file_type="xlsx")["sheet_rows"]
        assert "sheet_rows" not in limits(world, "admin", file_type="csv")

    def test_several_files(self, world, orders, settings):
        assert "part_bytes" not in limits(world, "admin")
        settings.EXPORT_SPLIT_BYTES, settings.EXPORT_PART_BYTES = 200_000, 100_000
        size = estimate(world, "admin").bytes
        assert f"约 {-(-size // 100_000)} 个文件" in limits(world, "admin")["part_bytes"]
        assert "part_bytes" not in limits(world, "admin", options={"compression": "zip"})

    def test_too_long(self, world, orders, settings):
        assert "time_limit" not in limits(world, "admin")
        settings.ENGINE_TIME_LIMIT_SECONDS = 0.06
        assert "0.001" in limits(world, "admin")["time_limit"]

    def test_the_queue(self, world, orders, exports, sign_in, settings):
        assert "200" in limits(world, "finance")["queue"]
        settings.QUEUED_PER_USER = 2
        for left in (1, 0):
            exports.make("finance")
            shown = limits(world, "finance")["queue"]
            assert shown == (
                "您还可以加入队列的导出任务：1。" if left else "队列已满：须等部分任务完成后才能新建导出。"
            )
        with world.scope("platform"):
            Tenant.objects.filter(slug="platform").update(max_queued_exports=3)
        assert "1" in limits(world, "admin")["queue"]
        exports.make("admin")
        assert limits(world, "operator")["queue"].startswith("队列已满")
        assert post(sign_in("operator"), API, {"type": "orders"}).status_code == 429


class TestWait:
    def wait(self, world, name) -> float:
        return preview(world, name).wait_seconds

    def test_an_empty_queue(self, world, exports):
        exports.make("admin", status="processing", estimated_seconds=500)
        assert self.wait(world, "finance") == 0

    def test_the_own_slots_are_taken(self, world, exports):
        for _number in range(SLOTS_PER_OWNER):
            exports.make("finance", status="processing", estimated_seconds=500)
        assert self.wait(world, "finance") == pytest.approx(500, abs=30)
        assert self.wait(world, "admin") == 0

    def test_others_come_first_once_for_each_own_job_and_once_more(self, world, exports):
        for _number in range(10):
            exports.make("admin", estimated_seconds=10)
        assert self.wait(world, "finance") == 10
        exports.make("finance", estimated_seconds=10)
        assert self.wait(world, "finance") == 30
        assert self.wait(world, "admin") == 110

    def test_what_runs_side_by_side_shares_the_wait(self, world, exports):
        for name in ("admin", "risk"):
            exports.make(name, status="processing", estimated_seconds=0)
        for _number in range(4):
            exports.make("finance", estimated_seconds=10)
        assert self.wait(world, "finance") == 20

    def test_other_companies_do_not_count(self, world, exports):
        for _number in range(3):
            exports.make("acme_admin", "members", estimated_seconds=1_000)
        assert self.wait(world, "finance") == 0
