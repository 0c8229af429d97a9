"""``manage.py work``: a worker without any broker. It polls the queue, which is the table."""

import logging
import signal
import time
from argparse import ArgumentParser
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand
from django.db import connection

from exportcenter.database_roles import refuse_strong_role
from jobs.engine import stopping, sweeps
from jobs.engine.config import clock
from jobs.engine.kinds import all_kinds
from jobs.engine.runner import run_one_due

log = logging.getLogger(__name__)


class Command(BaseCommand):
    """One process, one job at a time. SIGTERM and Ctrl-C finish or release the running job."""

    help = "Runs due jobs without Celery and without a broker, until stopped."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="stop as soon as nothing is due")

    def handle(self, *args: Any, **options: Any) -> None:
        refuse_strong_role(connection)
        connection.close()
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, _stop)
        times, swept = clock(), 0.0
        while not stopping.requested():
            try:
                if time.monotonic() - swept >= times.sweep:
                    sweeps.sweep(ring=False)
                    swept = time.monotonic()
                ran = [run_one_due(kind, ring=False) for kind in all_kinds()]
            except Exception:
                log.exception("the worker goes on after an error")
                connection.close()
                ran = []
            if not any(ran):
                if options["once"]:
                    return
                time.sleep(min(1.0, times.poll))


def _stop(number: int, frame: FrameType | None) -> None:
    stopping.request()
