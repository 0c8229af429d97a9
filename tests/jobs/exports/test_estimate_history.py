"""What earlier exports teach the next estimate, and how estimates are held against what came out."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.urls import reverse
from django.utils import timezone, translation

from jobs import datasets
from jobs.datasets.query import plan
from jobs.engine import kinds, runner
from jobs.exports import services
from jobs.exports.estimating import accuracy, experience
from jobs.formats import FormatOptions
from jobs.models import ExportJob
from jobs.records.demo import fill
from tests.exports_helpers import API, CONTENT

ACCURACY = f"{API}/estimates/accuracy"
TEA = {"product": "茶"}
"""A filter whose effect the planner can only guess."""


@pytest.fixture
def orders(live):
    with live.scope("platform"):
        fill(orders=4_000, seed=3)


def estimate(live, name="admin", **request):
    with live.scope(name), translation.override("zh-hans"):
        values = {"dataset": "orders", "file_type": "csv", "params": {}} | request
        made = services.preview_export(actor=live.user(name), **values).estimate
    return SimpleNamespace(**vars(made), **vars(made.figures))


def export(live, name="admin", **request) -> ExportJob:
    """A finished job, by service, queue and worker."""
    with live.scope(name):
        values = {"dataset": "orders", "file_type": "csv", "params": {}} | request
        job = services.request_export(actor=live.user(name), **values)
    assert runner.run_one_due(kinds.get("export"), ring=False)
    with live.scope(name):
        done = ExportJob.objects.get(pk=job.pk)
    assert done.status == "ready"
    return done


class TestRows:
    def test_the_planner_is_corrected_and_stays_so(self, live, orders):
        first = export(live, params=TEA)
        assert accuracy.errors(first)["rows"] < -30  # PostgreSQL expects far fewer
        for earlier in (1, 2, 3):
            made = estimate(live, params=TEA)
            assert (made.basis, made.rows, made.planned_rows) == ("history", first.row_count, first.planned_rows)
            assert made.rows_low <= first.row_count <= made.rows_high
            assert f"{earlier} 次" in made.notes[0]
            assert accuracy.errors(export(live, params=TEA))["rows"] == 0

    def test_the_range_narrows_with_every_job(self, live, orders):
        spans = []
        for _number in range(3):
            export(live, params=TEA)
            made = estimate(live, params=TEA)
            spans.append(made.rows_high - made.rows_low)
        assert spans[0] > spans[1] > spans[2]

    def test_other_values_of_the_same_filters_learn_too_but_the_same_ones_know_better(self, live, orders):
        done = export(live, params={"amount_min": "800"})
        other = estimate(live, params={"amount_min": "900"})
        assert other.basis == "history"
        assert other.rows == pytest.approx(done.row_count, rel=0.1)  # the planner sees no difference
        more = export(live, params={"amount_min": "100"})
        assert estimate(live, params={"amount_min": "100"}).rows == more.row_count
        assert estimate(live, params={"amount_min": "800"}).rows == done.row_count
        assert done.row_count < estimate(live, params={"amount_min": "500"}).rows < more.row_count

    def test_other_filters_learn_nothing_from_it(self, live, orders):
        export(live, params=TEA)
        assert estimate(live).basis == "planner"
        assert estimate(live, params=TEA | {"status": "paid"}).basis == "planner"

    def test_who_sees_other_rows_is_corrected_apart(self, live, orders):
        export(live, "admin", params=TEA)
        assert estimate(live, "operator", params=TEA).basis == "planner"
        done = export(live, "operator", params=TEA)
        assert estimate(live, "operator", params=TEA).rows == done.row_count
        assert estimate(live, "finance", params=TEA).rows > done.row_count

    def test_no_row_at_all(self, live, orders):
        nothing = {"keyword": "zzz"}
        assert export(live, params=nothing).row_count == 0
        assert estimate(live, params=nothing).rows == 0

    def test_only_the_last_fifty_count(self, live, exports):
        figures = {"params": {}, "filter_shape": ""}
        for number in range(experience.MOST_JOBS + 1):
            exports.make("admin", status="ready", planned_rows=599 if number == 0 else 1199, **figures)
        with live.scope("admin"):
            viewer = live.user("admin")
            orders = datasets.get("orders")
            whole = plan(orders, viewer=viewer, params={}, columns=None, zone=viewer.zone)
            learned = experience.correction(orders, "", {}, whole)
        assert learned.jobs == experience.MOST_JOBS
        assert learned.factor == pytest.approx(601 / 1200)
        assert learned.high < 1  # the oldest one expected half as many

    def test_expired_jobs_count_and_failed_ones_do_not(self, live, exports):
        for status in ("failed", "canceled", "processing", "queued"):
            exports.make("admin", status=status, planned_rows=1, params={})
        assert estimate(live).basis == "guess"
        exports.make("admin", status="expired", planned_rows=1, params={})
        assert estimate(live).basis == "history"

    def test_an_absurd_factor_is_cut(self, live, exports):
        exports.make("admin", status="ready", planned_rows=10**12, params={})
        exports.make("acme_admin", "members", status="ready", planned_rows=0, params={}, filter_shape="")
        with live.scope("admin"):
            viewer = live.user("admin")
            whole = plan(datasets.get("orders"), viewer=viewer, params={}, columns=None, zone=viewer.zone)
            assert experience.correction(datasets.get("orders"), "", {}, whole).factor == experience.LEAST_FACTOR
            assert experience.correction(datasets.get("members"), "", {}, whole).jobs == 0  # another company's


class TestCustomExports:
    """Their conditions are told apart by column and operator; what they teach is the dataset's."""

    def wish(self, value: str, *columns: str) -> dict:
        filters = [{"column": "product_name", "op": "contains", "value": value}]
        keys = columns or ("order_no", "product_name")
        params = {"dataset": "orders", "columns": [{"key": key} for key in keys], "filters": filters}
        return {"dataset": "reports_custom", "params": params}

    def test_corrected_by_the_same_conditions(self, live, orders):
        first = export(live, **self.wish("茶"))
        assert first.filter_shape == "product_name:contains"
        assert accuracy.errors(first)["rows"] < -30
        for columns in ((), ("amount", "order_no", "status")):  # other columns, the same rows
            made = estimate(live, **self.wish("茶", *columns))
            assert (made.basis, made.rows) == ("history", first.row_count)
        assert estimate(live, params=TEA).basis == "planner"

    def test_the_same_value_knows_better(self, live, orders):
        tea, other = export(live, **self.wish("茶")), export(live, **self.wish("zzz"))
        assert other.row_count == 0
        assert estimate(live, **self.wish("茶")).rows == tea.row_count
        assert estimate(live, **self.wish("zzz")).rows == 0

    def test_rows_are_as_long_as_in_other_exports_of_the_dataset(self, live, orders):
        columns = ["order_no", "product_name"]
        plain = export(live, columns=columns)
        custom = export(live, **self.wish("茶"))
        assert abs(accuracy.errors(custom)["bytes"]) > 10  # of too few rows, not of wrong rows
        assert custom.estimated_bytes / custom.estimated_rows == pytest.approx(
            plain.file_size / plain.row_count, rel=0.1
        )

    def test_moving_periods_are_fixed_first(self, live, orders):
        wish = self.wish("茶")
        wish["params"]["filters"] = [{"column": "created_at", "op": "last_year"}]
        done = export(live, **wish)
        assert done.filter_shape == "created_at:range"
        assert estimate(live, **wish).rows == done.row_count


