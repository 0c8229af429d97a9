"""The first half of an import: read the file, check every row, write nothing but what was found (SPEC B2)."""

from jobs.datasets import Mode
from jobs.engine.context import RunContext
from jobs.engine.errors import StorageTrouble
from jobs.engine.states import Stage, Status
from jobs.imports import files, running
from jobs.imports.checking import Checker
from jobs.imports.reading.errors import ReadingStopped, UnreadableFile
from jobs.imports.running import BadFile, Ended
from jobs.imports.target import Target
from jobs.models import ImportJob, ImportRow


def check_file(job: ImportJob, context: RunContext) -> Ended:
    """Check the file. What an earlier attempt kept is forgotten first.

    Raises BadFile, Forbidden, NotImportable, StorageTrouble; Aborted through ``context``.
    """
    context.enter(Stage.CHECKING)
    choices = files.choices_of(job.choices)
    with running.step(job, context):
        ImportRow.objects.filter(job_id=job.pk)._raw_delete(using="default")
        kept = job.file
    try:
        with files.opened(kept, choices, cancelled=lambda: context.reason is not None) as reading:
            checker = _checker(job, context, reading.table.kind)
            context.log(
                f"{kept.name}: {reading.table.kind} {reading.table.encoding or reading.table.sheet}, "
                f"{len(reading.table.header)} columns"
            )
            for rows in reading.chunks():
                with running.step(job, context):
                    checker.check(rows)
                    running.note(job, context, checker.counts, checker.groups)
                context.advance(checker.counts.rows)
    except ReadingStopped:
        context.check()
        raise
    except UnreadableFile as error:
        raise BadFile(error.message, error.advice) from error
    except OSError as error:
        context.log(f"{type(error).__name__}: {error.strerror or error}", "error")
        raise StorageTrouble() from error
    counts = checker.counts
    context.log(f"{counts.rows} rows checked: {counts.valid} can be written, {counts.faulty} are faulty")
    return Ended(
        rows=counts.rows,
        status=Status.REVIEW,
        counts=counts,
        values={"problems": checker.groups.stored(), "owner_epoch": checker.viewer.authz_epoch},
    )


def _checker(job: ImportJob, context: RunContext, kind: str) -> Checker:
    with running.step(job, context):
        owner, dataset = running.owner_of(job), running.dataset_of(job)
        running.refuse_without_rights(owner, dataset, Mode(job.mode))
        columns = running.columns_of(job, dataset, owner, kind=kind)
        return Checker(
            job_id=job.pk,
            target=Target(dataset, owner, [each for _at, each in columns]),
            mode=Mode(job.mode),
            columns=columns,
            viewer=owner,
        )
