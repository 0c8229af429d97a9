"""What a file says about itself: in the job's row, in the API, in the manifest, in the log and on the first sheet."""

import csv
import io
import json
import re
import zipfile
from datetime import datetime
from decimal import Decimal

import openpyxl
import pytest
from django.utils import translation
from openpyxl.utils.escape import unescape

from accounts.models import User
from jobs.exports import services
from jobs.exports.facts import Facts
from jobs.models import ExportJob, JobLog
from jobs.records.models import Order
from tests.exports_helpers import API
from tests.jobs.exports.runs import ask, content, run

MONEY = ["amount", "discount", "paid_amount"]
COLUMNS = ["order_no", "buyer_name", "buyer_phone", "status", *MONEY, "created_at"]
LANGUAGES = ["zh-hans", "en"]


@pytest.fixture(autouse=True)
def store(local_store):
    """An empty one for each test."""


@pytest.fixture
def speaks(live):
    """speaks("finance", "en") changes a person's language until the test ends."""
    changed = {}

    def change(name: str, language: str) -> None:
        with live.scope(name):
            changed.setdefault(name, live.user(name).language)
            User.objects.filter(pk=live.user(name).pk).update(language=language)

    yield change
    for name, language in list(changed.items()):
        change(name, language)


def facts_of(job: ExportJob) -> Facts:
    assert job.status == "ready", job.error
    return Facts.read(job.facts)


def rows_of(job: ExportJob) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content(job).decode("utf-8-sig"), newline="")))


def about_sheet(job: ExportJob) -> tuple[list[str], dict[str, str]]:
    """Names of the sheets, and what the first one says."""
    book = openpyxl.load_workbook(io.BytesIO(content(job)))
    return book.sheetnames, dict(book.worksheets[0].iter_rows(values_only=True))


class TestRecord:
    @pytest.mark.parametrize(
        ("language", "period", "words", "title"),
        [
            ("zh-hans", "时间范围", {"状态": {"已完成", "已付款"}, "金额下限": {"100"}}, "订单"),
            ("en", "Period", {"Status": {"Completed", "Paid"}, "Amount from": {"100"}}, "Orders"),
        ],
    )
    def test_filters_are_told_in_words(self, live, orders, speaks, language, period, words, title):
        speaks("finance", language)
        params = {"start": "2025-09-01", "end": "2027-01-31", "status": ["completed", "paid"], "amount_min": "100"}
        facts = facts_of(run(live, ask(live, "finance", params=params)))
        said = dict(facts.filters)
        assert list(said) == [period, *words]
        assert said[period] == "2025-09-01 – 2027-01-31"
        for label in words:
            assert set(re.split(r"[,，、] ?", said[label])) == words[label]
        assert facts.title == title

    def test_without_filters_it_says_so(self, live, orders):
        facts = facts_of(run(live, ask(live, "finance")))
        assert facts.filters == []
        with translation.override("en"):
            assert ("Filters", "none: all rows that the person may see") in facts.lines()
        with translation.override("zh-hans"):
            assert ("筛选", "无：申请人可见的全部数据") in facts.lines()

    def test_columns_in_file_order_with_their_masks(self, live, orders):
        done = run(live, ask(live, "finance", columns=COLUMNS))
        facts = facts_of(done)
        assert [column["key"] for column in facts.columns] == COLUMNS
        assert [column["title"] for column in facts.columns] == list(rows_of(done)[0])
        masks = {column["key"]: column["mask"] for column in facts.columns if column["mask"]}
        assert list(masks) == ["buyer_name", "buyer_phone"]
        titles = {column["key"]: column["title"] for column in facts.columns}
        assert facts.masked == [titles["buyer_name"], titles["buyer_phone"]]
        assert "*" in rows_of(done)[0][titles["buyer_phone"]]

    def test_who_sees_everything_has_no_mask(self, live, orders):
        done = run(live, ask(live, "admin", columns=COLUMNS))
        facts = facts_of(done)
        assert facts.masked == []
        with translation.override("en"):
            assert ("Masked columns", "none") in facts.lines()
        assert "*" not in "".join("".join(row.values()) for row in rows_of(done))

    @pytest.mark.parametrize("params", [{}, {"status": ["completed"]}, {"keyword": "nothing begins so"}])
    def test_totals_of_money_are_those_of_the_file(self, live, orders, params):
        done = run(live, ask(live, "finance", columns=COLUMNS, params=params))
        facts = facts_of(done)
        titles = {column["key"]: column["title"] for column in facts.columns}
        assert list(facts.totals) == MONEY
        for key in MONEY:
            total = sum((Decimal(row[titles[key]]) for row in rows_of(done) if row[titles[key]]), Decimal("0.00"))
            assert Decimal(facts.totals[key]) == total
            assert isinstance(facts.totals[key], str)  # a JSON number would be rounded by its readers
        assert facts.rows == done.row_count == len(rows_of(done))

    def test_totals_are_exact_beyond_what_a_double_holds(self, live, orders):
        with live.scope("finance"):
            Order.objects.update(amount="9999999999999999.99")
        facts = facts_of(run(live, ask(live, "finance", columns=["order_no", "amount"])))
        assert facts.totals == {"amount": str(Decimal("9999999999999999.99") * orders)}
        with translation.override("en"):
            said = dict(facts.lines())
        assert said["Total of 金额"] == f"{Decimal('9999999999999999.99') * orders:,}"

    def test_the_moment_is_that_of_the_snapshot_in_the_askers_zone(self, live, orders):
        done = run(live, ask(live, "finance"))
        facts = facts_of(done)
        moment = datetime.fromisoformat(facts.data_as_of)
        assert moment.utcoffset().total_seconds() == 8 * 3600
        assert moment == done.snapshot_at.replace(microsecond=0)
        assert facts.time_zone == "Asia/Shanghai"
        with translation.override("en"):
            assert dict(facts.lines())["Data as of"] == f"{moment:%Y-%m-%d %H:%M:%S} Asia/Shanghai"

    def test_by_whom_and_how(self, live, orders):
        done = run(live, ask(live, "finance", options={"compression": "gzip", "raw": True}))
        facts = facts_of(done)
        assert (facts.job_id, facts.dataset, facts.file_type) == (done.job_no, "orders", "csv")
        assert facts.requested_by == "finance (finance)"
        assert facts.options == {"compression": "gzip", "raw": True}

    def test_a_job_without_a_file_has_none(self, live, orders):
        job = ask(live, "finance")
        assert (job.facts, job.parts) == (None, [])

    def test_what_is_stored_is_read_back(self, live, orders):
        done = run(live, ask(live, "finance", params={"status": ["completed"]}))
        assert Facts.read(json.loads(json.dumps(facts_of(done).stored()))) == facts_of(done)


