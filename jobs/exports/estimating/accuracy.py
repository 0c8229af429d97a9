"""How good estimates were: of one job, and of each dataset lately."""

from dataclasses import dataclass
from typing import Any

from django.db import connection

from accounts import tenancy
from jobs import formats
from jobs.datasets import all_datasets
from jobs.models import ExportJob

DAYS = 30
MOST_JOBS = 200
"""Of each dataset and file type, the newest: what older ones were says little, and a million cost too much."""
LEAST_SECONDS = 0.1
"""Shorter runs count as so long: half of nothing is no error worth a percentage."""

# One probe of the index per dataset and file type; the size of the table does not matter.
OVERVIEW = """
SELECT d.dataset, count(*),
       100 * percentile_cont(0.5) WITHIN GROUP (ORDER BY abs(estimated_rows - row_count) / greatest(row_count, 1.0)),
       100 * percentile_cont(0.5) WITHIN GROUP (ORDER BY abs(estimated_bytes - file_size) / greatest(file_size, 1.0)),
       100 * percentile_cont(0.5) WITHIN GROUP (ORDER BY abs(estimated_seconds - took) / greatest(took, %(least)s))
FROM unnest(%(datasets)s::text[]) WITH ORDINALITY d(dataset, place)
CROSS JOIN unnest(%(file_types)s::text[]) f(file_type)
CROSS JOIN LATERAL (
    SELECT estimated_rows, estimated_bytes, estimated_seconds, row_count, file_size,
           extract(epoch FROM finished_at - started_at)::float8 AS took
    FROM jobs_exportjob
    WHERE tenant_id = %(tenant)s AND dataset = d.dataset AND file_type = f.file_type AND row_count IS NOT NULL
      AND finished_at > now() - %(days)s * interval '1 day'
    ORDER BY finished_at DESC LIMIT %(most)s) j
WHERE j.estimated_rows IS NOT NULL
GROUP BY d.dataset, d.place ORDER BY d.place
"""


@dataclass(frozen=True)
class Accuracy:
    """Median absolute errors of a dataset's estimates, in percent of what came out."""

    dataset: str
    jobs: int
    rows: float
    bytes: float
    seconds: float


def errors(job: ExportJob) -> dict[str, float] | None:
    """Rows, bytes and seconds: by how many percent of what came out the estimate was above (+) or below (-) it.

    None for a job without an estimate or without a file.
    """
    if job.estimated_rows is None or job.row_count is None or job.started_at is None or job.finished_at is None:
        return None
    took = (job.finished_at - job.started_at).total_seconds()
    return {
        "rows": _percent(job.estimated_rows, job.row_count, 1),
        "bytes": _percent(job.estimated_bytes, job.file_size or 0, 1),
        "seconds": _percent(job.estimated_seconds, took, LEAST_SECONDS),
    }


def overview() -> list[Accuracy]:
    """Every dataset of which the company had a file with an estimate in the last DAYS days."""
    values: dict[str, Any] = {
        "datasets": [dataset.key for dataset in all_datasets()],
        "file_types": formats.available(),
        "tenant": tenancy.require(),
        "days": DAYS,
        "most": MOST_JOBS,
        "least": LEAST_SECONDS,
    }
    with connection.cursor() as cursor:
        cursor.execute(OVERVIEW, values)
        return [
            Accuracy(key, jobs, *(round(float(error), 1) for error in medians))
            for key, jobs, *medians in cursor.fetchall()
        ]


def _percent(estimated: float | None, actual: float, least: float) -> float:
    return round(100 * ((estimated or 0) - actual) / max(actual, least), 1)
