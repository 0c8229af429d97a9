"""One row of any model that the admin shows, so that its pages can be opened."""

import uuid
from datetime import UTC, datetime
from typing import Any

from django.db.models import Model

from accounts.models import User
from exportcenter.common import clock
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


def _token(model: Any, owner: User) -> Any:
    from accounts.tokens import create_token

    return create_token(name="row", scopes=["exports:read"], actor=owner)[0]


MAKERS["accounts.AccessToken"] = _token
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


MAKERS["jobs.UiEvent"] = lambda model, owner: model.objects.create(
    user=owner, name="page_view:exports", at=datetime.now(UTC)
)
MAKERS |= {"jobs.ExportChunk": _chunk, "jobs.ExportDefinition": _definition, "jobs.DefinitionVersion": _definition}
MAKERS |= {f"jobs.{name}": _of_an_export for name in ("Attempt", "JobLog", "DownloadHandle", "FileRemoval")}


def _of_a_page(model: Any, owner: User) -> Any:
    """A row of what people set up for themselves, or did, on a page."""
    now = clock.now()
    values: dict[str, dict[str, Any]] = {
        "Notification": {"user": owner, "kind": "export.ready", "subject": "E20261001001", "created_at": now},
        "PagePreference": {"user": owner, "page": "exports", "value": {"density": "compact"}, "updated_at": now},
        "SavedView": {"owner": owner, "page": "exports", "name": "row", "created_at": now, "updated_at": now},
        "UiEvent": {"user": owner, "name": "page_view:exports", "at": now},
    }
    return model.objects.create(**values[model.__name__])


def _preview(model: Any, owner: User) -> Any:
    return model.objects.create(job=ExportJob.objects.first() or _export(owner), rows=[["1", None], ["2", "x"]])


MAKERS |= {f"jobs.{name}": _of_a_page for name in ("Notification", "PagePreference", "SavedView", "UiEvent")}
MAKERS |= {"jobs.ExportPreview": _preview}


def _webhook(model: Any, owner: User) -> Any:
    """A webhook with its secret and a message. Nothing is looked up, nothing is sent."""
    from jobs.models import Webhook, WebhookDelivery, WebhookSecret

    now = clock.now()
    times = {"created_at": now, "updated_at": now}
    webhook = Webhook.objects.create(owner=owner, url="https://hooks.example.com/", events=["job.status"], **times)
    WebhookSecret.objects.create(webhook=webhook, number=1, key_id="k1", created_at=now)
    WebhookDelivery.objects.create(
        webhook=webhook, type="job.status", subject="E20261001001", event_at=now, created_at=now, state="failed"
    )
    return model._default_manager.first()


MAKERS |= {f"jobs.{name}": _webhook for name in ("Webhook", "WebhookDelivery", "WebhookSecret")}


def _answer(model: Any, owner: User) -> Any:
    job = ExportJob.objects.first() or _export(owner)
    return model.objects.create(
        user=owner, scope="0" * 64, key="k-1", route="POST /api/v1/exports", body_hash="0" * 64, authz_epoch=1,
        job_id=job.pk, job_no=job.job_no, http_status=201, body=b"{}", extra={}, created_at=job.created_at,
    )  # fmt: skip


MAKERS |= {"jobs.KeptAnswer": _answer}


def _family(model: Any, owner: User) -> Any:
    from accounts.signin import families

    families.begin(owner)
    return model._default_manager.first()


MAKERS["accounts.TokenFamily"] = _family


def _import(model: Any, owner: User) -> Any:
    """An import of a file that nobody has read, with a row of every table beside it."""
    from jobs.models import ImportChange, ImportChunk, ImportFile, ImportJob, ImportMapping, ImportRow

    now, key = clock.now(), uuid.uuid4()
    kept = ImportFile.objects.create(
        owner=owner, name="members.csv", key=f"imports/{key}", size=1, sha256="0" * 64, created_at=now, expires_at=now
    )
    common: dict[str, Any] = {"job_id": key}
    ImportJob.objects.create(
        id=key, root_id=key, job_no="I20261001001", owner=owner, created_at=now, available_at=now, file=kept,
        dataset="members", sensitivity="general", mode="create", policy_tag="import.general",
    )  # fmt: skip
    cells = ["M00001", "13800138000"]
    problem = {"column": "phone", "code": "NOT_A_PHONE", "params": {"text": "13800138000"}, "text": "13800138000"}
    ImportRow.objects.create(**common, row=2, key="M00001", values={}, cells=cells, problems=[problem])
    ImportChunk.objects.create(**common, last_row=2, counts={"created": 1}, written_at=now)
    before = {"phone": "13800138000"}
    ImportChange.objects.create(**common, row=2, key="M00001", target="1", before=before, after="0" * 32)
    ImportMapping.objects.create(owner_id=owner.pk, dataset="members", label="电话", column="phone", used_at=now)
    return model._default_manager.first()


MAKERS |= {
    f"jobs.{name}": _import
    for name in ("ImportJob", "ImportFile", "ImportRow", "ImportChunk", "ImportChange", "ImportMapping")
}
