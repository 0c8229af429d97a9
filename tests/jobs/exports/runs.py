"""What tests of whole exports share: ask for one, let it run here as a worker would, read what was stored."""

from typing import Any

from jobs import storage
from jobs.engine import kinds, runner
from jobs.exports import services
from jobs.models import ExportJob
from tests.world import World


def ask(world: World, name: str, **request: Any) -> ExportJob:
    """A queued export of that person: orders as CSV unless said otherwise."""
    with world.scope(name):
        values: dict[str, Any] = {"dataset": "orders", "file_type": "csv", "params": {}} | request
        return services.request_export(actor=world.user(name), **values)


def run(world: World, job: ExportJob) -> ExportJob:
    """Run the next due job, and return ``job`` as it is then."""
    assert runner.run_one_due(kinds.get("export"), ring=False)
    with world.scope("platform"):
        return ExportJob.objects.select_related("owner").get(pk=job.pk)


def stored(key: str) -> bytes:
    """What the store holds under ``key``."""
    with storage.store().open(key) as handle:
        return bytes(handle.read())


def content(job: ExportJob) -> bytes:
    """The export's file; of several, their manifest."""
    return stored(job.file_key or "")


def in_store(job: ExportJob) -> set[str]:
    """Keys of every object of the export that the store holds, known or not."""
    return {key for key in storage._keys() if f"/{job.pk}/" in key}
