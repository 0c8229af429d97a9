"""Campaigns: what marketing does in a period, with a budget."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from jobs.records.models.base import RegionalRecord


class Campaign(RegionalRecord):
    """One campaign in one region."""

    class Type(models.TextChoices):
        """What people are offered."""

        COUPON = "coupon", _("Coupons")
        DISCOUNT = "discount", _("Discount")
        NEW_MEMBER = "new_member", _("New members")
        REFERRAL = "referral", _("Referrals")
        FESTIVAL = "festival", _("Festival")

    class Channel(models.TextChoices):
        """Where it runs."""

        APP = "app", _("App")
        MINI_PROGRAM = "mini_program", _("Mini program")
        STORE = "store", _("Store")
        LIVE = "live", _("Live stream")
        FIELD = "field", _("Field teams")

    class Status(models.TextChoices):
        """How far it has come."""

        DRAFT = "draft", _("Draft")
        SCHEDULED = "scheduled", _("Scheduled")
        RUNNING = "running", _("Running")
        ENDED = "ended", _("Ended")
        CANCELLED = "cancelled", _("Cancelled")

    # Collation "C": codes are ASCII, and comparing bytes is the cheapest way to keep their index.
    campaign_code = models.CharField(_("campaign code"), max_length=20, db_collation="C")
    name = models.CharField(_("name"), max_length=100)
    type = models.CharField(_("type"), max_length=20, choices=Type.choices)
    channel = models.CharField(_("channel"), max_length=20, choices=Channel.choices)
    status = models.CharField(_("status"), max_length=10, choices=Status.choices, default=Status.DRAFT)
    owner = models.CharField(_("in charge"), max_length=50)
    city = models.CharField(_("city"), max_length=50, blank=True)
    start_on = models.DateField(_("first day"))
    end_on = models.DateField(_("last day"))
    budget = models.DecimalField(_("budget"), max_digits=18, decimal_places=2, default=0)
    spent = models.DecimalField(_("spent"), max_digits=18, decimal_places=2, default=0)
    participants = models.PositiveIntegerField(_("participants"), default=0)
    conversions = models.PositiveIntegerField(_("conversions"), default=0)
    conversion_rate = models.DecimalField(_("conversion rate"), max_digits=7, decimal_places=4, null=True, blank=True)
    """Conversions ÷ participants; empty before anybody took part."""
    note = models.TextField(_("note"), blank=True)
    created_at = models.DateTimeField(_("created"))

    class Meta:
        verbose_name = _("campaign")
        verbose_name_plural = _("campaigns")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["tenant", "campaign_code"], name="records_campaign_code"),
            models.CheckConstraint(
                condition=models.Q(end_on__gte=models.F("start_on")),
                name="records_campaign_has_an_end",
                violation_error_message=_("the last day is before the first"),
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "created_at", "id"], name="records_campaign_created"),
            models.Index(fields=["tenant", "region", "id"], name="records_campaign_region"),
            models.Index(fields=["tenant", "start_on", "id"], name="records_campaign_start"),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.campaign_code})"
