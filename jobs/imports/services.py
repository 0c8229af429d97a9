"""What people and programs do with imports. API, pages and commands all come through here."""

import uuid
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from accounts import audit, policy
from accounts.audit import Operation
from accounts.models import User
from exportcenter.common.client import Client
from exportcenter.common.database import lock_by_name
from exportcenter.common.errors import InvalidParameters, StateConflict, Throttled
from jobs.datasets import Dataset, Mode, registry
from jobs.engine import kinds, lifecycle, queue
from jobs.engine.states import CANCELABLE, FROZEN, Status
from jobs.imports import files, mapping, running
from jobs.imports.counting import Counts
from jobs.imports.fields import fields_of
from jobs.models import ImportChange, ImportJob
from jobs.models.importing import OnError
from jobs.requesting import check_source, locked, new_job, numbered

COPIED = ("dataset", "sensitivity", "file_id", "mode", "on_error", "choices", "mapping", "facts", "source")
"""What a retry takes over."""


def importable(key: str) -> Dataset:
    """The dataset of this key. Raises InvalidParameters (400) when there is none, or files do not write it."""
    try:
        dataset = registry.get(key)
    except InvalidParameters as error:
        raise InvalidParameters(details={"dataset": error.details["type"]}) from error
    if dataset.importing is None:
        raise InvalidParameters(details={"dataset": [str(dataset.not_imported)]})
    return dataset


def wanted(key: str, mode: str) -> tuple[Dataset, Mode]:
    """The dataset and the mode of these names. Raises InvalidParameters (400), also when they do not go together."""
    dataset = importable(key)
    chosen: Mode = _one_of(Mode, mode, "mode")
    importing = dataset.importing
    assert importing is not None
    if chosen not in importing.modes:
        allowed = "、".join(str(each.label) for each in importing.modes)
        raise InvalidParameters(details={"mode": [_("Allowed for this dataset: %(allowed)s.") % {"allowed": allowed}]})
    return dataset, chosen


@transaction.atomic
def request_import(
    *,
    file_id: uuid.UUID,
    dataset: str,
    mode: str,
    columns: Mapping[int, str] | None = None,
    on_error: str = OnError.SKIP,
    choices: Mapping[str, Any] | None = None,
    source: str = "",
    actor: User,
    client: Client | None = None,
) -> ImportJob:
    """Queue the check of a file. ``columns``: position → key of the dataset's column; None: guessed from headings.

    Raises InvalidParameters (400), PermissionRefused (403), NotFound (404), UnreadableFile (422), Throttled (429).
    Nothing is written into the dataset before confirm_import.
    """
    target, chosen_mode = wanted(dataset, mode)
    handling = _one_of(OnError, on_error, "on_error")
    for action in running.actions_of(chosen_mode):
        policy.may(actor, action, target).or_refuse()
    check_source(source)
    kept = files.find_file(file_id, actor=actor)
    reading = files.choices_of(dict(choices or {}))
    found = files.glance(kept, reading).facts
    fields = fields_of(target, viewer=actor, mode=chosen_mode, zone=actor.zone)
    given = mapping.guess(found.header, target, fields, owner=actor) if columns is None else columns
    checked = mapping.check(given, found.header, fields, dataset=target, mode=chosen_mode)
    files.keep_longer(kept)
    if columns is not None:
        mapping.remember(checked, found.header, dataset=target, owner=actor)
    job = _new_job(actor)
    job.dataset, job.sensitivity, job.file = target.key, target.sensitivity, kept
    job.mode, job.on_error, job.source = chosen_mode, handling, source
    job.choices = {name: value for name, value in dict(choices or {}).items() if value not in (None, "")}
    job.mapping = {str(position): key for position, key in checked.items()}
    job.facts = {
        "kind": found.kind,
        "encoding": found.encoding,
        "delimiter": found.delimiter,
        "sheet": found.sheet,
        "header": [column.label for column in found.header],
    }
    _accept(job, Operation.IMPORT_JOB_CREATE, actor, client)
    return job


