"""Monthly and annual statistics against the same figures worked out in Python from the orders."""

import random
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.utils import translation

from exportcenter.common.errors import InvalidParameters
from jobs.datasets import get
from jobs.datasets.query import plan
from jobs.records.models import Order
from tests.jobs.datasets.cells import SHANGHAI, export, run
from tests.jobs.records import samples

NEW_YORK = ZoneInfo("America/New_York")
STATISTICS = {"stats_monthly": "%Y-%m", "stats_annual": "%Y"}
PAID = {"paid", "shipped", "completed", "refunded"}
BY_KEY = pytest.mark.parametrize("key", STATISTICS)
BY_ZONE = pytest.mark.parametrize("zone", [SHANGHAI, NEW_YORK, ZoneInfo("UTC")], ids=str)
CENT = Decimal("0.01")


@pytest.fixture
def platform(world):
    with world.scope("platform"):
        yield world


def many_orders() -> None:
    """400 orders round two turns of the year, many within hours of midnight of a month's first day."""
    draw = random.Random(11)
    members = [samples.member(f"M{number}") for number in range(12)]
    edges = [datetime(2025, 12, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 3, 8, 7, tzinfo=UTC)]
    for number in range(400):
        status = draw.choice(Order.Status.values)
        amount = Decimal(draw.randrange(1, 10**7)) / 100
        discount = (amount * draw.randrange(0, 30) / 100).quantize(CENT)
        samples.order(
            str(number),
            status=status,
            channel=draw.choice(Order.Channel.values[:3]),
            region=draw.choice(["华东", "华南"]),
            member=draw.choice([*members, None]),
            quantity=draw.randrange(1, 6),
            amount=amount,
            discount=discount,
            paid_amount=amount - discount if status in PAID else 0,
            created_at=draw.choice(edges) + timedelta(seconds=draw.randrange(-60 * 3600, 60 * 3600)),
        )


def by_hand(orders, key: str, zone: ZoneInfo) -> dict[tuple[str, str, str], dict[str, object]]:
    """The figures of each (period, region, channel)."""
    groups = defaultdict(list)
    for order in orders:
        period = order.created_at.astimezone(zone).strftime(STATISTICS[key])
        groups[period, order.region, order.channel].append(order)
    return {group: figures(members) for group, members in groups.items()}


def figures(orders: list[Order]) -> dict[str, object]:
    paid = [order for order in orders if order.status in PAID]
    refunded = [order for order in orders if order.status == "refunded"]
    paid_amount = sum((order.paid_amount for order in paid), Decimal(0))
    refunded_amount = sum((order.paid_amount for order in refunded), Decimal(0))
    return {
        "orders": len(orders),
        "buyers": len({order.member_id for order in orders} - {None}),
        "quantity": sum(order.quantity for order in orders),
        "gross": sum(order.amount for order in orders),
        "discount": sum(order.discount for order in orders),
        "paid_orders": len(paid),
        "paid_amount": paid_amount,
        "refunded_orders": len(refunded),
        "refunded_amount": refunded_amount,
        "net_revenue": paid_amount - refunded_amount,
        "average_order": (paid_amount / len(paid)).quantize(CENT, ROUND_HALF_UP) if paid else None,
        "paid_rate": (Decimal(len(paid)) / len(orders)).quantize(Decimal("0.0001"), ROUND_HALF_UP),
        "first_order_at": min(order.created_at for order in orders),
        "last_order_at": max(order.created_at for order in orders),
    }


def by_database(world, key: str, zone: ZoneInfo, name: str = "admin", **params):
    """The same out of the dataset's compiled statement."""
    dataset = get(key)
    made = plan(dataset, viewer=world.user(name), params=params, columns=None, zone=zone)
    statement = made.statement(Raw())
    with connection.cursor() as cursor:
        cursor.execute(statement.sql, statement.params)
        rows = cursor.fetchall()
    assert made.count() == len(rows)
    names = [column.key for column in dataset.columns][3:]
    assert rows == sorted(rows, key=lambda row: row[0])
    assert len({row[:3] for row in rows}) == len(rows)
    return {row[:3]: dict(zip(names, row[3:], strict=True)) for row in rows}


