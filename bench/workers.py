"""What a second worker gains: the same exports by one worker process and by two, and how busy the cores were."""

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench import environment
from bench.one_export import create
from bench.ours import OURS, remove_files

PATIENCE_SECONDS = 1200


@dataclass(frozen=True)
class Work:
    """Requests that are queued at once. One export that workers share is a list of one request.

    Attributes:
        environment: settings of the workers, beside their own
    """

    title: str
    requests: tuple[dict[str, Any], ...]
    environment: Mapping[str, str] = field(default_factory=dict)


CHUNKED = {"EXPORT_CHUNK_ROWS": "139810"}
"""Two segments: so that a million rows are cut into eight chunks."""
WORK: dict[str, Work] = {
    "two_exports": Work("two CSV exports at once", (dict(OURS["csv"].request),) * 2),
    "one_split_csv": Work("one split CSV export", (dict(OURS["csv"].request),), CHUNKED),
    "one_split_xlsx": Work("one split XLSX export", (dict(OURS["xlsx"].request),), CHUNKED),
}


def measure(rows: int, rounds: int) -> dict[str, Any]:
    """Per work: median seconds with one worker and with two, the gain, and the cores in use meanwhile."""
    found: dict[str, Any] = {}
    for name, work in WORK.items():
        seconds: dict[int, list[float]] = {1: [], 2: []}
        busy: dict[int, list[float]] = {1: [], 2: []}
        for _number in range(rounds):
            for workers in (1, 2):
                took, cores = _finish(work, workers, rows)
                print(f"  {name}, {workers} at work: {took:.2f} s, {cores:.2f} cores busy", flush=True)
                seconds[workers].append(took)
                busy[workers].append(cores)
        one, two = statistics.median(seconds[1]), statistics.median(seconds[2])
        found[name] = {
            "title": work.title,
            "seconds_one": one,
            "seconds_two": two,
            "gain": one / two,
            "busy_cores_one": statistics.median(busy[1]),
            "busy_cores_two": statistics.median(busy[2]),
        }
    return {"rows": rows, "rounds": rounds, "cores": os.cpu_count(), "work": found}


def _finish(work: Work, workers: int, rows: int) -> tuple[float, float]:
    """Seconds from the first start to the last end by the database's clock, and cores in use on average."""
    with ExitStack() as stack:
        hands = [stack.enter_context(_Worker(work.environment)) for _number in range(workers)]
        jobs = [create(request) for request in work.requests]
        began, used = time.perf_counter(), _used_seconds()
        for hand in hands:
            hand.go()
        done = _ended(jobs)
        cores = (_used_seconds() - used) / (time.perf_counter() - began)
    remove_files()
    for job in done:
        if job.status != "ready" or job.row_count != rows:
            raise RuntimeError(f"{work.title}: {job.status}, {job.row_count} rows, {job.error}")
    seconds = (max(job.finished_at for job in done) - min(job.started_at for job in done)).total_seconds()
    return seconds, cores


def _ended(jobs: list[Any]) -> list[Any]:
    """The jobs as they are once none is queued or running. Raises RuntimeError when that takes too long."""
    from accounts.tenancy import tenant_scope
    from jobs.models import ExportJob

    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        with tenant_scope(jobs[0].tenant_id):
            found = list(ExportJob.objects.filter(pk__in=[job.pk for job in jobs]))
        if all(job.status not in ("queued", "processing") for job in found):
            return found
        time.sleep(0.1)
    raise RuntimeError(f"{PATIENCE_SECONDS} s were not enough")


class _Worker:
    """A process of ``bench.one_worker``, ready to begin."""

    def __init__(self, settings: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.one_worker"],
            cwd=environment.ROOT,
            env=os.environ | settings,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._input = self._process.stdin
        if self._process.stdout.readline() != "ready\n":
            raise RuntimeError("a worker did not start")

    def __enter__(self) -> "_Worker":
        return self

    def go(self) -> None:
        self._input.write("go\n")
        self._input.flush()

    def __exit__(self, *exception: object) -> None:
        self._process.communicate()  # closes its input: the worker's sign to stop


def _used_seconds() -> float:
    """Seconds of all cores since the machine's start that were not idle."""
    ticks = [int(number) for number in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
    idle, waiting = ticks[3], ticks[4]
    return (sum(ticks) - idle - waiting) / os.sysconf("SC_CLK_TCK")
