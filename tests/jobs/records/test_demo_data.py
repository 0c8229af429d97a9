"""`manage.py demo_data`: the same seed gives the same rows, and nothing that exists is touched."""

import re
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from accounts import demo as people
from accounts.models import AuditEntry, User
from accounts.roles import create_tenant
from accounts.tenancy import tenant_scope
from jobs.records import demo
from jobs.records.demo import draws
from jobs.records.models import Member, Order, RiskHit
from tests.jobs.records import samples

RUNNING_NUMBERS = "jsonb_build_object('id', NULL, 'tenant_id', NULL)"


def as_json(model, alias="t"):
    """A row without running numbers; what it refers to appears as the other row does."""
    keys = [field for field in model._meta.concrete_fields if field.is_relation and field.name != "tenant"]
    row = f"to_jsonb({alias}) || {RUNNING_NUMBERS}"
    for depth, field in enumerate(keys):
        inner = f"{alias}{depth}"
        other = as_json(field.related_model, inner)
        table = field.related_model._meta.db_table
        row += (
            f" || jsonb_build_object('{field.column}', "
            f"(SELECT {other} FROM {table} {inner} WHERE {inner}.id = {alias}.{field.column}))"
        )
    return row


def content():
    """One hash of each table over everything but running numbers."""
    hashes = []
    with connection.cursor() as cursor:
        for model in samples.MODELS:
            table = model._meta.db_table
            cursor.execute(f"SELECT md5(string_agg(({as_json(model)})::text, '|' ORDER BY id)) FROM {table} t")
            hashes.append(cursor.fetchone()[0])
    return hashes


def demo_data(**options):
    out = StringIO()
    call_command("demo_data", stdout=out, **options)
    return out.getvalue()


def test_every_sample_table_has_demo_rows(world):
    with world.scope("platform"):
        filled = demo.fill(orders=1_000, seed=7)
        assert set(demo.tables()) == set(samples.MODELS)
        assert len(filled) == len(samples.MODELS)
        assert min(filled.values()) > 0
        demo.clear()
        assert not any(demo.count().values())


def test_the_same_seed_gives_the_same_rows(world, monkeypatch):
    with world.scope("platform"):
        demo.fill(orders=2_000, seed=7)
        first = content()
        demo.clear()
        monkeypatch.setattr(draws, "BATCH", 333)
        demo.fill(orders=2_000, seed=7)
        assert content() == first
        demo.clear()
        demo.fill(orders=2_000, seed=8)
        assert not set(content()) & set(first)


def test_the_command_fills_both_tenants_once(world):
    said = demo_data(orders=1_000)
    assert "platform: 1,000 members, 1,000 orders, 50 risk hits, " in said
    assert "acme: 300 members, 400 orders, 20 risk hits, " in said
    with world.scope("platform"):
        before = content()
        entry = AuditEntry.objects.get(operation="demo_data")
        assert entry.details["platform"] == demo.count()
        assert entry.details["platform"].items() >= {"members": 1000, "orders": 1000, "risk_hits": 50}.items()
        assert entry.details["acme"]["orders"] == 400
    assert "left as they are" in demo_data(orders=500)
    with world.scope("platform"):
        assert content() == before
        assert AuditEntry.objects.filter(operation="demo_data").count() == 1
    demo_data(orders=500, reset=True)
    with world.scope("platform"):
        assert Order.objects.count() == 500


def test_rows_are_as_varied_as_real_ones(world):
    with world.scope("platform"):
        demo.fill(orders=5_000, seed=7)
        orders = Order.objects.all()
        assert set(orders.values_list("status", flat=True)) == set(Order.Status.values)
        assert set(orders.values_list("channel", flat=True)) == set(Order.Channel.values)
        assert all(re.fullmatch(r"\d{18}", number) for number in orders.values_list("order_no", flat=True)[:100])
        notes = set(orders.values_list("note", flat=True))
        for part in ("\n", ",", '"', "%"):
            assert any(part in note for note in notes), part
        assert any(note.startswith("=") for note in notes)
        assert orders.filter(paid_at=None).exists()
        assert orders.filter(member=None).exists()
        assert set(Member.objects.values_list("region", flat=True)) == {
            "华东",
            "华南",
            "华北",
            "华中",
            "西南",
            "西北",
            "东北",
        }
        last = orders.order_by("-created_at")[0].created_at
        assert last.isoformat() < "2026-10-31T16:00:00+00:00"
        assert set(RiskHit.objects.values_list("level", flat=True)) == set(RiskHit.Level.values)


def test_figures_agree(world):
    with connection.cursor() as cursor, world.scope("platform"):
        demo.fill(orders=2_000, seed=7)
        cursor.execute(
            """
            SELECT count(*) FILTER (WHERE o.status IN ('pending', 'cancelled')
                                    AND (paid_amount <> 0 OR paid_at IS NOT NULL)),
                   count(*) FILTER (WHERE o.status NOT IN ('pending', 'cancelled')
                                    AND paid_amount <> amount - discount),
                   count(*) FILTER (WHERE m.created_at > o.created_at),
                   count(*) FILTER (WHERE m.name <> o.buyer_name OR m.region <> o.region)
            FROM records_order o LEFT JOIN records_member m ON m.id = o.member_id
            """
        )
        assert cursor.fetchone() == (0, 0, 0, 0)
        cursor.execute(
            """
            SELECT (SELECT sum(total_spent) FROM records_member),
                   (SELECT sum(paid_amount) FROM records_order WHERE member_id IS NOT NULL AND status <> 'refunded')
            """
        )
        spent, paid = cursor.fetchone()
        assert spent == paid > 0


def test_demo_people_can_sign_in_and_are_left_alone_afterwards(world):
    group = (people.Person("demo_op", "client_user", "演示", regions=["华东"]),)
    tenant = create_tenant(slug="initech", name="Initech")
    with tenant_scope(tenant.pk):
        assert people.ensure_people(group) == ["demo_op"]
        user = User.objects.get(username="demo_op")
        assert user.check_password(people.DEMO_PASSWORD)
        assert user.regions == ["华东"]
        assert "report:read" in user.permissions
        User.objects.filter(pk=user.pk).update(display_name="改名")
        assert people.ensure_people(group) == []
        assert User.objects.get(pk=user.pk).display_name == "改名"


@pytest.mark.parametrize("wrong", [{"orders": 0}, {"seed": -1}])
def test_senseless_sizes_are_refused(world, wrong):
    with pytest.raises(CommandError):
        call_command("demo_data", stdout=StringIO(), **wrong)
