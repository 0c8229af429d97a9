"""Preferences, saved views, notifications, page events and previews; what the live stream reads of all tenants."""

import uuid

import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import accounts.tenancy
from exportcenter.common.rls import let_engine, secure_tenant_table


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0003_live_stream"),
        ("jobs", "0007_estimates"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ExportPreview",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("rows", models.JSONField(verbose_name="rows")),
                (
                    "job",
                    models.OneToOneField(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="preview",
                        to="jobs.exportjob",
                        verbose_name="export",
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
                "verbose_name": "preview of a file",
                "verbose_name_plural": "previews of files",
            },
        ),
        migrations.CreateModel(
            name="Notification",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("kind", models.CharField(max_length=40, verbose_name="kind")),
                ("subject", models.CharField(max_length=60, verbose_name="subject")),
                ("data", models.JSONField(default=dict, verbose_name="data")),
                ("created_at", models.DateTimeField(verbose_name="created")),
                ("read_at", models.DateTimeField(null=True, verbose_name="read")),
                (
                    "mail",
                    models.CharField(
                        choices=[
                            ("none", "Not wanted"),
                            ("queued", "Waiting"),
                            ("sent", "Sent"),
                            ("failed", "Failed"),
                            ("unknown", "Unknown"),
                        ],
                        default="none",
                        max_length=10,
                        verbose_name="mail",
                    ),
                ),
                ("mail_attempts", models.PositiveSmallIntegerField(default=0, verbose_name="mail attempts")),
                ("mail_due_at", models.DateTimeField(null=True, verbose_name="mail due")),
                ("mail_error", models.CharField(blank=True, max_length=300, verbose_name="mail error")),
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
                "verbose_name": "notification",
                "verbose_name_plural": "notifications",
                "ordering": ["-id"],
                "indexes": [
                    models.Index(fields=["tenant", "user", "-id"], name="jobs_notification_user"),
                    models.Index(
                        condition=models.Q(("read_at", None)),
                        fields=["tenant", "user"],
                        name="jobs_notification_unread",
                    ),
                    models.Index(
                        condition=models.Q(("mail", "queued")), fields=["mail_due_at"], name="jobs_notification_due"
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("mail__in", ["none", "queued", "sent", "failed", "unknown"])),
                        name="jobs_notification_mail",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="PagePreference",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("page", models.CharField(max_length=40, verbose_name="page")),
                ("value", models.JSONField(default=dict, verbose_name="content")),
                ("updated_at", models.DateTimeField(verbose_name="changed")),
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
                "verbose_name": "page preference",
                "verbose_name_plural": "page preferences",
                "ordering": ["page"],
                "constraints": [
                    models.UniqueConstraint(fields=("tenant", "user", "page"), name="jobs_pagepreference_one")
                ],
            },
        ),
        migrations.CreateModel(
            name="SavedView",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("page", models.CharField(max_length=40, verbose_name="page")),
                ("name", models.CharField(max_length=60, verbose_name="name")),
                ("query", models.JSONField(default=dict, verbose_name="filters")),
                (
                    "shared",
                    models.CharField(
                        choices=[
                            ("private", "Only me"),
                            ("roles", "People of certain roles"),
                            ("tenant", "The whole company"),
                        ],
                        default="private",
                        max_length=10,
                        verbose_name="shared with",
                    ),
                ),
                (
                    "roles",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=50),
                        blank=True,
                        default=list,
                        size=None,
                        verbose_name="roles",
                    ),
                ),
                ("created_at", models.DateTimeField(verbose_name="created")),
                ("updated_at", models.DateTimeField(verbose_name="changed")),
                (
                    "owner",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="owner",
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
                "verbose_name": "saved view",
                "verbose_name_plural": "saved views",
                "ordering": ["name"],
                "constraints": [
                    models.UniqueConstraint(fields=("tenant", "owner", "page", "name"), name="jobs_savedview_name"),
                    models.CheckConstraint(
                        condition=models.Q(("shared__in", ["private", "roles", "tenant"])), name="jobs_savedview_shared"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="UiEvent",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=40, verbose_name="event")),
                ("data", models.JSONField(default=dict, verbose_name="data")),
                ("at", models.DateTimeField(verbose_name="time")),
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
                "verbose_name": "page event",
                "verbose_name_plural": "page events",
                "ordering": ["-id"],
                "indexes": [
                    models.Index(fields=["tenant", "-at"], name="jobs_uievent_at"),
                    models.Index(fields=["tenant", "user", "-at"], name="jobs_uievent_user"),
                ],
            },
        ),
        migrations.AddIndex(
            model_name="event",
            index=models.Index(fields=["tenant", "at"], name="jobs_event_at"),
        ),
        secure_tenant_table("jobs_exportpreview", references={"job_id": "jobs_exportjob"}),
        secure_tenant_table("jobs_notification", references={"user_id": "accounts_user"}, engine="SELECT, UPDATE"),
        secure_tenant_table("jobs_pagepreference", references={"user_id": "accounts_user"}),
        secure_tenant_table("jobs_savedview", references={"owner_id": "accounts_user"}),
        secure_tenant_table("jobs_uievent", references={"user_id": "accounts_user"}),
        let_engine("jobs_event", "SELECT"),
    ]
