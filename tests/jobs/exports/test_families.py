"""Whole exports of datasets that differ from a plain list of rows: figures, long numbers, formulas."""

import csv
import io
import json
from datetime import timedelta
from decimal import Decimal

import openpyxl
import pytest
from django.db.models import Sum

from jobs.records.models import KycCase, Order, RiskRule
from tests.jobs.exports.test_work import ask, content, run
from tests.jobs.records import risk_samples, samples


def table(job):
    return list(csv.reader(io.StringIO(content(job).decode("utf-8-sig"), newline="")))


@pytest.fixture
def trade(live):
    """Orders of two months (in Shanghai) and two regions."""
    with live.scope("platform"):
        for number in range(30):
            region = "华东" if number % 3 else "华南"
            order = samples.order(f"{number}", region=region)
            Order.objects.filter(pk=order.pk).update(
                created_at=order.created_at - timedelta(hours=10 if number % 2 else 11),
                paid_amount=Decimal(number) + Decimal("0.99"),
            )


@pytest.mark.usefixtures("trade")
@pytest.mark.parametrize(("key", "periods"), [("stats_monthly", {"2026-02", "2026-03"}), ("stats_annual", {"2026"})])
def test_statistics_are_summed_up_when_the_file_is_made(live, key, periods):
    job = run(live, ask(live, "finance", dataset=key, options={"raw": True}))
    heading, *rows = table(job)
    assert job.status == "ready"
    assert job.row_count == len(rows) == 2 * len(periods)
    assert {row[0] for row in rows} == periods
    paid, orders = heading.index("paid_amount"), heading.index("orders")
    with live.scope("platform"):
        assert sum(Decimal(row[paid]) for row in rows) == Order.objects.aggregate(paid=Sum("paid_amount"))["paid"]
    assert sum(int(row[orders]) for row in rows) == 30
    assert timedelta(minutes=29) < job.expires_at - job.finished_at <= timedelta(minutes=30)


@pytest.mark.usefixtures("trade")
def test_the_month_is_that_of_the_person_who_asked(live):
    """The orders of both Shanghai months were placed on the last day of February in London."""
    with live.scope("platform"):
        user = live.user("finance")
        user.time_zone = "Europe/London"
        user.save(update_fields=["time_zone"])
    job = run(live, ask(live, "finance", dataset="stats_monthly", file_type="json"))
    assert {row["month"] for row in json.loads(content(job))} == {"2026-02"}


@pytest.mark.usefixtures("trade")
def test_a_file_of_some_regions_says_so(live):
    job = run(live, ask(live, "operator", dataset="stats_annual", options={"raw": True}))
    assert job.file_regions == ["华东"]
    assert [row[1] for row in table(job)[1:]] == ["华东"]


def test_numbers_of_documents_are_text_in_a_spreadsheet(live):
    with live.scope("platform"):
        risk_samples.kyc_case(id_number="990101199001011239")
        assert KycCase.objects.count() == 1
    job = run(live, ask(live, "risk", dataset="kyc_cases", file_type="xlsx", columns=["id_number", "expires_on"]))
    path = io.BytesIO(content(job))
    number, expires = openpyxl.load_workbook(path).worksheets[0][2]
    assert (number.value, number.data_type) == ("990101199001011239", "s")
    assert expires.is_date
    assert f"{expires.value:%Y-%m-%d}" == "2036-03-01"


def test_an_expression_is_no_formula(live):
    with live.scope("platform"):
        risk_samples.risk_rule(expression="=cmd|' /C calc'!A0")
        assert RiskRule.objects.count() == 1
    job = run(live, ask(live, "risk", dataset="risk_rules", columns=["expression", "threshold"]))
    assert table(job)[1] == ["'=cmd|' /C calc'!A0", "3.5000"]
    job = run(live, ask(live, "risk", dataset="risk_rules", file_type="xlsx", columns=["expression", "threshold"]))
    expression, threshold = openpyxl.load_workbook(io.BytesIO(content(job))).worksheets[0][2]
    assert expression.data_type == "s"
    assert (threshold.value, threshold.data_type) == (3.5, "n")
