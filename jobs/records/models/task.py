"""Tasks: what teams do for a campaign, and what they earn with it."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from jobs.records.models.base import RegionalRecord
from jobs.records.models.campaign import Campaign
from jobs.records.models.team import Team


class Task(RegionalRecord):
    """A number of equal pieces of work, paid by the piece, given to one team."""

    class Type(models.TextChoices):
        """What is to be done."""

        VISIT = "visit", _("Visit shops")
        PROMOTION = "promotion", _("Promotion")
        CONTENT = "content", _("Make content")
        SURVEY = "survey", _("Survey")
        SIGN_UP = "sign_up", _("Sign people up")

    class Status(models.TextChoices):
        """How far the work has come."""

        OPEN = "open", _("Not begun")
        ACTIVE = "active", _("In progress")
        DONE = "done", _("Done")
        OVERDUE = "overdue", _("Overdue")
        CANCELLED = "cancelled", _("Cancelled")

    # Collation "C": numbers are ASCII, and comparing bytes is the cheapest way to keep their index.
    task_no = models.CharField(_("task no."), max_length=20, db_collation="C")
    campaign = models.ForeignKey(
        Campaign, on_delete=models.PROTECT, db_constraint=False, related_name="tasks", verbose_name=_("campaign")
    )
    team = models.ForeignKey(
        Team, on_delete=models.PROTECT, db_constraint=False, related_name="tasks", verbose_name=_("team")
    )
    title = models.CharField(_("title"), max_length=100)
    type = models.CharField(_("type"), max_length=10, choices=Type.choices)
    status = models.CharField(_("status"), max_length=10, choices=Status.choices, default=Status.OPEN)
    reward = models.DecimalField(_("reward per piece"), max_digits=18, decimal_places=2)
    quota = models.PositiveIntegerField(_("quota"), default=1)
    done = models.PositiveIntegerField(_("pieces done"), default=0)
    note = models.TextField(_("note"), blank=True)
    created_at = models.DateTimeField(_("created"))
    deadline = models.DateTimeField(_("deadline"))
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)

    class Meta:
        verbose_name = _("task")
        verbose_name_plural = _("tasks")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["tenant", "task_no"], name="records_task_no"),
            models.CheckConstraint(condition=models.Q(done__lte=models.F("quota")), name="records_task_within_quota"),
        ]
        indexes = [
            models.Index(fields=["tenant", "created_at", "id"], name="records_task_created"),
            models.Index(fields=["tenant", "region", "id"], name="records_task_region"),
            models.Index(fields=["tenant", "deadline", "id"], name="records_task_deadline"),
        ]

    def __str__(self) -> str:
        return self.task_no
