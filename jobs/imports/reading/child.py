"""The limited process: reads one file and writes frames. It knows no secret, no database and no Django.

Standard input is the file, standard output takes the frames; the arguments are JSON (see guarded.py).
"""

import json
import os
import resource
import sys
from typing import Any, BinaryIO

from jobs.imports.reading import wire
from jobs.imports.reading.faults import Fault
from jobs.imports.reading.limits import Limits
from jobs.imports.reading.opening import of_source
from jobs.imports.reading.table import Choices


def main() -> None:
    """Limit this process, then read. Every end but a killed process tells the parent why."""
    order = json.loads(sys.argv[2])
    _limit(order["memory"], order["cpu_seconds"], order["spool"])
    out = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)  # whatever prints by mistake must not get between the frames
    try:
        with os.fdopen(0, "rb") as source:
            _read(source, order, out)
    except Fault as fault:
        _write(out, {"fault": [fault.code, fault.params, _memory()]})
    except MemoryError:
        _write(out, {"fault": ["TOO_MUCH_MEMORY", {}, _memory()]})
    except BrokenPipeError:
        os._exit(0)  # nobody wants the rest
    except OSError as error:
        found = f"{type(error).__name__} {error.errno}"
        _write(out, {"fault": ["CRASHED", {"found": found}, _memory()]})


def _read(source: BinaryIO, order: dict[str, Any], out: BinaryIO) -> None:
    with of_source(source, Choices(**order["choices"]), Limits(**order["limits"])) as table:
        _write(out, {"table": table.facts()})
        count = 0
        if order["rows"]:
            for chunk in wire.chunks(table.rows()):
                count += len(chunk)
                _write(out, {"rows": chunk})
        _write(out, {"end": {"rows": count, "memory": _memory()}})


def _memory() -> int:
    """Bytes in memory at most so far. getrusage would count what the parent had when it forked, too."""
    with open("/proc/self/status", encoding="ascii") as status:
        return next((int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM:")), 0)


def _write(out: BinaryIO, content: dict[str, Any]) -> None:
    view = memoryview(wire.frame(content))
    while view:
        view = view[out.write(view) :]


def _limit(memory: int, cpu_seconds: int, spool: int) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds + 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (spool, spool))
    resource.setrlimit(resource.RLIMIT_NOFILE, (16, 16))
