"""The export as a kind of job: how the engine sees it."""

from typing import Any

from accounts.audit import Operation
from jobs import storage
from jobs.engine.context import RunContext
from jobs.engine.kinds import JobKind, Result, register
from jobs.models import ExportChunk, ExportJob, ExportPreview


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
        """Its preview goes at once, its files once no link to them can be alive."""
        ExportPreview.objects.filter(job=job).delete()
        for key in job.stored_keys:
            storage.remove_later(key, reason="expired")

    def event_data(self, job: Any) -> dict[str, Any]:
        """The engine's facts and the type."""
        return super().event_data(job) | {"type": job.type}

    def notice_data(self, job: Any) -> dict[str, Any]:
        """The engine's facts, the dataset and the size of the file."""
        return super().notice_data(job) | {"type": job.dataset, "size": job.file_size}


@register
class ChunkKind(JobKind):
    """Writes a range of a large export's rows."""

    key = "chunk"
    letter = "C"
    queue = ExportKind.queue
    model = ExportChunk
    status_change = Operation.EXPORT_JOB_STATUS_CHANGE
    internal = True

    def run(self, job: ExportChunk, context: RunContext) -> Result:
        """Write the range into segments and store them for the worker that puts the export together."""
        from jobs.exports import chunks

        return chunks.write_chunk(job, context)

    def before_delete_or_expire(self, job: ExportChunk) -> None:
        """Its file has long become part of the export's; should that worker have died before, it goes now."""
        if job.file_key:
            storage.remove_later(job.file_key, reason="chunk")
