"""What of ours is measured: each entry is a request for an export. A new format or path is one entry."""

import json
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bench import environment, processes, row_path
from bench.peers.base import Run


@dataclass(frozen=True)
class Ours:
    """An export of all orders.

    Attributes:
        title: in the report's words
        request: what ``bench.one_export`` takes: file_type and, where wanted, dataset, columns, params, options
        most_mb: how much memory its worker may hold
    """

    title: str
    request: Mapping[str, Any]
    most_mb: int = 150

    def available(self) -> bool:
        """Whether this version writes such files from such a dataset."""
        from jobs import datasets, formats

        known = {dataset.key for dataset in datasets.all_datasets()}
        return self.request["file_type"] in formats.available() and self.request.get("dataset", "orders") in known

    def run(self, params: Mapping[str, Any] | None = None) -> Run:
        """The whole job in a fresh process, timed inside it after all imports; its file is removed.

        Raises RuntimeError when the job does not end well.
        """
        request = {**self.request, "params": {**self.request.get("params", {}), **(params or {})}}
        try:
            done = processes.run([sys.executable, "-m", "bench.one_export", json.dumps(request)])
        finally:
            remove_files()
        said = json.loads(done.output.strip().splitlines()[-1])
        return Run(said["seconds"], done.peak_mb, said["rows"], said["bytes"])


OURS: dict[str, Ours] = {
    "csv": Ours("CSV", {"file_type": "csv"}),
    "csv_gzip": Ours("CSV, gzip", {"file_type": "csv", "options": {"compression": "gzip"}}),
    "xlsx": Ours("XLSX", {"file_type": "xlsx"}),
    "xlsx_rows": Ours("XLSX, one column by Python", {"file_type": "xlsx", "dataset": row_path.ONE}),
    "xlsx_every_row": Ours("XLSX, every column by Python", {"file_type": "xlsx", "dataset": row_path.EVERY}),
    "json": Ours("JSON array", {"file_type": "json"}),
    "ndjson": Ours("NDJSON", {"file_type": "json", "options": {"lines": True}}),
    "parquet": Ours("Parquet", {"file_type": "parquet"}, most_mb=320),
}


def remove_files() -> None:
    """Empty the bench's file store."""
    shutil.rmtree(environment.VAR / "files", ignore_errors=True)


def small_params(rows: int) -> dict[str, str]:
    """A filter that leaves about 100,000 of ``rows`` orders; a tenth when they are few."""
    share = min(100_000, rows // 10) / rows
    with environment.superuser() as direct:
        found = direct.execute(
            "SELECT (percentile_disc(%s) WITHIN GROUP (ORDER BY created_at) AT TIME ZONE 'Asia/Shanghai')::date "
            "FROM records_order",
            [share],
        ).fetchone()
    assert found is not None
    return {"end": str(found[0])}
