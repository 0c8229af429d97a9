"""Imports: their jobs, files and rows, behind the walls; jobs that wait for a person half way; beat forgets in time."""

import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import accounts.tenancy
from exportcenter.common.rls import secure_tenant_table
from jobs.engine.ddl import GUARD, job_table

MINUTES = "minutes"
TIMETABLE = [
    ("Forget files of imports whose time is over", "jobs.forget_imports", 5),
]


def install(apps, schema_editor):
    Interval = apps.get_model("django_celery_beat", "IntervalSchedule")
    Task = apps.get_model("django_celery_beat", "PeriodicTask")
    for name, task, every in TIMETABLE:
        interval, _created = Interval.objects.get_or_create(every=every, period=MINUTES)
        Task.objects.get_or_create(
            name=name, defaults={"task": task, "interval": interval, "expire_seconds": every * 60}
        )


def remove(apps, schema_editor):
    names = [name for name, *_rest in TIMETABLE]
    apps.get_model("django_celery_beat", "PeriodicTask").objects.filter(name__in=names).delete()


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0006_limits_timetable"),
        ("django_celery_beat", "0019_alter_periodictasks_options"),
        ("jobs", "0013_own_by_status"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterField(
            model_name="attempt",
            name="outcome",
            field=models.CharField(
                choices=[
                    ("running", "Running"),
                    ("ready", "Ready"),
                    ("review", "Waiting for confirmation"),
                    ("failed", "Failed"),
                    ("retry", "Failed, tried again"),
                    ("canceled", "Canceled"),
                    ("released", "Released by a stopping worker"),
                    ("lost", "Worker lost"),
                    ("timeout", "Over the time limit"),
                ],
                default="running",
                max_length=10,
                verbose_name="outcome",
            ),
        ),
        migrations.AlterField(
            model_name="exportchunk",
            name="stage",
            field=models.CharField(
                choices=[
                    ("queued", "Queued"),
                    ("preparing", "Preparing data"),
                    ("writing", "Writing file"),
                    ("uploading", "Uploading"),
                    ("checking", "Checking rows"),
                    ("review", "Waiting for confirmation"),
                    ("applying", "Writing rows"),
                    ("undoing", "Taking back"),
                    ("done", "Done"),
                ],
                default="queued",
                max_length=10,
                verbose_name="stage",
            ),
        ),
        migrations.AlterField(
            model_name="exportchunk",
            name="status",
            field=models.CharField(
                choices=[
                    ("queued", "Queued"),
                    ("processing", "Processing"),
                    ("ready", "Ready"),
                    ("failed", "Failed"),
                    ("canceled", "Canceled"),
                    ("expired", "Expired"),
                    ("review", "Waiting for confirmation"),
                ],
                default="queued",
                max_length=10,
                verbose_name="status",
            ),
        ),
        migrations.AlterField(
            model_name="exportjob",
            name="stage",
            field=models.CharField(
                choices=[
                    ("queued", "Queued"),
                    ("preparing", "Preparing data"),
                    ("writing", "Writing file"),
                    ("uploading", "Uploading"),
                    ("checking", "Checking rows"),
                    ("review", "Waiting for confirmation"),
                    ("applying", "Writing rows"),
                    ("undoing", "Taking back"),
                    ("done", "Done"),
                ],
                default="queued",
                max_length=10,
                verbose_name="stage",
            ),
        ),
        migrations.AlterField(
            model_name="exportjob",
            name="status",
            field=models.CharField(
                choices=[
                    ("queued", "Queued"),
                    ("processing", "Processing"),
                    ("ready", "Ready"),
                    ("failed", "Failed"),
                    ("canceled", "Canceled"),
                    ("expired", "Expired"),
                    ("review", "Waiting for confirmation"),
                ],
                default="queued",
                max_length=10,
                verbose_name="status",
            ),
        ),
        migrations.CreateModel(
            name="ImportFile",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=200, verbose_name="file")),
                ("key", models.CharField(max_length=300, unique=True)),
                ("size", models.BigIntegerField(verbose_name="size")),
                ("sha256", models.CharField(max_length=64, verbose_name="SHA-256")),
                ("created_at", models.DateTimeField(verbose_name="sent")),
                ("expires_at", models.DateTimeField(verbose_name="kept until")),
                ("removed_at", models.DateTimeField(null=True, verbose_name="removed")),
                (
                    "owner",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="sent by",
                    ),
                ),
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
            ],
            options={
                "verbose_name": "file to import",
                "verbose_name_plural": "files to import",
                "ordering": ["-created_at", "-id"],
            },
        ),
        migrations.CreateModel(
            name="ImportJob",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("job_no", models.CharField(db_collation="C", max_length=30, verbose_name="job no.")),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("queued", "Queued"),
                            ("processing", "Processing"),
                            ("ready", "Ready"),
                            ("failed", "Failed"),
                            ("canceled", "Canceled"),
                            ("expired", "Expired"),
                            ("review", "Waiting for confirmation"),
                        ],
                        default="queued",
                        max_length=10,
                        verbose_name="status",
                    ),
                ),
                (
                    "stage",
                    models.CharField(
                        choices=[
                            ("queued", "Queued"),
                            ("preparing", "Preparing data"),
                            ("writing", "Writing file"),
                            ("uploading", "Uploading"),
                            ("checking", "Checking rows"),
                            ("review", "Waiting for confirmation"),
                            ("applying", "Writing rows"),
                            ("undoing", "Taking back"),
                            ("done", "Done"),
                        ],
                        default="queued",
                        max_length=10,
                        verbose_name="stage",
                    ),
                ),
                (
                    "priority",
                    models.SmallIntegerField(
                        choices=[(0, "Normal"), (10, "Accelerated")], default=0, verbose_name="lane"
                    ),
                ),
                ("version", models.IntegerField(default=1)),
                ("attempt", models.SmallIntegerField(default=0, verbose_name="attempts")),
                ("max_attempts", models.SmallIntegerField(default=4)),
                ("crash_count", models.SmallIntegerField(default=0)),
                ("fence", models.BigIntegerField(default=0)),
                ("slot", models.SmallIntegerField(null=True)),
                ("lease_owner", models.CharField(blank=True, max_length=100, verbose_name="worker")),
                ("lease_until", models.DateTimeField(null=True)),
                ("deadline_at", models.DateTimeField(null=True)),
                ("available_at", models.DateTimeField(verbose_name="due")),
                ("cancel_requested_at", models.DateTimeField(null=True)),
                ("cancel_requested_by", models.CharField(blank=True, max_length=150, verbose_name="canceled by")),
                ("rows_done", models.BigIntegerField(default=0, verbose_name="rows written")),
                ("rows_expected", models.BigIntegerField(null=True, verbose_name="rows expected")),
                ("created_at", models.DateTimeField(verbose_name="created")),
                ("started_at", models.DateTimeField(null=True, verbose_name="started")),
                ("finished_at", models.DateTimeField(null=True, verbose_name="finished")),
                ("expires_at", models.DateTimeField(null=True, verbose_name="expires")),
                ("error_code", models.CharField(blank=True, max_length=40, verbose_name="error code")),
                ("error_message", models.TextField(blank=True, verbose_name="error")),
                ("error_advice", models.TextField(blank=True, verbose_name="advice")),
                ("error_stack", models.TextField(blank=True, verbose_name="stack")),
                ("retry_of", models.CharField(blank=True, max_length=30, verbose_name="retry of")),
                ("root_id", models.UUIDField(editable=False)),
                ("retry_no", models.PositiveIntegerField(default=0)),
                ("policy_tag", models.CharField(blank=True, max_length=60, verbose_name="policy tag")),
                ("request_id", models.CharField(blank=True, max_length=64, verbose_name="request")),
                ("dataset", models.CharField(max_length=63, verbose_name="dataset")),
                ("sensitivity", models.CharField(max_length=10, verbose_name="class")),
                (
                    "mode",
                    models.CharField(
                        choices=[
                            ("create", "Add new rows"),
                            ("update", "Change existing rows"),
                            ("upsert", "Add new rows, change existing ones"),
                        ],
                        max_length=10,
                        verbose_name="mode",
                    ),
                ),
                (
                    "on_error",
                    models.CharField(
                        choices=[("skip", "Skip faulty rows"), ("stop", "All rows or none")],
                        default="skip",
                        max_length=10,
                        verbose_name="faulty rows",
                    ),
                ),
                ("choices", models.JSONField(default=dict, verbose_name="how the file is read")),
                ("mapping", models.JSONField(default=dict, verbose_name="columns")),
                ("language", models.CharField(default="zh-hans", max_length=10)),
                ("time_zone", models.CharField(default="Asia/Shanghai", max_length=50)),
                ("source", models.CharField(blank=True, max_length=200, verbose_name="source")),
                ("owner_epoch", models.BigIntegerField(editable=False, null=True)),
                ("confirmed_at", models.DateTimeField(null=True, verbose_name="confirmed")),
                ("confirmed_by", models.CharField(blank=True, max_length=150, verbose_name="confirmed by")),
                ("counts", models.JSONField(default=dict, verbose_name="rows")),
                ("problems", models.JSONField(default=list, verbose_name="problems")),
                ("facts", models.JSONField(default=dict, verbose_name="about the file")),
                (
                    "file",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="jobs.importfile",
                        verbose_name="file",
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="creator",
                    ),
                ),
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
                    "undoes",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="jobs.importjob",
                        verbose_name="takes back",
                    ),
                ),
            ],
            options={
                "verbose_name": "import",
                "verbose_name_plural": "imports",
                "ordering": ["-created_at", "-id"],
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="ImportMapping",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("owner_id", models.UUIDField()),
                ("dataset", models.CharField(max_length=63)),
                ("label", models.CharField(max_length=100)),
                ("column", models.CharField(blank=True, max_length=63)),
                ("used_at", models.DateTimeField()),
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
            ],
            options={
                "verbose_name": "remembered column",
                "verbose_name_plural": "remembered columns",
            },
        ),
        migrations.CreateModel(
            name="ImportRow",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("job_id", models.UUIDField()),
                ("row", models.IntegerField(verbose_name="row")),
                ("key", models.TextField(blank=True, verbose_name="key")),
                ("values", models.JSONField(default=dict)),
                ("cells", models.JSONField(default=list)),
                ("problems", models.JSONField(default=list)),
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
            ],
            options={
                "verbose_name": "row to import",
                "verbose_name_plural": "rows to import",
                "ordering": ["job_id", "row"],
            },
        ),
        migrations.CreateModel(
            name="ImportChange",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("job_id", models.UUIDField()),
                ("row", models.IntegerField(verbose_name="row")),
                ("key", models.TextField(verbose_name="key")),
                ("target", models.TextField()),
                ("before", models.JSONField(null=True)),
                ("after", models.CharField(max_length=32)),
                (
                    "outcome",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("removed", "Removed"),
                            ("restored", "Restored"),
                            ("edited", "Kept: changed since"),
                            ("used", "Kept: other rows refer to it"),
                            ("gone", "Gone already"),
                        ],
                        max_length=10,
                        verbose_name="outcome",
                    ),
                ),
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
            ],
            options={
                "verbose_name": "change by an import",
                "verbose_name_plural": "changes by imports",
                "ordering": ["id"],
                "indexes": [models.Index(fields=["tenant", "job_id", "id"], name="jobs_importchange_job")],
            },
        ),
        migrations.CreateModel(
            name="ImportChunk",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("job_id", models.UUIDField()),
                ("last_row", models.IntegerField()),
                ("counts", models.JSONField(default=dict)),
                ("written_at", models.DateTimeField(verbose_name="written")),
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
            ],
            options={
                "verbose_name": "chunk of an import",
                "verbose_name_plural": "chunks of imports",
                "ordering": ["job_id", "last_row"],
                "constraints": [
                    models.UniqueConstraint(fields=("tenant", "job_id", "last_row"), name="jobs_importchunk_once")
                ],
            },
        ),
        migrations.AddIndex(
            model_name="importfile",
            index=models.Index(
                condition=models.Q(("removed_at", None)), fields=["expires_at"], name="jobs_importfile_due"
            ),
        ),
        migrations.AddIndex(
            model_name="importfile",
            index=models.Index(fields=["tenant", "owner", "-created_at"], name="jobs_importfile_owner"),
        ),
        migrations.AddIndex(
            model_name="importjob",
            index=models.Index(
                models.F("tenant"),
                models.F("owner"),
                models.OrderBy(models.F("priority"), descending=True),
                models.F("available_at"),
                models.F("id"),
                condition=models.Q(("cancel_requested_at__isnull", True), ("status", "queued")),
                name="jobs_importjob_head",
            ),
        ),
        migrations.AddIndex(
            model_name="importjob",
            index=models.Index(
                condition=models.Q(("status", "processing")), fields=["lease_until"], name="jobs_importjob_lost"
            ),
        ),
        migrations.AddIndex(
            model_name="importjob",
            index=models.Index(
                condition=models.Q(("status", "ready")), fields=["expires_at"], name="jobs_importjob_due"
            ),
        ),
        migrations.AddIndex(
            model_name="importjob",
            index=models.Index(fields=["tenant", "-created_at", "-id"], name="jobs_import_created"),
        ),
        migrations.AddIndex(
            model_name="importjob",
            index=models.Index(fields=["tenant", "status", "-created_at", "-id"], name="jobs_import_status"),
        ),
        migrations.AddIndex(
            model_name="importjob",
            index=models.Index(fields=["tenant", "owner", "-created_at", "-id"], name="jobs_import_owner"),
        ),
        migrations.AddIndex(
            model_name="importjob",
            index=models.Index(fields=["tenant", "file"], name="jobs_import_file"),
        ),
        migrations.AddConstraint(
            model_name="importjob",
            constraint=models.UniqueConstraint(fields=("tenant", "job_no"), name="jobs_importjob_no"),
        ),
        migrations.AddConstraint(
            model_name="importjob",
            constraint=models.UniqueConstraint(fields=("root_id", "retry_no"), name="jobs_importjob_retry"),
        ),
        migrations.AddConstraint(
            model_name="importjob",
            constraint=models.UniqueConstraint(
                condition=models.Q(("status", "processing")),
                fields=("tenant", "owner", "slot"),
                name="jobs_importjob_slot",
            ),
        ),
        migrations.AddConstraint(
            model_name="importjob",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("slot__isnull", True), models.Q(("slot__gte", 1), ("slot__lte", 3)), _connector="OR"
                ),
                name="jobs_importjob_slots",
            ),
        ),
        migrations.AddConstraint(
            model_name="importjob",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("deadline_at__isnull", False),
                        ("lease_until__isnull", False),
                        ("slot__isnull", False),
                        ("status", "processing"),
                    ),
                    models.Q(
                        models.Q(("status", "processing"), _negated=True),
                        ("deadline_at", None),
                        ("lease_until", None),
                        ("slot", None),
                    ),
                    _connector="OR",
                ),
                name="jobs_importjob_lease",
            ),
        ),
        migrations.AddConstraint(
            model_name="importjob",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("status__in", ["queued", "processing", "ready", "failed", "canceled", "expired", "review"])
                ),
                name="jobs_importjob_status",
            ),
        ),
        migrations.AddConstraint(
            model_name="importjob",
            constraint=models.UniqueConstraint(
                condition=models.Q(("status__in", ["queued", "processing", "ready", "expired"])),
                fields=("undoes",),
                name="jobs_importjob_undone_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="importmapping",
            constraint=models.UniqueConstraint(
                fields=("tenant", "owner_id", "dataset", "label"), name="jobs_importmapping_once"
            ),
        ),
        migrations.AddIndex(
            model_name="importrow",
            index=models.Index(fields=["tenant", "key", "job_id"], name="jobs_importrow_key"),
        ),
        migrations.AddIndex(
            model_name="importrow",
            index=models.Index(
                condition=models.Q(("problems", []), _negated=True),
                fields=["tenant", "job_id", "row"],
                name="jobs_importrow_faulty",
            ),
        ),
        migrations.AddConstraint(
            model_name="importrow",
            constraint=models.UniqueConstraint(fields=("tenant", "job_id", "row"), name="jobs_importrow_row"),
        ),
        migrations.RunSQL(GUARD, migrations.RunSQL.noop),
        secure_tenant_table("jobs_importfile", references={"owner_id": "accounts_user"}),
        *job_table(
            "jobs_importjob", references={"file_id": "jobs_importfile", "undoes_id": "jobs_importjob"}, reviewed=True
        ),
        secure_tenant_table("jobs_importrow", composite_key=False),
        secure_tenant_table("jobs_importchunk", composite_key=False),
        secure_tenant_table("jobs_importchange", composite_key=False),
        secure_tenant_table("jobs_importmapping", composite_key=False),
        migrations.RunPython(install, remove),
    ]
