"""Fixtures of client tests: a real web server and worker per module, and programs run as people run them."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from exportcenter_client import Client
from jobs.records.demo import fill
from tests.clients.proxy import Proxy
from tests.conftest import wipe
from tests.exports_helpers import ROOT, Exports, Web
from tests.processes import Processes
from tests.world import PASSWORD, World

SOURCE = ROOT / "clients" / "python" / "src"
ORDERS = 3_000
SETTINGS = {"EXPORT_SPLIT_BYTES": "200000", "EXPORT_PART_BYTES": "100000", "EXPORT_SEGMENT_ROWS": "200"}
"""So small that an export of all orders comes in several parts."""
HOOKS = {"WEBHOOK_ALLOW_PRIVATE": "True", "WEBHOOK_TIME_SCALE": "1000"}
"""Receivers of tests are on this machine; nobody waits hours for a second attempt."""


UNLIMITED = {f"LIMIT_{name}_PER_MINUTE": "0" for name in ("GENERAL", "CREATE", "SIGN_IN", "SIGN_IN_ADDRESS")}
"""Tests sign in more often than people."""


@dataclass
class Center:
    """A running product with orders in it."""

    world: World
    web: Web
    exports: Exports
    """Makes jobs in any state without running them."""
    folder: Path

    def client(self, who: str = "finance", *, url: str = "", **more: Any) -> Client:
        """Signed in with name and password; at ``url``, where something stands before the server."""
        return Client(url or self.web.address, username=who, password=PASSWORD, **more)

    def environment(self, who: str = "finance") -> dict[str, str]:
        """Of a process that is signed in, with a home of its own."""
        return {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(SOURCE),
            "HOME": str(self.folder),
            "LANG": "en_US.UTF-8",
            "PYTHONUTF8": "1",
            "EXPORTCENTER_URL": self.web.address,
            "EXPORTCENTER_USERNAME": who,
            "EXPORTCENTER_PASSWORD": PASSWORD,
        }

    def command(
        self, *words: str, cwd: Path, environment: Mapping[str, str] | None = None, **more: Any
    ) -> "subprocess.CompletedProcess[str]":
        """The command line, run to its end without a terminal."""
        env = self.environment() | dict(environment or {})
        return subprocess.run(
            command_of(words), cwd=cwd, env=env, capture_output=True, text=True, timeout=90, check=False, **more
        )


def command_of(words: Sequence[str]) -> list[str]:
    """What starts the command line from the source tree."""
    return [sys.executable, "-m", "exportcenter_client", *words]


@contextlib.contextmanager
def running(world: World, folder: Path, settings: dict[str, str], *, sender: bool = False) -> Iterator[Center]:
    """Orders, a web server and a worker; with ``sender`` also what sends webhooks. Everything is gone afterwards."""
    with world.scope("platform"):
        fill(orders=ORDERS, seed=11)
    connection.close()
    web, processes, exports = Web(folder, environment=UNLIMITED | HOOKS | settings), Processes(folder), Exports(world)
    try:
        if sender:
            processes._start([sys.executable, "manage.py", "webhooks"], folder / "webhooks.log", HOOKS | settings)
        processes.worker(queues="exports,imports,bells,echoes", ENGINE_TIME_SCALE="1", **settings)
        yield Center(world, web, exports, folder)
    finally:
        web.close()
        processes.close()
        exports.close()
        connection.close()
        wipe()


@pytest.fixture(scope="module")
def center(_world, django_db_blocker, tmp_path_factory):
    with django_db_blocker.unblock(), running(_world, tmp_path_factory.mktemp("center"), SETTINGS) as built:
        yield built


@pytest.fixture
def proxy(center):
    """Stands before the server, does what its rules say, and notes everything."""
    between = Proxy(center.web.address)
    yield between
    between.close()


@pytest.fixture(autouse=True)
def _no_settings_of_ours(monkeypatch, tmp_path):
    """Whoever runs the tests may be signed in somewhere."""
    for name in ("URL", "TOKEN", "USERNAME", "PASSWORD"):
        monkeypatch.delenv(f"EXPORTCENTER_{name}", raising=False)
    monkeypatch.setenv("EXPORTCENTER_CONFIG", str(tmp_path / "config.json"))
