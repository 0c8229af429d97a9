"""The embedded PostgreSQL: shared, crash-proof, gone when nobody needs it. Each test has a cluster of its own."""

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psycopg
import pytest

from exportcenter import embedded

pytestmark = pytest.mark.processes

ROOT = Path(__file__).resolve().parent.parent

# A user of the server in a process of its own: joins, says where it is, stays until its input ends.
USER = """
import sys
from pathlib import Path
from exportcenter import embedded
server = embedded.join(Path(sys.argv[1]))
print(server.url("superuser"), flush=True)
sys.stdin.read()
"""


PACKAGES = Path(psycopg.__file__).parent.parent
ENVIRONMENT = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{PACKAGES}", "PYTHONDONTWRITEBYTECODE": "1"}


class User:
    """A process that has joined the server of ``var``."""

    def __init__(self, var, python=sys.executable, **how):
        self.process = subprocess.Popen(
            [python, "-c", USER, str(var)],
            cwd=ROOT,
            env=ENVIRONMENT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **how,
        )
        self.url = self.process.stdout.readline().strip()
        assert self.url, self.process.communicate()[1]

    def leave(self):
        _out, errors = self.process.communicate(timeout=60)
        assert self.process.returncode == 0, errors


@pytest.fixture(scope="module")
def stopped_cluster():
    """A cluster as its last user left it; tests take copies, which is quicker than initdb."""
    folder = Path(tempfile.mkdtemp(prefix="ec-", dir="/tmp")).resolve()
    User(folder).leave()
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def empty_var():
    """A folder without a cluster; what runs in it in the end is killed."""
    folder = Path(tempfile.mkdtemp(prefix="ec-", dir="/tmp")).resolve()  # short: the socket's path has a limit
    yield folder
    kill_postmaster(folder)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def var(empty_var, stopped_cluster):
    """A folder with a cluster of the test's own."""
    subprocess.run(["cp", "-a", stopped_cluster / "postgres", empty_var], check=True)
    return empty_var


@pytest.fixture
def join(empty_var):
    var, users = empty_var, []

    def _join(**how):
        users.append(User(var, **how))
        return users[-1]

    yield _join
    for user in users:
        user.process.kill()
        user.process.communicate()
    assert wait_for_stop(var)  # the guard's work when a test has failed half way


def postmaster(var):
    """Process id of the cluster's server, or None."""
    if not embedded._is_running(var / "postgres" / "data"):
        return None
    return int((var / "postgres" / "data" / "postmaster.pid").read_text().splitlines()[0])


def kill_postmaster(var):
    pid = postmaster(var)
    if pid:
        os.kill(pid, signal.SIGKILL)
    return pid


def wait_for_stop(var, seconds=20):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if postmaster(var) is None:
            return True
        time.sleep(0.05)
    return False


def run(url, statement):
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchall() if cursor.description else None


def test_two_processes_share_one_server_and_the_last_one_out_stops_it(var, join):
    first, second = join(), join()
    assert first.url == second.url
    pid = postmaster(var)
    if os.geteuid() == 0:  # PostgreSQL refuses root
        assert pwd.getpwuid(Path(f"/proc/{pid}").stat().st_uid).pw_name == embedded.SYSTEM_USER
    assert run(first.url, "CREATE TABLE t (n int)") is None
    assert run(second.url, "SELECT count(*) FROM t") == [(0,)]
    first.leave()
    assert postmaster(var) == pid
    assert run(second.url, "SELECT count(*) FROM t") == [(0,)]
    second.leave()
    assert postmaster(var) is None


def test_half_a_cluster_is_made_anew_and_the_guard_stops_a_server_whose_last_user_was_killed(empty_var, join):
    half = empty_var / "postgres" / "data"
    half.mkdir(parents=True)
    (half / "leftover").write_text("of a crash inside initdb")
    user = join()
    assert run(user.url, "SELECT 1") == [(1,)]
    assert not (half / "leftover").exists()
    user.process.kill()
    assert wait_for_stop(empty_var)


