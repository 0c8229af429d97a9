"""Run a program as a process of its own, with its wall time and the most memory that it and its children held."""

import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import environment

SAMPLE_SECONDS = 0.05
BORN_SECONDS = 0.01
"""From the birth of a process until it runs its own program: before that it counts its parent's memory once more."""


@dataclass(frozen=True)
class Finished:
    """A program that has ended well.

    Attributes:
        output: what it printed
        seconds: from its start to its end
        peak_mb: resident memory of the process and its children, at the worst moment
    """

    output: str
    seconds: float
    peak_mb: float


def run(command: Sequence[str | Path], *, given: str = "") -> Finished:
    """Run ``command`` with ``given`` as its input. Raises RuntimeError with the end of its complaints when it fails."""
    started = time.perf_counter()
    process = subprocess.Popen(
        command, cwd=environment.ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    peaks = [0.0]
    ended = threading.Event()
    watcher = threading.Thread(target=_watch, args=(process.pid, peaks, ended), daemon=True)
    watcher.start()
    try:
        output, complaints = process.communicate(given)
        seconds = time.perf_counter() - started
    finally:
        ended.set()
        watcher.join()
    if process.returncode != 0:
        raise RuntimeError(f"{command[0]} ended with {process.returncode}: {complaints[-3000:]}")
    return Finished(output, seconds, peaks[0])


def _watch(pid: int, peaks: list[float], ended: threading.Event) -> None:
    # The kernel keeps each process's highest resident set, so nothing between two looks is missed but the last
    # moment before an end. Not ru_maxrss: that still remembers the parent before exec.
    known: set[int] = set()
    while not ended.is_set():
        family = set(_family(pid))
        if family - known:
            known |= family
            time.sleep(BORN_SECONDS)
        peaks[0] = max(peaks[0], sum(map(_highest_mb, family)))
        ended.wait(SAMPLE_SECONDS)


def _family(pid: int) -> Iterator[int]:
    yield pid
    for thread in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children = thread.read_text().split()
        except OSError:  # the thread has ended meanwhile
            continue
        for child in children:
            yield from _family(int(child))


def _highest_mb(pid: int) -> float:
    try:
        _before, found, after = Path(f"/proc/{pid}/status").read_text().partition("VmHWM:")
    except OSError:  # the process has ended meanwhile
        return 0.0
    return int(after.split()[0]) / 1024 if found else 0.0
