"""The body of an export: dataset → SQL → COPY → file → store. Runs in a worker."""

import logging
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models.functions import Now
from django.utils import translation

from accounts import policy
from accounts.models import User
from accounts.tenancy import tenant_scope
from exportcenter.common.errors import InvalidParameters, PermissionRefused
from jobs import datasets, formats
from jobs.datasets.query import plan
from jobs.engine.context import RunContext
from jobs.engine.errors import BadRequest, Forbidden, JobError, StorageTrouble
from jobs.engine.states import Stage
from jobs.exports import storage
from jobs.exports.naming import file_name
from jobs.formats.sink import SpoolFile
from jobs.models import ExportJob
from jobs.models.attempt import Level

log = logging.getLogger(__name__)


class RowsMissing(JobError):
    """The file does not hold as many rows as its snapshot. Never publish such a file."""

    code = "ROWS_MISSING"


@dataclass(frozen=True)
class ExportFile:
    """What a body hands to the engine: facts of a stored file that nobody knows yet."""

    rows: int
    key: str
    name: str
    size: int
    sha256: str
    snapshot_at: datetime
    lifetime: Any
    rights: tuple[str, ...]
    regions: tuple[str, ...] | None

    def fields(self) -> dict[str, Any]:
        """Columns of the row, set by the publishing transaction."""
        return {
            "file_key": self.key,
            "file_name": self.name,
            "file_size": self.size,
            "file_sha256": self.sha256,
            "row_count": self.rows,
            "snapshot_at": self.snapshot_at,
            "file_rights": list(self.rights),
            "file_regions": None if self.regions is None else list(self.regions),
            "expires_at": Now() + self.lifetime,
        }

    def discard(self) -> None:
        """The file will never be published: remove it."""
        storage.delete(self.key)


def write_file(job: ExportJob, context: RunContext) -> ExportFile:
    """Write and store the file of ``job``. Rights, filters and row scope are those of this moment.

    Raises Forbidden, BadRequest, StorageTrouble, RowsMissing; Aborted through ``context``.
    """
    try:
        with translation.override(job.language):
            return _write(job, context)
    except PermissionRefused as error:
        raise Forbidden(error.message) from error
    except InvalidParameters as error:
        raise BadRequest("; ".join(f"{name}: {' '.join(words)}" for name, words in error.details.items())) from error
    except OSError as error:
        context.log(f"{type(error).__name__}: {error.strerror or error}", "error")
        raise StorageTrouble() from error


def _write(job: ExportJob, context: RunContext) -> ExportFile:
    dataset = datasets.get(job.type)
    zone = ZoneInfo(job.time_zone)
    options = formats.FormatOptions.parse(job.options)
    writer = formats.get(job.file_type)(options, zone)
    writer.check(job.options)
    spool = SpoolFile(storage.new_spool(job.pk, context.claim.fence), compression=options.compression)
    with spool:
        with tenant_scope(job.tenant_id, snapshot=True), connection.cursor() as cursor:
            snapshot_at = _begin(cursor, context)
            try:
                owner = User.objects.select_related("tenant").get(pk=job.owner_id)
                policy.may(owner, policy.Action.EXPORT_CREATE, dataset).or_refuse()
                chosen = plan(dataset, viewer=owner, params=job.params, columns=job.columns, zone=zone)
                context.rows_expected = chosen.count()
                context.log(
                    f"{job.type}: {context.rows_expected} rows, {len(chosen.columns)} columns, "
                    f"as of {snapshot_at.isoformat()}"
                )
                context.enter(Stage.WRITING)
                written = writer.write(chosen, cursor, spool, context.advance)
            finally:
                context.watch(None)
        spool.close()
        if written.rows != context.rows_expected:
            raise RowsMissing(f"{written.rows} of {context.rows_expected} rows were written.")
        if written.cut_cells:
            context.log(f"Texts too long for a cell, cut at the end: {written.cut_cells}", Level.WARNING)
        context.enter(Stage.UPLOADING)
        extension = writer.extension + (".gz" if options.compression == "gzip" else "")
        key = storage.put(
            spool.path, tenant_id=context.claim.tenant_id, job_id=job.pk, fence=context.claim.fence, extension=extension
        )
    context.log(f"Stored {spool.size} bytes, sha256 {spool.sha256}")
    return ExportFile(
        rows=written.rows,
        key=key,
        name=file_name(dataset.title, job.params, job.job_no, extension),
        size=spool.size,
        sha256=spool.sha256,
        snapshot_at=snapshot_at,
        lifetime=dataset.lifetime,
        rights=chosen.rights,
        regions=chosen.regions,
    )


def _begin(cursor: Any, context: RunContext) -> datetime:
    """Bound the queries by the time that is left, let the heartbeat interrupt them, and read the snapshot's time."""
    milliseconds = str(int(context.seconds_left * 1000))
    for name in ("statement_timeout", "idle_in_transaction_session_timeout"):
        cursor.execute("SELECT set_config(%s, %s, true)", [name, milliseconds])
    context.watch(connection.connection)
    cursor.execute("SELECT now()")
    moment: datetime = cursor.fetchone()[0]
    return moment
