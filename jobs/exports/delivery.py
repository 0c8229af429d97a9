"""From finished spool files to a stored result: keys, names, manifest, and what the job's row will say."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

from django.db.models.functions import Now
from django.utils import translation
from django.utils.translation import gettext as _

from jobs import storage
from jobs.datasets import Dataset
from jobs.datasets.query import Plan
from jobs.engine.context import RunContext
from jobs.engine.states import Status
from jobs.exports.facts import Facts, advice_for_entries, advice_for_parts, manifest
from jobs.exports.naming import file_name
from jobs.formats.archive import Archive, Part
from jobs.formats.base import About, Format
from jobs.formats.sink import SpoolFile
from jobs.models import ExportJob, ExportPreview

SUFFIXES = {"none": "", "gzip": ".gz", "zip": ".zip"}


@dataclass(frozen=True)
class ExportFile:
    """What a body hands to the engine: facts of stored files that nobody knows yet."""

    status: ClassVar = Status.READY
    rows: int
    key: str
    name: str
    size: int
    sha256: str
    snapshot_at: datetime
    lifetime: Any
    rights: tuple[str, ...]
    regions: tuple[str, ...] | None
    facts: dict[str, Any]
    preview: list[list[str | None]]
    parts: list[dict[str, Any]] = field(default_factory=list)

    def fields(self) -> dict[str, Any]:
        """Columns of the row, set by the publishing transaction."""
        return {
            "file_key": self.key,
            "file_name": self.name,
            "file_size": self.size,
            "file_sha256": self.sha256,
            "row_count": self.rows,
            "snapshot_at": self.snapshot_at,
            "file_rights": list(self.rights),
            "file_regions": None if self.regions is None else list(self.regions),
            "expires_at": Now() + self.lifetime,
            "facts": self.facts,
            "parts": self.parts,
        }

    def save_beside(self, job: Any) -> None:
        """The file's first rows."""
        ExportPreview.objects.create(job=job, rows=self.preview)

    def discard(self) -> None:
        """The files will never be published: remove them."""
        for key in {self.key, *(part["key"] for part in self.parts)}:
            storage.delete(key)


class Delivery:
    """Stores what an archive finishes. Leaving the context by an exception removes everything that was stored."""

    def __init__(self, job: ExportJob, dataset: Dataset, writer: Format, context: RunContext) -> None:
        self._job, self._dataset, self._writer, self._context = job, dataset, writer, context
        self._suffix = SUFFIXES[writer.options.compression]
        self._stored: list[dict[str, Any]] = []
        self._facts: Facts
        self._archive: Archive

    def __enter__(self) -> "Delivery":
        return self

    def __exit__(self, kind: object, *exception: object) -> None:
        if kind is not None:
            if hasattr(self, "_archive"):
                self._archive.close()
            for stored in self._stored:
                storage.delete(stored["key"])

    def archive(self, plan: Plan, facts: Facts) -> Archive:
        """Where the rows go."""
        self._facts = facts
        self._archive = Archive(
            self._writer,
            plan.columns,
            rows_expected=facts.rows,
            new_spool=self._new_spool,
            entry_name=lambda number: self._name(self._writer.extension, number),
            landed=self._landed,
            about=self._about,
        )
        return self._archive

    def finish(self, plan: Plan, snapshot_at: datetime, preview: list[list[str | None]]) -> ExportFile:
        """Store what is left and describe the result."""
        spool = self._archive.finish(self._zip_manifest)
        self._note_losses()
        facts = self._facts
        parts: list[dict[str, Any]] = []
        extension = self._writer.extension + self._suffix
        if spool is not None:
            main = self._put(spool, self._name(extension), self._suffix.lstrip("."))
            size = main["size"]
        elif len(self._stored) == 1:
            main = self._stored[0] | {"name": self._name(extension)}
            size = main["size"]
        else:
            parts = [stored | {"name": self._name(extension, number)} for number, stored in enumerate(self._stored, 1)]
            with self._new_spool() as content:
                content.write(self._manifest(parts, advice_for_parts()))
            main = self._put(content, self._name("manifest.json"), "json")
            size = sum(part["size"] for part in parts)
            parts.insert(0, main | {"number": 0})
        return ExportFile(
            rows=self._archive.rows,
            key=main["key"],
            name=main["name"],
            size=size,
            sha256=main["sha256"],
            snapshot_at=snapshot_at,
            lifetime=self._dataset.lifetime,
            rights=plan.rights,
            regions=plan.regions,
            facts=facts.stored(),
            preview=preview,
            parts=parts,
        )

    # --- inside -----------------------------------------------------------------------------------------
    def _new_spool(self) -> SpoolFile:
        return SpoolFile(storage.new_spool(self._job.pk, self._context.claim.fence))

    def _landed(self, part: Part, spool: SpoolFile) -> None:
        """Into the store at once: the worker's disk holds one part at a time."""
        stored = self._put(spool, "", self._writer.extension + self._suffix)
        stored |= {"number": part.number, "rows": part.rows}
        self._context.log(f"Part {part.number}: {part.rows} rows, {part.size} bytes, sha256 {part.sha256}")

    def _put(self, spool: SpoolFile, name: str, extension: str) -> dict[str, Any]:
        claim = self._context.claim
        key = storage.put(
            spool.path, tenant_id=claim.tenant_id, job_id=self._job.pk, fence=claim.fence, extension=extension
        )
        stored: dict[str, Any] = {"name": name, "size": spool.size, "sha256": spool.sha256, "key": key}
        self._stored.append(stored)
        return stored

    def _name(self, extension: str, number: int = 0) -> str:
        return file_name(self._dataset.title, self._job.params, self._job.job_no, extension, number)

    def _about(self, number: int) -> About:
        def lines(rows: int, cut_cells: int) -> list[tuple[str, str]]:
            facts = self._facts.with_losses(cut_cells=cut_cells)
            with translation.override(self._job.language):  # called in the archive's thread, which has none
                return facts.lines() if rows == facts.rows else facts.lines(part=number, part_rows=rows)

        return About(_("About this file"), lines)

    def _note_losses(self) -> None:
        archive = self._archive
        self._facts = self._facts.with_losses(cut_cells=archive.cut_cells, rounded_numbers=archive.rounded_numbers)

    def _zip_manifest(self, parts: Sequence[Part]) -> bytes:
        self._note_losses()
        return self._manifest([_entry(part) for part in parts], advice_for_entries())

    def _manifest(self, parts: Sequence[dict[str, Any]], advice: str) -> bytes:
        shown = [{name: value for name, value in part.items() if name != "key"} for part in parts]
        return json.dumps(manifest(self._facts, shown, advice), ensure_ascii=False, indent=2).encode()


def _entry(part: Part) -> dict[str, Any]:
    return {
        "number": part.number,
        "name": part.name,
        "rows": part.rows,
        "size": part.size,
        "crc32": f"{part.crc32:08x}",
    }
