"""The supervisor with small children of the test's own: restarts, order of stopping, nobody left behind."""

import os
import signal
import socket
import subprocess
import sys
import time
import uuid
from pathlib import Path

import pytest

from exportcenter import first_export
from exportcenter.management.commands import up

pytestmark = pytest.mark.processes

ROOT = Path(__file__).resolve().parent.parent
MARKER = "EXPORTCENTER_TEST_MARKER"

# The program under test runs in a process of its own: signals are its subject. Its children come as Python source.
PROGRAM = """
import sys
from exportcenter.supervisor import Child, Supervisor
names = {names!r}
children = [Child(name, [sys.executable, "-c", code], stop_order=order, grace_seconds=grace)
            for name, code, order, grace in names]
Supervisor(children).run()
print("done", flush=True)
"""
SLEEPER = "import time; print('here', flush=True); time.sleep(600)"
STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('here', flush=True); time.sleep(600)"
)
PARENT = (
    "import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']);"
    "print('here', flush=True); time.sleep(600)"
)


class Supervised:
    """A supervisor process and what one wants to know about it."""

    def __init__(self, *children):
        self.marker = uuid.uuid4().hex
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM.format(names=list(children))],
            cwd=ROOT,
            env={**os.environ, MARKER: self.marker},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.lines = []

    def read_until(self, text, times=1):
        """Read output until ``text`` has come so often."""
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))
            if sum(text in seen for seen in self.lines) >= times:
                return
        raise AssertionError(f"{text!r} never came: {self.lines}")

    def others(self):
        """Process ids that carry the marker, but for the supervisor's own."""
        return marked(self.marker) - {self.process.pid}

    def end(self):
        rest, _ = self.process.communicate(timeout=20)
        self.lines += rest.splitlines()
        return self.process.returncode


def marked(marker):
    found = set()
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                if f"{MARKER}={marker}".encode() in (folder / "environ").read_bytes():
                    found.add(int(folder.name))
            except OSError:
                continue
    return found


def wait_for(condition, seconds=10):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if condition():
            return True
        time.sleep(0.05)
    return False


@pytest.fixture
def supervise():
    started = []

    def _supervise(*children):
        started.append(Supervised(*children))
        return started[-1]

    yield _supervise
    for one in started:
        one.process.kill()
        one.process.communicate()
        for pid in marked(one.marker):
            os.kill(pid, signal.SIGKILL)


def test_term_stops_every_child_and_leaves_no_process(supervise):
    one = supervise(("web", SLEEPER, 0, 5), ("worker", PARENT, 1, 5))
    one.read_until("here", times=2)
    assert len(one.others()) == 3  # the worker has a child of its own
    one.process.terminate()
    assert one.end() == 0
    assert one.lines[-1] == "done"
    assert marked(one.marker) == set()


def test_a_killed_child_comes_back_and_its_own_children_do_not_stay(supervise):
    one = supervise(
        ("worker", PARENT, 0, 5),
    )
    one.read_until("here")
    before = one.others()
    os.kill(min(before), signal.SIGKILL)
    one.read_until("here", times=2)
    assert "worker ended (signal SIGKILL); again in 1 s" in one.lines
    assert len(one.others()) == 2
    assert one.others() & before == set()


def test_a_child_that_keeps_dying_waits_longer_each_time(supervise):
    one = supervise(("beat", "raise SystemExit(3)", 0, 5))
    one.read_until("beat ended", times=2)
    assert [line for line in one.lines if "ended" in line] == [
        "beat ended (exit 3); again in 1 s",
        "beat ended (exit 3); again in 2 s",
    ]


def test_children_stop_in_their_order_and_each_line_carries_its_name(supervise):
    slow = (
        "import signal, sys, time\n"
        "def bye(*_): print('bye', flush=True); time.sleep(0.5); sys.exit()\n"
        "signal.signal(signal.SIGTERM, bye); print('here', flush=True); time.sleep(600)"
    )
    one = supervise(("worker", slow, 1, 5), ("web", slow, 0, 5))
    one.read_until("here", times=2)
    one.process.send_signal(signal.SIGINT)
    assert one.end() == 0
    assert [line for line in one.lines if "bye" in line] == ["web    | bye", "worker | bye"]


def test_a_child_that_ignores_term_is_killed_after_its_grace(supervise):
    one = supervise(("worker", STUBBORN, 0, 0.5))
    one.read_until("here")
    one.process.terminate()
    assert one.end() == 0
    assert "worker did not stop within 0.5 s: killed" in one.lines
    assert marked(one.marker) == set()


def test_a_second_ctrl_c_kills_at_once(supervise):
    one = supervise(("worker", STUBBORN, 0, 60))
    one.read_until("here")
    one.process.send_signal(signal.SIGINT)
    time.sleep(0.8)
    assert one.process.poll() is None
    begun = time.monotonic()
    one.process.send_signal(signal.SIGINT)
    assert one.end() == 0
    assert time.monotonic() - begun < 5
    assert marked(one.marker) == set()


def test_kill_9_of_the_supervisor_takes_its_children_down(supervise):
    one = supervise(("web", SLEEPER, 0, 5), ("worker", SLEEPER, 1, 5))
    one.read_until("here", times=2)
    assert len(one.others()) == 2
    one.process.kill()
    one.process.wait()
    assert wait_for(lambda: not marked(one.marker))


def test_a_port_is_free_again_after_the_stop(supervise):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    serve = f"import http.server as h; print('here'); h.test(h.SimpleHTTPRequestHandler, port={port}, bind='127.0.0.1')"
    one = supervise(("web", serve, 0, 5))
    one.read_until("Serving")
    with pytest.raises(up.CommandError, match=rf"Cannot listen on 127.0.0.1:{port} .*--port {port + 1}"):
        up.refuse_taken_port("127.0.0.1", port)
    one.process.terminate()
    assert one.end() == 0
    up.refuse_taken_port("127.0.0.1", port)


@pytest.mark.parametrize(
    ("host", "address"),
    [("127.0.0.1", "http://127.0.0.1:8000"), ("0.0.0.0", "http://127.0.0.1:8000"), ("::1", "http://[::1]:8000")],
)
def test_the_address_is_one_that_this_machine_reaches(host, address):
    assert up.address_of(host, 8000) == address


def test_rows_of_a_csv_file_are_records_not_lines(tmp_path):
    path = tmp_path / "orders.csv"
    path.write_bytes('\ufeffno,note\r\n1,"two\r\nlines"\r\n2,plain\r\n'.encode())
    assert first_export.count_rows(path) == 2
    path.write_bytes(b"")
    assert first_export.count_rows(path) == 0
