"""Run one export in a process of its own: python -m bench.one_export '{"file_type": …}'. Prints figures as JSON."""

import json
import sys
import time
from typing import Any

from bench import environment


def main() -> None:
    environment.prepare()
    from django.db import connection

    from accounts.tenancy import tenant_scope
    from jobs.engine import kinds, queue, runner
    from jobs.models import ExportJob

    job = create(json.loads(sys.argv[1]))
    kind = kinds.get("export")
    started = time.perf_counter()
    claim = queue.claim(kind, worker="bench")
    assert claim is not None
    assert claim.job.pk == job.pk
    runner.run(claim)
    seconds = time.perf_counter() - started
    with tenant_scope(job.tenant_id):
        done = ExportJob.objects.get(pk=job.pk)
    connection.close()
    assert done.status == "ready", done.error
    print(json.dumps({"seconds": seconds, "rows": done.row_count, "bytes": done.file_size}))


def create(request: dict[str, Any]) -> Any:
    """The admin's request for an export, queued."""
    from accounts.models import User
    from accounts.tenancy import tenant_scope
    from jobs.exports import services

    tenant_id, user_id = environment.actor()
    with tenant_scope(tenant_id):
        return services.request_export(
            dataset=request.get("dataset", "orders"),
            file_type=request["file_type"],
            params=request.get("params", {}),
            columns=request.get("columns"),
            options=request.get("options", {}),
            actor=User.objects.select_related("tenant").get(pk=user_id),
        )


if __name__ == "__main__":
    main()
