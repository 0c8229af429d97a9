"""The import as a kind of job: how the engine sees it."""

from typing import Any

from accounts.audit import Operation
from jobs.engine.context import RunContext
from jobs.engine.kinds import JobKind, Result, register
from jobs.models import ImportJob


@register
class ImportKind(JobKind):
    """Checks a file, and writes its rows once somebody has looked at what was found; or takes that back."""

    key = "import"
    letter = "I"
    queue = "imports"
    model = ImportJob
    status_change = Operation.IMPORT_JOB_STATUS_CHANGE

    def run(self, job: ImportJob, context: RunContext) -> Result:
        """The half that is due."""
        from jobs.imports import applying, undoing, validating

        if job.undoes_id is not None:
            return undoing.take_back(job, context)
        return applying.write_rows(job, context) if job.confirmed_at else validating.check_file(job, context)

    def event_data(self, job: Any) -> dict[str, Any]:
        """The engine's facts, the dataset and the rows by what became of them."""
        return super().event_data(job) | {"type": job.dataset, "counts": job.counts, "undo": job.undoes_id is not None}

    def notice_data(self, job: Any) -> dict[str, Any]:
        """The engine's facts, the dataset and the rows by what became of them."""
        return super().notice_data(job) | {
            "type": job.dataset,
            "counts": job.counts,
            "undo": job.undoes_id is not None,
        }