def test_data_survive_kill_9_of_the_server_and_the_next_join_starts_it_again(var, join):
    first = join()
    run(first.url, "CREATE TABLE t AS SELECT generate_series(1, 1000) n")
    killed = kill_postmaster(var)
    assert wait_for_stop(var)
    second = join()
    assert postmaster(var) not in (None, killed)
    assert run(second.url, "SELECT count(*) FROM t") == [(1000,)]
    first.leave()
    assert postmaster(var)  # the first one's leave does not take the server from the second
    second.leave()
    assert postmaster(var) is None


def test_a_busy_backend_of_a_killed_server_is_waited_for(var, join):
    first = join()
    # A loop in SQL does not notice the death of the postmaster until it ends.
    busy = subprocess.Popen(
        [sys.executable, "-c", "import psycopg, sys; psycopg.connect(sys.argv[1]).execute(sys.argv[2])", first.url,
         "DO $$ DECLARE t timestamptz := clock_timestamp(); BEGIN "
         "WHILE clock_timestamp() < t + interval '2 s' LOOP END LOOP; END $$"],
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    time.sleep(0.7)
    kill_postmaster(var)
    begun = time.monotonic()
    second = join()
    assert run(second.url, "SELECT 1") == [(1,)]
    assert time.monotonic() - begun > 0.3  # it could not start at once
    busy.wait()


def test_a_stale_pid_file_that_names_a_stranger_does_no_harm(var, join):
    join().leave()
    stranger = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    try:
        pid_file = var / "postgres" / "data" / "postmaster.pid"
        pid_file.write_text(f"{stranger.pid}\n{var}/postgres/data\n1700000000\n5432\n\n\n\n")
        user = join()
        assert run(user.url, "SELECT 1") == [(1,)]
        assert postmaster(var) != stranger.pid
        user.leave()
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


@pytest.mark.parametrize("name", ["a b's 导出", "long-" + "x" * 90])
def test_spaces_quotes_chinese_and_long_paths_work(empty_var, name):
    folder = empty_var / name
    folder.mkdir()
    user = User(folder)
    socket_dir = Path(psycopg.conninfo.conninfo_to_dict(user.url)["host"])
    try:
        assert run(user.url, "SELECT 1") == [(1,)]
        user.leave()
        assert postmaster(folder) is None
    finally:
        user.process.kill()
        user.process.communicate()
        shutil.rmtree(socket_dir)


def test_an_ordinary_user_runs_the_server_under_its_own_name(empty_var, join):
    if os.geteuid() != 0:
        pytest.skip("the other tests of this file have run as an ordinary user already")
    nobody = pwd.getpwnam("nobody")
    python = python_of(nobody)
    os.chown(empty_var, nobody.pw_uid, nobody.pw_gid)
    user = join(python=python, user=nobody.pw_uid, group=nobody.pw_gid, extra_groups=[])
    assert Path(f"/proc/{postmaster(empty_var)}").stat().st_uid == nobody.pw_uid
    guest = join()  # root on the same folder does not take it away
    assert run(guest.url, "SELECT 1") == [(1,)]
    guest.leave()
    assert postmaster(empty_var)
    user.leave()
    assert postmaster(empty_var) is None


def test_a_folder_of_somebody_else_is_refused_with_advice(var, join):
    if os.geteuid() != 0:
        pytest.skip("needs two users; only root has them")
    nobody = pwd.getpwnam("nobody")
    python = python_of(nobody)
    join()
    var.chmod(0o755)
    done = subprocess.run(
        [python, "-c", USER, str(var)], cwd=ROOT, env=ENVIRONMENT,
        user=nobody.pw_uid, group=nobody.pw_gid, extra_groups=[],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "belongs to somebody else. Run Export Center as the user who started it first" in done.stderr


def python_of(entry):
    """A Python that this user can start and that imports the project: root's own may lie in a closed home."""
    for python in (sys.executable, "/usr/bin/python3"):
        with contextlib.suppress(OSError):
            done = subprocess.run(
                [python, "-c", "import exportcenter.embedded"], cwd=ROOT, env=ENVIRONMENT,
                user=entry.pw_uid, group=entry.pw_gid, extra_groups=[], capture_output=True, check=False,
            )  # fmt: skip
            if done.returncode == 0:
                return python
    return pytest.skip(f"the user {entry.pw_name} can start no Python that imports {ROOT}")
