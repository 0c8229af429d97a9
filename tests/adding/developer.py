"""A developer with a tree and a running product, who does what docs/adding-a-dataset.md says, block by block."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict

from exportcenter import database_roles
from tests import documents
from tests.exports_helpers import ROOT, Web
from tests.processes import Processes

DOCUMENT = "adding-a-dataset.md"
DATABASE = "adding"
LEFT_OUT = (".git", ".venv", "var", ".*_cache", ".hypothesis")
ORDERS = 400
START = f"""
import django
from django.core.management import call_command
from exportcenter import environment
environment.prepare(command="migrate")
django.setup()
call_command("compile_locale")
call_command("migrate", verbosity=0)
call_command("demo_data", orders={ORDERS})
"""
PRINTED_ADDRESS = "http://127.0.0.1:8000"


class Developer:
    """Has a copy of the tree, a database with demo rows, and a shell. ``close`` leaves nothing behind."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.tree = folder, folder / "tree"
        self.environment = {
            "VAR_DIR": str(folder / "var"),
            "DATABASE_URL": _address("DATABASE_URL", DATABASE),
            "DATABASE_OWNER_URL": _address("DATABASE_OWNER_URL", DATABASE),
            "TEST_VAR_DIR": os.environ["VAR_DIR"],
            "TEST_DATABASE": f"{DATABASE}_{os.getpid()}",
            "EXTRA_APPS": "",
            "NO_PROXY": "*",
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        }
        self.written: set[str] = set()
        self.said: list[str] = []
        """What each bash block has printed."""
        self.web: Web | None = None
        self._processes = Processes(folder, root=self.tree)

    def start(self) -> None:
        """What ``make run`` does before the document begins: a migrated database, people, rows, translations."""
        shutil.copytree(ROOT, self.tree, ignore=shutil.ignore_patterns(*LEFT_OUT))
        self._drop_databases()
        with psycopg.connect(_address("TEST_SUPERUSER_URL", "postgres"), autocommit=True) as admin:
            database_roles.create_database(admin, DATABASE)
        self.shell(f"python - <<'END'\n{START}END")

    def follow(self) -> None:
        """Do every block of the document in order."""
        for block in documents.blocks(DOCUMENT):
            if block.language in ("python", "po"):
                self._write(block.where, block.text)
            elif block.where == "settings":
                self.environment |= dict(line.split("=", 1) for line in block.text.splitlines())
                self._write("aftersales/__init__.py", "")
            else:
                assert block.language == "bash", block
                self._run(block.text)

    def shell(self, text: str) -> str:
        """Run ``text`` in bash, in the tree; what it prints. Any failing line fails it."""
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", text],
            cwd=self.tree,
            env=os.environ | self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=150,
            check=False,
        )
        assert done.returncode == 0, f"{text}\n{done.stdout[-8000:]}\n{done.stderr[-4000:]}"
        return done.stdout

    def query(self, statement: str) -> list[tuple]:
        """Rows of the developer's database, past every wall."""
        with psycopg.connect(_address("TEST_SUPERUSER_URL", DATABASE)) as direct:
            return direct.execute(statement).fetchall()

    def close(self) -> None:
        """End the processes and drop the databases."""
        if self.web is not None:
            self.web.close()
        self._processes.close()
        self._drop_databases()

    def _write(self, where: str, text: str) -> None:
        path = self.tree / where
        assert not path.exists(), f"{where} is there already: the document would change it"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        self.written.add(where)

    def _run(self, text: str) -> None:
        if PRINTED_ADDRESS in text:
            self._restart()
            assert self.web is not None
            text = text.replace(PRINTED_ADDRESS, self.web.address)
        self.said.append(self.shell(text))

    def _restart(self) -> None:
        self.web = Web(self.folder, root=self.tree, environment=self.environment)
        self._processes.worker(queues="exports,bells", **self.environment)

    def _drop_databases(self) -> None:
        with psycopg.connect(_address("TEST_SUPERUSER_URL", "postgres"), autocommit=True) as admin:
            for name in (DATABASE, f"test_{self.environment['TEST_DATABASE']}"):
                admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def _address(variable: str, database: str) -> str:
    """The address in ``variable``, of another database of the same cluster."""
    before = conninfo_to_dict(os.environ[variable])["dbname"]
    head, _slash, tail = os.environ[variable].rpartition(f"/{before}")
    return f"{head}/{database}{tail}"
