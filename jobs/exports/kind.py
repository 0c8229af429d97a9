"""The export as a kind of job: how the engine sees it."""

from typing import Any

from accounts.audit import Operation
from jobs.engine.context import RunContext
from jobs.engine.kinds import JobKind, Result, register
from jobs.exports import storage
from jobs.models import ExportJob


@register
class ExportKind(JobKind):
    """Writes one file."""

    key = "export"
    letter = "E"
    queue = "exports"
    model = ExportJob
    status_change = Operation.EXPORT_JOB_STATUS_CHANGE

    def run(self, job: ExportJob, context: RunContext) -> Result:
        """Write the file and store it under a key of this claim's own."""
        from jobs.exports import work

        return work.write_file(job, context)

    def before_delete_or_expire(self, job: ExportJob) -> None:
        """The file goes once no link to it can be alive."""
        storage.remove_later(job.file_key or "", reason="expired")

    def event_data(self, job: Any) -> dict[str, Any]:
        """The engine's facts and the type."""
        return super().event_data(job) | {"type": job.type}