class TestCutTexts:
    @pytest.fixture
    def cut(self, live, orders):
        """Two notes longer than an Excel cell."""
        with live.scope("finance"):
            keys = list(Order.objects.order_by("id").values_list("pk", flat=True)[:2])
            Order.objects.filter(pk__in=keys).update(note="x" * 40_000)

    def test_told_everywhere(self, live, cut, sign_in):
        done = run(live, ask(live, "finance", file_type="xlsx", columns=["order_no", "note"], options={"about": True}))
        assert facts_of(done).cut_cells == 2
        _names, said = about_sheet(done)
        assert "32,767" in said["是否截断"]
        assert "2" in said["是否截断"]
        with live.scope("platform"):
            warnings = list(JobLog.objects.filter(job_id=done.pk, level="warning").values_list("message", flat=True))
        assert warnings == ["Texts too long for a cell, cut at the end: 2"]
        assert sign_in("finance").get(f"{API}/{done.job_no}").json()["facts"]["cut_cells"] == 2
        with translation.override("en"):
            assert facts_of(done).shortened.startswith("2 texts are longer")

    def test_told_in_the_manifest_of_parts(self, live, cut, settings):
        settings.EXPORT_SPLIT_BYTES, settings.EXPORT_PART_BYTES, settings.EXPORT_SEGMENT_ROWS = 5_000, 5_000, 100
        done = run(live, ask(live, "finance", file_type="xlsx", columns=["order_no", "note"]))
        assert json.loads(content(done))["facts"]["cut_cells"] == 2

    def test_told_in_the_manifest_of_a_zip(self, live, cut, settings):
        settings.EXPORT_SPLIT_BYTES, settings.EXPORT_PART_BYTES, settings.EXPORT_SEGMENT_ROWS = 5_000, 5_000, 100
        options = {"compression": "zip", "about": True}
        done = run(live, ask(live, "finance", file_type="xlsx", columns=["order_no", "note"], options=options))
        with zipfile.ZipFile(io.BytesIO(content(done))) as archive:
            assert json.loads(archive.read("manifest.json"))["facts"]["cut_cells"] == 2
            first, second = (
                openpyxl.load_workbook(io.BytesIO(archive.read(name))).worksheets[0] for name in archive.namelist()[:2]
            )
        said = [dict(sheet.iter_rows(values_only=True)) for sheet in (first, second)]
        assert "32,767" in said[0]["是否截断"]
        assert said[1]["是否截断"] == "否：所有行和文本均完整"  # what a part says is about the part

    def test_a_csv_file_cuts_nothing(self, live, cut):
        assert facts_of(run(live, ask(live, "finance", columns=["order_no", "note"]))).cut_cells == 0


