"""Real workers for tests: started, watched, killed, and never left behind."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.db import connection

ROOT = Path(__file__).resolve().parent.parent


class Processes:
    """Starts product processes in the tests' database, from the tree ``root``. ``close`` kills whatever still runs."""

    def __init__(self, folder: Path, *, root: Path = ROOT) -> None:
        self.folder, self.root = folder, root
        self._running: list[subprocess.Popen] = []

    def worker(
        self, *, concurrency: int = 1, queues: str = "exports,bells,echoes", **environment: str
    ) -> subprocess.Popen:
        """A Celery worker with prefork children, as in production. Returns when it is ready for bells."""
        log = self.folder / f"worker-{len(self._running)}.log"
        process = self._start(
            [
                sys.executable, "-m", "celery", "-A", "exportcenter", "worker", "--concurrency", str(concurrency),
                "-Q", queues, "-n", f"w{len(self._running)}@%h", "-l", "INFO",
                "--without-gossip", "--without-mingle", "--without-heartbeat",
            ],
            log,
            environment,
        )  # fmt: skip
        wait_for(lambda: "ready." in log.read_text(), 30, f"worker did not start: {log}")
        return process

    def beat(self, **environment: str) -> subprocess.Popen:
        """A beat with the database's timetable."""
        log = self.folder / f"beat-{len(self._running)}.log"
        command = [sys.executable, "-m", "celery", "-A", "exportcenter", "beat", "--pidfile=", "-l", "INFO"]
        return self._start(command, log, environment)

    def _start(self, command: list[str], log: Path, environment: dict[str, str]) -> subprocess.Popen:
        with open(log, "w") as output:
            process = subprocess.Popen(
                command,
                cwd=self.root,
                env=os.environ | {"LOG_LEVEL": "INFO", "ENGINE_TIME_SCALE": "20"} | environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._running.append(process)
        return process

    def logs(self) -> str:
        """Everything the processes have said, for messages of failed tests."""
        return "\n".join(f"== {path.name}\n{path.read_text()}" for path in sorted(self.folder.glob("*.log")))

    def close(self) -> None:
        """Kill every process group that is left."""
        for process in self._running:
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
            process.wait(10)


def kill_family(process: subprocess.Popen) -> None:
    """SIGKILL to a worker and all its children at once: what a power cut or the OOM killer does."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait(10)


def wait_for(condition: Callable[[], Any], seconds: float, what: str) -> Any:
    """Poll until ``condition`` is true and return its value; fail with ``what`` after ``seconds``."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        connection.close()  # nothing held between looks
        time.sleep(0.05)
    raise AssertionError(what)
