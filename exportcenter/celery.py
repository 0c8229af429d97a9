"""Celery delivers bells and runs beat; PostgreSQL holds the truth (ARCHITECTURE: the row is the queue)."""

from celery import Celery

from exportcenter import environment

environment.prepare()

app = Celery("exportcenter")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["jobs.engine", "accounts"], related_name="tasks")
