"""What tests of exports share: jobs in any state with real files, requests, the audit trail, a real web server."""

import contextlib
import hashlib
import itertools
import os
import re
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.db import connection, transaction
from django.http import HttpResponseBase
from django.test import Client
from django.utils import timezone

from accounts import tenancy
from accounts.audit import Operation
from accounts.models import AuditEntry
from jobs import datasets, storage
from jobs.engine import kinds
from jobs.engine.record import note_change
from jobs.exports import links
from jobs.models import ExportJob
from tests.world import World

ROOT = Path(__file__).resolve().parent.parent
API = "/api/v1/exports"
ENGLISH = {"HTTP_ACCEPT_LANGUAGE": "en"}
CONTENT = b"\xef\xbb\xbforder_no,amount\r\n" + b"".join(b"%08d,%d.00\r\n" % (n, n) for n in range(600))
"""What a ready job's file holds unless a test says otherwise."""
FAILED = {
    "status": "failed",
    "error_code": "EXPORT_TIMEOUT",
    "error_message": "Job exceeded 20m limit",
    "error_advice": "Choose a shorter period.",
    "error_stack": "Traceback: secret stack",
}
JOB_NO = re.compile(r"E\d{8}\d{3,}")

_fences = itertools.count(1_000_000)
_numbers = itertools.count(500_001)


class Exports:
    """Makes jobs without running them: inserted as queued, then moved along the legal edges. Use it inside a test's
    transaction or with real commits; ``close`` removes the files."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._keys: list[str] = []

    def make(
        self, owner: str, dataset: str = "orders", status: str = "queued", *, content: bytes = CONTENT, **fields: Any
    ) -> ExportJob:
        """A job of ``owner`` (by name) in ``status``; ``fields`` overwrite what is inserted or, for a ready job,
        what publishing sets (``expires_at``)."""
        expires_at = fields.pop("expires_at", None) or timezone.now() + timedelta(hours=1)
        with self.world.scope(owner):
            job = self._insert(owner, dataset, fields)
            self.move(job, status, content=content, expires_at=expires_at)
        return job

    def _insert(self, owner: str, dataset: str, fields: dict[str, Any]) -> ExportJob:
        now = timezone.now()
        job_id = uuid.uuid4()
        sensitivity = datasets.get(dataset).sensitivity
        values: dict[str, Any] = {
            "id": job_id,
            "root_id": job_id,
            "tenant_id": self.world.users[owner][0],
            "owner_id": self.world.users[owner][1],
            # Companies count by themselves; here no two jobs share a number, lest a test meet the wrong one.
            "job_no": f"E{timezone.localtime(fields.get('created_at', now)):%Y%m%d}{next(_numbers)}",
            "created_at": now,
            "available_at": now,
            "type": dataset,
            "sensitivity": sensitivity,
            "file_type": "csv",
            "params": {"start": "2025-09-01", "end": "2025-09-30"},
            "source": f"/{dataset}",
            "policy_tag": f"export.{sensitivity}",
        }
        job = ExportJob(**values | fields)
        job.save(force_insert=True)
        return job

    def move(self, job: ExportJob, status: str, *, content: bytes = CONTENT, expires_at: Any = None) -> None:
        """Take a queued job to ``status`` step by step. Call it inside the tenant's scope."""
        if status == "queued":
            return
        if status == "canceled":
            self._update(job, status="canceled", stage="done", finished_at=timezone.now())
            return
        self._claim(job)
        if status == "failed":
            self._leave(job, **FAILED)
        elif status in ("ready", "expired"):
            self._publish(job, content, expires_at)
            if status == "expired":
                storage.remove_later(job.file_key or "", reason="expired")
                self._update(job, status="expired")

    def move_on(self, job: ExportJob, status: str) -> None:
        """A running job becomes ready or failed. Call it inside the tenant's scope."""
        if status == "ready":
            self._publish(job, CONTENT, timezone.now() + timedelta(hours=1))
        else:
            self._leave(job, **FAILED)

    def fail(self, job: ExportJob) -> None:
        """A running job fails, and whoever follows it hears of it. Call it inside the tenant's scope."""
        self._leave(job, **FAILED)
        note_change(kinds.get("export"), job, before="processing")

    def _claim(self, job: ExportJob) -> None:
        taken = set(ExportJob.objects.filter(owner_id=job.owner_id, status="processing").values_list("slot", flat=True))
        now = timezone.now()
        self._update(
            job,
            status="processing",
            stage="writing",
            slot=next(slot for slot in (1, 2, 3) if slot not in taken),
            fence=next(_fences),
            attempt=1,
            lease_owner="test:1",
            lease_until=now + timedelta(hours=1),
            deadline_at=now + timedelta(hours=1),
            started_at=now,
            rows_done=65,
            rows_expected=100,
        )

    def _publish(self, job: ExportJob, content: bytes, expires_at: Any) -> None:
        spool = storage.new_spool(job.pk, job.fence)
        spool.parent.mkdir(parents=True, exist_ok=True)
        spool.write_bytes(content)
        key = storage.put(spool, tenant_id=job.tenant_id, job_id=job.pk, fence=job.fence, extension="csv")
        self._keys.append(key)
        self._leave(
            job,
            status="ready",
            stage="done",
            file_key=key,
            file_name=f"订单_{job.job_no}.csv",
            file_size=len(content),
            file_sha256=hashlib.sha256(content).hexdigest(),
            row_count=600,
            rows_done=600,
            rows_expected=600,
            snapshot_at=timezone.now(),
            expires_at=expires_at,
        )

    def _leave(self, job: ExportJob, **values: Any) -> None:
        self._update(job, slot=None, lease_until=None, deadline_at=None, finished_at=timezone.now(), **values)

    @staticmethod
    def _update(job: ExportJob, **values: Any) -> None:
        assert ExportJob.objects.filter(pk=job.pk).update(**values) == 1
        job.refresh_from_db()

    def close(self) -> None:
        """Delete the files."""
        for key in self._keys:
            storage.delete(key)


