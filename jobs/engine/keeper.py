"""The keeper: a thread in each worker's main process that stands behind the bell.

Every 5 s it rings for due jobs, every 15 s it sweeps: with the broker's messages lost, or beat down, jobs still
run and dead workers' jobs are still taken over. It also puts back the folders of the file broker when somebody
removed them.
"""

import logging
import threading
import time
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError, connection

from jobs.engine import stopping, sweeps
from jobs.engine.config import clock
from jobs.engine.kinds import all_kinds

log = logging.getLogger(__name__)


def start() -> threading.Thread:
    """Start the keeper of this process."""
    thread = threading.Thread(target=_keep, name="keeper", daemon=True)
    thread.start()
    return thread


def mend_broker_folders() -> None:
    """Create the file broker's folders unless they exist; no-op with another broker."""
    options = settings.CELERY_BROKER_TRANSPORT_OPTIONS
    for name in ("data_folder_in", "data_folder_out", "control_folder"):
        if name in options:
            Path(str(options[name])).mkdir(parents=True, exist_ok=True)


def _keep() -> None:
    times = clock()
    swept = 0.0
    while not stopping.requested():
        try:
            mend_broker_folders()
            if time.monotonic() - swept >= times.sweep:
                sweeps.sweep()
                swept = time.monotonic()
            else:
                for kind in all_kinds():
                    sweeps.ring_for_due(kind)
        except (DatabaseError, OSError) as error:
            log.warning("keeper: %s", error)
        finally:
            connection.close()
        time.sleep(times.poll)
