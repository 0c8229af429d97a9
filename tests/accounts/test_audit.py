"""The audit trail proves itself: whatever somebody with the database in hands does to it is found."""

import json
from io import StringIO

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, transaction

from accounts.audit import Operation, anchors, record, verify_tenant
from accounts.models import AuditEntry, TenantHead


@pytest.fixture
def chain(live):
    """Tenant id of acme after five committed entries, and the number of the last one."""
    with live.scope("acme"):
        for number in range(5):
            record(Operation.ADMIN_CHANGE, actor=None, resource=f"test:{number}", details={"公司": "甲方", "n": number})
        last = TenantHead.objects.get().audit_seq
    return live.tenants["acme"], last


@pytest.fixture
def tamper(superuser, chain):
    """Change rows behind the product's back (no trigger fires); afterwards everything is as before."""
    tenant, _last = chain
    superuser.execute("SET session_replication_role = replica")
    tables = ("accounts_auditentry", "accounts_tenanthead")
    for table in tables:
        superuser.execute(f"CREATE TEMP TABLE kept_{table} AS SELECT * FROM {table} WHERE tenant_id = %s", [tenant])
    yield superuser.execute
    for table in tables:
        superuser.execute(f"DELETE FROM {table} WHERE tenant_id = %s", [tenant])
        superuser.execute(f"INSERT INTO {table} SELECT * FROM kept_{table}")
    assert verify_tenant(tenant)[1] == []


def problems(tenant) -> list[tuple[int, str]]:
    return [(finding.seq, finding.problem) for finding in verify_tenant(tenant)[1]]


class TestChain:
    def test_holds(self, chain):
        tenant, last = chain
        assert verify_tenant(tenant) == (last, [])

    def test_numbers_run_without_gap(self, chain, live):
        _tenant, last = chain
        with live.scope("acme"):
            assert list(AuditEntry.objects.order_by("seq").values_list("seq", flat=True)) == list(range(1, last + 1))

    def test_rollback_leaves_no_gap(self, chain, live):
        tenant, last = chain
        with live.scope("acme"):
            record(Operation.ADMIN_CHANGE, actor=None)
            transaction.set_rollback(True)
        assert verify_tenant(tenant) == (last, [])

    @pytest.mark.parametrize(
        ("column", "value"),
        [
            ("details", json.dumps({"n": 99})),
            ("username", "somebody"),
            ("result", "refused"),
            ("timestamp", "2020-01-01T00:00:00Z"),
            ("ip_address", "10.0.0.1"),
            ("policy_tag", "x"),
            ("mac", b"x" * 32),
        ],
    )
    def test_changed_row(self, chain, tamper, column, value):
        tenant, last = chain
        tamper(
            f"UPDATE accounts_auditentry SET {column} = %s WHERE tenant_id = %s AND seq = %s", [value, tenant, last - 2]
        )
        assert problems(tenant)[0][0] == last - 2

    def test_deleted_row(self, chain, tamper):
        tenant, last = chain
        tamper("DELETE FROM accounts_auditentry WHERE tenant_id = %s AND seq = %s", [tenant, last - 1])
        assert problems(tenant)[0] == (last, f"entry {last - 1} is missing before it")

    def test_swapped_rows(self, chain, tamper):
        tenant, last = chain
        swap = "UPDATE accounts_auditentry SET seq = %s WHERE tenant_id = %s AND seq = %s"
        for new, old in ((-1, last), (last, last - 1), (last - 1, -1)):
            tamper(swap, [new, tenant, old])
        assert {seq for seq, _problem in problems(tenant)} >= {last - 1, last}

    @pytest.mark.parametrize("place", ["before", "after"])
    def test_inserted_row(self, chain, tamper, place):
        tenant, last = chain
        seq = 0 if place == "before" else last + 1
        tamper(
            "INSERT INTO accounts_auditentry SELECT (json_populate_record(e, json_build_object("
            "'id', gen_random_uuid(), 'seq', %s::bigint, 'audit_id', 'AUD-FORGED'))).* "
            "FROM accounts_auditentry e WHERE tenant_id = %s AND seq = %s",
            [seq, tenant, last],
        )
        assert seq in {found for found, _problem in problems(tenant)}

    def test_cut_tail(self, chain, tamper):
        tenant, last = chain
        tamper("DELETE FROM accounts_auditentry WHERE tenant_id = %s AND seq > %s", [tenant, last - 2])
        assert problems(tenant) == [(last - 1, f"the chain should end at entry {last}")]

    def test_cut_tail_with_the_head_put_back(self, chain, tamper):
        tenant, last = chain
        anchors.write()
        tamper("DELETE FROM accounts_auditentry WHERE tenant_id = %s AND seq > %s", [tenant, last - 2])
        tamper(
            "UPDATE accounts_tenanthead h SET audit_seq = e.seq, audit_mac = e.mac FROM accounts_auditentry e "
            "WHERE h.tenant_id = %s AND e.tenant_id = h.tenant_id AND e.seq = %s",
            [tenant, last - 2],
        )
        assert problems(tenant) == [(last - 1, f"an anchor outside the database knows entry {last}")]

    def test_key_is_part_of_the_seal(self, chain, settings):
        tenant, last = chain
        settings.AUDIT_KEY = "somebody else's key"
        assert len(verify_tenant(tenant)[1]) == last


class TestAppendOnly:
    def test_the_app_may_not(self, world):
        with world.scope("admin"):
            with pytest.raises(DatabaseError), transaction.atomic():
                AuditEntry.objects.all().delete()
            with pytest.raises(DatabaseError), transaction.atomic():
                AuditEntry.objects.update(result="x")

    def test_the_owner_may_not_either(self, world, owner):
        owner.execute("SELECT set_config('app.tenant_id', %s, false)", [str(world.tenants["platform"])])
        for statement in (
            "UPDATE accounts_auditentry SET result = 'x'",
            "DELETE FROM accounts_auditentry",
            "TRUNCATE accounts_auditentry",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege, match="append-only"):
                owner.execute(statement)


class TestCommand:
    def run(self) -> tuple[str, bool]:
        out = StringIO()
        try:
            call_command("verify_audit", stdout=out, no_color=True)
        except CommandError:
            return out.getvalue(), False
        return out.getvalue(), True

    def test_says_ok_for_every_tenant(self, chain, live):
        output, held = self.run()
        assert held
        for tenant in live.tenants.values():
            assert f"tenant {tenant}: " in output
        assert output.count("entries, ok") == len(output.splitlines())

    def test_names_the_entry_that_does_not_hold(self, chain, tamper, live):
        tenant, last = chain
        tamper("UPDATE accounts_auditentry SET result = 'x' WHERE tenant_id = %s AND seq = %s", [tenant, last])
        with live.scope("acme"):
            audit_id = AuditEntry.objects.get(seq=last).audit_id
        output, held = self.run()
        assert not held
        assert f"tenant {tenant} seq {last} {audit_id}: " in output
        assert f"tenant {live.tenants['globex']}: " in output
