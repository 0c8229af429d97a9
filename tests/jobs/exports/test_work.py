"""What the worker writes, and when it refuses to."""

import csv
import gzip
import io
import json

import openpyxl
import pytest
from django.db import connection

from accounts.models import User
from accounts.services import set_roles
from jobs.models import Event, JobLog
from jobs.records.models import Order
from tests.jobs.exports.runs import ask, content, run


def test_the_file_holds_every_row_once(live, orders):
    job = run(live, ask(live, "finance"))
    rows = list(csv.reader(io.StringIO(content(job).decode("utf-8-sig"), newline="")))
    numbers = [row[0] for row in rows[1:]]
    assert job.row_count == len(numbers) == len(set(numbers)) == orders
    with live.scope("platform"):
        told = [event.type for event in Event.objects.filter(subject=job.job_no).order_by("seq")]
        lines = [line.message for line in JobLog.objects.filter(job_id=job.pk)]
    # Asked for, begun; then its owner hears of the end. Progress is read from the row and stored as no event.
    assert told == ["job.status", "job.status", "notification", "job.status"]
    assert any(f"sha256 {job.file_sha256}" in line for line in lines)


def test_filters_columns_and_options_are_those_of_the_request(live, orders):
    job = ask(
        live,
        "finance",
        params={"status": ["completed"]},
        columns=["amount", "order_no"],
        options={"compression": "gzip", "bom": False},
    )
    done = run(live, job)
    assert done.file_name.endswith(".csv.gz")
    rows = list(csv.reader(io.StringIO(gzip.decompress(content(done)).decode(), newline="")))
    assert rows[0] == ["金额", "订单号"]
    assert 0 < len(rows) - 1 == done.row_count < orders


def test_json_lines_of_a_whole_export(live, orders):
    options = {"lines": True, "compression": "gzip"}
    done = run(live, ask(live, "finance", file_type="json", columns=["order_no", "amount"], options=options))
    assert done.file_name.endswith(".ndjson.gz")
    rows = [json.loads(line) for line in gzip.decompress(content(done)).splitlines()]
    assert done.row_count == len({row["order_no"] for row in rows}) == orders


def test_an_excel_file_is_stored_and_text_that_was_cut_is_told_in_the_log(live, orders):
    with live.scope("finance"):
        first = Order.objects.order_by("created_at", "id").first()
        Order.objects.filter(pk=first.pk).update(note="x" * 40_000)
    done = run(live, ask(live, "finance", file_type="xlsx", columns=["order_no", "amount", "note"]))
    assert (done.status, done.row_count) == ("ready", orders)
    assert done.file_name.endswith(".xlsx")
    sheet = openpyxl.load_workbook(io.BytesIO(content(done))).worksheets[0]
    assert [cell.value for cell in sheet[1]] == ["订单号", "金额", "备注"]
    assert sheet.max_row == orders + 1
    with live.scope("platform"):
        warnings = [line.message for line in JobLog.objects.filter(job_id=done.pk, level="warning")]
    assert warnings == ["Texts too long for a cell, cut at the end: 1"]


def test_an_operator_gets_the_rows_of_the_own_region_only(live, orders):
    done = run(live, ask(live, "operator", columns=["region"]))
    regions = {row[0] for row in csv.reader(io.StringIO(content(done).decode("utf-8-sig")))} - {"区域", "地区"}
    assert regions == {"华东"}
    assert done.row_count < orders


@pytest.mark.parametrize("change", ["role", "inactive"])
def test_a_right_that_is_gone_when_the_job_runs_fails_it_without_a_file(live, orders, change):
    job = ask(live, "finance")
    with live.scope("finance"):
        user = live.user("finance")
        if change == "role":
            set_roles(user=user, roles=[], actor=None)
        else:
            User.objects.filter(pk=user.pk).update(is_active=False)
    try:
        done = run(live, job)
        assert (done.status, done.error["code"], done.file_key) == ("failed", "FORBIDDEN", None)
        assert done.error["advice"]
    finally:
        with live.scope("finance"):
            User.objects.filter(pk=user.pk).update(is_active=True)
            set_roles(user=live.user("finance"), roles=["finance"], actor=None)


def test_parameters_that_no_longer_fit_fail_with_the_name_of_the_field(live, orders, superuser):
    job = ask(live, "finance")
    superuser.execute("ALTER TABLE jobs_exportjob DISABLE TRIGGER frozen")
    superuser.execute("UPDATE jobs_exportjob SET columns = '[\"gone\"]'")
    superuser.execute("ALTER TABLE jobs_exportjob ENABLE TRIGGER frozen")
    done = run(live, job)
    assert (done.status, done.error["code"]) == ("failed", "VALIDATION")
    assert "gone" in done.error["message"]


@pytest.mark.parametrize("end", ["commit", "error"])
def test_a_connection_forgets_its_tenant_with_the_transaction(live, end):
    try:
        with live.scope("finance"):
            assert User.objects.count() > 0
            if end == "error":
                raise ZeroDivisionError
    except ZeroDivisionError:
        pass
    with connection.cursor() as cursor:  # the same connection, as a pool would hand it on
        cursor.execute("SELECT current_setting('app.tenant_id', true), current_user")
        assert cursor.fetchone() == ("", "exportcenter_app")
        cursor.execute("SELECT count(*) FROM accounts_user")
        assert cursor.fetchone() == (0,)
