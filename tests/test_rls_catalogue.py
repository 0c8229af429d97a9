"""The second wall, read from PostgreSQL's own catalogue: what holds must hold for every table there is."""

import os
import uuid

import psycopg
import pytest
from django.apps import apps
from django.db import IntegrityError, connection, transaction

from accounts import tenancy
from accounts.models import AccessToken, Tenant, TokenFamily
from exportcenter.common.rls import CURRENT_TENANT
from exportcenter.database_roles import APP, OWNER, RoleTooStrong, grant_to_app, refuse_strong_role
from jobs.models import (
    Attempt,
    DownloadHandle,
    ExportChunk,
    ExportPreview,
    ImportJob,
    JobLog,
    KeptAnswer,
    Notification,
    PagePreference,
    SavedView,
    UiEvent,
    Webhook,
)
from jobs.records.models import Member, Order
from tests.accounts import rows
from tests.exports_helpers import Exports, post, signed_in
from tests.jobs.records import samples

WALLED = """
SELECT c.oid, c.relname, c.relrowsecurity, c.relforcerowsecurity, c.relname = 'accounts_tenant' AS is_tenant
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND (c.relname = 'accounts_tenant' OR EXISTS (
    SELECT 1 FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped))
ORDER BY c.relname
"""
POLICIES = """
SELECT p.polname, p.polpermissive, p.polcmd,
       pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid),
       ARRAY(SELECT CASE r WHEN 0 THEN 'public' ELSE pg_get_userbyid(r) END FROM unnest(p.polroles) r ORDER BY 1)
FROM pg_policy p WHERE p.polrelid = %s ORDER BY p.polname
"""
KEYS = """
SELECT k.conname, k.conrelid::regclass::text, k.confrelid::regclass::text,
       ARRAY(SELECT attname::text FROM unnest(k.conkey) WITH ORDINALITY u(n, i)
             JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.n ORDER BY u.i),
       ARRAY(SELECT attname::text FROM unnest(k.confkey) WITH ORDINALITY u(n, i)
             JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.n ORDER BY u.i)
FROM pg_constraint k WHERE k.contype = 'f' AND k.connamespace = 'public'::regnamespace ORDER BY 1
"""
EMPTY_ALLOWED = {"echo_echojob"}
"""Tables of tests' own apps, which nothing here fills."""


@pytest.fixture
def tables(_world, superuser) -> list[tuple]:
    """(oid, name, RLS on, RLS forced, whether it is the tenant table itself)."""
    return superuser.execute(WALLED).fetchall()


@pytest.fixture
def app(_world):
    """A bare connection of the app role, in autocommit mode, without any tenant."""
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as direct:
        yield direct


@pytest.fixture
def filled(live):
    """A row of at least two companies in every tenant table."""
    maker = Exports(live)
    for name in ("admin", "acme_admin"):
        client = signed_in(live, name)
        assert post(client, "/api/v1/exports", {"type": "members"}).status_code == 201
        ready = maker.make(name, "members", "ready")
        maker.make(name, "members", "expired")
        assert post(client, f"/api/v1/exports/{ready.job_no}/links").status_code == 201
        named = {"name": "n", "dataset": "members", "body": {}}
        assert post(client, "/api/v1/export-definitions", named).status_code == 201
        with live.scope(name):
            now = ready.created_at
            JobLog.objects.create(kind="export", job_id=ready.pk, at=now, message="x")
            Attempt.objects.create(
                kind="export", job_id=ready.pk, number=1, fence=ready.fence, worker="test", started_at=now
            )
            samples.one_of_each()
            for model in (
                AccessToken, ExportChunk, ExportPreview, ImportJob, KeptAnswer, Notification, PagePreference,
                SavedView, TokenFamily, UiEvent, Webhook,
            ):  # fmt: skip
                rows.one_of(model, live.user(name))
    yield live
    maker.close()


def as_tenant(app, tenant: object, statement: str, values: list | None = None):
    """Run one statement in a transaction of its own that works for ``tenant``; its cursor."""
    with app.transaction():
        app.execute("SELECT set_config('app.tenant_id', %s, true)", [str(tenant)])
        return app.execute(statement, values)


def now_checked(world, slug: str, change) -> None:
    """Call ``change`` for a company and check foreign keys at once."""
    with world.scope(slug):
        change()
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def test_the_set_of_tables_is_the_set_of_models_with_a_tenant(tables):
    models = [
        model
        for model in apps.get_models(include_auto_created=True)
        if model is Tenant or any(field.name == "tenant" for field in model._meta.fields)
    ]
    assert {name for _oid, name, *_rest in tables} == {model._meta.db_table for model in models}
    assert len(tables) >= 17
    strays = [model for model in models if model is not Tenant and not issubclass(model, tenancy.TenantModel)]
    assert strays == []


def test_row_level_security_is_on_and_forced_everywhere(tables):
    assert [name for _oid, name, on, forced, _tenant in tables if not (on and forced)] == []


