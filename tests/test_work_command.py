"""The worker without a broker."""

import signal
import subprocess
import sys

import pytest

from jobs.engine.states import Status
from tests.jobs.engine.conftest import echo, reload
from tests.processes import ROOT, wait_for

__all__ = ["echo", "reload"]
pytestmark = pytest.mark.processes


def start(*arguments: str) -> subprocess.Popen:
    return subprocess.Popen([sys.executable, "manage.py", "work", *arguments], cwd=ROOT, stdin=subprocess.DEVNULL)


def test_it_runs_what_is_due_and_stops(live, echo, reload):
    jobs = [echo(live, "finance", steps=1) for _number in range(5)]
    assert start("--once").wait(60) == 0
    assert [reload(live, job).status for job in jobs] == [Status.READY] * 5


def test_sigterm_lets_the_running_job_finish(live, echo, reload):
    job = echo(live, "finance", steps=10, pause=0.1)
    later = echo(live, "finance", steps=1)
    process = start()
    try:
        wait_for(lambda: reload(live, job).status == Status.PROCESSING, 30, "the job did not start")
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    finally:
        process.kill()
    assert (reload(live, job).status, reload(live, later).status) == (Status.READY, Status.QUEUED)
