"""One row of any model that the admin shows, so that its pages can be opened."""

from datetime import UTC, datetime
from typing import Any

from django.db.models import Model

from accounts.models import User


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


def _record(model: Any, owner: User) -> Any:
    """A row of a sample table in a region that every test person may see."""
    now = datetime(2026, 10, 1, tzinfo=UTC)
    values: dict[str, Any] = {"region": "华东", "created_at": now}
    for field in model._meta.concrete_fields:
        if field.choices and field.name not in values:
            values[field.name] = field.choices[0][0]
        elif field.get_internal_type() == "DecimalField":
            values[field.name] = 1
        elif field.get_internal_type() == "CharField" and not field.blank and field.name not in values:
            values[field.name] = f"{field.name[:8]}-1"
    return model.objects.create(**values)


MAKERS |= {f"records.{name}": _record for name in ("Member", "Order", "RiskHit")}


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


MAKERS |= {f"jobs.{name}": _beside_an_export for name in ("ExportJob", "Event", "Turn", "DayNumber")}
MAKERS |= {f"jobs.{name}": _of_an_export for name in ("Attempt", "JobLog", "DownloadHandle", "FileRemoval")}
