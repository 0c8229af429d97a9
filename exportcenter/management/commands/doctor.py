"""``manage.py doctor``: every dependency and setting on one line, and what to do about those that are wrong."""

import os
import shutil
import stat
import sys
import uuid
from collections.abc import Callable
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.core.mail import get_connection
from django.core.management.base import BaseCommand
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from kombu.utils.url import maybe_sanitize_url

from exportcenter import embedded, external_check
from exportcenter.database_roles import refuse_strong_role
from exportcenter.management.commands import compile_locale

PYTHON = (3, 11)
FREE_BYTES = 2 << 30
BROKER_SECONDS = 3


class Wrong(Exception):
    """A check has failed. The message says what is wrong and what to do."""


class Command(BaseCommand):
    help = "Check Python, database, broker, storage, mail, disk, translations, sources. Exit code 1 if one is wrong."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        sources = {f"source {alias}": partial(external_check.check, alias) for alias in external_check.aliases()}
        wrong = [name for name, check in (CHECKS | sources).items() if not self._passes(name, check)]
        if wrong:
            sys.exit(1)

    def _passes(self, name: str, check: Callable[[], str]) -> bool:
        try:
            found = check()
        except Exception as error:  # noqa: BLE001 - whatever a dependency raises belongs on its line
            text = (
                str(error)
                if isinstance(error, Wrong | external_check.SourceWrong)
                else f"{type(error).__name__}: {error}"
            )
            first, *rest = text.strip().splitlines() or [type(error).__name__]
            self.stdout.write(self.style.ERROR(f"WRONG  {name}: {first}"))
            for line in rest:
                self.stdout.write(f"       {line.strip()}")
            return False
        self.stdout.write(f"ok     {name}: {found}")
        return True


def python() -> str:
    """The interpreter is new enough."""
    found = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info < PYTHON:
        raise Wrong(f"{found}. Install Python {PYTHON[0]}.{PYTHON[1]} or newer and remove .venv.")
    return found


def database() -> str:
    """The database answers, and its role is bound by row-level security."""
    if settings.DATABASE_URL == settings.UNSET:
        embedded.join(settings.VAR_DIR)  # failed at the start; says why
        raise Wrong("DATABASE_URL was not set at the start. Run doctor again.")
    try:
        connection.ensure_connection()
    except Exception as error:
        raise Wrong(f"{error}\nCheck DATABASE_URL and that the server runs.") from error
    refuse_strong_role(connection)
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user, current_setting('server_version')")
        role, version = cursor.fetchone()
    where = "embedded" if embedded.held_files() else connection.settings_dict["HOST"]
    return f"PostgreSQL {version} ({where}), role {role}"


def owner() -> str:
    """Migrations have a role of their own."""
    if settings.DATABASE_OWNER_URL == settings.DATABASE_URL:
        raise Wrong("DATABASE_OWNER_URL is not set. `manage.py migrate` needs the role that owns the tables.")
    return "set"


def migrations() -> str:
    """Every migration has been applied."""
    executor = MigrationExecutor(connection)
    pending = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if pending:
        raise Wrong(f"{len(pending)} not applied. Run: python manage.py migrate")
    return "all applied"


def broker() -> str:
    """The broker takes messages."""
    url = settings.CELERY_BROKER_URL
    if url.startswith("filesystem://"):
        for name in ("queue", "control"):
            _refuse_unwritable(settings.BROKER_DIR / name, "broker folder")
        return f"folder {settings.BROKER_DIR}"
    from exportcenter.celery import app

    where: str = maybe_sanitize_url(url)  # without its password
    try:
        with app.connection_for_write(connect_timeout=BROKER_SECONDS) as link:
            link.ensure_connection(max_retries=1, timeout=BROKER_SECONDS)
    except Exception as error:
        raise Wrong(
            f"{where}: {error}\nCheck CELERY_BROKER_URL, that the broker runs, and that its client is installed "
            "(redis:// needs: pip install redis)."
        ) from error
    return where


