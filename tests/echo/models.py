"""A job that counts to a number."""

from django.db import models

from jobs.models.job import Job


class EchoJob(Job):
    """Counts ``steps`` with a pause between, and fails as told."""

    steps = models.IntegerField(default=1)
    pause = models.FloatField(default=0)
    trouble = models.CharField(max_length=20, blank=True)
    said = models.TextField(blank=True)

    class Meta(Job.Meta):
        pass
