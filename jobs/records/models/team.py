"""Teams: groups of people who carry out tasks in the field."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from jobs.records.models.base import RegionalRecord


class Team(RegionalRecord):
    """One team with its leader."""

    class Level(models.TextChoices):
        """By the results of the last quarter."""

        S = "s", _("S (top)")
        A = "a", _("A")
        B = "b", _("B")
        C = "c", _("C")

    class Status(models.TextChoices):
        """Whether the team takes tasks."""

        ACTIVE = "active", _("Active")
        PAUSED = "paused", _("Paused")
        DISBANDED = "disbanded", _("Disbanded")

    # Collation "C": codes are ASCII, and comparing bytes is the cheapest way to keep their index.
    team_code = models.CharField(_("team code"), max_length=20, db_collation="C")
    name = models.CharField(_("name"), max_length=50)
    city = models.CharField(_("city"), max_length=50, blank=True)
    leader_name = models.CharField(_("leader"), max_length=50)
    leader_phone = models.CharField(_("leader's phone"), max_length=20, blank=True, db_collation="C")
    size = models.PositiveIntegerField(_("team size"), default=1)
    level = models.CharField(_("level"), max_length=1, choices=Level.choices, default=Level.B)
    status = models.CharField(_("status"), max_length=10, choices=Status.choices, default=Status.ACTIVE)
    note = models.TextField(_("note"), blank=True)
    created_at = models.DateTimeField(_("created"))

    class Meta:
        verbose_name = _("team")
        verbose_name_plural = _("teams")
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["tenant", "team_code"], name="records_team_code")]
        indexes = [
            models.Index(fields=["tenant", "created_at", "id"], name="records_team_created"),
            models.Index(fields=["tenant", "region", "id"], name="records_team_region"),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.team_code})"
