"""The second wall round the sample tables holds even when Python's filter is gone."""

import pytest
from django.db import IntegrityError, ProgrammingError, connection, transaction

from jobs.records.models import Order
from tests.jobs.records import samples

TABLES = [model._meta.db_table for model in samples.MODELS]


@pytest.mark.parametrize("table", TABLES)
def test_rows_of_others_cannot_be_read_or_written(world, table):
    with world.scope("platform"):
        samples.one_of_each()
    with world.scope("acme"), connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table}")
        assert cursor.fetchone() == (0,)
        cursor.execute(f"DELETE FROM {table}")
        assert cursor.rowcount == 0
    with world.scope("platform"), connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table}")
        assert cursor.fetchone() == (1,)
        with pytest.raises(ProgrammingError, match="row-level security"), transaction.atomic():
            cursor.execute(f"UPDATE {table} SET tenant_id = %s", [world.tenants["acme"]])


def test_an_order_cannot_point_at_a_member_of_another_tenant(world):
    with world.scope("acme"):
        stranger = samples.member()
    with world.scope("platform"), connection.cursor() as cursor:
        # The foreign key waits for the end of the transaction unless told otherwise.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        with pytest.raises(IntegrityError, match="member_id_tenant_fk"), transaction.atomic():
            samples.order("1", member_id=stranger.pk)


def test_numbers_are_unique_within_a_tenant_only(world):
    for slug in ("platform", "acme"):
        with world.scope(slug):
            samples.order("1")
    with world.scope("acme"), pytest.raises(IntegrityError), transaction.atomic():
        samples.order("1")


def test_visible_rows_stay_within_the_tenant(world):
    with world.scope("platform"):
        samples.order("1")
        samples.order("2", region="华南")
    with world.scope("acme"):
        samples.order("3")
    with world.scope("platform"):
        assert Order.objects.visible_to(world.user("admin")).count() == 2
        assert [order.order_no for order in Order.objects.visible_to(world.user("operator"))] == ["1"]
        assert not Order.objects.visible_to(world.user("operator2")).exists()
        assert str(Order.objects.get(order_no="1")) == "1"