@transaction.atomic
def confirm_import(job_no: str, *, actor: User, client: Client | None = None) -> ImportJob:
    """Let the checked rows be written.

    Raises NotFound, PermissionRefused, Locked (423) and StateConflict (409): it does not wait for that, the file's time
    is over, there is nothing to write, or some rows are faulty where all must be right.
    """
    job = lock_visible(job_no, actor)
    policy.may(actor, policy.Action.IMPORT_CHANGE, job).or_refuse()
    if reason := why_not_confirmed(job):
        raise StateConflict(reason)
    files.keep_longer(job.file)
    lifecycle.resume(kinds.kind_of(job), job, actor=actor, confirmed_at=Now(), confirmed_by=actor.username)
    _record(Operation.IMPORT_JOB_CONFIRM, job, actor, client, counts=job.counts)
    return job


@transaction.atomic
def cancel_import(job_no: str, *, actor: User, client: Client | None = None) -> ImportJob:
    """Stop an import, or do not confirm it. One that writes stops after the chunk; what is written stays, and can be
    taken back. Raises NotFound, PermissionRefused, Locked (423) and StateConflict (409) when it has ended."""
    job = lock_visible(job_no, actor)
    policy.may(actor, policy.Action.IMPORT_CHANGE, job).or_refuse()
    if reason := why_not_canceled(job):
        raise StateConflict(reason)
    before = job.status
    lifecycle.request_cancel(kinds.kind_of(job), job, actor=actor)
    _record(Operation.IMPORT_JOB_CANCEL, job, actor, client, status=before)
    return job


@transaction.atomic
def retry_import(job_no: str, *, actor: User, client: Client | None = None) -> ImportJob:
    """Check the same file again, in the same way. Raises NotFound, PermissionRefused, Locked (423) and StateConflict
    (409: it has not failed, or the file is no longer kept)."""
    old = lock_visible(job_no, actor)
    policy.may(actor, policy.Action.IMPORT_CHANGE, old).or_refuse()
    lock_by_name(str(old.root_id))
    if reason := why_not_retried(old):
        raise StateConflict(reason)
    for action in running.actions_of(old.mode):
        policy.may(actor, action, importable(old.dataset)).or_refuse()
    newest = newest_of(old)
    job = _new_job(actor)
    for name in COPIED:
        setattr(job, name, getattr(old, name))
    job.retry_of, job.root_id, job.retry_no = old.job_no, old.root_id, newest.retry_no + 1
    files.keep_longer(old.file)
    _accept(job, Operation.IMPORT_JOB_RETRY, actor, client)
    return job


@transaction.atomic
def undo_import(job_no: str, *, actor: User, client: Client | None = None) -> ImportJob:
    """Queue a job that takes an import back. Raises NotFound, PermissionRefused, Locked (423) and StateConflict (409:
    nothing was written, the time is over, or it was taken back already)."""
    old = lock_visible(job_no, actor)
    policy.may(actor, policy.Action.IMPORT_CHANGE, old).or_refuse()
    if reason := why_not_undone(old):
        raise StateConflict(reason)
    for action in running.actions_of(old.mode):
        policy.may(actor, action, importable(old.dataset)).or_refuse()
    job = _new_job(actor)
    for name in COPIED:
        setattr(job, name, getattr(old, name))
    job.undoes = old
    files.keep_longer(old.file)
    _accept(job, Operation.IMPORT_JOB_UNDO, actor, client)
    return job


def why_not_confirmed(job: ImportJob) -> str:
    """Why its rows cannot be written now; empty when they can."""
    if job.status != Status.REVIEW:
        return _("The import does not wait for confirmation: %(status)s.") % _status(job)
    counts = Counts.of(job.counts)
    if not counts.valid:
        return _("No row can be written. Correct the file and send it again.")
    if counts.faulty and job.on_error == OnError.STOP:
        return _(
            "%(count)d rows are faulty, and this import writes all rows or none. Correct the file and send it again."
        ) % {"count": counts.faulty}
    return ""


def why_not_canceled(job: ImportJob) -> str:
    """Why the import cannot be stopped now; empty when it can."""
    ended = job.status in FROZEN or job.status == Status.READY
    return _("The job has already ended: %(status)s.") % _status(job) if ended else ""


