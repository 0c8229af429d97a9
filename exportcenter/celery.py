"""Celery delivers bells and runs beat; PostgreSQL holds the truth (ARCHITECTURE: the row is the queue)."""

from celery import Celery, signals
from django.conf import settings
from kombu.transport import TRANSPORT_ALIASES

from exportcenter import environment

if not settings.configured:  # `celery -A exportcenter …`; under Django the entry point has prepared already
    environment.prepare()

TRANSPORT_ALIASES["filesystem"] = "exportcenter.filebroker:Transport"

app = Celery("exportcenter")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(
    ["jobs.engine", "jobs.events", "jobs.exports", "jobs.notices", "jobs.pages", "jobs.webhooks", "accounts"],
    related_name="tasks",
)


@signals.worker_init.connect
def prepare_worker(**kwargs: object) -> None:
    """Main process of a worker: refuse a strong database role."""
    from django.db import connection

    from exportcenter.database_roles import refuse_strong_role

    refuse_strong_role(connection)
    connection.close()  # children are forked next: they must not share a connection


@signals.worker_ready.connect
def start_keeper(**kwargs: object) -> None:
    """Main process of a worker: stand behind the bell."""
    from jobs.engine import keeper

    keeper.start()


@signals.worker_shutting_down.connect
def note_wish_to_stop(**kwargs: object) -> None:
    """SIGTERM: only set a flag; heartbeats and the keeper see it."""
    from jobs.engine import stopping

    stopping.request()


@signals.beat_init.connect
def prepare_beat(**kwargs: object) -> None:
    """Beat: the same guard."""
    prepare_worker()
