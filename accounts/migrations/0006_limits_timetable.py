"""Counts of the limits that protect something; and what beat does about them and about old sign-ins."""

from typing import Any

from django.db import migrations

MINUTES = "minutes"
TIMETABLE = [
    ("Forget old API sign-ins and used-up limits", "accounts.prune_sign_ins", 60),
]
TABLE = """
CREATE UNLOGGED TABLE accounts_ratelimit (
    key uuid PRIMARY KEY,
    full_at timestamptz NOT NULL,
    counted_at timestamptz NOT NULL,
    allowed boolean NOT NULL
) WITH (fillfactor = 50)
"""
# Room in each page: a count is an update of its row, and finds its place beside the old one without touching the index.


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
        ("accounts", "0005_token_families"),
        ("django_celery_beat", "0019_alter_periodictasks_options"),
    ]

    operations = [
        migrations.RunSQL(TABLE, "DROP TABLE accounts_ratelimit"),
        migrations.RunPython(install, remove),
    ]
