"""Beat's timetable. Every entry is harmless when run twice at once: two beats are no problem."""

from typing import Any

from django.db import migrations

SECONDS, MINUTES = "seconds", "minutes"
TIMETABLE = [
    ("Sweep: abandoned and due jobs", "jobs.sweep", 15, SECONDS),
    ("Expire files", "jobs.expire", 5, MINUTES),
    ("Delete files of expired exports", "jobs.remove_files", 5, MINUTES),
    ("Delete orphaned files", "jobs.sweep_orphans", 60, MINUTES),
    ("Anchor the audit chains", "accounts.anchor_audit", 5, MINUTES),
]


def install(apps: Any, schema_editor: Any) -> None:
    Interval = apps.get_model("django_celery_beat", "IntervalSchedule")
    Task = apps.get_model("django_celery_beat", "PeriodicTask")
    for name, task, every, period in TIMETABLE:
        interval, _created = Interval.objects.get_or_create(every=every, period=period)
        Task.objects.get_or_create(
            name=name,
            # A run that nobody took within its own period is worthless: the next one is due.
            defaults={"task": task, "interval": interval, "expire_seconds": every * (60 if period == MINUTES else 1)},
        )


def remove(apps: Any, schema_editor: Any) -> None:
    apps.get_model("django_celery_beat", "PeriodicTask").objects.filter(
        name__in=[name for name, *_rest in TIMETABLE]
    ).delete()


class Migration(migrations.Migration):
    dependencies = [("jobs", "0002_walls"), ("django_celery_beat", "0019_alter_periodictasks_options")]

    operations = [migrations.RunPython(install, remove)]
