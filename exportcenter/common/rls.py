"""Migration operations that put the second wall (row-level security) round a tenant table."""

from django.db import migrations

CURRENT_TENANT = "(SELECT nullif(current_setting('app.tenant_id', true), '')::uuid)"


def secure_tenant_table(
    table: str,
    *,
    references: dict[str, str] | None = None,
    column: str = "tenant_id",
    engine: str = "",
    signin: str = "",
    composite_key: bool = True,
) -> migrations.RunSQL:
    """RLS with FORCE, a permissive and a restrictive policy, and composite foreign keys.

    Parameters:
        references: column → referenced table; the key becomes (tenant_id, column) → (tenant_id, id), because
            PostgreSQL's own foreign-key checks bypass row-level security.
        column: name of the tenant column ("id" for the tenant table itself).
        engine: privileges of the engine role over all tenants, e.g. "SELECT, UPDATE".
        signin: columns the sign-in role may read, e.g. "id, tenant_id, username".
        composite_key: add UNIQUE (tenant_id, id), so that other tables can refer to this one.
    """
    mine = f"{column} = {CURRENT_TENANT}"
    forward = [
        f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
        f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY",
        f"CREATE POLICY tenant_rows ON {table} USING ({mine}) WITH CHECK ({mine})",
        f"CREATE POLICY tenant_wall ON {table} AS RESTRICTIVE TO exportcenter_app, exportcenter_owner "
        f"USING ({mine}) WITH CHECK ({mine})",
    ]
    backward = [
        f"DROP POLICY tenant_wall ON {table}",
        f"DROP POLICY tenant_rows ON {table}",
        f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY",
        f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY",
    ]
    if composite_key and column != "id":
        forward.append(f"ALTER TABLE {table} ADD CONSTRAINT {table}_tenant_id_key UNIQUE ({column}, id)")
        backward.append(f"ALTER TABLE {table} DROP CONSTRAINT {table}_tenant_id_key")
    for name, other in (references or {}).items():
        key = f"{table}_{name}_tenant_fk"
        forward.append(
            f"ALTER TABLE {table} ADD CONSTRAINT {key} FOREIGN KEY ({column}, {name}) "
            f"REFERENCES {other} (tenant_id, id) DEFERRABLE INITIALLY DEFERRED"
        )
        backward.append(f"ALTER TABLE {table} DROP CONSTRAINT {key}")
    for privilege in filter(None, (word.strip() for word in engine.split(","))):
        granted, taken = _engine(table, privilege)
        forward += granted
        backward += taken
    if signin:
        forward.append(f"GRANT SELECT ({signin}) ON {table} TO exportcenter_signin")
        forward.append(f"CREATE POLICY signin_read ON {table} FOR SELECT TO exportcenter_signin USING (true)")
        backward.append(f"DROP POLICY signin_read ON {table}")
    return migrations.RunSQL(";\n".join(forward), ";\n".join(reversed(backward)))


def let_engine(table: str, privilege: str, *, columns: str = "") -> migrations.RunSQL:
    """Give the engine role ``privilege`` over all tenants' rows of a table that is secured already; ``columns``: only
    over these, e.g. "id, is_active"."""
    granted, taken = _engine(table, privilege, columns)
    return migrations.RunSQL(";\n".join(granted), ";\n".join(taken))


def _engine(table: str, privilege: str, columns: str = "") -> tuple[list[str], list[str]]:
    which = f"{privilege} ({columns})" if columns else privilege
    clause = "WITH CHECK (true)" if privilege == "INSERT" else "USING (true)"
    policy = f"engine_{privilege.lower()}"
    return (
        [
            f"GRANT {which} ON {table} TO exportcenter_engine",
            f"CREATE POLICY {policy} ON {table} FOR {privilege} TO exportcenter_engine {clause}",
        ],
        [f"DROP POLICY {policy} ON {table}", f"REVOKE {which} ON {table} FROM exportcenter_engine"],
    )