class TestBytesAndSeconds:
    @pytest.mark.parametrize(
        ("file_type", "options"),
        [
            ("csv", {}),
            ("csv", {"compression": "gzip"}),
            ("csv", {"raw": True}),
            ("json", {"lines": True}),
            ("xlsx", {}),
        ],
    )
    def test_the_next_file_is_as_long(self, live, orders, file_type, options):
        wish = {"file_type": file_type, "options": options}
        done = export(live, **wish)
        assert estimate(live, **wish).bytes == pytest.approx(done.file_size, rel=0.01)

    def test_half_the_rows_are_half_the_bytes(self, live, orders):
        whole = export(live)
        half = export(live, params={"start": "2025-11-01"})
        assert half.row_count < whole.row_count * 0.7
        assert abs(accuracy.errors(half)["bytes"]) < 10

    def test_other_columns_are_compared_by_kind(self, live, orders):
        export(live)
        few = export(live, columns=["order_no", "amount", "created_at", "status"])
        assert abs(accuracy.errors(few)["bytes"]) < 30
        assert estimate(live, columns=["order_no", "amount", "created_at", "status"]).bytes == pytest.approx(
            few.file_size, rel=0.01
        )

    def test_other_options_and_lost_columns_teach_nothing(self, live, exports):
        started = timezone.now() - timedelta(seconds=50)
        exports.make("admin", status="ready", options={"raw": True})
        exports.make("admin", status="ready", options={"colour": "red"})
        exports.make("admin", status="ready", columns=["gone"])
        assert self.pace(live).jobs == 0
        job = exports.make("admin", status="ready", options={"bom": True})
        with live.scope("admin"):
            ExportJob.objects.filter(pk=job.pk).update(started_at=started)
        learned = self.pace(live)
        assert learned.jobs == 1
        assert learned.row_seconds == pytest.approx(50 / 600, rel=0.1)
        assert learned.row_bytes == pytest.approx(len(CONTENT) / 600, rel=0.3)

    def pace(self, live):
        with live.scope("admin"):
            viewer = live.user("admin")
            orders = datasets.get("orders")
            whole = plan(orders, viewer=viewer, params={}, columns=None, zone=viewer.zone)
            return experience.pace(orders, whole, "csv", FormatOptions(), rows=600, words=50)


