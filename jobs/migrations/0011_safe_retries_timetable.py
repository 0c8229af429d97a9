"""Answers that are kept for repeated requests, their place in beat's timetable, and the rights with which an export was
asked for."""

import uuid
from typing import Any

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import accounts.tenancy
from exportcenter.common.rls import secure_tenant_table

# Written once. The trigger costs nothing as long as no statement names the column.
EPOCH_FROZEN = """
CREATE FUNCTION jobs_export_epoch_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.owner_epoch IS DISTINCT FROM NEW.owner_epoch THEN
        RAISE EXCEPTION 'export %: the rights it was asked with are frozen', OLD.job_no
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER epoch_frozen BEFORE UPDATE OF owner_epoch ON jobs_exportjob
    FOR EACH ROW EXECUTE FUNCTION jobs_export_epoch_frozen();
"""
MINUTES = "minutes"
TIMETABLE = [
    ("Forget old answers to repeated requests", "jobs.prune_answers", 60),
]


def install(apps: Any, schema_editor: Any) -> None:
    Interval = apps.get_model("django_celery_beat", "IntervalSchedule")
    Task = apps.get_model("django_celery_beat", "PeriodicTask")
    for name, task, every in TIMETABLE:
        interval, _created = Interval.objects.get_or_create(every=every, period=MINUTES)
        Task.objects.get_or_create(
            name=name, defaults={"task": task, "interval": interval, "expire_seconds": every * 60}
        )


def remove(apps: Any, schema_editor: Any) -> None:
    names = [name for name, *_rest in TIMETABLE]
    apps.get_model("django_celery_beat", "PeriodicTask").objects.filter(name__in=names).delete()


class Migration(migrations.Migration):
    dependencies = [
        ("jobs", "0010_usage"),
        ("django_celery_beat", "0019_alter_periodictasks_options"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="exportjob",
            name="owner_epoch",
            field=models.BigIntegerField(editable=False, null=True),
        ),
        migrations.RunSQL(
            EPOCH_FROZEN, "DROP TRIGGER epoch_frozen ON jobs_exportjob; DROP FUNCTION jobs_export_epoch_frozen()"
        ),
        migrations.CreateModel(
            name="KeptAnswer",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("scope", models.CharField(editable=False, max_length=64)),
                ("key", models.CharField(max_length=255, verbose_name="key")),
                ("route", models.CharField(max_length=200, verbose_name="method and path")),
                ("body_hash", models.CharField(editable=False, max_length=64)),
                ("authz_epoch", models.BigIntegerField(editable=False)),
                ("job_id", models.UUIDField(editable=False)),
                ("job_no", models.CharField(max_length=30, verbose_name="job no.")),
                ("http_status", models.PositiveSmallIntegerField(verbose_name="status")),
                ("headers", models.JSONField(default=dict, editable=False)),
                ("body", models.BinaryField()),
                ("extra", models.JSONField(editable=False, null=True)),
                ("settles_at", models.DateTimeField(null=True, verbose_name="waits until")),
                ("created_at", models.DateTimeField(verbose_name="created")),
                (
                    "tenant",
                    models.ForeignKey(
                        default=accounts.tenancy.current,
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.tenant",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="user",
                    ),
                ),
            ],
            options={
                "verbose_name": "kept answer",
                "verbose_name_plural": "kept answers",
                "ordering": ["-created_at"],
                "indexes": [models.Index(fields=["tenant", "created_at"], name="jobs_keptanswer_created")],
                "constraints": [
                    models.UniqueConstraint(fields=("tenant", "user", "scope"), name="jobs_keptanswer_one")
                ],
            },
        ),
        secure_tenant_table("jobs_keptanswer", references={"user_id": "accounts_user"}),
        migrations.RunPython(install, remove),
    ]
