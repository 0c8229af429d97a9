"""What happened to a job: one row per claim, one row per log line."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.tenancy import TenantModel
from jobs.engine.states import Outcome


class Attempt(TenantModel):
    """One claim of a job by a worker, and how it ended."""

    id = models.BigAutoField(primary_key=True)
    kind = models.CharField(max_length=20)
    job_id = models.UUIDField()
    number = models.SmallIntegerField(_("attempt"))
    fence = models.BigIntegerField(unique=True)
    worker = models.CharField(_("worker"), max_length=100)
    started_at = models.DateTimeField(_("started"))
    ended_at = models.DateTimeField(_("ended"), null=True)
    outcome = models.CharField(_("outcome"), max_length=10, choices=Outcome.choices, default=Outcome.RUNNING)
    error_code = models.CharField(_("error code"), max_length=40, blank=True)
    error_message = models.TextField(_("error"), blank=True)

    class Meta:
        verbose_name = _("attempt")
        verbose_name_plural = _("attempts")
        ordering = ["job_id", "number", "id"]
        indexes = [models.Index(fields=["tenant", "job_id", "id"], name="jobs_attempt_job")]

    def __str__(self) -> str:
        return f"{self.job_id} #{self.number}"


class Level(models.TextChoices):
    """How serious a log line is."""

    INFO = "info", _("Info")
    WARNING = "warning", _("Warning")
    ERROR = "error", _("Error")


class JobLog(TenantModel):
    """One line of a job's log (SPEC E16)."""

    id = models.BigAutoField(primary_key=True)
    kind = models.CharField(max_length=20)
    job_id = models.UUIDField()
    at = models.DateTimeField(_("time"))
    level = models.CharField(_("level"), max_length=10, choices=Level.choices, default=Level.INFO)
    message = models.TextField(_("message"))

    class Meta:
        verbose_name = _("log line")
        verbose_name_plural = _("log lines")
        ordering = ["id"]
        indexes = [models.Index(fields=["tenant", "job_id", "id"], name="jobs_joblog_job")]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.level.upper():7} {self.message}"
