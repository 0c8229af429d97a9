"""Pytest plugin, loaded before Django: a PostgreSQL cluster of the tests' own, with a fresh database.

Nothing here touches the database of a running product: the cluster lives under ``var/test``, that of each process of a
parallel run beside it, with its own broker folder and files: processes under test never meet those of another. Apps
named in EXTRA_APPS are tested along: what holds for every dataset must hold for theirs.
"""

import os
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parent.parent


def _prepare() -> None:
    part = os.environ.get("PYTEST_XDIST_WORKER", "")
    var = Path(os.environ.get("TEST_VAR_DIR") or ROOT / "var" / f"test{part and '-'}{part}").resolve()
    os.environ["VAR_DIR"] = str(var)
    os.environ["DJANGO_SETTINGS_MODULE"] = "exportcenter.settings"
    os.environ.setdefault("LOG_LEVEL", "WARNING")
    # Tests ask oftener than people. Those of the limits set their own (tests/accounts/limits).
    for name in ("GENERAL", "CREATE", "SIGN_IN", "SIGN_IN_ADDRESS"):
        os.environ[f"LIMIT_{name}_PER_MINUTE"] = "0"
    apps = [name for name in os.environ.get("EXTRA_APPS", "").split(",") if name not in ("", "tests.echo")]
    os.environ["EXTRA_APPS"] = ",".join(["tests.echo", *apps])

    import psycopg

    from exportcenter import database_roles, embedded

    server = embedded.join(var)
    name = f"test_{os.environ.get('TEST_DATABASE') or 'main'}"
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

# How long an example takes says how busy the machine is, not whether the product is right.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")


@pytest.hookimpl(wrapper=True)
def pytest_report_to_serializable() -> Generator[None, dict[str, Any] | None, dict[str, Any] | None]:
    """What a test has logged or said goes to the process that prints it. Some tests say things that are not Unicode."""
    return _printable((yield))


def _printable(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, dict):
        return {_printable(key): _printable(item) for key, item in value.items()}
    if isinstance(value, tuple):  # where and why a test was skipped: pytest insists on the type
        return tuple(map(_printable, value))
    return list(map(_printable, value)) if isinstance(value, list) else value
