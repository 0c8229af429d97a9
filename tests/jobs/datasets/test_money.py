"""Wallet ledger, wallet summary and withdrawals, with values written down by hand."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from django.db.models import Sum
from django.utils import translation

from exportcenter.common.errors import InvalidParameters
from jobs.datasets import get
from jobs.datasets.query import plan
from jobs.records import demo
from jobs.records.models import Wallet, WalletEntry, Withdraw
from tests.jobs.datasets.cells import SHANGHAI, export
from tests.jobs.records import samples

FIGURES = ["opening_balance", "total_in", "total_out", "closing_balance", "count_in", "count_out"]


@pytest.fixture
def platform(world):
    with world.scope("platform"):
        yield world


def wallet(no="W1", region="华东", **fields):
    made = Wallet.objects.create(
        wallet_no=no,
        member=samples.member(f"M-{no}", region=region),
        region=region,
        created_at=datetime(2026, 1, 5, tzinfo=UTC),
        **fields,
    )
    return made


def book(into, no, signed, at, **fields):
    """One entry, chained to the last of its wallet."""
    last = WalletEntry.objects.filter(wallet=into).order_by("-id").first()
    before = last.balance_after if last else Decimal(0)
    values = {"business": "topup" if signed > 0 else "order_pay"} | fields
    return WalletEntry.objects.create(
        entry_no=no,
        wallet=into,
        region=into.region,
        direction="in" if signed > 0 else "out",
        amount=abs(Decimal(signed)),
        balance_before=before,
        balance_after=before + Decimal(signed),
        created_at=at,
        **values,
    )


def withdraw(into, no="202603010000000001", **fields):
    values = {
        "bank_name": "招商银行",
        "account_no": "622588123456789012",
        "account_holder": "张小三",
        "amount": Decimal("100.00"),
        "fee": Decimal("0.10"),
        "net_amount": Decimal("99.90"),
        "created_at": datetime(2026, 3, 1, tzinfo=UTC),
    }
    return Withdraw.objects.create(withdraw_no=no, wallet=into, region=into.region, **(values | fields))


def march(day, hour=4):
    return datetime(2026, 3, day, hour, tzinfo=UTC)


@pytest.fixture
def story(platform):
    """W1: +100 on the 1st, -30.5 on the 2nd, +5 on the 3rd. W2 in another region: +7. W3: nothing."""
    first = wallet()
    book(first, "1", 100, march(1), reference_no="A-1")
    book(first, "2", Decimal("-30.50"), march(2), reference_no="A-2", operator="林财务")
    book(first, "3", 5, march(3), business="reward")
    book(wallet("W2", "华南"), "4", 7, march(2))
    wallet("W3", status="frozen", frozen_amount=3)
    return platform


def summary(world, name="admin", **params):
    return export("wallet_summary", world.user(name), ["wallet_no", *FIGURES], **params)


def test_the_summary_of_all_time_begins_with_nothing(story):
    assert summary(story) == [
        ("W1", "0.00", "105.00", "30.50", "74.50", "2", "1"),
        ("W2", "0.00", "7.00", "0.00", "7.00", "1", "0"),
        ("W3", "0.00", "0.00", "0.00", "0.00", "0", "0"),
    ]


def test_the_summary_of_a_period_carries_the_balance_over(story):
    assert summary(story, start="2026-03-02", end="2026-03-02", keyword="W1") == [
        ("W1", "100.00", "0.00", "30.50", "69.50", "0", "1")
    ]
    assert summary(story, start="2026-03-03", keyword="W1") == [("W1", "69.50", "5.00", "0.00", "74.50", "1", "0")]
    assert summary(story, end="2026-03-01", keyword="W1") == [("W1", "0.00", "100.00", "0.00", "100.00", "1", "0")]
    assert summary(story, start="2026-05-01", keyword="W1") == [("W1", "74.50", "0.00", "0.00", "74.50", "0", "0")]


def test_days_of_the_summary_are_those_of_the_viewers_zone(platform):
    first = wallet()
    book(first, "1", 1, datetime(2026, 2, 28, 15, 59, 59, 999999, tzinfo=UTC))
    book(first, "2", 10, datetime(2026, 2, 28, 16, tzinfo=UTC))
    assert summary(platform, start="2026-03-01", end="2026-03-01")[0][1:4] == ("1.00", "10.00", "0.00")
    assert summary(platform, start="0001-01-01", end="9999-12-31")[0][1:5] == ("0.00", "11.00", "0.00", "11.00")


def test_wallets_opened_later_are_left_out(story):
    assert summary(story, end="2026-01-04") == []
    assert len(summary(story, end="2026-01-05")) == 3


def test_summary_filters(story):
    def numbers(**params):
        return [row[0] for row in summary(story, **params)]

    assert numbers(moved=True) == ["W1", "W2"]
    assert numbers(moved=True, start="2026-03-03") == ["W1"]
    assert numbers(moved=False, start="2026-03-03") == ["W2", "W3"]
    assert numbers(closing_min=7) == ["W1", "W2"]
    assert numbers(closing_min=7, closing_max=50) == ["W2"]
    assert numbers(closing_min=80, end="2026-03-01") == ["W1"]
    assert numbers(status=["frozen"]) == ["W3"]
    assert numbers(region="华南") == ["W2"]
    assert numbers(member_no="M-W3") == ["W3"]
    with pytest.raises(InvalidParameters) as refused:
        summary(story, closing_min=2, closing_max=1)
    assert list(refused.value.details) == ["closing_max"]


@pytest.mark.parametrize("params", [{}, {"start": "2026-02-01", "end": "2026-06-30"}, {"moved": False}])
def test_counts_agree_with_the_rows(platform, params):
    demo.fill(orders=500, seed=7)
    made = plan(
        get("wallet_summary"), viewer=platform.user("admin"), params=params, columns=["wallet_no"], zone=SHANGHAI
    )
    assert made.count() == made.summary()["rows"] == len(summary(platform, **params))


def test_totals_of_the_file_are_those_of_its_columns(story):
    admin = story.user("admin")

    def totals(key, **params):
        return plan(get(key), viewer=admin, params=params, columns=None, zone=SHANGHAI).summary()["totals"]

    assert totals("wallet_summary", start="2026-03-02") == {
        "opening_balance": 100,
        "total_in": 12,
        "total_out": Decimal("30.50"),
        "closing_balance": Decimal("81.50"),
        "frozen_amount": 3,
    }
    # The sum of balances at different moments means nothing.
    assert totals("wallet_ledger", direction="in") == {"amount": 112}


def test_the_summary_agrees_with_the_ledger_of_the_same_period(platform):
    demo.fill(orders=1_000, seed=7)
    period = {"start": "2026-02-01", "end": "2026-06-30"}
    rows = summary(platform, **period)
    ledger = export("wallet_ledger", platform.user("admin"), ["direction", "amount", "wallet_no"], **period)
    with translation.override("en"):
        labels = {code: str(label) for code, label in WalletEntry.Direction.choices}
    for code, total, count in (("in", 2, 5), ("out", 3, 6)):
        booked = [Decimal(amount) for label, amount, _no in ledger if label in (labels[code], *_chinese(code))]
        assert sum(booked) == sum(Decimal(row[total]) for row in rows) > 0
        assert len(booked) == sum(int(row[count]) for row in rows)
    for _no, opening, total_in, total_out, closing, *_counts in rows:
        assert Decimal(opening) + Decimal(total_in) - Decimal(total_out) == Decimal(closing) >= 0
    whole = Wallet.objects.aggregate(total=Sum("member__balance"))["total"]
    assert sum(Decimal(row[4]) for row in summary(platform)) == whole


def _chinese(code):
    with translation.override("zh-hans"):
        return [str(WalletEntry.Direction(code).label)]


def test_ledger_filters(story):
    def numbers(**params):
        return [row[0] for row in export("wallet_ledger", story.user("admin"), ["entry_no"], **params)]

    assert numbers() == ["1", "2", "3", "4"]
    assert numbers(direction="out") == ["2"]
    assert numbers(business=["reward", "order_pay"]) == ["2", "3"]
    assert numbers(amount_min=7, amount_max=99) == ["2", "4"]
    assert numbers(wallet_no="W2") == numbers(region=["华南"]) == numbers(member_no="M-W2") == ["4"]
    assert numbers(reference_no="A-1") == ["1"]
    assert numbers(operator="林财务") == ["2"]
    assert numbers(keyword="3") == ["3"]
    assert numbers(start="2026-03-02", end="2026-03-02") == ["2", "4"]


def test_withdrawal_filters(platform):
    home = wallet()
    withdraw(home, "1-A", status="paid", paid_at=march(2), reviewed_at=march(2))
    withdraw(home, "2-B", amount=50, fee=0, net_amount=50, bank_name="中国银行")
    withdraw(wallet("W2", "华南"), "3-C", status="rejected", reviewed_at=march(2))

    def numbers(**params):
        return [row[0] for row in export("withdraws", platform.user("admin"), ["withdraw_no"], **params)]

    assert numbers(status=["paid", "rejected"]) == ["1-A", "3-C"]
    assert numbers(bank="中国银行") == numbers(amount_max=99.99) == numbers(reviewed=False) == ["2-B"]
    assert numbers(amount_min=100) == numbers(reviewed=True) == ["1-A", "3-C"]
    assert numbers(keyword="3-") == numbers(wallet_no="W2") == numbers(member_no="M-W2") == ["3-C"]
    assert numbers(start="2026-03-02") == []


def test_accounts_and_names_are_masked_without_the_right(platform):
    withdraw(wallet(), account_no="622588123456789012")
    columns = ["withdraw_no", "account_no", "account_holder", "phone"]
    whole = ("202603010000000001", "622588123456789012", "张小三", "13812345678")
    assert export("withdraws", platform.user("risk"), columns) == [whole]
    assert export("withdraws", platform.user("finance"), columns) == [
        ("202603010000000001", "6225**********9012", "张**", "138****5678")
    ]
    for key in ("wallet_summary", "wallet_ledger"):
        book(Wallet.objects.get(), f"E-{key}", 1, march(1))
        shown = export(key, platform.user("finance"), ["member_name", "member_phone"])
        assert set(shown) == {("张**", "138****5678")}


def test_operators_get_their_own_regions_only(story):
    withdraw(Wallet.objects.get(wallet_no="W1"))
    withdraw(Wallet.objects.get(wallet_no="W2"), "2")
    for key, everything, own in (("wallet_ledger", 4, 3), ("wallet_summary", 3, 2), ("withdraws", 2, 1)):
        assert len(export(key, story.user("finance"))) == everything
        assert len(export(key, story.user("operator"))) == own
        assert export(key, story.user("operator2")) == []
        assert export(key, story.user("operator"), region=["华南"]) == []


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"amount": 0, "balance_after": 0}, "positive"),
        ({"amount": 5}, "adds_up"),
        ({"direction": "out"}, "positive"),
        ({"balance_before": 1}, "adds_up"),
    ],
)
def test_an_entry_that_does_not_add_up_is_refused(platform, change, rule):
    values = {"direction": "in", "business": "topup", "amount": 1, "balance_before": 0, "balance_after": 1}
    if change == {"direction": "out"}:
        values["balance_after"] = -1
    with pytest.raises(IntegrityError, match=rule), transaction.atomic():
        WalletEntry.objects.create(
            entry_no="1", wallet=wallet(), region="华东", created_at=march(1), **(values | change)
        )


def test_a_withdrawal_whose_fee_is_lost_is_refused(platform):
    with pytest.raises(IntegrityError, match="adds_up"), transaction.atomic():
        withdraw(wallet(), net_amount=100)
