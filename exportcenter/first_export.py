"""Asks a running Export Center for an export, over HTTP like any client, and checks the file it gets."""

import csv
import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urljoin
from urllib.request import ProxyHandler, Request, build_opener

ANSWER_SECONDS = 30
READY_SECONDS = 300
POLL_SECONDS = 0.2
BLOCK = 1 << 20

# Never through a proxy of the environment: the server is on this machine.
_opener = build_opener(ProxyHandler({}))


class ExportProblem(RuntimeError):
    """The export failed, or its file is not what was promised."""


@dataclass(frozen=True)
class Export:
    """A downloaded and checked file; of a result in parts the first, with the facts of the whole."""

    job_id: str
    rows: int
    bytes: int
    sha256: str
    seconds: float
    file: Path

    def __str__(self) -> str:
        return (
            f"export ready: {self.job_id} rows={self.rows} bytes={self.bytes} sha256={self.sha256} "
            f"seconds={self.seconds:.1f} file={self.file}"
        )


def wait_until_ready(address: str, *, seconds: float, stopped: Callable[[], bool]) -> None:
    """Return when the server's dependencies answer (GET /readyz). Raises ExportProblem when they do not."""
    until = time.monotonic() + seconds
    reason = "no answer"
    while time.monotonic() < until:
        if stopped():
            raise ExportProblem("stopped")
        try:
            with _opener.open(urljoin(address, "/readyz"), timeout=5):
                return
        except HTTPError as error:
            reason = f"HTTP {error.code} {error.read(300).decode(errors='replace')}"
        except (URLError, OSError) as error:
            reason = str(error)
        time.sleep(POLL_SECONDS)
    raise ExportProblem(f"{address}/readyz was not ready within {seconds:g} s: {reason}")


def export_orders(
    address: str,
    *,
    username: str,
    password: str,
    folder: Path,
    expected_rows: Callable[[], int],
    stopped: Callable[[], bool],
) -> Export:
    """Export all orders to CSV, download the file into ``folder`` and check it. Raises ExportProblem."""
    try:
        begun = time.monotonic()
        token = _call(address, "/api/v1/auth/token", {"username": username, "password": password})["access"]
        request = {"type": "orders", "file_type": "csv", "params": {}, "source": "/up"}
        job_id = _call(address, "/api/v1/exports", request, token=token)["job_id"]
        job = _wait_for(address, job_id, token=token, stopped=stopped)
        # A result beyond EXPORT_SPLIT_BYTES comes in parts, each a whole file.
        files = job["parts"] or [
            {
                "name": job["file_name"],
                "size": job["file_size"],
                "sha256": job["sha256"],
                "download_url": job["download_url"],
            }
        ]
        found = [_download(urljoin(address, file["download_url"]), file, folder, token, stopped) for file in files]
        seconds = time.monotonic() - begun
    except HTTPError as error:
        raise ExportProblem(f"{error.url}: HTTP {error.code} {error.read(500).decode(errors='replace')}") from error
    except (URLError, OSError, KeyError, ValueError) as error:
        raise ExportProblem(f"{type(error).__name__}: {error}") from error
    rows = sum(count_rows(path) for path, _size, _sha256 in found)
    size = sum(size for _path, size, _sha256 in found)
    checks = (
        ("sha256", ", ".join(sha256 for _path, _size, sha256 in found), ", ".join(file["sha256"] for file in files)),
        ("bytes", size, job.get("file_size")),
        ("rows", rows, expected_rows()),
    )
    wrong = [f"{name} is {found}, expected {expected}" for name, found, expected in checks if found != expected]
    if wrong:
        raise ExportProblem(f"{job_id}, {found[0][0]}: {'; '.join(wrong)}")
    return Export(job_id, rows, size, job["sha256"], seconds, found[0][0])


def count_rows(path: Path) -> int:
    """Records of a CSV file, without its header. Line breaks inside quotes do not count."""
    with open(path, encoding="utf-8-sig", newline="") as file:
        return max(0, sum(1 for _record in csv.reader(file)) - 1)


def _call(address: str, path: str, body: dict[str, Any] | None = None, *, token: str = "") -> dict[str, Any]:
    headers = {"Accept": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    if body is not None:
        headers["Content-Type"] = "application/json"
    data = None if body is None else json.dumps(body).encode()
    with _opener.open(Request(urljoin(address, path), data, headers), timeout=ANSWER_SECONDS) as answer:  # noqa: S310
        found: dict[str, Any] = json.load(answer)
    return found


def _wait_for(address: str, job_id: str, *, token: str, stopped: Callable[[], bool]) -> dict[str, Any]:
    until = time.monotonic() + READY_SECONDS
    while time.monotonic() < until:
        job = _call(address, f"/api/v1/exports/{job_id}", token=token)
        if job["status"] == "ready":
            return job
        if job["status"] in ("failed", "canceled"):
            raise ExportProblem(f"{job_id} is {job['status']}: {json.dumps(job, ensure_ascii=False)}")
        if stopped():
            raise ExportProblem(f"{job_id}: stopped while it was {job['status']}")
        time.sleep(POLL_SECONDS)
    raise ExportProblem(f"{job_id} was not ready within {READY_SECONDS} s")


def _download(
    url: str, promised: dict[str, Any], folder: Path, token: str, stopped: Callable[[], bool]
) -> tuple[Path, int, str]:
    """The saved file, its size and its hash."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / Path(promised["name"]).name  # a name from outside never leaves the folder
    digest, size = hashlib.sha256(), 0
    request = Request(url, headers={"Authorization": f"Bearer {token}"})  # noqa: S310 - our own server
    with _opener.open(request, timeout=ANSWER_SECONDS) as answer, open(path, "wb") as file:
        while block := answer.read(BLOCK):
            if stopped():
                raise ExportProblem(f"{promised['name']}: stopped during the download")
            file.write(block)
            digest.update(block)
            size += len(block)
    return path, size, digest.hexdigest()