def test_every_table_has_both_policies(tables, superuser):
    wrong = []
    for oid, name, _on, _forced, is_tenant in tables:
        found = {row[0]: row[1:] for row in superuser.execute(POLICIES, [oid])}
        column = "id" if is_tenant else "tenant_id"
        mine = f"({column} = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "
        for policy, permissive, roles in (("tenant_rows", True, ["public"]), ("tenant_wall", False, [APP, OWNER])):
            row = found.get(policy)
            fine = row and row[0] is permissive and row[1] == "*" and row[4] == roles
            if not fine or not row[2].startswith(mine) or not row[3].startswith(mine):
                wrong.append((name, policy, row))
        others = set(found) - {"tenant_rows", "tenant_wall"}
        wide = {policy for policy in others if not found[policy][4] <= ["exportcenter_engine", "exportcenter_signin"]}
        wrong += [(name, policy, found[policy]) for policy in others if set(found[policy][4]) & {"public", APP, OWNER}]
        assert not wide - others
    assert wrong == []
    assert "nullif(current_setting('app.tenant_id', true), '')::uuid" in CURRENT_TENANT


def test_foreign_keys_between_tenant_tables_carry_the_tenant(tables, superuser):
    names = {name for _oid, name, *_rest in tables} - {"accounts_tenant"}
    keys = superuser.execute(KEYS).fetchall()
    inner = [key for key in keys if key[1] in names and key[2] in names]
    wrong = [key for key in inner if key[3][0] != "tenant_id" or key[4][0] != "tenant_id" or len(key[3]) != 2]
    assert wrong == []
    assert {key[0] for key in inner} >= {
        "jobs_exportjob_owner_id_tenant_fk",
        "jobs_downloadhandle_job_id_tenant_fk",
        "jobs_exportjob_definition_id_tenant_fk",
        "records_order_member_id_tenant_fk",
    }


def test_every_relation_of_a_model_between_tenant_tables_has_such_a_key(tables, superuser):
    """Django's own constraint is off (db_constraint=False); the composite one must be there instead."""
    keys = {(key[1], key[3][1]) for key in superuser.execute(KEYS) if len(key[3]) == 2}
    missing = [
        (model._meta.db_table, field.column)
        for model in apps.get_models(include_auto_created=True)
        if issubclass(model, tenancy.TenantModel)
        for field in model._meta.fields
        if field.is_relation and field.name != "tenant" and issubclass(field.related_model, tenancy.TenantModel)
        if (model._meta.db_table, field.column) not in keys
    ]
    assert missing == []


def test_without_a_tenant_every_table_looks_empty(filled, tables, app, superuser):
    seen, empty = {}, set()
    for _oid, name, *_rest in tables:
        seen[name] = app.execute(f"SELECT count(*) FROM {name}").fetchone()[0]
        if superuser.execute(f"SELECT count(*) FROM {name}").fetchone()[0] < 2:
            empty.add(name)
    assert {name for name, count in seen.items() if count} == set()
    assert empty <= EMPTY_ALLOWED


def test_with_a_tenant_only_its_rows_are_seen(filled, tables, app, superuser):
    tenant = filled.tenants["acme"]
    for _oid, name, _on, _forced, is_tenant in tables:
        column = "id" if is_tenant else "tenant_id"
        with app.transaction():
            app.execute("SELECT set_config('app.tenant_id', %s, true)", [str(tenant)])
            owners = {row[0] for row in app.execute(f"SELECT DISTINCT {column} FROM {name}")}
        assert owners == ({tenant} if name not in EMPTY_ALLOWED else set()), name
        assert app.execute(f"SELECT count(*) FROM {name}").fetchone()[0] == 0  # the setting ended with its transaction


def test_a_nonsense_tenant_is_an_error_not_a_view(app):
    with pytest.raises(psycopg.errors.InvalidTextRepresentation):
        as_tenant(app, "x", "SELECT count(*) FROM jobs_exportjob")


COLUMNS = """
SELECT a.attname::text, format_type(a.atttypid, a.atttypmod) FROM pg_attribute a
WHERE a.attrelid = %s::regclass AND a.attnum > 0 AND NOT a.attisdropped AND a.attidentity = '' AND a.attgenerated = ''
"""


def test_rows_of_another_tenant_cannot_be_written(filled, tables, app, superuser):
    """Each table: a copy of an existing row of the other company, under our own tenant setting."""
    mine, other = filled.tenants["acme"], filled.tenants["platform"]
    refused = 0
    for _oid, name, _on, _forced, is_tenant in tables:
        if is_tenant or name in EMPTY_ALLOWED:
            continue
        columns = dict(superuser.execute(COLUMNS, [name]).fetchall())
        texts = ", ".join(f'"{column}"::text' for column in columns)
        # The guard of jobs lets only queued ones in; the wall must refuse even those.
        order = "ORDER BY to_jsonb(t) ->> 'status' = 'queued' DESC NULLS LAST LIMIT 1"
        row = superuser.execute(f"SELECT {texts} FROM {name} t WHERE tenant_id = %s {order}", [other]).fetchone()
        casts = ", ".join(f"%s::{kind}" for kind in columns.values())
        names = ", ".join(f'"{column}"' for column in columns)
        insert = f"INSERT INTO {name} ({names}) SELECT {casts}"
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
            as_tenant(app, mine, insert, list(row))
        refused += 1
    assert refused == sum(1 for _oid, name, *_rest in tables if name not in EMPTY_ALLOWED) - 1


