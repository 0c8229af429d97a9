"""Walking by cursor finds every row once, in the order of one query."""

import random

import pytest
from django.core import signing

from exportcenter.common import keyset
from exportcenter.common.errors import InvalidParameters
from exportcenter.common.keyset import Key
from jobs.records.models import Member
from tests.jobs.formats.test_csv import add

ORDERS = [
    [Key("points"), Key("id")],
    [Key("points", descending=True), Key("id", descending=True)],
    [Key("last_active_at", nullable=True), Key("id")],
    [Key("last_active_at", descending=True, nullable=True), Key("id", descending=True)],
    [Key("created_at", descending=True), Key("points"), Key("id")],
]


@pytest.fixture
def members(world):
    from datetime import UTC, datetime, timedelta

    chance = random.Random(3)
    with world.scope("admin"):
        for _number in range(60):
            moment = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=chance.randrange(5))
            add("x", points=chance.randrange(6), last_active_at=None if chance.random() < 0.4 else moment)
        yield Member.objects.all()


@pytest.mark.parametrize("keys", ORDERS)
@pytest.mark.parametrize("size", [1, 7, 59, 60, 61])
def test_a_walk_is_the_whole_list(members, keys, size):
    expected = list(members.order_by(*(key.order() for key in keys)))
    found, cursor = [], ""
    while True:
        part = keyset.after(members, keys, cursor=cursor, size=size)
        found += part.items
        assert len(part.items) <= size
        if not part.next_cursor:
            break
        cursor = part.next_cursor
    assert found == expected
    assert len(found) == 60


@pytest.mark.parametrize(
    "cursor",
    ["x", "x" * 5000, "a:b:c", pytest.param(signing.dumps([1, 2], salt="other"), id="of another use"), "\x00", "é"],
)
def test_a_made_up_cursor_is_refused_by_name(members, cursor):
    with pytest.raises(InvalidParameters) as refused:
        keyset.after(members, ORDERS[0], cursor=cursor, size=5)
    assert list(refused.value.details) == ["cursor"]


def test_a_cursor_of_another_query_or_order_is_refused(members):
    cursor = keyset.after(members, ORDERS[0], cursor="", size=5, belongs_to={"status": ["a"]}).next_cursor
    assert keyset.after(members, ORDERS[0], cursor=cursor, size=5, belongs_to={"status": ["a"]}).items
    for keys, query in ((ORDERS[0], {"status": ["b"]}), (ORDERS[1], {"status": ["a"]}), (ORDERS[0], None)):
        with pytest.raises(InvalidParameters):
            keyset.after(members, keys, cursor=cursor, size=5, belongs_to=query)


def test_rows_that_arrive_meanwhile_double_nothing(members):
    keys = ORDERS[1]
    first = keyset.after(members, keys, cursor="", size=20)
    add("y", points=100)
    second = keyset.after(members, keys, cursor=first.next_cursor, size=100)
    assert len(first.items) + len(second.items) == 60
    assert not {row.pk for row in first.items} & {row.pk for row in second.items}
