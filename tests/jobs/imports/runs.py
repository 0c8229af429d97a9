"""What tests of whole imports share: send a file, let it be checked and written here as a worker would."""

from typing import Any

from jobs.engine import kinds, runner
from jobs.imports import files, services
from jobs.imports.counting import Counts
from jobs.models import ImportFile, ImportJob, ImportRow
from tests.world import World


def send(world: World, name: str, content: bytes, *, called: str = "members.csv") -> ImportFile:
    """A file that this person has sent."""
    with world.scope(name):
        return files.keep_file([content], name=called, actor=world.user(name))


def ask(world: World, name: str, content: bytes, *, called: str = "members.csv", **request: Any) -> ImportJob:
    """A queued import of that file: new members unless said otherwise."""
    kept = send(world, name, content, called=called)
    with world.scope(name):
        values: dict[str, Any] = {"dataset": "members", "mode": "create"} | request
        return services.request_import(file_id=kept.pk, actor=world.user(name), **values)


def run(world: World, job: ImportJob) -> ImportJob:
    """Run the next due import, and return ``job`` as it is then."""
    assert runner.run_one_due(kinds.get("import"), ring=False)
    return fresh(world, job)


def fresh(world: World, job: ImportJob) -> ImportJob:
    """The job as it is now."""
    with world.scope("platform"):
        return ImportJob.objects.select_related("owner", "file").get(pk=job.pk)


def confirm(world: World, job: ImportJob) -> ImportJob:
    """The owner says go on, and the rows are written."""
    with world.scope("platform"):
        services.confirm_import(job.job_no, actor=job.owner)
    return run(world, job)


def counts(job: ImportJob) -> Counts:
    """Its rows, by what became of them."""
    return Counts.of(job.counts)


def faults(world: World, job: ImportJob) -> list[tuple[int, str, str]]:
    """(row, column, code) of every problem."""
    with world.scope("platform"):
        rows = ImportRow.objects.filter(job_id=job.pk).exclude(problems=[]).order_by("row")
        return [(row.row, each["column"], each["code"]) for row in rows for each in row.problems]


def locked(job: ImportJob) -> ImportJob:
    """The job, its row locked. Call it in a transaction."""
    found: ImportJob = ImportJob.objects.select_for_update(of=("self",)).select_related("owner").get(pk=job.pk)
    return found
