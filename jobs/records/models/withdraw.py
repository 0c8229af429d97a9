"""Withdrawals: money that members ask to be sent to their bank account."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from jobs.records.models.base import RegionalRecord
from jobs.records.models.wallet import Wallet


class Withdraw(RegionalRecord):
    """One request for money. The account is copied: it is the one that the money went to, not today's."""

    class Status(models.TextChoices):
        """How far the request has come. The ledger has an entry of those that are paid out."""

        PENDING = "pending", _("Awaiting review")
        APPROVED = "approved", _("Awaiting payout")
        PAID = "paid", _("Paid out")
        REJECTED = "rejected", _("Rejected")
        FAILED = "failed", _("Payout failed")

    # Collation "C": numbers are ASCII, and comparing bytes is the cheapest way to keep their index.
    withdraw_no = models.CharField(_("withdrawal no."), max_length=20, db_collation="C")
    wallet = models.ForeignKey(
        Wallet,
        on_delete=models.PROTECT,
        db_constraint=False,
        db_index=False,
        related_name="withdraws",
        verbose_name=_("wallet"),
    )
    bank_name = models.CharField(_("bank"), max_length=50)
    account_no = models.CharField(_("account no."), max_length=34, db_collation="C")
    account_holder = models.CharField(_("account holder"), max_length=50)
    amount = models.DecimalField(_("amount"), max_digits=18, decimal_places=2)
    fee = models.DecimalField(_("fee"), max_digits=18, decimal_places=2, default=0)
    net_amount = models.DecimalField(_("net amount"), max_digits=18, decimal_places=2)
    status = models.CharField(_("status"), max_length=10, choices=Status.choices, default=Status.PENDING)
    reviewer = models.CharField(_("reviewer"), max_length=50, blank=True)
    fail_reason = models.TextField(_("reason of refusal"), blank=True)
    created_at = models.DateTimeField(_("requested"))
    reviewed_at = models.DateTimeField(_("reviewed"), null=True, blank=True)
    paid_at = models.DateTimeField(_("paid out on"), null=True, blank=True)

    class Meta:
        verbose_name = _("withdrawal")
        verbose_name_plural = _("withdrawals")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["tenant", "withdraw_no"], name="records_withdraw_no"),
            models.CheckConstraint(
                condition=models.Q(amount__gt=0, net_amount=models.F("amount") - models.F("fee")),
                name="records_withdraw_adds_up",
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "created_at", "id"], name="records_withdraw_created"),
            models.Index(fields=["tenant", "region", "id"], name="records_withdraw_region"),
            models.Index(fields=["tenant", "wallet", "id"], name="records_withdraw_wallet"),
            # The open ones are few and looked for often.
            models.Index(
                fields=["tenant", "id"],
                condition=models.Q(status__in=["pending", "approved"]),
                name="records_withdraw_open",
            ),
        ]

    def __str__(self) -> str:
        return self.withdraw_no
