"""Runs the product's processes on one machine: starts, restarts and stops them, and leaves none behind.

One thread does everything; signal handlers only set flags. Each child lives in a session of its own, so that
Ctrl-C reaches the supervisor alone, and the whole session ends with the child.
"""

import contextlib
import ctypes
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from types import FrameType
from typing import IO

BACKOFF_SECONDS = (1.0, 30.0)
"""A dead child comes back after the first, doubling up to the second."""
HEALTHY_SECONDS = 60.0
"""Who lived so long starts again with the short wait."""
TICK_SECONDS = 0.1
WATCH_SECONDS = 2.0
SAME_PRESS_SECONDS = 0.5
"""A terminal and `make` may both deliver one Ctrl-C; only a later one is a second one."""
COLOURS = (36, 33, 35, 32)

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True)
class Child:
    """What to run, and how to stop it."""

    name: str
    command: Sequence[str]
    environment: dict[str, str] = field(default_factory=dict)
    """Added to the supervisor's own."""
    stop_order: int = 0
    """Lower numbers are stopped, and waited for, first."""
    grace_seconds: float = 10.0
    """Between TERM and KILL."""


class _Running:
    """A child and its present process, if there is one."""

    def __init__(self, child: Child, colour: int) -> None:
        self.child = child
        self.colour = colour
        self.process: subprocess.Popen[bytes] | None = None
        self.started_at = 0.0
        self.start_at = 0.0
        self.wait_seconds = 0.0
        self.kill_at: float | None = None