def storage() -> str:
    """Exported files can be written, read and deleted."""
    exports = storages["exports"]
    content = uuid.uuid4().bytes
    name = exports.save(f"doctor/{uuid.uuid4().hex}", ContentFile(content))
    try:
        with exports.open(name) as file:
            if file.read() != content:
                raise Wrong("reads something else than was written. Check the exports storage.")
    finally:
        exports.delete(name)
    return f"bucket {settings.S3_BUCKET}" if settings.S3_BUCKET else f"folder {settings.VAR_DIR / 'files'}"


def mail() -> str:
    """Mail leaves: the server lets us in, or the folder takes it."""
    if settings.EMAIL_BACKEND.endswith(".filebased.EmailBackend"):
        _refuse_unwritable(Path(settings.EMAIL_FILE_PATH), "mail folder")
        return f"files in {settings.EMAIL_FILE_PATH}, nothing leaves (EMAIL_URL)"
    if not settings.EMAIL_BACKEND.endswith(".smtp.EmailBackend"):
        return settings.EMAIL_BACKEND
    where = f"{settings.EMAIL_HOST}:{settings.EMAIL_PORT}"
    line = get_connection()
    try:
        line.open()
        line.close()
    except Exception as error:
        raise Wrong(f"{where}: {error}\nCheck EMAIL_URL and that the mail server lets this machine in.") from error
    return where


def spool() -> str:
    """The spool folder is private and has room."""
    folder = settings.SPOOL_DIR
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    _refuse_unwritable(folder, "SPOOL_DIR")
    mode = stat.S_IMODE(folder.stat().st_mode)
    if mode & 0o077:
        raise Wrong(f"{folder} is open to others ({mode:o}). Run: chmod 700 {folder}")
    free = shutil.disk_usage(folder).free
    if free < FREE_BYTES:
        raise Wrong(f"{folder} has {free >> 20} MiB left. Free some space or point SPOOL_DIR at a bigger disk.")
    return f"{folder}, {free >> 30} GiB free"


def translations() -> str:
    """Every .po file has a fresh .mo."""
    stale = [path for path in compile_locale.sources() if compile_locale.is_stale(path)]
    if stale:
        raise Wrong(f"{len(stale)} not compiled. Run: python manage.py compile_locale")
    return f"{len(compile_locale.sources())} compiled"


def compression() -> str:
    """The fast deflate is there."""
    try:
        return f"isal {version('isal')}"
    except PackageNotFoundError as error:
        raise Wrong(f"{error}. Run: pip install -r requirements.txt") from error


def webhooks() -> str:
    """Messages of webhooks go to public addresses only."""
    if settings.WEBHOOK_ALLOW_PRIVATE and settings.HTTPS:
        raise Wrong("WEBHOOK_ALLOW_PRIVATE is on: webhooks reach private addresses.\nIt is for development: unset it.")
    return "private addresses, too (development)" if settings.WEBHOOK_ALLOW_PRIVATE else "public addresses only"


def time_zone() -> str:
    """The zone of job numbers and day borders is known."""
    return ZoneInfo(settings.TIME_ZONE).key


def secrets() -> str:
    """Secrets come from the environment, or from private files that only suit one machine."""
    all_names = ("SECRET_KEY", "AUDIT_KEY", "DOWNLOAD_KEYS", "EVENT_KEYS", "WEBHOOK_KEYS")
    names = [name for name in all_names if not os.environ.get(name)]
    if settings.HTTPS and names:
        raise Wrong(f"{', '.join(names)} not set. All machines need the same: see docs/settings.md.")
    return f"{', '.join(names)} kept under {settings.VAR_DIR / 'secrets'}" if names else "from the environment"


def _refuse_unwritable(folder: Path, name: str) -> None:
    if not os.access(folder, os.W_OK | os.X_OK):
        raise Wrong(f"{name} {folder} is missing or not writable for this user. Create it, or change its owner.")


CHECKS: dict[str, Callable[[], str]] = {
    "python": python,
    "database": database,
    "database owner": owner,
    "migrations": migrations,
    "broker": broker,
    "export storage": storage,
    "mail": mail,
    "spool folder": spool,
    "secrets": secrets,
    "webhooks": webhooks,
    "translations": translations,
    "compression": compression,
    "time zone": time_zone,
}
