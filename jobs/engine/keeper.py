"""The keeper: a thread in each worker's main process that stands behind the bell.

Every 5 s it rings for due jobs, every 15 s it sweeps: with the broker's messages lost, or beat down, jobs still
run and dead workers' jobs are still taken over.
"""

import logging
import threading
import time

from django.db import connection

from jobs.engine import stopping, sweeps
from jobs.engine.config import clock
from jobs.engine.kinds import all_kinds

log = logging.getLogger(__name__)


def start() -> threading.Thread:
    """Start the keeper of this process."""
    thread = threading.Thread(target=_keep, name="keeper", daemon=True)
    thread.start()
    return thread


def _keep() -> None:
    times = clock()
    swept = 0.0
    while not stopping.requested():
        try:
            if time.monotonic() - swept >= times.sweep:
                sweeps.sweep()
                swept = time.monotonic()
            else:
                for kind in all_kinds():
                    sweeps.ring_for_due(kind)
        except Exception:
            log.exception("the keeper goes on after an error")  # without it, lost bells would stay lost
        finally:
            connection.close()
        time.sleep(times.poll)