@pytest.mark.parametrize("name", ["records_member", "jobs_joblog", "accounts_role"])
def test_rows_cannot_be_moved_to_another_tenant(filled, app, name):
    mine, other = filled.tenants["acme"], filled.tenants["platform"]
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
        as_tenant(app, mine, f"UPDATE {name} SET tenant_id = %s", [other])


def test_other_tenants_rows_are_neither_changed_nor_deleted(filled, app, superuser):
    mine, other = filled.tenants["acme"], filled.tenants["platform"]
    assert as_tenant(app, mine, "UPDATE records_order SET note = 'x' WHERE tenant_id = %s", [other]).rowcount == 0
    assert as_tenant(app, mine, "DELETE FROM records_riskhit WHERE tenant_id = %s", [other]).rowcount == 0
    assert superuser.execute("SELECT note FROM records_order WHERE tenant_id = %s", [other]).fetchone() == ("",)
    assert superuser.execute("SELECT count(*) FROM records_riskhit WHERE tenant_id = %s", [other]).fetchone() == (1,)


def test_a_foreign_key_never_reaches_another_tenant(filled):
    """PostgreSQL checks foreign keys past row-level security; only the composite key keeps them inside."""
    with filled.scope("platform"):
        theirs = Member.objects.get().pk
    with pytest.raises(IntegrityError, match="records_order_member_id_tenant_fk") as caught:
        now_checked(filled, "acme", lambda: Order.objects.update(member_id=theirs))
    assert caught.value.__cause__.sqlstate == "23503"
    stranger = filled.users["admin"][1]
    with pytest.raises(IntegrityError, match="jobs_downloadhandle_user_id_tenant_fk"):
        now_checked(filled, "acme", lambda: DownloadHandle.objects.update(user_id=stranger))


def test_the_app_role_is_weak(live, superuser):
    row = superuser.execute(
        "SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication, rolinherit "
        "FROM pg_roles WHERE rolname = %s",
        [APP],
    ).fetchone()
    assert row == (False,) * 6
    owned = superuser.execute(
        "SELECT count(*) FROM pg_class WHERE pg_get_userbyid(relowner) = %s "
        "OR oid IN (SELECT objid FROM pg_shdepend WHERE deptype = 'o' AND refobjid = %s::regrole)",
        [APP, APP],
    ).fetchone()
    assert owned == (0,)


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE jobs_exportjob DISABLE ROW LEVEL SECURITY",
        "DROP POLICY tenant_wall ON jobs_exportjob",
        "ALTER TABLE jobs_exportjob DISABLE TRIGGER guard",
        "TRUNCATE jobs_exportjob",
        "DROP TABLE jobs_joblog",
        "SET ROLE postgres",
        f"SET ROLE {OWNER}",
        "SET session_replication_role = replica",
        "UPDATE accounts_auditentry SET result = 'x'",
        "DELETE FROM accounts_auditentry",
        "CREATE TABLE mine (id int)",
    ],
)
def test_the_app_role_cannot_tear_the_wall_down(app, statement):
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        app.execute(statement)


def test_migrating_again_gives_nothing_back(app, owner):
    grant_to_app(owner)
    for statement in ("UPDATE accounts_auditentry SET result = 'x'", "DELETE FROM accounts_auditentry"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            app.execute(statement)


def test_row_security_off_shows_an_error_not_the_rows(app):
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        app.execute("SET row_security = off; SELECT count(*) FROM jobs_exportjob")
    app.execute("RESET row_security")


@pytest.mark.parametrize(
    ("variable", "reason"), [("DATABASE_OWNER_URL", "owns tables"), ("TEST_SUPERUSER_URL", "superuser")]
)
def test_starting_under_a_strong_role_is_refused(live, variable, reason):
    with psycopg.connect(os.environ[variable]) as strong, pytest.raises(RoleTooStrong, match=reason):
        refuse_strong_role(strong)


def test_starting_under_a_role_that_bypasses_is_refused(live, superuser):
    name = f"bypass_{uuid.uuid4().hex[:8]}"
    superuser.execute(f"CREATE ROLE {name} BYPASSRLS")
    try:
        with superuser.transaction():
            superuser.execute(f"SET LOCAL ROLE {name}")
            with pytest.raises(RoleTooStrong, match="bypass"):
                refuse_strong_role(superuser)
    finally:
        superuser.execute(f"DROP ROLE {name}")


def test_starting_under_the_app_role_is_fine(app):
    refuse_strong_role(app)


def test_a_forgotten_tenant_in_code_is_an_error(live):
    with transaction.atomic(), pytest.raises(tenancy.NoTenant):
        list(Member.objects.all())
    with pytest.raises(tenancy.NoTenant):
        Member.objects.count()
