"""Files that people send: kept as they came, looked into under guard, forgotten in time (SPEC B1, B7)."""

import hashlib
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.storage import FileSystemStorage
from django.db import transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from accounts import audit, policy, tenancy
from accounts.audit import Operation
from accounts.models import User
from exportcenter.common import clock
from exportcenter.common.client import Client
from exportcenter.common.errors import InvalidParameters, NotFound, PermissionRefused, StateConflict
from exportcenter.common.uploads import too_large
from jobs import storage
from jobs.datasets import all_datasets
from jobs.imports.reading import Choices, Fault
from jobs.imports.reading.errors import UnreadableFile
from jobs.imports.reading.guarded import Facts, Guard, GuardedReading, open_guarded
from jobs.models import ImportFile

PREVIEW_ROWS = 20
PEEK = Guard(cpu_seconds=10, wait_seconds=10, chunk_seconds=10)
"""What looking into a file may cost while somebody waits for the answer."""
BLOCK = 1 << 20
NAME = 200


@dataclass(frozen=True)
class Glance:
    """What a file is, and its first rows.

    Attributes:
        facts: kind, encoding, sheets, header …
        rows: PREVIEW_ROWS at most
        fault: why reading ended before that
    """

    facts: Facts
    rows: list[Any]
    fault: UnreadableFile | None


@transaction.atomic
def keep_file(blocks: Iterable[bytes], *, name: str, actor: User, client: Client | None = None) -> ImportFile:
    """Keep what somebody sends. Nothing stays when it is no table: then UnreadableFile (422) says what it is.

    Raises PermissionRefused (403) for people who may import nothing, BodyTooLarge (413) above IMPORT_FILE_BYTES, and
    StorageTrouble.
    """
    _refuse_without_rights(actor)
    name = _plain(name)
    file_id = uuid.uuid4()
    spool = storage.new_spool(file_id, 0)
    spool.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        size, digest = _spooled(blocks, spool)
        with open_guarded(spool, name, guard=PEEK, with_rows=False):
            pass
        key = storage.put(
            spool,
            tenant_id=tenancy.require(),
            job_id=file_id,
            fence=0,
            extension="upload",
            root=storage.IMPORTS,
        )
    finally:
        spool.unlink(missing_ok=True)
    kept: ImportFile = ImportFile.objects.create(
        id=file_id,
        owner=actor,
        name=name,
        key=key,
        size=size,
        sha256=digest,
        created_at=clock.now(),
        expires_at=clock.now() + settings.IMPORT_KEEP,
    )
    audit.record(
        Operation.IMPORT_FILE_UPLOAD,
        actor=actor,
        resource=f"import_file:{kept.pk}",
        details={"file": name, "size": size, "sha256": digest},
        client=client,
    )
    return kept


def _refuse_without_rights(actor: User) -> None:
    """Who may import nothing would only fill the store."""
    verbs = (policy.Action.IMPORT_CREATE, policy.Action.IMPORT_UPDATE)
    targets = [dataset for dataset in all_datasets() if dataset.importing is not None]
    if not any(policy.may(actor, verb, dataset) for dataset in targets for verb in verbs):
        raise PermissionRefused(_("You may not import anything. Ask an admin for the right to import."))


def find_file(file_id: uuid.UUID, *, actor: User) -> ImportFile:
    """A file that ``actor`` has sent and that is still there. Raises NotFound."""
    kept: ImportFile | None = ImportFile.objects.filter(pk=file_id, owner=actor).first()
    if kept is None or kept.is_over:
        raise NotFound(_("There is no such file, or it is no longer kept."), advice=_("Send it again."))
    return kept


def glance(kept: ImportFile, choices: Choices) -> Glance:
    """Look into the file. Raises UnreadableFile (422) when it is no table, or not with these choices."""
    with opened(kept, choices, guard=PEEK) as reading:
        rows: list[Any] = []
        fault: UnreadableFile | None = None
        try:
            for chunk in reading.chunks():
                rows += chunk
                if len(rows) >= PREVIEW_ROWS:
                    break
        except UnreadableFile as error:
            fault = error
        return Glance(reading.table, rows[:PREVIEW_ROWS], fault)


def choices_of(given: Any) -> Choices:
    """How a person wants the file to be read. Raises InvalidParameters (400) that names what is wrong."""
    if not isinstance(given, dict):
        raise InvalidParameters(details={"choices": [_("An object is expected.")]})
    unknown = sorted(set(given) - set(Choices.__dataclass_fields__))
    if unknown:
        raise InvalidParameters(details={f"choices.{name}"[:80]: [_("Unknown.")] for name in unknown})
    for name, value in given.items():
        expected = int if name == "header_row" else str
        if value is not None and (not isinstance(value, expected) or isinstance(value, bool)):
            raise InvalidParameters(details={f"choices.{name}": [_("This has the wrong type.")]})
    try:
        return Choices(**{name: value for name, value in given.items() if value not in (None, "")})
    except Fault as fault:
        error = UnreadableFile.of(fault)
        raise InvalidParameters(details={f"choices.{fault.params['field']}": [error.message, error.advice]}) from fault


@contextmanager
def opened(kept: ImportFile, choices: Choices, **how: Any) -> Iterator[GuardedReading]:
    """The file, open in a limited process; ``how`` as for open_guarded."""
    with on_disk(kept) as path, open_guarded(path, kept.name, choices=choices, **how) as reading:
        yield reading


@contextmanager
def on_disk(kept: ImportFile) -> Iterator[Path]:
    """A path with the file's content: the store's own, or a copy while the context lasts."""
    target = storage.store()
    if isinstance(target, FileSystemStorage):
        yield Path(target.path(kept.key))
        return
    copy = storage.new_spool(kept.pk, 0)
    copy.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        with storage.open_at(kept.key, 0, kept.size - 1) as source, copy.open("xb") as sink:
            while block := source.read(BLOCK):
                sink.write(block)
        yield copy
    finally:
        copy.unlink(missing_ok=True)


def keep_longer(kept: ImportFile) -> None:
    """From now on as long as a file that has just been sent. Call it in the transaction that makes a job work with the
    file. Raises StateConflict (409) when its time is over, whether it has been removed yet or not."""
    there = ImportFile.objects.filter(pk=kept.pk, removed_at=None, expires_at__gt=Now())
    if not there.update(expires_at=Now() + settings.IMPORT_KEEP):
        raise StateConflict(_("The file is no longer kept. Send it again."))


def _spooled(blocks: Iterable[bytes], path: Path) -> tuple[int, str]:
    size, digest = 0, hashlib.sha256()
    with path.open("xb") as sink:
        path.chmod(0o600)
        for block in blocks:
            size += len(block)
            if size > settings.IMPORT_FILE_BYTES:
                raise too_large(settings.IMPORT_FILE_BYTES)
            digest.update(block)
            sink.write(block)
    return size, digest.hexdigest()


def _plain(name: str) -> str:
    """A file's name without path and marks that nobody sees."""
    last = name.replace("\\", "/").rpartition("/")[2]
    return "".join(mark for mark in last if mark.isprintable()).strip()[:NAME] or _("file")
