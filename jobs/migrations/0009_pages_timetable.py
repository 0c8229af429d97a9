"""Beat's timetable for the pages. Every entry is harmless when run twice at once."""

from typing import Any

from django.db import migrations

MINUTES = "minutes"
TIMETABLE = [
    ("Send mail about ended jobs", "jobs.send_mail", 1),
    ("Forget old events", "jobs.prune_events", 60),
    ("Forget old page events and notifications", "jobs.prune_pages", 60),
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
    dependencies = [("jobs", "0008_pages"), ("django_celery_beat", "0019_alter_periodictasks_options")]

    operations = [migrations.RunPython(install, remove)]