class TestAboutSheet:
    @pytest.mark.parametrize("language", LANGUAGES)
    def test_the_first_sheet_says_what_the_file_is(self, live, orders, speaks, language):
        speaks("finance", language)
        params = {"status": ["completed"]}
        done = run(
            live, ask(live, "finance", file_type="xlsx", columns=COLUMNS, params=params, options={"about": True})
        )
        names, said = about_sheet(done)
        assert names == ["说明" if language == "zh-hans" else "About this file", "1"]
        with translation.override(language):  # the asker's language, though another thread writes the sheet
            assert said == dict(facts_of(done).lines())

    def test_the_other_sheets_are_unchanged(self, live, orders):
        asked = {"file_type": "xlsx", "columns": COLUMNS}
        plain = run(live, ask(live, "finance", **asked))
        told = run(live, ask(live, "finance", options={"about": True}, **asked))
        with (
            zipfile.ZipFile(io.BytesIO(content(plain))) as without,
            zipfile.ZipFile(io.BytesIO(content(told))) as having,
        ):
            assert having.testzip() is None
            sheet = "xl/worksheets/sheet1.xml"
            rows = [archive.read(sheet).partition(b"<sheetData>")[2] for archive in (without, having)]
            assert rows[0] == rows[1]
        one, two = (openpyxl.load_workbook(io.BytesIO(content(job))) for job in (plain, told))
        assert one.sheetnames == ["1"]
        assert list(one["1"].iter_rows(values_only=True)) == list(two["1"].iter_rows(values_only=True))
        assert one["1"].freeze_panes == two["1"].freeze_panes == "A2"
        assert one["1"].auto_filter.ref == two["1"].auto_filter.ref
        assert two.active.title == "说明"

    def test_several_sheets_have_one_that_tells_of_all(self, live, orders, monkeypatch, settings):
        from jobs import formats

        settings.EXPORT_SEGMENT_ROWS = 100
        monkeypatch.setattr(formats.get("xlsx"), "sheet_rows", 601)
        options = {"about": True}
        done = run(live, ask(live, "finance", file_type="xlsx", columns=["order_no"], options=options))
        names, said = about_sheet(done)
        assert names == ["说明", "1", "2", "3"]
        assert said["行数"].replace(",", "") == str(orders)

    def test_text_in_it_is_text(self, live, orders, speaks):
        """What people type (a filter) is no formula, and no markup."""
        keyword = "=1+1<&>_x0041_"
        options = {"about": True}
        done = run(live, ask(live, "finance", file_type="xlsx", params={"keyword": keyword}, options=options))
        book = openpyxl.load_workbook(io.BytesIO(content(done)))
        cells = [row[1] for row in book.worksheets[0].iter_rows() if row[1].value and "1+1" in str(row[1].value)]
        assert [cell.data_type for cell in cells] in (["s"], ["str"], ["inlineStr"])
        assert unescape(cells[0].value) == keyword

    @pytest.mark.parametrize(("file_type", "status"), [("csv", 400), ("json", 400), ("xlsx", 201)])
    def test_only_a_workbook_has_one(self, live, orders, sign_in, file_type, status):
        body = {"type": "orders", "file_type": file_type, "options": {"about": True}}
        response = sign_in("finance").post(API, body, content_type="application/json")
        assert response.status_code == status
        if status == 400:
            assert list(response.json()["details"]) == ["options.about"]

    def test_a_retry_keeps_the_options(self, live, orders):
        first = run(live, ask(live, "finance", file_type="xlsx", options={"about": True, "compression": "zip"}))
        with live.scope("finance"):
            again = services.retry_export(first.job_no, actor=live.user("finance"))
        done = run(live, again)
        assert done.options == {"about": True, "compression": "zip"}
        with zipfile.ZipFile(io.BytesIO(content(done))) as archive:
            book = openpyxl.load_workbook(io.BytesIO(archive.read(archive.namelist()[0])))
        assert book.sheetnames == ["说明", "1"]
        assert dict(book.worksheets[0].iter_rows(values_only=True))["导出"] == done.job_no


def test_the_api_shows_sums_to_those_who_may_have_the_file(live, orders, sign_in):
    done = run(live, ask(live, "operator", columns=COLUMNS))
    shown = sign_in("operator").get(f"{API}/{done.job_no}").json()["facts"]
    assert shown == done.facts | {"totals": {}}  # amounts are for finance and admin
    assert list(done.facts["totals"]) == MONEY
    assert sign_in("admin").get(f"{API}/{done.job_no}").json()["facts"] == done.facts
