"""What the three bodies of an import share: the claim's hold on the job's row, and its end."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection
from django.db.models.functions import Now
from django.utils.translation import gettext_noop

from accounts import policy
from accounts.models import User
from accounts.tenancy import tenant_scope
from exportcenter.common.errors import ExportCenterError
from jobs.datasets import Dataset, Mode, registry
from jobs.engine import lifecycle
from jobs.engine.context import Reason, RunContext
from jobs.engine.errors import Aborted, Forbidden, JobError
from jobs.engine.states import Status
from jobs.imports.counting import Counts, Groups
from jobs.imports.fields import Field, fields_of
from jobs.models import ImportFile, ImportJob


class NotImportable(JobError):
    """Between request and run the dataset, or a column of it, has gone."""

    code = "NOT_IMPORTABLE"
    default_message = gettext_noop("This dataset, or a column of it, can no longer be written.")
    default_advice = gettext_noop("Send the file again and choose the columns that are offered now.")


class BadFile(JobError):
    """The file turned out to be no table, or not to its end."""

    code = "UNREADABLE_FILE"
    default_message = gettext_noop("The file cannot be read.")


@dataclass(frozen=True)
class Ended:
    """What a body hands to the engine: REVIEW after the trial, READY after the deed."""

    rows: int
    status: Status
    counts: Counts
    values: dict[str, Any] = field(default_factory=dict)

    def fields(self) -> dict[str, Any]:
        """Columns of the row, set by the publishing transaction."""
        return {
            "counts": self.counts.stored(),
            "expires_at": None if self.status == Status.REVIEW else Now() + settings.IMPORT_KEEP,
            **self.values,
        }

    def save_beside(self, job: ImportJob) -> None:
        """The file, and with it the way back, stays as long as the job."""
        ImportFile.objects.filter(pk=job.file_id).update(expires_at=Now() + settings.IMPORT_KEEP)

    def discard(self) -> None:
        """Nothing was stored apart: the rows went into their tables by transactions of their own."""


def dataset_of(job: ImportJob) -> Dataset:
    """The job's dataset. Raises NotImportable when it is gone."""
    try:
        found = registry.get(job.dataset)
    except ExportCenterError as error:
        raise NotImportable() from error
    if found.importing is None:
        raise NotImportable()
    return found


def owner_of(job: ImportJob) -> User:
    """Whose import it is, rights read anew."""
    owner: User = User.objects.select_related("tenant").get(pk=job.owner_id)
    return owner


def refuse_without_rights(owner: User, dataset: Dataset, mode: Mode) -> None:
    """Raises Forbidden when the owner may no longer do what the mode does."""
    for action in actions_of(mode):
        decision = policy.may(owner, action, dataset)
        if not decision:
            raise Forbidden(decision.reason)


def actions_of(mode: str) -> list[policy.Action]:
    """The rights that a mode needs."""
    return {
        Mode.CREATE: [policy.Action.IMPORT_CREATE],
        Mode.UPDATE: [policy.Action.IMPORT_UPDATE],
        Mode.UPSERT: [policy.Action.IMPORT_CREATE, policy.Action.IMPORT_UPDATE],
    }[Mode(mode)]


def columns_of(job: ImportJob, dataset: Dataset, owner: User, *, kind: str) -> list[tuple[int, Field]]:
    """Position in the file and field of each mapped column. Raises NotImportable."""
    fields = fields_of(
        dataset,
        viewer=owner,
        mode=Mode(job.mode),
        zone=ZoneInfo(job.time_zone),
        from_workbook=kind == "xlsx",
        from_text=kind in ("csv", "tsv"),
    )
    try:
        mapped = {int(position): fields[key] for position, key in job.mapping.items()}
    except KeyError as error:
        raise NotImportable() from error
    return sorted(mapped.items(), key=lambda each: each[0])


@contextmanager
def step(job: ImportJob, context: RunContext) -> Iterator[None]:
    """One transaction of a body, in the company's scope; a statement of it is stopped when the job is."""
    context.check()
    with tenant_scope(job.tenant_id):
        connection.ensure_connection()
        context.watch(connection.connection)
        try:
            yield
        finally:
            context.watch(None)


def note(job: ImportJob, context: RunContext, counts: Counts, groups: Groups | None = None) -> None:
    """Write down how far the job has come, in the transaction that came so far. Raises Aborted when somebody else has
    the job by now: then the transaction must not be committed."""
    values: dict[str, Any] = {"counts": counts.stored()}
    if groups is not None:
        values["problems"] = groups.stored()
    if not lifecycle.come_forward(context.claim, **values):
        context.abort(Reason.LOST)
        raise Aborted(Reason.LOST)
