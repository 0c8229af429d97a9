"""Members: the customers of a shop."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from jobs.records.models.base import RegionalRecord


class Member(RegionalRecord):
    """A registered customer."""

    class Gender(models.TextChoices):
        """As the customer stated it."""

        FEMALE = "female", _("Female")
        MALE = "male", _("Male")
        UNKNOWN = "unknown", _("Not stated")

    class Level(models.TextChoices):
        """Loyalty level."""

        NORMAL = "normal", _("Normal")
        SILVER = "silver", _("Silver")
        GOLD = "gold", _("Gold")
        DIAMOND = "diamond", _("Diamond")

    class Status(models.TextChoices):
        """Whether the member may order."""

        ACTIVE = "active", _("Active")
        FROZEN = "frozen", _("Frozen")
        CLOSED = "closed", _("Closed")

    class Source(models.TextChoices):
        """Where the member registered."""

        APP = "app", _("App")
        MINI_PROGRAM = "mini_program", _("Mini program")
        WEB = "web", _("Website")
        STORE = "store", _("Store")
        REFERRAL = "referral", _("Referral")

    # Collation "C": numbers are ASCII, and comparing bytes is the cheapest way to keep their index.
    member_no = models.CharField(_("member no."), max_length=20, db_collation="C")
    name = models.CharField(_("name"), max_length=50)
    gender = models.CharField(_("gender"), max_length=10, choices=Gender.choices, default=Gender.UNKNOWN)
    phone = models.CharField(_("phone"), max_length=20, blank=True, db_collation="C")
    email = models.EmailField(_("e-mail"), blank=True)
    birthday = models.DateField(_("birthday"), null=True, blank=True)
    level = models.CharField(_("level"), max_length=10, choices=Level.choices, default=Level.NORMAL)
    status = models.CharField(_("status"), max_length=10, choices=Status.choices, default=Status.ACTIVE)
    source = models.CharField(_("source"), max_length=20, choices=Source.choices, default=Source.APP)
    city = models.CharField(_("city"), max_length=50, blank=True)
    points = models.IntegerField(_("points"), default=0)
    balance = models.DecimalField(_("balance"), max_digits=18, decimal_places=2, default=0)
    total_spent = models.DecimalField(_("total spent"), max_digits=18, decimal_places=2, default=0)
    note = models.TextField(_("note"), blank=True)
    created_at = models.DateTimeField(_("registered"))
    last_active_at = models.DateTimeField(_("last active"), null=True, blank=True)

    class Meta:
        verbose_name = _("member")
        verbose_name_plural = _("members")
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["tenant", "member_no"], name="records_member_no")]
        indexes = [
            models.Index(fields=["tenant", "created_at", "id"], name="records_member_created"),
            models.Index(fields=["tenant", "region", "id"], name="records_member_region"),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.member_no})"