def why_not_retried(job: ImportJob) -> str:
    """Why its file cannot be checked again now; empty when it can."""
    if job.status not in (Status.FAILED, Status.CANCELED) or job.undoes_id is not None:
        return _("Only an import that has failed or was canceled can be retried.")
    if job.file.is_over:
        return _("The file is no longer kept. Send it again.")
    newest = newest_of(job)
    return _("It is being retried already: %(job)s.") % {"job": newest.job_no} if newest.status not in FROZEN else ""


def newest_of(job: ImportJob) -> ImportJob:
    """The newest of its chain of retries; itself when there is none."""
    found: ImportJob = ImportJob.objects.filter(root_id=job.root_id).latest("retry_no")
    return found


def why_not_undone(job: ImportJob) -> str:
    """Why the import cannot be taken back now; empty when it can."""
    over = _("The time to take it back is over.")
    reasons: list[tuple[bool, str]] = [
        (job.undoes_id is not None, _("This takes an import back; it cannot itself be taken back.")),
        (job.status in CANCELABLE, _("It has not ended yet.")),
        (job.status == Status.EXPIRED or job.file.is_over, over),
        (not (job.counts.get("created") or job.counts.get("updated")), _("It has written nothing.")),
    ]
    for holds, reason in reasons:
        if holds:
            return reason
    if (other := undo_of(job)) is not None:
        return _("It is taken back already: %(job)s.") % {"job": other.job_no}
    return "" if ImportChange.objects.filter(job_id=job.pk).exists() else over


def undo_of(job: ImportJob) -> ImportJob | None:
    """The job that takes this one back, or has done so."""
    found: ImportJob | None = (
        ImportJob.objects.filter(undoes=job).exclude(status__in=[Status.FAILED, Status.CANCELED]).first()
    )
    return found


def find_visible(job_no: str, actor: User) -> ImportJob:
    """The import of this number, if ``actor`` may see it. Raises NotFound otherwise: a stranger learns nothing."""
    job: ImportJob = numbered(ImportJob.objects.visible_to(actor).select_related("owner", "file"), job_no)
    return job


def lock_visible(job_no: str, actor: User) -> ImportJob:
    """The same, with its row locked for this transaction. Raises Locked when somebody holds it for over a second."""
    seen = find_visible(job_no, actor)
    job: ImportJob = locked(ImportJob.objects.select_related("owner", "file"), seen)
    return job


def _one_of(kind: Any, value: str, name: str) -> Any:
    try:
        return kind(value)
    except ValueError:
        raise InvalidParameters(
            details={name: [_("Allowed: %(allowed)s.") % {"allowed": ", ".join(kind.values)}]}
        ) from None


def _new_job(actor: User) -> ImportJob:
    """A row that is not saved yet; the limit of waiting ones is checked."""
    job = new_job(ImportJob, kind="import", actor=actor)
    waiting = ImportJob.objects.filter(owner=actor).filter(Q(status=Status.QUEUED) | Q(status=Status.REVIEW))
    most = settings.QUEUED_PER_USER
    if waiting[: most + 1].count() >= most:
        raise Throttled(
            _("You already have %(count)d imports waiting. Confirm or cancel some of them.") % {"count": most},
            retry_after=30,
        )
    return job


def _accept(job: ImportJob, operation: Operation, actor: User, client: Client | None) -> None:
    job.policy_tag = f"import.{job.sensitivity}"
    queue.enqueue(kinds.kind_of(job), job)
    _record(
        operation,
        job,
        actor,
        client,
        file=job.file.name,
        sha256=job.file.sha256,
        mode=job.mode,
        on_error=job.on_error,
        retry_of=job.retry_of or None,
        undoes=job.undoes.job_no if job.undoes else None,
        source=job.source,
    )


def _record(operation: Operation, job: ImportJob, actor: User, client: Client | None, **details: Any) -> None:
    audit.record(
        operation,
        actor=actor,
        resource=f"import:{job.job_no}",
        details={"job_id": job.job_no, "type": job.dataset, **details},
        policy_tag=job.policy_tag,
        client=client,
    )


def _status(job: ImportJob) -> dict[str, str]:
    return {"status": job.get_status_display()}
