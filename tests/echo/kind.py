"""The second job kind."""

import os
import time
from dataclasses import dataclass
from typing import Any, ClassVar

from django.db import connection

from accounts.audit import Operation
from jobs.engine import kinds
from jobs.engine.context import RunContext
from jobs.engine.errors import JobError, StorageTrouble
from jobs.engine.states import Stage, Status
from tests.echo.models import EchoJob


class WrongEcho(JobError):
    """A permanent failure."""

    code = "WRONG_ECHO"


@dataclass
class Said:
    """The result: a word in the row."""

    status: ClassVar = Status.READY
    rows: int
    discarded: bool = False

    def fields(self) -> dict[str, Any]:
        return {"said": f"counted to {self.rows}"}

    def save_beside(self, job: Any) -> None:
        pass

    def discard(self) -> None:
        self.discarded = True


@kinds.register
class EchoKind(kinds.JobKind):
    """Counts."""

    key = "echo"
    letter = "X"
    queue = "echoes"
    model = EchoJob
    status_change = Operation.EXPORT_JOB_STATUS_CHANGE

    def run(self, job: EchoJob, context: RunContext) -> Said:
        context.rows_expected = job.steps
        context.enter(Stage.WRITING)
        for step in range(1, job.steps + 1):
            time.sleep(job.pause)
            if job.trouble == "die" and step == job.steps:
                os.kill(os.getpid(), 9)
            if job.trouble == "stubborn":  # swallows every wish to stop
                time.sleep(job.pause)
                context.rows_done = step
                continue
            context.advance(step)
        if job.trouble == "query":
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1")
                context.watch(connection.connection)
                cursor.execute("SELECT pg_sleep(60)")
        if job.trouble == "transient":
            raise StorageTrouble()
        if job.trouble == "permanent":
            raise WrongEcho("no such echo", "say something else")
        if job.trouble == "bug":
            raise ZeroDivisionError("a bug")
        return Said(job.steps)
