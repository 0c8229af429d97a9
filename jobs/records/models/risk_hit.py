"""Risk hits: what the risk rules found."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from jobs.records.models.base import RegionalRecord
from jobs.records.models.member import Member
from jobs.records.models.order import Order


class RiskHit(RegionalRecord):
    """One rule that fired for one order or member, and what became of it."""

    class Category(models.TextChoices):
        """What kind of risk the rule looks for."""

        PAYMENT = "payment", _("Payment fraud")
        ACCOUNT = "account", _("Account takeover")
        PROMOTION = "promotion", _("Promotion abuse")
        REFUND = "refund", _("Refund abuse")
        LOGISTICS = "logistics", _("Suspicious address")

    class Level(models.TextChoices):
        """How bad it is."""

        LOW = "low", _("Low")
        MEDIUM = "medium", _("Medium")
        HIGH = "high", _("High")
        CRITICAL = "critical", _("Critical")

    class Status(models.TextChoices):
        """How far the review has come."""

        PENDING = "pending", _("Awaiting review")
        REVIEWING = "reviewing", _("In review")
        CONFIRMED = "confirmed", _("Confirmed")
        DISMISSED = "dismissed", _("Dismissed")

    class Decision(models.TextChoices):
        """What the system did at once."""

        PASS = "pass", _("Let through")
        VERIFY = "verify", _("Ask to verify")
        HOLD = "hold", _("Hold")
        BLOCK = "block", _("Block")

    # Collation "C": numbers are ASCII, and comparing bytes is the cheapest way to keep their index.
    hit_no = models.CharField(_("hit no."), max_length=20, db_collation="C")
    member = models.ForeignKey(
        Member,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        db_constraint=False,
        related_name="risk_hits",
        verbose_name=_("member"),
    )
    order = models.ForeignKey(
        Order,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        db_constraint=False,
        related_name="risk_hits",
        verbose_name=_("order"),
    )
    rule_code = models.CharField(_("rule"), max_length=20, db_collation="C")
    rule_name = models.CharField(_("rule name"), max_length=100)
    category = models.CharField(_("category"), max_length=20, choices=Category.choices)
    level = models.CharField(_("level"), max_length=10, choices=Level.choices)
    score = models.DecimalField(_("score"), max_digits=6, decimal_places=3)
    status = models.CharField(_("status"), max_length=10, choices=Status.choices, default=Status.PENDING)
    decision = models.CharField(_("decision"), max_length=10, choices=Decision.choices)
    subject_name = models.CharField(_("person"), max_length=50)
    subject_phone = models.CharField(_("phone"), max_length=20, blank=True, db_collation="C")
    amount = models.DecimalField(_("amount at risk"), max_digits=18, decimal_places=2, default=0)
    ip_address = models.CharField(_("IP address"), max_length=45, blank=True)
    device_id = models.CharField(_("device"), max_length=40, blank=True)
    reviewer = models.CharField(_("reviewer"), max_length=50, blank=True)
    note = models.TextField(_("note"), blank=True)
    created_at = models.DateTimeField(_("found"))
    reviewed_at = models.DateTimeField(_("reviewed"), null=True, blank=True)

    class Meta:
        verbose_name = _("risk hit")
        verbose_name_plural = _("risk hits")
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["tenant", "hit_no"], name="records_riskhit_no")]
        indexes = [
            models.Index(fields=["tenant", "created_at", "id"], name="records_riskhit_created"),
            models.Index(fields=["tenant", "region", "id"], name="records_riskhit_region"),
            models.Index(fields=["tenant", "status", "level"], name="records_riskhit_status"),
        ]

    def __str__(self) -> str:
        return self.hit_no
