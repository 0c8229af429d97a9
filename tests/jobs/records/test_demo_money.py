"""Demo wallets and demo campaigns: their figures agree with each other, as a company's own would."""

from datetime import datetime
from decimal import Decimal

import pytest
from django.db import connection
from django.db.models import F, Q, Sum

from jobs.records import demo
from jobs.records.models import Campaign, Member, Task, Team, Wallet, WalletEntry, Withdraw

ORDERS = 4_000
END = datetime.fromisoformat("2026-11-01T02:00:00+08:00")
"""Two hours after the last demo day: late orders are paid, and paid back, a little later."""


@pytest.fixture
def filled(world):
    with world.scope("platform"):
        demo.fill(orders=ORDERS, seed=7)
        yield world


def one(statement):
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchone()


def test_each_entry_begins_where_the_one_before_ended(filled):
    entries, wallets, broken, unordered = one(
        """
        SELECT count(*), count(DISTINCT wallet_id), count(*) FILTER (WHERE balance_before <> coalesce(previous, 0)),
            count(*) FILTER (WHERE created_at < earlier)
        FROM (SELECT *, lag(balance_after) OVER w AS previous, lag(created_at) OVER w AS earlier
              FROM records_walletentry WINDOW w AS (PARTITION BY wallet_id ORDER BY id)) e
        """
    )
    assert (broken, unordered) == (0, 0)
    assert entries > wallets == Wallet.objects.count() > 100


def test_wallets_end_with_the_balance_of_their_members(filled):
    wrong = one(
        """
        SELECT count(*) FROM records_member m LEFT JOIN (
            SELECT w.member_id, sum(CASE direction WHEN 'in' THEN amount ELSE -amount END) AS balance
            FROM records_walletentry e JOIN records_wallet w ON w.id = e.wallet_id GROUP BY 1
        ) l ON l.member_id = m.id WHERE m.balance <> coalesce(l.balance, 0)
        """
    )
    assert wrong == (0,)
    assert Member.objects.aggregate(total=Sum("balance"))["total"] > 0


def test_orders_paid_with_the_balance_are_in_the_ledger(filled):
    paid = "o.payment = 'balance' AND o.member_id IS NOT NULL AND o.paid_amount > 0"
    for business, which in (("order_pay", paid), ("refund", f"{paid} AND o.status = 'refunded'")):
        expected, booked, unmatched = one(
            f"""
            SELECT (SELECT count(*) FROM records_order o WHERE {which}), count(*),
                count(*) FILTER (WHERE o.id IS NULL OR o.paid_amount <> e.amount OR w.member_id <> o.member_id)
            FROM records_walletentry e JOIN records_wallet w ON w.id = e.wallet_id
            LEFT JOIN records_order o ON o.order_no = e.reference_no AND {which}
            WHERE e.business = '{business}'
            """
        )
        assert expected == booked > 0
        assert unmatched == 0


def test_entries_are_of_every_business_and_of_demo_time(filled):
    entries = WalletEntry.objects.all()
    assert set(entries.values_list("business", flat=True)) == set(WalletEntry.Business.values)
    assert not entries.filter(Q(created_at__gt=END) | Q(created_at__lt=F("wallet__created_at"))).exists()
    assert not entries.exclude(region=F("wallet__region")).exists()
    rewards = set(entries.filter(business="reward").values_list("reference_no", flat=True))
    assert rewards <= set(Campaign.objects.values_list("campaign_code", flat=True))


def test_paid_withdrawals_are_in_the_ledger_and_others_are_not(filled):
    booked = WalletEntry.objects.filter(business="withdraw").values_list("reference_no", "wallet", "amount")
    paid = Withdraw.objects.filter(status="paid").values_list("withdraw_no", "wallet", "amount")
    assert sorted(booked) == sorted(paid) != []
    assert set(Withdraw.objects.values_list("status", flat=True)) == set(Withdraw.Status.values)
    assert not Withdraw.objects.filter(status="paid", paid_at=None).exists()
    assert not Withdraw.objects.exclude(status="paid").exclude(paid_at=None).exists()
    assert not Withdraw.objects.filter(status__in=["rejected", "failed"], fail_reason="").exists()
    assert not Withdraw.objects.filter(reviewed_at__lt=F("created_at")).exists()
    assert not Withdraw.objects.filter(paid_at__lt=F("reviewed_at")).exists()
    accounts = list(Withdraw.objects.values_list("account_no", flat=True))
    assert {len(account) for account in accounts} == {18, 19}
    assert all(account.isdigit() for account in accounts)


def test_frozen_money_is_what_open_withdrawals_ask_for(filled):
    open_ones = Withdraw.objects.filter(status__in=["pending", "approved"])
    asked = dict(open_ones.values_list("wallet").annotate(total=Sum("amount")).order_by())
    frozen = dict(Wallet.objects.exclude(frozen_amount=0).values_list("pk", "frozen_amount"))
    assert frozen == asked != {}
    assert not Wallet.objects.filter(frozen_amount__gt=F("member__balance")).exists()


def test_campaigns_cost_what_their_tasks_cost(filled):
    spent = dict(Task.objects.values_list("campaign").annotate(spent=Sum(F("reward") * F("done"))).order_by())
    for campaign in Campaign.objects.all():
        assert campaign.spent == spent.get(campaign.pk, Decimal(0)) <= campaign.budget
        if campaign.participants:
            assert campaign.conversion_rate == round(Decimal(campaign.conversions) / campaign.participants, 4)
        else:
            assert (campaign.conversion_rate, campaign.conversions, campaign.spent) == (None, 0, 0)
    assert set(Campaign.objects.values_list("status", flat=True)) >= {"running", "ended"}
    assert Campaign.objects.aggregate(total=Sum("spent"))["total"] > 0


def test_tasks_lie_within_their_campaigns(filled):
    tasks = Task.objects.all()
    assert set(tasks.values_list("status", flat=True)) == set(Task.Status.values)
    assert not tasks.exclude(team__region=F("region")).exists()
    assert not tasks.exclude(campaign__region=F("region")).exists()
    assert not tasks.filter(Q(deadline__date__lt=F("campaign__start_on")) | Q(deadline__date__gt=F("campaign__end_on")))
    assert not tasks.filter(status="done").exclude(done=F("quota"), finished_at__isnull=False).exists()
    assert not tasks.exclude(status="done").filter(finished_at__isnull=False).exists()
    assert set(Team.objects.values_list("region", flat=True)) == set(Member.objects.values_list("region", flat=True))
