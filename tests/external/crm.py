"""The CRM of docs/external-data.md: its database, and its app installed for the length of a test."""

import importlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from django.apps import AppConfig, apps
from django.db import connections
from psycopg.conninfo import make_conninfo

from accounts import policy
from accounts.models import Role, RolePermission
from accounts.roles import sync_permissions
from exportcenter import external_databases
from jobs.datasets import registry
from tests import documents

DOCUMENT = documents.DOCS / "external-data.md"
DATABASE, ROLE, KEY = "crm", "exportcenter_reader", "crm_contracts"


def blocks(language: str, where: str = "") -> list[str]:
    """Blocks of the document in order, as printed."""
    return [block.text for block in documents.blocks(DOCUMENT.name, language, where)]


def admin(database: str = DATABASE) -> psycopg.Connection:
    """A superuser's connection, in autocommit mode."""
    return psycopg.connect(make_conninfo(os.environ["TEST_SUPERUSER_URL"], dbname=database), autocommit=True)


def url(role: str = ROLE, database: str = DATABASE) -> str:
    """Address of a database of the tests' cluster for ``role``."""
    host = os.environ["TEST_SUPERUSER_URL"].split("@")[1].split("/")[0]
    return f"postgresql://{role}@{host}/{database}"


def create() -> None:
    """Everything of the document's SQL."""
    drop()
    with admin("postgres") as direct:
        for block in blocks("sql", "admin"):
            direct.execute(block)
    with admin() as direct:
        for block in blocks("sql", "crm"):
            direct.execute(block)


def drop() -> None:
    """Leave nothing behind in the cluster."""
    with admin("postgres") as direct:
        direct.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
        direct.execute(f"DROP ROLE IF EXISTS {ROLE}")


def write_app(folder: Path) -> None:
    """The document's Python files."""
    (folder / "crm").mkdir()
    (folder / "crm" / "__init__.py").touch()
    for name in ("apps", "models", "datasets"):
        (block,) = blocks("python", f"crm/{name}.py")
        (folder / "crm" / f"{name}.py").write_text(block)


@contextmanager
def alias(name: str, address: str, seconds: int = 600) -> Iterator[None]:
    """``name`` is one of EXTERNAL_DATABASES; inside another block of this name it is that address instead."""
    before = connections.settings.get(name)
    _forget_connection(name)
    connections.settings |= external_databases.parse(f"{name}={address}", statement_seconds=seconds)
    connections.configure_settings(connections.settings)
    try:
        yield
    finally:
        _forget_connection(name)
        if before is None:
            del connections.settings[name]
        else:
            connections.settings[name] = before


def _forget_connection(name: str) -> None:
    if name in connections.settings:
        connections[name].close()
        del connections[name]


@contextmanager
def app(folder: Path) -> Iterator[None]:
    """The app ``crm`` under ``folder`` is installed in this process; afterwards no trace of it is left."""
    known, modules = dict(registry._datasets), set(sys.modules)
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
    try:
        config = AppConfig.create("crm")
        config.apps = apps
        apps.app_configs["crm"] = config
        config.import_models()
        apps.clear_cache()
        config.ready()
        yield
    finally:
        registry._datasets.clear()
        registry._datasets.update(known)
        apps.app_configs.pop("crm", None)
        apps.all_models.pop("crm", None)
        apps.clear_cache()
        for name in [name for name in sys.modules if name.split(".")[0] == "crm" and name not in modules]:
            del sys.modules[name]
        sys.path.remove(str(folder))


def grant(world: Any, *tenants: str) -> None:
    """What migrate does for the new dataset, and what an admin does for client companies."""
    codes = policy.dataset_permissions(KEY)
    sync_permissions(codes)
    for slug in tenants:
        with world.scope(slug):
            role = Role.objects.get(key="client_admin")
            for code in codes:
                RolePermission.objects.get_or_create(role=role, permission_id=code)


def revoke() -> None:
    """The dataset's permissions were never there."""
    with psycopg.connect(os.environ["TEST_SUPERUSER_URL"], autocommit=True) as direct:
        pattern = [f"export.{KEY}.%"]
        direct.execute("DELETE FROM accounts_rolepermission WHERE permission_id LIKE %s", pattern)
        direct.execute("DELETE FROM accounts_permission WHERE code LIKE %s", pattern)


def rows(company: str) -> list[tuple[str, ...]]:
    """What the file of a company holds, written by another program: no code of ours is in it."""
    with admin() as direct:
        return direct.execute(
            "SELECT contract_no, customer, substr(phone, 1, 3) || '****' || right(phone, 4), "
            "(CASE status WHEN 'draft' THEN '草稿' WHEN 'signed' THEN '已签' ELSE '已终止' END), amount::text, "
            "to_char(signed_at, 'YYYY-MM-DD HH24:MI:SS') FROM contract WHERE company_code = %s ORDER BY id",
            [company],
        ).fetchall()
