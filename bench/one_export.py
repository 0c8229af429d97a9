"""Run one export in a process of its own and print its figures as JSON: python -m bench.one_export '{"options": …}'."""

import json
import sys
import time
from pathlib import Path

from bench import environment


def main() -> None:
    environment.prepare()
    from django.db import connection

    from accounts.models import User
    from accounts.tenancy import tenant_scope
    from jobs.engine import kinds, queue, runner
    from jobs.exports import services
    from jobs.models import ExportJob

    request = json.loads(sys.argv[1])
    tenant_id, user_id = environment.actor()
    with tenant_scope(tenant_id):
        job = services.request_export(
            dataset="orders",
            file_type=request.get("file_type", "csv"),
            params=request.get("params", {}),
            options=request.get("options", {}),
            actor=User.objects.select_related("tenant").get(pk=user_id),
        )
    kind = kinds.get("export")
    started = time.perf_counter()
    claim = queue.claim(kind, worker="bench")
    assert claim is not None
    assert claim.job.pk == job.pk
    runner.run(claim)
    seconds = time.perf_counter() - started
    with tenant_scope(tenant_id):
        done = ExportJob.objects.get(pk=job.pk)
    connection.close()
    assert done.status == "ready", done.error
    print(json.dumps({"seconds": seconds, "peak_mb": peak_mb(), "rows": done.row_count, "bytes": done.file_size}))


def peak_mb() -> float:
    """Highest resident set of this program. Not ru_maxrss: that still remembers the parent before exec."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


if __name__ == "__main__":
    main()
