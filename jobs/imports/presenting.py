"""Imports as JSON."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from accounts import policy
from accounts.models import User
from accounts.signin.person import local_iso
from jobs.datasets import Column, Dataset, registry, title_of
from jobs.exports.presenting import TAIL_LINES, log_line
from jobs.imports import services
from jobs.imports.counting import Counts, spoken
from jobs.imports.files import Glance
from jobs.imports.reading import Column as FileColumn
from jobs.imports.reading import Row, shown, wire
from jobs.imports.reading.cells import column_letter
from jobs.imports.steps import STEPS
from jobs.models import ImportFile, ImportJob, ImportRow, JobLog

HIDDEN = "***"
"""What stands in a sentence in the place of a value that is not for the reader's eyes."""


FROM_THE_FILE = frozenset({"text", "keys"})
"""Parameters of problems that hold what somebody has written."""


def present(job: ImportJob, *, viewer: User) -> dict[str, Any]:
    """One item of a list. Wants owner, file and ``undoes`` to be loaded."""
    return {
        "job_id": job.job_no,
        "dataset": job.dataset,
        "dataset_title": title_of(job.dataset),
        "mode": job.mode,
        "on_error": job.on_error,
        "status": job.status,
        "stage": job.stage,
        "progress": job.progress,
        "counts": asdict(Counts.of(job.counts)),
        "file_name": job.file.name,
        "file_size": job.file.size,
        "source": job.source,
        "created_by": job.owner.code,
        "created_at": local_iso(job.created_at, viewer),
        "finished_at": local_iso(job.finished_at, viewer),
        "retry_of": job.retry_of or None,
        "undoes": job.undoes.job_no if job.undoes else None,
        "error": _error(job, viewer),
    }


def present_detail(job: ImportJob, *, viewer: User) -> dict[str, Any]:
    """The item, what the file is, how its columns are mapped, what is wrong with its rows, and what can be done."""
    undone_by = services.undo_of(job)
    eyes = Eyes.of(job, viewer)
    return present(job, viewer=viewer) | {
        "file": _file_facts(job),
        "mapping": _mapping(job),
        "problems": [_problem(group, eyes) | {"count": group["count"], "row": group["row"]} for group in job.problems],
        "can": {name: _decision(step.decide(viewer, job)) for name, step in STEPS.items()},
        "undone_by": undone_by.job_no if undone_by else None,
        "confirmed_at": local_iso(job.confirmed_at, viewer),
        "kept_until": local_iso(None if job.file.is_over else job.file.expires_at, viewer),
        "logs_tail": _tail(job, viewer),
    }


def present_file(kept: ImportFile, viewer: User) -> dict[str, Any]:
    """A file that has just been sent."""
    return {
        "file_id": str(kept.pk),
        "name": kept.name,
        "size": kept.size,
        "sha256": kept.sha256,
        "created_at": local_iso(kept.created_at, viewer),
        "expires_at": local_iso(kept.expires_at, viewer),
    }


def present_glance(kept: ImportFile, glance: Glance, viewer: User) -> dict[str, Any]:
    """What a file is, and its first rows."""
    facts, fault = glance.facts, glance.fault
    return present_file(kept, viewer) | {
        "kind": facts.kind,
        "encoding": facts.encoding,
        "encoding_by": facts.encoding_by,
        "delimiter": facts.delimiter,
        "sheets": [{"name": sheet.name, "hidden": sheet.hidden} for sheet in facts.sheets],
        "sheet": facts.sheet,
        "header_row": facts.header_row,
        "header": [heading(column) for column in facts.header],
        "rows": [_first_row(row) for row in glance.rows],
        "problem": fault and {"code": fault.reason, "message": fault.message, "advice": fault.advice},
    }


def present_row(row: ImportRow, eyes: "Eyes") -> dict[str, Any]:
    """A faulty row."""
    cells = [shown(cell) for cell in wire.cells_of(row.cells)]
    return {
        "row": row.row,
        "cells": [text if eyes.see_position(position) else None for position, text in enumerate(cells)],
        "problems": [_problem(problem, eyes) for problem in row.problems],
    }


def present_change(change: Any, eyes: "Eyes") -> dict[str, Any]:
    """What was done to one row of the table, and what became of that. Never what stood there before. Wants ``is_new``
    beside an ImportChange: whether there was nothing."""
    return {
        "row": change.row,
        "key": change.key if eyes.see_key() else None,
        "action": "created" if change.is_new else "updated",
        "outcome": change.outcome or None,
    }