class TestShape:
    def shape(self, live, name, params):
        with live.scope(name):
            viewer = live.user(name)
            whole = plan(datasets.get("orders"), viewer=viewer, params={}, columns=None, zone=viewer.zone)
            return experience.shape_of(params, whole)

    def test_names_in_order_without_the_empty_ones(self, live):
        assert self.shape(live, "admin", {"status": "paid", "end": "", "amount_min": 0, "region": []}) == (
            "amount_min,status"
        )
        assert self.shape(live, "admin", {}) == ""
        assert self.shape(live, "operator", {"status": "paid"}) == "status,@"

    def test_a_long_one_is_cut_and_stays_its_own(self, live):
        many = {f"filter_{number:03d}": 1 for number in range(100)}
        shapes = {self.shape(live, "admin", many), self.shape(live, "admin", many | {"last": 1})}
        assert len(shapes) == 2
        assert all(len(shape) == experience.SHAPE_LENGTH for shape in shapes)


class TestShown:
    def test_the_error_in_the_detail(self, live, exports, sign_in):
        figures = {"estimated_rows": 660, "estimated_bytes": len(CONTENT) // 2, "estimated_seconds": 0.3}
        ready = exports.make("finance", status="ready", **figures)
        shown = sign_in("finance").get(f"{API}/{ready.job_no}").json()["estimate"]
        assert {name: shown[name] for name in ("rows", "bytes", "seconds")} == {
            "rows": 660,
            "bytes": len(CONTENT) // 2,
            "seconds": 0.3,
        }
        assert shown["error"]["rows"] == 10.0
        assert shown["error"]["bytes"] == pytest.approx(-50, abs=0.1)
        assert list(shown["error"]) == ["rows", "bytes", "seconds"]

    def test_before_there_is_a_file_there_is_no_error(self, live, exports, sign_in):
        waiting = exports.make("finance", estimated_rows=5, estimated_bytes=50, estimated_seconds=1)
        client = sign_in("finance")
        shown = client.get(f"{API}/{waiting.job_no}").json()["estimate"]
        assert shown == {"rows": 5, "bytes": 50, "seconds": 1.0, "error": None}
        plain = exports.make("finance", status="ready")
        assert client.get(f"{API}/{plain.job_no}").json()["estimate"] is None

    def test_the_page_of_the_job(self, live, exports, sign_in):
        job = exports.make(
            "finance", status="ready", estimated_rows=660, estimated_bytes=5_000_000, estimated_seconds=75
        )
        client = sign_in("finance")
        page = client.get(reverse("admin:jobs_exportjob_change", args=[job.pk])).content.decode()
        assert "660 (+10.0 %)" in page
        assert "4.8 MB (+" in page
        assert "1 分 15 秒 (+" in page
        plain = exports.make("finance", status="queued", estimated_rows=7, estimated_bytes=70, estimated_seconds=2)
        page = client.get(reverse("admin:jobs_exportjob_change", args=[plain.pk])).content.decode()
        assert "70 B" in page
        assert " %)" not in page


class TestAccuracy:
    def test_medians_per_dataset(self, live, exports, sign_in):
        for rows in (540, 600, 660, 900, 60):  # off by 10, 0, 10, 50, 90 %
            exports.make(
                "admin", status="ready", estimated_rows=rows, estimated_bytes=len(CONTENT), estimated_seconds=1
            )
        exports.make("admin", "members", status="expired", estimated_rows=0, estimated_bytes=0, estimated_seconds=0)
        exports.make("admin", "members", status="ready")  # made before there were estimates
        exports.make("admin", "users", status="failed", estimated_rows=1, estimated_bytes=1, estimated_seconds=1)
        exports.make("acme_admin", "users", status="ready", estimated_rows=1, estimated_bytes=1, estimated_seconds=1)
        body = sign_in("admin").get(ACCURACY).json()
        assert body["days"] == 30
        items = {item["dataset"]: item for item in body["items"]}
        assert set(items) == {"orders", "members"}
        assert list(items["orders"]) == ["dataset", "jobs", "rows", "bytes", "seconds"]
        assert (items["orders"]["jobs"], items["orders"]["rows"], items["orders"]["bytes"]) == (5, 10.0, 0.0)
        assert (items["members"]["jobs"], items["members"]["rows"], items["members"]["bytes"]) == (1, 100.0, 100.0)

    def test_old_ones_are_forgotten(self, live, exports, sign_in):
        job = exports.make("admin", status="ready", estimated_rows=1, estimated_bytes=1, estimated_seconds=1)
        with live.scope("admin"):
            ExportJob.objects.filter(pk=job.pk).update(finished_at=timezone.now() - timedelta(days=31))
        assert sign_in("admin").get(ACCURACY).json()["items"] == []

    @pytest.mark.parametrize(
        ("name", "status"), [("admin", 200), ("acme_admin", 200), ("finance", 403), ("operator", 403), ("nobody", 403)]
    )
    def test_for_those_who_see_every_export(self, live, sign_in, name, status):
        answer = sign_in(name).get(ACCURACY)
        assert answer.status_code == status
        assert status == 200 or answer.json()["code"] == "FORBIDDEN"

    def test_strangers(self, live, client):
        assert client.get(ACCURACY).status_code == 401
