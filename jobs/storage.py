"""Where files of jobs live, those that were exported and those to be imported, and how they get there and away.

A key holds its kind, tenant, job, fence and 128 random bits; no key is ever written twice and none is known to anybody
before the job's row says so. So publishing is the row's commit, whatever the store can or cannot do atomically.
"""

import logging
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Protocol
from uuid import UUID

from django.conf import settings
from django.core.files import File
from django.core.files.storage import FileSystemStorage, Storage, storages
from django.db import connection, transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from accounts import tenancy
from jobs.engine.errors import StorageTrouble
from jobs.models import ExportJob, FileRemoval, ImportFile

log = logging.getLogger(__name__)

ROOT = "exports"
IMPORTS = "imports"


class Readable(Protocol):
    """What open_at gives."""

    def read(self, size: int) -> bytes:
        """Up to ``size`` bytes; empty at the end."""


ORPHAN_AGE = timedelta(hours=24)
BATCH = 500


def store() -> Storage:
    """The configured store: a local folder, or S3."""
    return storages["exports"]


def new_spool(job_id: UUID, fence: int) -> Path:
    """A path for a worker's private file."""
    return Path(settings.SPOOL_DIR) / f"{job_id}-{fence}-{secrets.token_hex(4)}.part"


def put(path: Path, *, tenant_id: UUID, job_id: UUID, fence: int, extension: str, root: str = ROOT) -> str:
    """Move a finished spool file into the store and return its key. ``root``: one of those in ``_KNOWN``.

    Raises StorageTrouble; then nothing is there.
    """
    key = f"{root}/{tenant_id}/{job_id}/{fence}-{secrets.token_hex(16)}.{extension}"
    target = store()
    try:
        if isinstance(target, FileSystemStorage):
            _link(path, Path(target.path(key)))
        else:
            with open(path, "rb") as handle:
                if target.save(key, File(handle)) != key:
                    raise StorageTrouble()
    except StorageTrouble:
        raise
    except Exception as error:
        log.warning("storing %s failed: %s", key, error)
        delete(key)
        raise StorageTrouble() from error
    finally:
        path.unlink(missing_ok=True)
    return key


@contextmanager
def open_at(key: str, first: int, last: int) -> Iterator[Readable]:
    """The object's bytes from ``first`` (to ``last``, inclusive), to be read in blocks; never whole in memory."""
    target = store()
    if isinstance(target, FileSystemStorage):
        with open(target.path(key), "rb") as handle:
            handle.seek(first)
            yield handle
    else:
        body = target.bucket.Object(key).get(Range=f"bytes={first}-{last}")["Body"]  # type: ignore[attr-defined]
        with closing(body):
            yield body


def delete(key: str) -> bool:
    """Remove an object. Idempotent. False when the store refused; the removal is tried again later."""
    try:
        store().delete(key)
        target = store()
        if isinstance(target, FileSystemStorage):
            _prune(Path(target.path(key)).parent, Path(target.path(key.partition("/")[0])))
    except Exception as error:  # noqa: BLE001 - each store has its own errors
        log.warning("deleting %s failed: %s", key, error)
        return False
    return True


def remove_later(key: str, *, reason: str) -> None:
    """Note, in the current transaction, that an object must go once every link to it has run out."""
    wait = timedelta(seconds=settings.DOWNLOAD_LINK_SECONDS)
    FileRemoval.objects.create(key=key, reason=reason, not_before=Now() + wait)


def remove_due() -> int:
    """Delete the objects whose time has come. Any number of copies may run. Returns how many are gone."""
    count = 0
    for _number in range(BATCH):
        with transaction.atomic():
            with tenancy.role_scope(tenancy.ENGINE_ROLE), connection.cursor() as cursor:
                cursor.execute(
                    "SELECT id, tenant_id, key FROM jobs_fileremoval WHERE deleted_at IS NULL AND not_before <= now() "
                    "ORDER BY not_before LIMIT 1 FOR UPDATE SKIP LOCKED"
                )
                row = cursor.fetchone()
            if row is None:
                return count
            removal_id, tenant_id, key = row
            done = delete(key)
            with tenancy.tenant_scope(tenant_id):
                if done:
                    FileRemoval.objects.filter(pk=removal_id).update(deleted_at=Now())
                else:
                    FileRemoval.objects.filter(pk=removal_id).update(not_before=Now() + timedelta(minutes=5))
            count += done
    return count


def sweep_orphans() -> int:
    """Delete objects and spool files older than a day that no row knows: what killed workers left behind."""
    border = timezone.now() - ORPHAN_AGE
    count = 0
    for key in _keys():
        parts = key.split("/")
        with suppress(FileNotFoundError):  # somebody else has just removed it
            if store().get_modified_time(key) < border and not _is_known(parts[0], parts[1], parts[2], key):
                log.warning("orphan %s removed", key)
                count += delete(key)
    spool = Path(settings.SPOOL_DIR)
    for path in spool.glob("*.part") if spool.exists() else ():
        if path.stat().st_mtime < border.timestamp():
            path.unlink(missing_ok=True)
            count += 1
    return count


def _link(source: Path, target: Path) -> None:
    """Into the local store without copying, and only whole: link fails when the name is taken."""
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        os.link(source, target)
    except OSError as error:
        if error.errno not in (18, 1, 95):  # EXDEV, EPERM, EOPNOTSUPP: another disk, or no hard links
            raise
        _copy(source, target)
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _copy(source: Path, target: Path) -> None:
    part = target.with_name(target.name + ".part")
    with open(source, "rb") as reading, open(part, "xb") as writing:
        os.fchmod(writing.fileno(), 0o600)
        while block := reading.read(1 << 20):
            writing.write(block)
        writing.flush()
        os.fsync(writing.fileno())
    part.rename(target)


def _prune(folder: Path, root: Path) -> None:
    """Remove folders that became empty, up to the root."""
    while folder != root and root in folder.parents:
        try:
            folder.rmdir()
        except OSError:
            return
        folder = folder.parent


def _keys() -> Iterator[str]:
    target = store()
    for root in _KNOWN:
        for tenant in _list(target, root)[0]:
            for job in _list(target, f"{root}/{tenant}")[0]:
                for name in _list(target, f"{root}/{tenant}/{job}")[1]:
                    yield f"{root}/{tenant}/{job}/{name}"


def _list(target: Storage, folder: str) -> tuple[list[str], list[str]]:
    """Folders and files in ``folder``; nothing when it has vanished meanwhile."""
    try:
        return target.listdir(folder)
    except FileNotFoundError:
        return [], []


def _is_known(root: str, tenant: str, thing: str, key: str) -> bool:
    try:
        tenant_id, thing_id = UUID(tenant), UUID(thing)
    except ValueError:
        return False
    with tenancy.tenant_scope(tenant_id):
        return _KNOWN[root](thing_id, key)


def _is_exported(job_id: UUID, key: str) -> bool:
    mine = Q(file_key=key) | Q(parts__contains=[{"key": key}])
    return bool(ExportJob.objects.filter(mine, pk=job_id).exists())


def _is_imported(file_id: UUID, key: str) -> bool:
    return bool(ImportFile.objects.filter(pk=file_id, key=key, removed_at=None).exists())


_KNOWN: dict[str, Callable[[UUID, str], bool]] = {ROOT: _is_exported, IMPORTS: _is_imported}
"""First part of a key → whether a row of the company knows it."""
