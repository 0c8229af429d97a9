"""Imports in any state without a worker, for tests; tests.jobs.imports.runs has real runs."""

import hashlib
import itertools
import uuid
from datetime import timedelta
from typing import Any

from django.utils import timezone

from jobs import datasets, storage
from jobs.models import ImportChange, ImportFile, ImportJob, ImportRow
from tests.world import World

API = "/api/v1/imports"
CONTENT = "会员号,姓名,地区\r\nM00001,张三,华东\r\nM00002,,华东\r\n".encode()
HEADER = ["会员号", "姓名", "地区"]
MAPPING = {"0": "member_no", "1": "name", "2": "region"}
REQUIRED = {"column": "name", "code": "REQUIRED", "params": {}, "text": ""}

_fences = itertools.count(2_000_000)
_numbers = itertools.count(700_001)


class Imports:
    """Makes files and imports without running them; an import is moved along the legal edges. ``close`` removes the
    files."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._keys: list[str] = []

    def file(self, owner: str, content: bytes = CONTENT) -> ImportFile:
        """A file that ``owner`` (by name) has sent."""
        file_id, now = uuid.uuid4(), timezone.now()
        with self.world.scope(owner):
            spool = storage.new_spool(file_id, 0)
            spool.parent.mkdir(parents=True, exist_ok=True)
            spool.write_bytes(content)
            tenant_id, owner_id = self.world.users[owner]
            key = storage.put(
                spool, tenant_id=tenant_id, job_id=file_id, fence=0, extension="upload", root=storage.IMPORTS
            )
            self._keys.append(key)
            return ImportFile.objects.create(
                id=file_id,
                owner_id=owner_id,
                name="members.csv",
                key=key,
                size=len(content),
                sha256=hashlib.sha256(content).hexdigest(),
                created_at=now,
                expires_at=now + timedelta(hours=1),
            )

    def make(self, owner: str, status: str = "queued", **fields: Any) -> ImportJob:
        """An import of new members by ``owner`` in ``status``, with one right row and one faulty one; a ready one has
        written the first."""
        file, now, job_id = self.file(owner), timezone.now(), uuid.uuid4()
        with self.world.scope(owner):
            job = ImportJob(
                **{
                    "id": job_id,
                    "root_id": job_id,
                    "tenant_id": self.world.users[owner][0],
                    "owner_id": self.world.users[owner][1],
                    "job_no": f"I{timezone.localtime(now):%Y%m%d}{next(_numbers)}",
                    "created_at": now,
                    "available_at": now,
                    "dataset": "members",
                    "sensitivity": datasets.get("members").sensitivity,
                    "file": file,
                    "mode": "create",
                    "on_error": "skip",
                    "mapping": MAPPING,
                    "facts": {"kind": "csv", "encoding": "utf-8", "delimiter": ",", "sheet": "", "header": HEADER},
                    "policy_tag": "import.general",
                }
                | fields
            )
            job.save(force_insert=True)
            self._move(job, status)
        return job

    def _move(self, job: ImportJob, status: str) -> None:
        if status == "queued":
            return
        if status == "canceled":
            self._update(job, status="canceled", stage="done", finished_at=timezone.now())
            return
        self._claim(job)
        if status == "processing":
            return
        if status == "failed":
            self._leave(job, status="failed", stage="done", error_code="UNREADABLE_FILE", error_message="No table.")
            return
        self._check(job)
        if status == "ready":
            self._update(job, status="queued", confirmed_at=timezone.now())
            self._claim(job)
            self._leave(job, status="ready", stage="done", counts=job.counts | {"created": 1})
            ImportChange.objects.create(job_id=job.pk, row=2, key="M00001", target="1", before=None, after="x" * 32)

    def _check(self, job: ImportJob) -> None:
        made = [("M00001", ["M00001", "张三", "华东"], []), ("M00002", ["M00002", None, "华东"], [REQUIRED])]
        for number, (key, cells, problems) in enumerate(made, 2):
            ImportRow.objects.create(job_id=job.pk, row=number, key=key, cells=cells, problems=problems)
        counts = {"rows": 2, "faulty": 1, "to_create": 1}
        problems = [REQUIRED | {"count": 1, "row": 3}]
        self._leave(job, status="review", stage="review", counts=counts, problems=problems, finished_at=None)

    def _claim(self, job: ImportJob) -> None:
        taken = set(ImportJob.objects.filter(owner_id=job.owner_id, status="processing").values_list("slot", flat=True))
        soon = timezone.now() + timedelta(hours=1)
        self._update(
            job,
            status="processing",
            stage="checking",
            slot=next(slot for slot in (1, 2, 3) if slot not in taken),
            fence=next(_fences),
            attempt=1,
            lease_owner="test:1",
            lease_until=soon,
            deadline_at=soon,
            started_at=timezone.now(),
        )

    def _leave(self, job: ImportJob, **values: Any) -> None:
        ended: dict[str, Any] = {"slot": None, "lease_until": None, "deadline_at": None, "finished_at": timezone.now()}
        self._update(job, **ended | values)

    @staticmethod
    def _update(job: ImportJob, **values: Any) -> None:
        assert ImportJob.objects.filter(pk=job.pk).update(**values) == 1
        job.refresh_from_db()

    def close(self) -> None:
        """Delete the files."""
        for key in self._keys:
            storage.delete(key)
