"""From create to ready: a 1,000-row export on an idle system, with a real Celery worker and the file broker."""

import os
import statistics
import subprocess
import sys
import time
from typing import Any

from bench import environment


def measure(rounds: int = 15) -> dict[str, Any]:
    """Median seconds from the service call to the ready row, as a poll each 20 ms sees it."""
    from django.db import connection

    from accounts.models import User
    from accounts.tenancy import tenant_scope
    from jobs.exports import services
    from jobs.models import ExportJob

    environment.clear_jobs()
    worker = subprocess.Popen(
        [sys.executable, "-m", "celery", "-A", "exportcenter", "worker", "--concurrency", "2", "-Q", "exports,bells",
         "--without-gossip", "--without-mingle", "--without-heartbeat"],
        cwd=environment.ROOT, env=os.environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    tenant_id, user_id = environment.actor()
    times, rows = [], 0
    try:
        time.sleep(6)
        for number in range(rounds + 2):
            with tenant_scope(tenant_id):
                viewer = User.objects.select_related("tenant").get(pk=user_id)
                started = time.perf_counter()
                job = services.request_export(
                    dataset="members", file_type="csv", params={"keyword": "M000001"}, actor=viewer
                )
            while True:
                with tenant_scope(tenant_id):
                    found = ExportJob.objects.get(pk=job.pk)
                if found.status == "ready":
                    break
                assert found.status in ("queued", "processing"), found.error
                assert time.perf_counter() - started < 60, "no worker took the job"
                time.sleep(0.02)
            rows = found.row_count or 0
            if number >= 2:  # the first ones warm the worker's children up
                times.append(time.perf_counter() - started)
    finally:
        worker.terminate()
        worker.wait(40)
        connection.close()
    return {"rounds": rounds, "rows": rows, "create_to_ready_s": statistics.median(times), "slowest_s": max(times)}
