"""What a peer is, and how it is run and timed."""

import json
import os
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from bench import environment, processes


@dataclass(frozen=True)
class Run:
    """One run of a program."""

    seconds: float
    peak_mb: float
    rows: int
    bytes: int
    remark: str = ""
    """What the report should say about the program, such as its version."""


class Peer(Protocol):
    """Somebody else's way of writing the rows into a file.

    Attributes:
        title: who and how, in the report's words
        slow: may be measured on fewer rows
    """

    @property
    def title(self) -> str: ...

    @property
    def slow(self) -> bool: ...

    def run(self, rows: int) -> Run:
        """Write the first ``rows`` rows into a file, and remove it. Raises RuntimeError when that fails."""


@dataclass(frozen=True)
class PsqlPeer:
    r"""``psql \copy``, as the app role in the tenant. Timed as a whole process: it starts in some milliseconds."""

    title: str
    statement: Callable[[], str]
    form: str
    """Options of COPY."""
    zone: str = "UTC"
    """How the session shows times that the statement leaves to it."""
    slow: bool = False

    def run(self, rows: int) -> Run:
        r"""``rows`` must be the whole table: \copy takes the statement as ours runs it, which has no limit."""
        tenant_id, _user = environment.actor()
        target = _target()
        script = (
            f"SELECT set_config('app.tenant_id', '{tenant_id}', false), set_config('TimeZone', '{self.zone}', false);\n"
            f"\\copy ({self.statement()}) TO '{target}' {self.form}\n"
        )
        psql = environment.programs() / "psql"
        done = processes.run([psql, "-X", "-v", "ON_ERROR_STOP=1", os.environ["DATABASE_URL"]], given=script)
        copied = re.search(r"^COPY (\d+)$", done.output, re.MULTILINE)
        if copied is None:
            raise RuntimeError(f"psql copied nothing: {done.output[-500:]}")
        return Run(done.seconds, done.peak_mb, int(copied[1]), _size_and_remove(target))


@dataclass(frozen=True)
class PythonPeer:
    """A ``write(source, target) -> rows`` in a module of its own. Timed inside its process, after all imports."""

    title: str
    module: str
    slow: bool = False

    def run(self, rows: int) -> Run:
        """Write the first ``rows`` rows, by ``bench.one_peer``."""
        target = _target()
        done = processes.run([sys.executable, "-m", "bench.one_peer", self.module, str(rows), str(target)])
        said = json.loads(done.output.strip().splitlines()[-1])
        return Run(said["seconds"], done.peak_mb, said["rows"], _size_and_remove(target), said["remark"])


def _target() -> Path:
    return environment.VAR / "peer.out"


def _size_and_remove(target: Path) -> int:
    size = target.stat().st_size
    target.unlink()
    return size
