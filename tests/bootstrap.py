"""Pytest plugin, loaded before Django: a PostgreSQL cluster of the tests' own, with a fresh database.

Nothing here touches the database of a running product: the cluster lives under ``var/test``. Apps named in
EXTRA_APPS are tested along: what holds for every dataset must hold for theirs.
"""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def _prepare() -> None:
    var = Path(os.environ.get("TEST_VAR_DIR") or ROOT / "var" / "test").resolve()
    os.environ["VAR_DIR"] = str(var)
    os.environ["DJANGO_SETTINGS_MODULE"] = "exportcenter.settings"
    os.environ.setdefault("LOG_LEVEL", "WARNING")
    apps = [name for name in os.environ.get("EXTRA_APPS", "").split(",") if name not in ("", "tests.echo")]
    os.environ["EXTRA_APPS"] = ",".join(["tests.echo", *apps])

    import psycopg

    from exportcenter import database_roles, embedded

    server = embedded.join(var)
    name = f"test_{os.environ.get('TEST_DATABASE') or os.environ.get('PYTEST_XDIST_WORKER') or 'main'}"
    with psycopg.connect(server.url("superuser", "postgres"), autocommit=True) as admin:
        admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")  # type: ignore[arg-type]
        # No test cuts the power of the database itself: waiting for the disk would only cost time.
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            admin.execute(f"ALTER SYSTEM SET {setting} = off")  # type: ignore[arg-type]
        admin.execute("SELECT pg_reload_conf()")
        database_roles.create_roles(admin)
        database_roles.create_database(admin, name)
    os.environ["DATABASE_URL"] = server.url("app", name)
    os.environ["DATABASE_OWNER_URL"] = server.url("owner", name)
    os.environ["TEST_SUPERUSER_URL"] = server.url("superuser", name)


_prepare()
