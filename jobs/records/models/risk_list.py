"""Risk lists: who or what is always stopped, always let through, or watched."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from jobs.records.models.base import RegionalRecord


class RiskListEntry(RegionalRecord):
    """One phone, device, address or card on a list, and for how long it stays there."""

    class ListType(models.TextChoices):
        """What being on the list means."""

        BLACK = "black", _("Blacklist")
        WHITE = "white", _("Whitelist")
        GREY = "grey", _("Watch list")

    class SubjectKind(models.TextChoices):
        """What the value is."""

        PHONE = "phone", _("Phone number")
        DEVICE = "device", _("Device no.")
        IP = "ip", _("IP address")
        ID_CARD = "id_card", _("Identity card")
        BANK_CARD = "bank_card", _("Bank card")

    class Status(models.TextChoices):
        """Whether the entry is applied, as long as it is valid."""

        ACTIVE = "active", _("Applied")
        SUSPENDED = "suspended", _("Suspended")
        REVOKED = "revoked", _("Revoked")

    class Source(models.TextChoices):
        """How the entry got there."""

        MANUAL = "manual", _("By hand")
        RULE = "rule", _("Risk rule")
        IMPORT = "import", _("Import")
        PARTNER = "partner", _("Partner")

    # Collation "C": numbers are ASCII, and comparing bytes is the cheapest way to keep their index.
    entry_no = models.CharField(_("list entry no."), max_length=20, db_collation="C")
    list_type = models.CharField(_("list type"), max_length=10, choices=ListType.choices)
    subject_kind = models.CharField(_("kind of value"), max_length=10, choices=SubjectKind.choices)
    value = models.CharField(_("value"), max_length=64, db_collation="C")
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    source = models.CharField(_("source"), max_length=10, choices=Source.choices, default=Source.MANUAL)
    status = models.CharField(_("status"), max_length=10, choices=Status.choices, default=Status.ACTIVE)
    valid_from = models.DateTimeField(_("valid from"))
    valid_until = models.DateTimeField(_("valid until"), null=True, blank=True)
    hits = models.PositiveIntegerField(_("hits"), default=0)
    added_by = models.CharField(_("added by"), max_length=50, blank=True)
    note = models.TextField(_("note"), blank=True)
    created_at = models.DateTimeField(_("added"))
    updated_at = models.DateTimeField(_("changed"), null=True, blank=True)

    class Meta:
        verbose_name = _("risk list entry")
        verbose_name_plural = _("risk lists")
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["tenant", "entry_no"], name="records_risklist_no")]
        indexes = [
            models.Index(fields=["tenant", "created_at", "id"], name="records_risklist_created"),
            models.Index(fields=["tenant", "region", "id"], name="records_risklist_region"),
            models.Index(fields=["tenant", "subject_kind", "value"], name="records_risklist_value"),
        ]

    def __str__(self) -> str:
        return self.entry_no  # never the value: it may be somebody's phone or card