class Supervisor:
    """Keeps ``children`` running until ``stop`` is called or SIGINT, SIGTERM or SIGHUP arrives.

    ``watch`` is called every two seconds while it runs; ``held_files`` are inherited by every child.
    """

    def __init__(
        self,
        children: Sequence[Child],
        *,
        watch: Callable[[], object] | None = None,
        held_files: Sequence[int] = (),
        output: IO[str] | None = None,
    ) -> None:
        self._output = output or sys.stdout
        self._colourful = self._output.isatty()
        self._running = [_Running(child, COLOURS[i % len(COLOURS)]) for i, child in enumerate(children)]
        self._watch = watch
        self._watch_at = 0.0
        self._held_files = held_files
        self._selector = selectors.DefaultSelector()
        self._width = max((len(child.name) for child in children), default=0)
        self._stop_asked_at: float | None = None
        self._kill_asked = False

    @property
    def stopping(self) -> bool:
        """Whether somebody has asked for the end."""
        return self._stop_asked_at is not None

    def stop(self) -> None:
        """Ask ``run`` to stop the children and return. Safe from any thread and from signal handlers."""
        if self._stop_asked_at is None:
            self._stop_asked_at = time.monotonic()

    def run(self) -> None:
        """Start the children, keep them running, and return when all of them have ended for good."""
        with self._signals():
            try:
                while not self.stopping:
                    self._start_due()
                    self._look_after()
                    self._wait(TICK_SECONDS)
                self._stop_in_order()
            finally:  # also when the supervisor itself is broken: nobody may survive it
                self._kill_all()

    def say(self, text: str) -> None:
        """One line of the supervisor's own. A closed terminal means: stop."""
        try:
            self._output.write(f"{text}\n")  # one write: another thread may speak, too
            self._output.flush()
        except (BrokenPipeError, ValueError):
            self.stop()

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        names = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        before = [(name, signal.signal(name, self._on_signal)) for name in names]
        try:
            yield
        finally:
            for name, handler in before:
                signal.signal(name, handler)

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        if self._stop_asked_at is None:
            self._stop_asked_at = time.monotonic()
        elif number == signal.SIGINT and time.monotonic() - self._stop_asked_at > SAME_PRESS_SECONDS:
            self._kill_asked = True

    # --- starting and restarting

    def _start_due(self) -> None:
        for running in self._running:
            if running.process is None and time.monotonic() >= running.start_at:
                self._start(running)

    def _start(self, running: _Running) -> None:
        running.process = process = subprocess.Popen(
            list(running.child.command),
            env={**os.environ, "PYTHONUNBUFFERED": "1", **running.child.environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            pass_fds=self._held_files,
            preexec_fn=_die_with(os.getpid()),  # noqa: PLW1509 - one prctl call, no lock is taken
        )
        running.started_at = time.monotonic()
        assert process.stdout is not None
        os.set_blocking(process.stdout.fileno(), False)
        self._selector.register(process.stdout, selectors.EVENT_READ, _Lines(running))

    def _look_after(self) -> None:
        for running in self._running:
            status = self._ended(running)
            if status is None:
                continue
            lived = time.monotonic() - running.started_at
            shortest, longest = BACKOFF_SECONDS
            healthy = lived >= HEALTHY_SECONDS or not running.wait_seconds
            running.wait_seconds = shortest if healthy else min(longest, running.wait_seconds * 2)
            running.start_at = time.monotonic() + running.wait_seconds
            self.say(f"{running.child.name} ended ({_words(status)}); again in {running.wait_seconds:g} s")
        if self._watch is not None and time.monotonic() >= self._watch_at:
            self._watch_at = time.monotonic() + WATCH_SECONDS
            try:
                self._watch()
            except Exception as error:  # noqa: BLE001 - whatever it is, the children must stay looked after
                self.say(f"error: {error}")

    def _ended(self, running: _Running) -> int | None:
        """Exit status of a process that has just ended; the rest of its session ends here, too."""
        process = running.process
        if process is None or not _is_dead(process.pid):
            return None
        # Before the process is reaped its id cannot be given to anybody else.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        status = process.wait()
        assert process.stdout is not None
        key = self._selector.unregister(process.stdout)
        self._read(process.stdout, key.data)
        self._print(key.data.rest())
        process.stdout.close()
        running.process = None
        return status

    # --- stopping

    def _stop_in_order(self) -> None:
        for order in sorted({running.child.stop_order for running in self._running}):
            group = [r for r in self._running if r.child.stop_order == order and r.process is not None]
            for running in group:
                assert running.process is not None
                running.process.terminate()  # the child alone: it tells its own processes
                running.kill_at = time.monotonic() + running.child.grace_seconds
            while any(running.process is not None for running in group):
                if self._kill_asked:
                    return
                self._wait(TICK_SECONDS)
                for running in group:
                    self._end(running)

    def _end(self, running: _Running) -> None:
        """See whether a stopping child has ended; kill it when its grace is over."""
        if self._ended(running) is not None or running.process is None or running.kill_at is None:
            return
        if time.monotonic() >= running.kill_at:
            running.kill_at = None
            self.say(f"{running.child.name} did not stop within {running.child.grace_seconds:g} s: killed")
            os.killpg(running.process.pid, signal.SIGKILL)

    def _kill_all(self) -> None:
        for running in self._running:
            if running.process is not None:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(running.process.pid, signal.SIGKILL)
        while any(running.process is not None for running in self._running):
            time.sleep(0.01)
            for running in self._running:
                self._ended(running)
        self._selector.close()

    # --- output

    def _wait(self, seconds: float) -> None:
        """Pass the children's output on for so long."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            if not self._selector.get_map():
                time.sleep(left)
                return
            for key, _events in self._selector.select(left):
                if not self._read(key.fileobj, key.data):
                    time.sleep(0.01)  # it has closed its output and is about to end

    def _read(self, pipe: object, lines: "_Lines") -> bool:
        assert hasattr(pipe, "fileno")
        try:
            block = os.read(pipe.fileno(), 1 << 16)
        except BlockingIOError:
            return True
        self._print(lines.feed(block))
        return bool(block)

    def _print(self, lines: list[tuple[_Running, str]]) -> None:
        for running, text in lines:
            name = running.child.name.ljust(self._width)
            self.say(f"\033[{running.colour}m{name} |\033[0m {text}" if self._colourful else f"{name} | {text}")


class _Lines:
    """Cuts a child's output into whole lines."""

    def __init__(self, running: _Running) -> None:
        self._running = running
        self._part = b""

    def feed(self, block: bytes) -> list[tuple[_Running, str]]:
        *whole, self._part = (self._part + block).split(b"\n")
        return [(self._running, line.decode(errors="replace").rstrip("\r")) for line in whole]

    def rest(self) -> list[tuple[_Running, str]]:
        return self.feed(b"\n") if self._part else []


def _die_with(parent: int) -> Callable[[], None]:
    """Runs in the new process: the kernel sends it TERM when the supervisor dies, even by kill -9 (Linux)."""

    def prepare() -> None:
        if sys.platform == "linux":
            _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
            if os.getppid() != parent:  # it died before we could ask
                os._exit(1)

    return prepare


def _is_dead(pid: int) -> bool:
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def _words(status: int) -> str:
    return f"signal {signal.Signals(-status).name}" if status < 0 else f"exit {status}"