def heading(column: FileColumn) -> dict[str, Any]:
    """A column of a file."""
    return {"position": column.position, "letter": column.letter, "label": column.label}


class Eyes:
    """What of a file's content somebody may read: who sent it, all; without the right to contact data, others only
    what belongs to a column that is not masked."""

    def __init__(self, dataset: Dataset | None, mapping: Mapping[str, str], *, everything: bool) -> None:
        self._dataset, self._everything = dataset, everything
        self._mapping = {int(position): key for position, key in mapping.items()}

    @classmethod
    def of(cls, job: ImportJob, viewer: User) -> "Eyes":
        """Those of ``viewer`` on this import."""
        everything = bool(policy.may(viewer, policy.Action.IMPORT_CONTENT, job))
        return cls(dataset_or_none(job.dataset), job.mapping, everything=everything)

    def see_column(self, key: str) -> bool:
        """Whether values of the dataset's column are shown. What no column is known of may be anything."""
        column = self.column(key)
        return self._everything or (column is not None and column.mask is None)

    def see_position(self, position: int) -> bool:
        """Whether cells of the file's column are shown."""
        return self._everything or self.see_column(self._mapping.get(position, ""))

    def see_key(self) -> bool:
        """Whether natural keys are shown."""
        importing = self._dataset and self._dataset.importing
        return self._everything or (importing is not None and self.see_column(importing.key))

    def column(self, key: str) -> Column | None:
        """The dataset's column of this key; None when there is none (any more)."""
        known = {column.key: column for column in self._dataset.columns} if self._dataset else {}
        return known.get(key)


def dataset_or_none(key: str) -> Dataset | None:
    """The dataset of this key; None when it is gone."""
    return next((one for one in registry.all_datasets() if one.key == key), None)


def _file_facts(job: ImportJob) -> dict[str, Any]:
    facts = job.facts
    return {
        "file_id": str(job.file_id),
        "sha256": job.file.sha256,
        "kind": facts.get("kind", ""),
        "encoding": facts.get("encoding", ""),
        "delimiter": facts.get("delimiter", ""),
        "sheet": facts.get("sheet", ""),
        "choices": job.choices,
    }


def _mapping(job: ImportJob) -> list[dict[str, Any]]:
    """Every column of the file, and which of the dataset it is."""
    dataset = dataset_or_none(job.dataset)
    titles = {column.key: str(column.title) for column in dataset.columns} if dataset else {}
    return [
        {
            "position": position,
            "letter": column_letter(position),
            "label": label,
            "key": (key := job.mapping.get(str(position))),
            "title": titles.get(key, key) if key else None,
        }
        for position, label in enumerate(job.facts.get("header", []))
    ]


def _problem(found: Mapping[str, Any], eyes: Eyes) -> dict[str, Any]:
    """A problem of a row or of a group: column and title are null for one of the row as a whole."""
    key = found["column"]
    column = eyes.column(key)
    sees = eyes.see_column(key)
    told = found if sees else {**found, "params": _without_text(found["params"])}
    return {
        "column": key or None,
        "title": (str(column.title) if column else key) if key else None,
        "code": found["code"],
        "message": spoken(told),
        "text": found["text"] if sees else None,
    }


def _without_text(params: Mapping[str, Any]) -> dict[str, Any]:
    """The same, without what stood in the cell; numbers and what is allowed are ours."""
    return {name: HIDDEN if name in FROM_THE_FILE else value for name, value in params.items()}


def _decision(decision: policy.Decision) -> dict[str, Any]:
    return {"allowed": decision.allowed, "reason": decision.reason}


def _first_row(row: Row) -> dict[str, Any]:
    return {"row": row.number, "cells": [shown(cell) for cell in row.cells]}


def _tail(job: ImportJob, viewer: User) -> str:
    newest: Iterable[JobLog] = JobLog.objects.filter(job_id=job.pk).order_by("-id")[:TAIL_LINES]
    return "\n".join(log_line(line, viewer) for line in reversed(list(newest)))


def _error(job: ImportJob, viewer: User) -> dict[str, Any] | None:
    error = job.error
    if error is not None and job.error_stack and policy.may(viewer, policy.Action.ERROR_STACK):
        error["stack"] = job.error_stack
    return error
