"""``manage.py webhooks``: sends what happens to jobs to the addresses that people have named."""

import signal
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand
from django.db import connection

from exportcenter.database_roles import refuse_strong_role
from jobs.webhooks.running import Running


class Command(BaseCommand):
    """One process with WEBHOOK_SENDERS senders. SIGTERM and Ctrl-C let what is on its way arrive."""

    requires_system_checks: list[str] = []  # they load every page and dataset; `up` and `migrate` run them
    help = "Sends the messages of webhooks, until stopped. Any number of such processes may run."

    def handle(self, *args: Any, **options: Any) -> None:
        refuse_strong_role(connection)
        connection.close()
        running = Running()

        def stop(number: int, frame: FrameType | None) -> None:
            running.stop()

        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, stop)
        self.stdout.write("webhooks: ready")
        self.stdout.flush()
        running.run()