def in_scope_of(job: ExportJob) -> contextlib.AbstractContextManager[None]:
    """tenant_scope of the job's tenant."""
    return tenancy.tenant_scope(job.tenant_id)


def reload(job: ExportJob) -> ExportJob:
    """The row as it is now."""
    with in_scope_of(job):
        return ExportJob.objects.get(pk=job.pk)


def signed_in(world: World, name: str) -> Client:
    """A client with a session of that person. Passwords are what tests of sign-in are about."""
    client = Client(REMOTE_ADDR="127.0.0.1")
    with world.scope(name):
        client.force_login(world.user(name))
    return client


def twin(client: Client) -> Client:
    """Another client with the same session, for another thread."""
    other = Client(REMOTE_ADDR="127.0.0.1")
    other.cookies = client.cookies.copy()
    return other


def post(client: Client, path: str, body: Any = None, **headers: Any) -> Any:
    """POST JSON."""
    return client.post(path, {} if body is None else body, content_type="application/json", **ENGLISH, **headers)


def body_of(response: HttpResponseBase) -> bytes:
    """The whole content, streamed or not; at the end of a stream the test client closes what is behind it."""
    return b"".join(response.streaming_content) if response.streaming else response.content


@contextlib.contextmanager
def undone() -> Iterator[None]:
    """Whatever happens inside is rolled back, so that each case starts from the same rows."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def link(job: ExportJob, user: Any, /, **changes: Any) -> str:
    """Path and query of a download link made by the product, or with a payload changed by ``changes`` and signed."""
    with in_scope_of(job):
        token = links.link_for(job, user)
    if changes:
        payload = links.read(token)
        token = links.sign(type(payload)(**vars(payload) | changes))
    return f"{API}/{job.job_no}/download?token={token}"


def path_of(url: str) -> str:
    """Path and query of an absolute address."""
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}"


class Trail:
    """The audit entries of one tenant that come after this moment."""

    def __init__(self, world: World, who: str) -> None:
        self.world, self.who = world, who
        with world.scope(who):
            self._last = AuditEntry.objects.order_by("-seq").values_list("seq", flat=True).first() or 0

    def entries(self, *operations: Operation) -> list[AuditEntry]:
        """New entries in order, only of ``operations`` when given."""
        with self.world.scope(self.who):
            found = AuditEntry.objects.filter(seq__gt=self._last).order_by("seq")
            if operations:
                found = found.filter(operation__in=operations)
            return list(found)

    def downloads(self) -> list[AuditEntry]:
        """New entries of downloads, granted and refused."""
        return self.entries(Operation.EXPORT_FILE_DOWNLOAD)


# --- a real web server ------------------------------------------------------------------------------------
class Web:
    """uvicorn with the product (or ``application`` round it) on a free port; ``root`` is the tree it runs from."""

    def __init__(
        self,
        folder: Path,
        *,
        root: Path = ROOT,
        environment: Mapping[str, str] | None = None,
        application: str = "exportcenter.asgi:application",
    ) -> None:
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.log = folder / "web.log"
        command = [sys.executable, "-m", "uvicorn", application, "--port", str(self.port)]
        with open(self.log, "w") as output:
            self.process = subprocess.Popen(
                command,
                cwd=root,
                env=os.environ | {"DATABASE_POOL": "10"} | dict(environment or {}),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._wait()

    def _wait(self) -> None:
        end = time.monotonic() + 30
        while time.monotonic() < end and self.process.poll() is None:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
                return
            time.sleep(0.1)
        raise AssertionError(f"the web server did not start: {self.log.read_text()}")

    def resident_kib(self) -> int:
        """Highest memory of the server so far (VmHWM)."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1])

    def close(self) -> None:
        """Kill it with whatever it has started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(10)


def free_port() -> int:
    """A TCP port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def in_thread(function: Any, *arguments: Any) -> Any:
    """Call ``function`` and close this thread's database connection."""
    try:
        return function(*arguments)
    finally:
        connection.close()