class Raw:
    """A CellWriter that leaves values as they are."""

    def cell(self, column, reference):
        return reference


@BY_KEY
@BY_ZONE
def test_figures_are_those_of_the_orders(platform, key, zone):
    many_orders()
    expected = by_hand(Order.objects.all(), key, zone)
    assert len(expected) > 5
    assert by_database(platform, key, zone) == expected


def test_zones_make_a_difference(platform):
    """Otherwise the test above would prove nothing about them."""
    many_orders()
    orders = list(Order.objects.all())
    assert by_hand(orders, "stats_monthly", SHANGHAI) != by_hand(orders, "stats_monthly", NEW_YORK)
    assert by_hand(orders, "stats_annual", SHANGHAI) != by_hand(orders, "stats_annual", NEW_YORK)


@BY_KEY
@BY_ZONE
def test_filters_come_before_the_sums(platform, key, zone):
    many_orders()
    chosen = [
        order
        for order in Order.objects.all()
        if order.region == "华南"
        and order.channel in ("app", "web")
        and "2025-12-31" <= order.created_at.astimezone(zone).strftime("%Y-%m-%d") <= "2026-01-01"
    ]
    assert chosen
    params = {"region": "华南", "channel": ["app", "web"], "start": "2025-12-31", "end": "2026-01-01"}
    assert by_database(platform, key, zone, **params) == by_hand(chosen, key, zone)


@BY_KEY
def test_people_get_the_sums_of_their_own_regions(platform, key):
    many_orders()
    mine = by_hand(Order.objects.filter(region="华东"), key, SHANGHAI)
    assert by_database(platform, key, SHANGHAI, "operator") == mine
    assert by_database(platform, key, SHANGHAI, "operator", region="华南") == {}
    assert by_database(platform, key, SHANGHAI, "operator2") == {}


@BY_KEY
def test_any_choice_of_columns_gives_the_same_groups(platform, key):
    many_orders()
    groups = len(by_hand(Order.objects.all(), key, SHANGHAI))
    dataset = get(key)
    for column in dataset.columns:
        rows = export(key, platform.user("admin"), [column.key])
        assert len(rows) == groups, column.key
    last_first = [column.key for column in reversed(dataset.columns)]
    forward, backward = export(key, platform.user("admin")), export(key, platform.user("admin"), last_first)
    assert [row[::-1] for row in backward] == forward


def test_a_group_without_a_paid_order_has_no_average(platform):
    samples.order("1", status="cancelled", paid_amount=0)
    columns = ["month", "orders", "paid_orders", "paid_amount", "refunded_amount", "average_order", "paid_rate"]
    assert export("stats_monthly", platform.user("admin"), columns) == [("2026-03", "1", "0", "0", "0", None, "0.0000")]


@BY_KEY
def test_labels_are_in_the_readers_language_and_files_live_half_an_hour(platform, key):
    samples.order("1", channel="live")
    with translation.override("en"):
        assert export(key, platform.user("admin"), ["region", "channel"]) == [("East China", "Live stream")]
    assert get(key).lifetime == timedelta(minutes=30)
    assert get(key).sensitivity == "amount"
    assert get(key).is_grouped
    assert not get("orders").is_grouped


def test_the_plan_names_the_regions_it_is_limited_to(platform):
    made = plan(get("stats_annual"), viewer=platform.user("operator"), params={}, columns=None, zone=SHANGHAI)
    assert (made.regions, made.rights) == (("华东",), ())
    assert run(made) == []


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"channel": "fax"}, "channel"),
        ({"region": ["华东", "'; --"]}, "region"),
        ({"month": "2026-03"}, "month"),
        ({"start": "2026-03"}, "start"),
        ({"period": "x"}, "period"),
    ],
)
@BY_KEY
def test_wrong_values_are_refused_by_name(platform, key, params, field):
    with pytest.raises(InvalidParameters) as refused:
        export(key, platform.user("admin"), **params)
    assert list(refused.value.details) == [field]
