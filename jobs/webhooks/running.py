"""The process that sends: one thread looks at events, several send. Their queue is the table of messages.

Any number of such processes may run. They are no Celery tasks: a receiver that hangs would hold a worker that others
wait for.
"""

import logging
import threading
from collections.abc import Callable

from django.conf import settings
from django.db import connection

from jobs.webhooks.fanout import fan_out
from jobs.webhooks.sending import send_next

log = logging.getLogger(__name__)

EVENTS_SECONDS = 0.5
"""Between two looks at events."""
MESSAGES_SECONDS = 1.0
"""Between two looks at messages that are due; new ones wake the senders at once."""
AFTER_ERROR_SECONDS = 2.0


class Running:
    """The threads of one process. ``stop`` may be called in a signal handler."""

    def __init__(self) -> None:
        self._stopping = threading.Event()
        self._news = threading.Condition()

    def stop(self) -> None:
        """Take nothing new. What is on its way is waited for."""
        self._stopping.set()
        self._tell()

    def run(self) -> None:
        """Send until stopped."""
        threads = [threading.Thread(target=self._repeat, args=[self._look, self._rest], name="webhook-events")]
        threads += [
            threading.Thread(target=self._repeat, args=[send_next, self._listen], name=f"webhook-sender-{number}")
            for number in range(1, settings.WEBHOOK_SENDERS + 1)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _look(self) -> bool:
        if fan_out():
            self._tell()
        return False

    def _tell(self) -> None:
        with self._news:
            self._news.notify_all()

    def _rest(self) -> None:
        self._stopping.wait(EVENTS_SECONDS)

    def _listen(self) -> None:
        with self._news:
            if not self._stopping.is_set():
                self._news.wait(MESSAGES_SECONDS)

    def _repeat(self, step: Callable[[], bool], rest: Callable[[], None]) -> None:
        """``step`` again and again; when it says that there was nothing to do, after a rest."""
        while not self._stopping.is_set():
            try:
                if step():
                    continue
            except Exception:
                log.exception("webhooks go on after an error")
                self._stopping.wait(AFTER_ERROR_SECONDS)
            connection.close()  # nothing held while there is nothing to do
            rest()
        connection.close()
