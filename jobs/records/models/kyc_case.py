"""KYC cases: members who prove who they are."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from jobs.records.models.base import RegionalRecord
from jobs.records.models.member import Member


class KycCase(RegionalRecord):
    """One document handed in, and what became of it. Name and number are those of the document."""

    class DocumentType(models.TextChoices):
        """What was handed in."""

        ID_CARD = "id_card", _("Identity card")
        PASSPORT = "passport", _("Passport")
        RESIDENCE_PERMIT = "residence_permit", _("Residence permit")

    class Status(models.TextChoices):
        """How far the review has come."""

        SUBMITTED = "submitted", _("Awaiting review")
        REVIEWING = "reviewing", _("In review")
        APPROVED = "approved", _("Approved")
        REJECTED = "rejected", _("Rejected")

    class RejectReason(models.TextChoices):
        """Why the case was rejected."""

        BLURRED = "blurred", _("Picture not legible")
        EXPIRED = "expired", _("Document expired")
        MISMATCH = "mismatch", _("Name and number do not match")
        FACE = "face", _("Face does not match")
        UNDERAGE = "underage", _("Under age")

    # Collation "C": numbers are ASCII, and comparing bytes is the cheapest way to keep their index.
    case_no = models.CharField(_("case no."), max_length=20, db_collation="C")
    member = models.ForeignKey(
        Member,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        db_constraint=False,
        related_name="kyc_cases",
        verbose_name=_("member"),
    )
    name = models.CharField(_("name on the document"), max_length=50)
    document_type = models.CharField(_("document"), max_length=20, choices=DocumentType.choices)
    # Text: of a number with 18 digits a float keeps 15, and the last place may be an X.
    id_number = models.CharField(_("document no."), max_length=32, db_collation="C")
    expires_on = models.DateField(_("document valid until"), null=True, blank=True)
    face_score = models.DecimalField(_("face score"), max_digits=6, decimal_places=3, null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(_("times submitted"), default=1)
    source = models.CharField(_("source"), max_length=20, choices=Member.Source.choices, default=Member.Source.APP)
    status = models.CharField(_("status"), max_length=10, choices=Status.choices, default=Status.SUBMITTED)
    reviewer = models.CharField(_("reviewer"), max_length=50, blank=True)
    reject_reason = models.CharField(_("reason of rejection"), max_length=10, choices=RejectReason.choices, blank=True)
    note = models.TextField(_("note"), blank=True)
    created_at = models.DateTimeField(_("submitted"))
    reviewed_at = models.DateTimeField(_("reviewed"), null=True, blank=True)

    class Meta:
        verbose_name = _("KYC case")
        verbose_name_plural = _("KYC cases")
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["tenant", "case_no"], name="records_kyccase_no")]
        indexes = [
            models.Index(fields=["tenant", "created_at", "id"], name="records_kyccase_created"),
            models.Index(fields=["tenant", "region", "id"], name="records_kyccase_region"),
            models.Index(fields=["tenant", "status", "id"], name="records_kyccase_status"),
        ]

    def __str__(self) -> str:
        return self.case_no
