"""The database roles of Export Center and the guard that refuses to run under a stronger one.

* ``exportcenter_owner``: owns every table, runs migrations, nothing else. NOINHERIT like the next.
* ``exportcenter_app``: web, worker and beat. Owns nothing, cannot bypass row-level security. NOINHERIT:
  what the two roles below may do is reached only by an explicit ``SET LOCAL ROLE``.
* ``exportcenter_engine``: sees job rows of every tenant, to pick the next one and to sweep.
* ``exportcenter_signin``: reads name and tenant of users, to find out where somebody belongs.

Design: reliability rules on tenant isolation (SPEC C2).
"""

from typing import Any

import psycopg
from psycopg import sql

OWNER = "exportcenter_owner"
APP = "exportcenter_app"
ENGINE = "exportcenter_engine"
SIGNIN = "exportcenter_signin"


class RoleTooStrong(RuntimeError):
    """The database role of this process can bypass row-level security or owns tables."""


def create_roles(admin: "psycopg.Connection[Any]", *, passwords: dict[str, str] | None = None) -> None:
    """Create or repair the four roles. ``admin`` is a superuser or CREATEROLE connection in autocommit mode.

    ``passwords`` maps OWNER and APP to a password; left out for socket-only embedded servers.
    """
    attributes = {
        OWNER: "LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEROLE NOINHERIT",
        APP: "LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEROLE NOCREATEDB NOINHERIT",
        ENGINE: "NOLOGIN NOSUPERUSER NOBYPASSRLS",
        SIGNIN: "NOLOGIN NOSUPERUSER NOBYPASSRLS",
    }
    for role, words in attributes.items():
        exists = admin.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone()
        verb = "ALTER" if exists else "CREATE"
        admin.execute(sql.SQL(f"{verb} ROLE {{}} {words}").format(sql.Identifier(role)))
        if passwords and role in passwords:
            admin.execute(
                sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(role), sql.Literal(passwords[role]))
            )
    for helper in (ENGINE, SIGNIN):
        for user in (APP, OWNER):  # both NOINHERIT: a helper's rights are reached by SET LOCAL ROLE only
            admin.execute(sql.SQL("GRANT {} TO {}").format(sql.Identifier(helper), sql.Identifier(user)))


def create_database(admin: "psycopg.Connection[Any]", name: str) -> None:
    """Create database ``name`` for the owner role, unless it exists."""
    if not admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
        admin.execute(
            sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE template0 ENCODING 'UTF8'").format(
                sql.Identifier(name), sql.Identifier(OWNER)
            )
        )


def grant_to_app(owner: "psycopg.Connection[Any]") -> None:
    """As owner, inside the product's database: everything it creates from now on is usable by the app role.

    Nothing is granted on what is there already: this runs before every migrate, and would give back what a migration
    has revoked (the right to change audit entries).
    """
    app = sql.Identifier(APP)
    for statement in (
        "GRANT USAGE ON SCHEMA public TO {}",
        "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {}",
        "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO {}",
    ):
        owner.execute(sql.SQL(statement).format(app))
    for helper in (ENGINE, SIGNIN):
        owner.execute(sql.SQL("GRANT USAGE ON SCHEMA public TO {}").format(sql.Identifier(helper)))


def refuse_strong_role(connection: Any) -> None:
    """Raise RoleTooStrong unless ``connection`` (a Django connection) runs as a role that RLS really binds."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT current_user, r.rolsuper, r.rolbypassrls,
                   EXISTS (SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                           WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND pg_has_role(c.relowner, 'MEMBER'))
            FROM pg_roles r WHERE r.rolname = current_user
            """
        )
        name, superuser, bypass, owns = cursor.fetchone()
    if superuser or bypass or owns:
        reason = "is a superuser" if superuser else "may bypass row-level security" if bypass else "owns tables"
        raise RoleTooStrong(
            f"Database role {name!r} {reason}. Point DATABASE_URL at the app role ({APP}) and keep the owner for "
            "DATABASE_OWNER_URL, which only `manage.py migrate` uses."
        )
