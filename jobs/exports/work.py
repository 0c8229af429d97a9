"""The body of an export: dataset → SQL → COPY → file → store. Runs in a worker."""

import logging
from contextlib import ExitStack

from django.utils import translation

from accounts import policy
from accounts.models import User
from exportcenter.common.errors import InvalidParameters, PermissionRefused
from jobs.engine.context import RunContext
from jobs.engine.errors import BadRequest, Forbidden, JobError, StorageTrouble
from jobs.engine.states import Stage
from jobs.exports import chunks, planning, preview, sources
from jobs.exports.delivery import Delivery, ExportFile
from jobs.exports.facts import Facts
from jobs.formats.rows import rows_of
from jobs.formats.writing import write_rows
from jobs.models import ExportJob
from jobs.models.attempt import Level

log = logging.getLogger(__name__)


class RowsMissing(JobError):
    """The file does not hold as many rows as its snapshot. Never publish such a file."""

    code = "ROWS_MISSING"


def write_file(job: ExportJob, context: RunContext) -> ExportFile:
    """Write and store the file of ``job``. Rights, filters and row scope are those of this moment.

    Raises Forbidden, BadRequest, StorageTrouble, RowsMissing, what ``sources.reading`` raises; Aborted through
    ``context``.
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
    dataset = planning.dataset_of(job)
    writer = planning.writer_of(job)
    writer.check(job.options)
    with ExitStack() as holding, Delivery(job, dataset, writer, context) as delivery:
        with sources.tenant_of(job, dataset):
            owner = User.objects.select_related("tenant").get(pk=job.owner_id)
            policy.may(owner, policy.Action.EXPORT_CREATE, dataset).or_refuse()
            plan = planning.plan_for(job, owner)
            with sources.reading(dataset, context) as snapshot_at:
                summary = plan.summary()
                context.rows_expected = summary["rows"]
                context.log(
                    f"{job.type}: {context.rows_expected} rows, {len(plan.columns)} columns, "
                    f"as of {snapshot_at.isoformat()}"
                )
                first_rows = preview.first_rows(plan, writer.zone)
                archive = delivery.archive(plan, Facts.of(job, dataset, plan, snapshot_at, summary))
                context.enter(Stage.WRITING)
                cut = chunks.cut(plan, summary["rows"], context, holding)
                if cut is None:
                    with rows_of(plan, writer) as rows:
                        write_rows(rows, writer, plan.columns, archive, context.advance)
        if cut is not None:
            chunks.coordinate(job, cut, archive, context)
        if archive.rows != context.rows_expected:
            raise RowsMissing(f"{archive.rows} of {context.rows_expected} rows were written.")
        context.enter(Stage.UPLOADING)
        result = delivery.finish(plan, snapshot_at, first_rows)
    if archive.cut_cells:
        context.log(f"Texts too long for a cell, cut at the end: {archive.cut_cells}", Level.WARNING)
    if archive.rounded_numbers:
        context.log(f"Numbers with more digits than a double, rounded: {archive.rounded_numbers}", Level.WARNING)
    context.log(f"Stored {result.size} bytes, sha256 {result.sha256}")
    return result
