"""Webhooks, their secrets and their messages, behind the walls; beat forgets old messages.

The engine role finds what is due over all companies; everything else happens in the company's own scope.
"""

import uuid
from typing import Any

import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import accounts.tenancy
import jobs.models.webhook
from exportcenter.common.rls import secure_tenant_table

MINUTES = "minutes"
TIMETABLE = [
    ("Forget old messages of webhooks", "jobs.prune_webhooks", 60),
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
        ("accounts", "0003_live_stream"),
        ("django_celery_beat", "0019_alter_periodictasks_options"),
        ("jobs", "0011_safe_retries_timetable"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Webhook",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                (
                    "scope",
                    models.CharField(
                        choices=[("person", "What its owner may see"), ("company", "All of the company")],
                        default="person",
                        max_length=10,
                        verbose_name="hears of",
                    ),
                ),
                ("url", models.CharField(max_length=2000, verbose_name="address")),
                ("description", models.CharField(blank=True, max_length=200, verbose_name="description")),
                (
                    "events",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=40), default=list, size=None, verbose_name="events"
                    ),
                ),
                (
                    "statuses",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=10),
                        blank=True,
                        default=list,
                        size=None,
                        verbose_name="statuses",
                    ),
                ),
                (
                    "kinds",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=20),
                        blank=True,
                        default=list,
                        size=None,
                        verbose_name="kinds of jobs",
                    ),
                ),
                (
                    "datasets",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=63),
                        blank=True,
                        default=list,
                        size=None,
                        verbose_name="datasets",
                    ),
                ),
                ("enabled", models.BooleanField(default=True, verbose_name="on")),
                (
                    "stopped",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("by_hand", "Switched off by hand"),
                            ("gone", "The receiver said that it is gone (410)"),
                            ("failing", "Nothing arrived for five days"),
                            ("rights", "Its owner has lost the right"),
                        ],
                        max_length=10,
                        verbose_name="why it is off",
                    ),
                ),
                ("stopped_at", models.DateTimeField(null=True, verbose_name="off since")),
                ("position", models.BigIntegerField(default=0)),
                ("failures", models.PositiveIntegerField(default=0, verbose_name="failures in a row")),
                ("failing_since", models.DateTimeField(null=True, verbose_name="failing since")),
                ("not_before", models.DateTimeField(null=True, verbose_name="paused until")),
                ("served_at", models.DateTimeField(null=True, verbose_name="last served")),
                ("lease_until", models.DateTimeField(null=True)),
                ("fence", models.BigIntegerField(default=0)),
                ("created_at", models.DateTimeField(verbose_name="created")),
                ("updated_at", models.DateTimeField(verbose_name="changed")),
                (
                    "owner",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
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
                "verbose_name": "webhook",
                "verbose_name_plural": "webhooks",
                "ordering": ["-created_at", "-id"],
            },
        ),
        migrations.CreateModel(
            name="WebhookDelivery",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "message_id",
                    models.CharField(default=jobs.models.webhook.new_message_id, max_length=40, verbose_name="message"),
                ),
                ("event_seq", models.BigIntegerField(null=True, verbose_name="event")),
                ("type", models.CharField(max_length=40, verbose_name="type")),
                ("subject", models.CharField(blank=True, max_length=60, verbose_name="subject")),
                ("data", models.JSONField(default=dict, verbose_name="data")),
                ("event_owner_id", models.UUIDField(null=True)),
                ("sensitivity", models.CharField(blank=True, max_length=10)),
                ("event_at", models.DateTimeField(verbose_name="event's time")),
                (
                    "state",
                    models.CharField(
                        choices=[("queued", "Waiting"), ("sent", "Sent"), ("failed", "Failed")],
                        default="queued",
                        max_length=10,
                        verbose_name="status",
                    ),
                ),
                ("attempts", models.PositiveSmallIntegerField(default=0, verbose_name="attempts")),
                ("next_attempt_at", models.DateTimeField(null=True, verbose_name="next attempt")),
                ("attempted_at", models.DateTimeField(null=True, verbose_name="last attempt")),
                ("response_code", models.PositiveSmallIntegerField(null=True, verbose_name="response code")),
                ("milliseconds", models.PositiveIntegerField(null=True, verbose_name="time taken")),
                ("answer", models.TextField(blank=True, verbose_name="answer")),
                ("error", models.CharField(blank=True, max_length=20, verbose_name="error")),
                ("error_detail", models.CharField(blank=True, max_length=300, verbose_name="details")),
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
                    "webhook",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="deliveries",
                        to="jobs.webhook",
                        verbose_name="webhook",
                    ),
                ),
            ],
            options={
                "verbose_name": "webhook delivery",
                "verbose_name_plural": "webhook deliveries",
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="WebhookSecret",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("number", models.PositiveIntegerField(verbose_name="no.")),
                ("key_id", models.CharField(max_length=100, verbose_name="key")),
                ("created_at", models.DateTimeField(verbose_name="created")),
                ("expires_at", models.DateTimeField(null=True, verbose_name="signs until")),
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
                    "webhook",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="secrets",
                        to="jobs.webhook",
                    ),
                ),
            ],
            options={
                "verbose_name": "webhook secret",
                "verbose_name_plural": "webhook secrets",
                "ordering": ["-number"],
            },
        ),
        migrations.AddIndex(
            model_name="webhook",
            index=models.Index(fields=["tenant", "owner", "-created_at"], name="jobs_webhook_owner"),
        ),
        migrations.AddIndex(
            model_name="webhook",
            index=models.Index(condition=models.Q(("enabled", True)), fields=["served_at"], name="jobs_webhook_turn"),
        ),
        migrations.AddConstraint(
            model_name="webhook",
            constraint=models.CheckConstraint(
                condition=models.Q(("scope__in", ["person", "company"])), name="jobs_webhook_scope"
            ),
        ),
        migrations.AddConstraint(
            model_name="webhook",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("enabled", True), ("stopped", "")),
                    models.Q(("enabled", False), ("stopped__in", ["by_hand", "gone", "failing", "rights"])),
                    _connector="OR",
                ),
                name="jobs_webhook_stopped",
            ),
        ),
        migrations.AddIndex(
            model_name="webhookdelivery",
            index=models.Index(fields=["tenant", "webhook", "-id"], name="jobs_webhookdelivery_log"),
        ),
        migrations.AddIndex(
            model_name="webhookdelivery",
            index=models.Index(
                condition=models.Q(("state", "queued")),
                fields=["webhook", "next_attempt_at"],
                name="jobs_webhookdelivery_due",
            ),
        ),
        migrations.AddIndex(
            model_name="webhookdelivery",
            index=models.Index(fields=["tenant", "created_at"], name="jobs_webhookdelivery_age"),
        ),
        migrations.AddConstraint(
            model_name="webhookdelivery",
            constraint=models.UniqueConstraint(
                fields=("tenant", "webhook", "event_seq"), name="jobs_webhookdelivery_one"
            ),
        ),
        migrations.AddConstraint(
            model_name="webhookdelivery",
            constraint=models.UniqueConstraint(fields=("tenant", "message_id"), name="jobs_webhookdelivery_message"),
        ),
        migrations.AddConstraint(
            model_name="webhookdelivery",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["queued", "sent", "failed"])), name="jobs_webhookdelivery_state"
            ),
        ),
        migrations.AddConstraint(
            model_name="webhooksecret",
            constraint=models.UniqueConstraint(fields=("tenant", "webhook", "number"), name="jobs_webhooksecret_one"),
        ),
        secure_tenant_table("jobs_webhook", references={"owner_id": "accounts_user"}, engine="SELECT, UPDATE"),
        secure_tenant_table("jobs_webhookdelivery", references={"webhook_id": "jobs_webhook"}, engine="SELECT"),
        secure_tenant_table("jobs_webhooksecret", references={"webhook_id": "jobs_webhook"}),
        migrations.RunPython(install, remove),
    ]
