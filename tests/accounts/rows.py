"""One row of any model that the admin shows, so that its pages can be opened."""

import uuid
from datetime import UTC, datetime
from typing import Any

from django.db.models import Model

from accounts.models import User
from jobs.models import ExportJob
from tests.jobs.records import samples


def one_of(model: type[Model], owner: User) -> Any:
    """An existing row of the current tenant, or a new one. A model that is neither needs a line in MAKERS."""
    existing = model._default_manager.first()
    if existing is not None:
        return existing
    if model._meta.label not in MAKERS:
        raise LookupError(f"Tell tests.accounts.rows.MAKERS how to make a {model._meta.label}.")
    return MAKERS[model._meta.label](model, owner)


def _task(model: Any, owner: User) -> Any:
    from django_celery_beat.models import IntervalSchedule

    interval, _created = IntervalSchedule.objects.get_or_create(every=5, period="minutes")
    return model.objects.create(name="test task", task="x", interval=interval)


MAKERS: dict[str, Any] = {
    "django_celery_beat.PeriodicTask": _task,
    "django_celery_beat.IntervalSchedule": lambda model, owner: model.objects.create(every=7, period="minutes"),
    "django_celery_beat.CrontabSchedule": lambda model, owner: model.objects.create(minute="5"),
    "django_celery_beat.ClockedSchedule": lambda model, owner: model.objects.create(
        clocked_time=datetime(2030, 1, 1, tzinfo=UTC)
    ),
    "django_celery_beat.SolarSchedule": lambda model, owner: model.objects.create(
        event="sunrise", latitude=31, longitude=121
    ),
}


MAKERS |= {model._meta.label: lambda model, owner: samples.make(model) for model in samples.MODELS}


def _export(owner: User) -> Any:
    """An export as people ask for it; with it come its event, its owner's turn and the day's number."""
    from jobs.exports.services import request_export

    params = {"start": "2026-10-01", "end": "2026-10-07"}
    return request_export(dataset="orders", file_type="csv", params=params, source="/orders", actor=owner)


def _beside_an_export(model: Any, owner: User) -> Any:
    _export(owner)
    return model._default_manager.first()


def _of_an_export(model: Any, owner: User) -> Any:
    """A row that names an export."""
    job = _export(owner)
    now = job.created_at
    values: dict[str, dict[str, Any]] = {
        "Attempt": {
            "kind": "export",
            "job_id": job.pk,
            "number": 1,
            "fence": 900_001,
            "worker": "w:1",
            "started_at": now,
        },
        "JobLog": {"kind": "export", "job_id": job.pk, "at": now, "message": "orders: 7 rows"},
        "DownloadHandle": {"job": job, "user": owner, "created_at": now, "expires_at": now, "max_uses": 3},
        "FileRemoval": {"key": f"exports/{job.pk}/1.csv", "reason": "expired", "not_before": now},
    }
    return model.objects.create(**values[model.__name__])


def _chunk(model: Any, owner: User) -> Any:
    job = ExportJob.objects.first() or _export(owner)
    key = uuid.uuid4()
    return model.objects.create(
        id=key, root_id=key, job_no=f"{job.job_no}.1.1", owner=owner, created_at=job.created_at,
        available_at=job.created_at, export=job, generation=1, number=0, snapshot="x", first=1, rows_planned=1,
    )  # fmt: skip


MAKERS |= {f"jobs.{name}": _beside_an_export for name in ("ExportJob", "Event", "Turn", "DayNumber")}


def _definition(model: Any, owner: User) -> Any:
    """A saved selection; with it comes its first version."""
    from jobs.exports.definitions import create_definition

    create_definition(dataset="members", name="row", body={"columns": [{"key": "member_no"}]}, actor=owner)
    return model._default_manager.first()


MAKERS |= {"jobs.ExportChunk": _chunk, "jobs.ExportDefinition": _definition, "jobs.DefinitionVersion": _definition}
MAKERS |= {f"jobs.{name}": _of_an_export for name in ("Attempt", "JobLog", "DownloadHandle", "FileRemoval")}
