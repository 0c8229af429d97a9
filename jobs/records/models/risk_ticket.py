"""Risk tickets: the work that risk hits, complaints and audits cause."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from jobs.records.models.base import RegionalRecord
from jobs.records.models.member import Member
from jobs.records.models.risk_hit import RiskHit


class RiskTicket(RegionalRecord):
    """One case that somebody of the risk team works on, from opening to conclusion."""

    class Status(models.TextChoices):
        """How far the work has come."""

        OPEN = "open", _("Not yet taken on")
        WORKING = "working", _("In progress")
        WAITING = "waiting", _("Waiting for the customer")
        CLOSED = "closed", _("Settled")

    class Source(models.TextChoices):
        """What the ticket came from."""

        RULE = "rule", _("Risk rule")
        COMPLAINT = "complaint", _("Complaint")
        AUDIT = "audit", _("Spot check")

    class Conclusion(models.TextChoices):
        """What was found in the end."""

        FRAUD = "fraud", _("Fraud")
        ABUSE = "abuse", _("Breach of rules")
        HARMLESS = "harmless", _("Harmless")
        UNCLEAR = "unclear", _("Not to be settled")

    # Collation "C": numbers are ASCII, and comparing bytes is the cheapest way to keep their index.
    ticket_no = models.CharField(_("ticket no."), max_length=20, db_collation="C")
    title = models.CharField(_("ticket subject"), max_length=200)
    hit = models.ForeignKey(
        RiskHit,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        db_constraint=False,
        related_name="tickets",
        verbose_name=_("risk hit"),
    )
    member = models.ForeignKey(
        Member,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        db_constraint=False,
        related_name="risk_tickets",
        verbose_name=_("member"),
    )
    category = models.CharField(_("category"), max_length=20, choices=RiskHit.Category.choices)
    level = models.CharField(_("level"), max_length=10, choices=RiskHit.Level.choices)
    status = models.CharField(_("status"), max_length=10, choices=Status.choices, default=Status.OPEN)
    source = models.CharField(_("source"), max_length=10, choices=Source.choices, default=Source.RULE)
    assignee = models.CharField(_("assignee"), max_length=50, blank=True)
    conclusion = models.CharField(_("conclusion"), max_length=10, choices=Conclusion.choices, blank=True)
    amount = models.DecimalField(_("amount at risk"), max_digits=18, decimal_places=2, default=0)
    refunded_amount = models.DecimalField(_("amount refunded"), max_digits=18, decimal_places=2, default=0)
    handling_minutes = models.PositiveIntegerField(_("handling time (minutes)"), null=True, blank=True)
    note = models.TextField(_("note"), blank=True)
    created_at = models.DateTimeField(_("opened on"))
    due_at = models.DateTimeField(_("due by"))
    closed_at = models.DateTimeField(_("closed on"), null=True, blank=True)

    class Meta:
        verbose_name = _("risk ticket")
        verbose_name_plural = _("risk tickets")
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["tenant", "ticket_no"], name="records_riskticket_no")]
        indexes = [
            models.Index(fields=["tenant", "created_at", "id"], name="records_riskticket_created"),
            models.Index(fields=["tenant", "region", "id"], name="records_riskticket_region"),
            models.Index(fields=["tenant", "status", "due_at"], name="records_riskticket_status"),
        ]

    def __str__(self) -> str:
        return self.ticket_no
