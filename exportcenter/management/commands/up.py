"""``manage.py up``: the whole product on one machine, from an empty folder to a first export."""

import io
import os
import socket
import sys
import threading
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection, connections

from accounts import demo, tenancy
from accounts.roles import PLATFORM_SLUG
from exportcenter import embedded, first_export
from exportcenter.environment import BASE_DIR
from exportcenter.supervisor import Child, Supervisor

READY_SECONDS = 120
EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 - only compared with
FIRST_EXPORT_USER = "finance"


class Command(BaseCommand):
    help = "Start everything (database, web, worker, beat), run a first export, and keep it running until Ctrl-C."
    requires_system_checks = []  # migrate, which runs first, makes the checks

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default 127.0.0.1)")
        parser.add_argument("--port", type=int, default=8000, help="port to listen on (default 8000)")
        parser.add_argument("--workers", type=int, default=2, help="jobs that run at the same time (default 2)")
        parser.add_argument("--orders", type=int, default=100_000, help="demo orders to create (default 100000)")
        parser.add_argument("--once", action="store_true", help="stop after the first export; exit 1 if it is wrong")

    def handle(self, *args: Any, **options: Any) -> None:
        host, port = options["host"], options["port"]
        refuse_taken_port(host, port)
        prepare_database(self.say, orders=options["orders"])
        address = address_of(host, port)
        supervisor = Supervisor(
            children(host=host, port=port, workers=options["workers"]),
            watch=embedded.revive,
            held_files=embedded.held_files(),
            output=sys.stdout,
        )
        self.say(f"start      web, worker ({options['workers']} processes), webhooks and beat")
        first = FirstSteps(supervisor, address, once=options["once"])
        threading.Thread(target=first.run, daemon=True).start()
        supervisor.run()
        self.say("stopped")
        if options["once"] and not first.done:
            raise CommandError("The first export did not succeed.")

    def say(self, text: str) -> None:
        """One line of output, at once, also into a pipe."""
        print(text, flush=True)


class FirstSteps:
    """What happens beside the supervisor: wait for the web, say where it is, run the first export."""

    def __init__(self, supervisor: Supervisor, address: str, *, once: bool) -> None:
        self.supervisor = supervisor
        self.address = address
        self.once = once
        self.done = False
        """Whether the first export came and was right."""

    def run(self) -> None:
        def stopped() -> bool:
            return self.supervisor.stopping

        try:
            first_export.wait_until_ready(self.address, seconds=READY_SECONDS, stopped=stopped)
            self._introduce()
            export = first_export.export_orders(
                self.address,
                username=FIRST_EXPORT_USER,
                password=demo.DEMO_PASSWORD,
                folder=settings.VAR_DIR / "downloads",
                expected_rows=platform_orders,
                stopped=stopped,
            )
            self.done = True
            self.supervisor.say(str(export))
        except first_export.ExportProblem as problem:
            if not self.supervisor.stopping:
                self.supervisor.say(f"error: {problem}")
        except Exception as error:  # noqa: BLE001 - this thread's last word; without it --once would wait for ever
            self.supervisor.say(f"error: first export: {type(error).__name__}: {error}")
        finally:
            connection.close()
            if self.once:
                self.supervisor.stop()

    def _introduce(self) -> None:
        self.supervisor.say(f"up         {self.address}/")
        for person in demo.PLATFORM_PEOPLE + demo.CLIENT_PEOPLE:
            self.supervisor.say(f"sign in    {person.username} / {demo.DEMO_PASSWORD} / {person.role}")


def prepare_database(say: Any, *, orders: int) -> None:
    """Migrate and fill the database; both do nothing the second time."""
    where = "embedded PostgreSQL under " + str(settings.VAR_DIR) if embedded.held_files() else "DATABASE_URL"
    say(f"database   {where}")
    say("migrate    tables")
    call_command("migrate", verbosity=0, interactive=False)
    say(f"demo data  {orders} orders")
    call_command("demo_data", orders=orders, stdout=io.StringIO())
    connections.close_all()


def children(*, host: str, port: int, workers: int) -> list[Child]:
    """The processes of the product."""
    from jobs.engine import kinds

    # The demo may run as root: one line of Celery's advice against it would stand in the way of everything else.
    hush = ["-W", "ignore:You're running the worker with superuser:UserWarning"]
    celery = [sys.executable, *hush, "-m", "celery", "--quiet", "-A", "exportcenter"]
    quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    web = [sys.executable, "-m", "uvicorn", "exportcenter.asgi:application", "--host", host, "--port", str(port)]
    grace = settings.ENGINE_STOP_GRACE_SECONDS + 10
    beat_file = settings.VAR_DIR / "beat-schedule"
    return [
        Child(
            "web",
            [*web, "--no-access-log", "--timeout-graceful-shutdown", "10"],
            {"DATABASE_POOL": "10"},
            stop_order=0,
            grace_seconds=15,
        ),
        Child(
            "worker",
            [
                *celery,
                "worker",
                "--concurrency",
                str(workers),
                "-Q",
                ",".join(kinds.queues()),
                *quiet,
                "-n",
                "worker@%h",
            ],
            {"SITE_URL": os.environ.get("SITE_URL") or address_of(host, port)},  # mails link to where we really are
            stop_order=1,
            grace_seconds=grace,
        ),
        Child("webhooks", [sys.executable, str(BASE_DIR / "manage.py"), "webhooks"], stop_order=1, grace_seconds=15),
        Child("beat", [*celery, "beat", "--pidfile=", "--schedule", str(beat_file)], stop_order=1, grace_seconds=grace),
    ]


def platform_orders() -> int:
    """How many orders the platform's finance people see."""
    from jobs.records.models import Order

    with tenancy.tenant_scope(demo.tenant_by_slug(PLATFORM_SLUG)):
        found: int = Order.objects.count()
    return found


def address_of(host: str, port: int) -> str:
    """The URL under which this machine reaches a server that listens on ``host``."""
    reachable = "127.0.0.1" if host in EVERYWHERE else host
    return f"http://[{reachable}]:{port}" if ":" in reachable else f"http://{reachable}:{port}"


def refuse_taken_port(host: str, port: int) -> None:
    """Raise CommandError when nobody can listen on ``port`` now."""
    if not 0 < port < 65536:
        raise CommandError("--port must lie between 1 and 65535.")
    try:
        family, kind, proto, _name, where = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, proto) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as uvicorn does: TIME_WAIT is no obstacle
            probe.bind(where)
    except OSError as error:
        raise CommandError(
            f"Cannot listen on {host}:{port} ({error}). Stop the program that uses it, or choose another port: "
            f"python manage.py up --port {port + 1 if port < 65535 else 8001}"
        ) from error
