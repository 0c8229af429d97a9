"""Wallets of members, and the ledger of what moved in them."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from jobs.records.models.base import RegionalRecord
from jobs.records.models.member import Member


class Wallet(RegionalRecord):
    """The wallet of one member. Its balance is what its ledger says; no second figure could disagree."""

    class Status(models.TextChoices):
        """Whether money may move."""

        ACTIVE = "active", _("Active")
        FROZEN = "frozen", _("Frozen")
        CLOSED = "closed", _("Closed")

    class Currency(models.TextChoices):
        """ISO 4217."""

        CNY = "CNY", _("Renminbi")

    # Collation "C": numbers are ASCII, and comparing bytes is the cheapest way to keep their index.
    wallet_no = models.CharField(_("wallet no."), max_length=20, db_collation="C")
    # Money is kept: who has a wallet cannot be deleted.
    member = models.ForeignKey(
        Member,
        on_delete=models.PROTECT,
        db_constraint=False,
        db_index=False,
        related_name="wallets",
        verbose_name=_("member"),
    )
    status = models.CharField(_("status"), max_length=10, choices=Status.choices, default=Status.ACTIVE)
    currency = models.CharField(_("currency"), max_length=3, choices=Currency.choices, default=Currency.CNY)
    frozen_amount = models.DecimalField(_("frozen amount"), max_digits=18, decimal_places=2, default=0)
    """Asked for in withdrawals that are not decided yet."""
    created_at = models.DateTimeField(_("opened"))

    class Meta:
        verbose_name = _("wallet")
        verbose_name_plural = _("wallets")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["tenant", "wallet_no"], name="records_wallet_no"),
            models.UniqueConstraint(fields=["tenant", "member"], name="records_wallet_member"),
        ]
        indexes = [
            models.Index(fields=["tenant", "created_at", "id"], name="records_wallet_created"),
            models.Index(fields=["tenant", "region", "id"], name="records_wallet_region"),
        ]

    def __str__(self) -> str:
        return self.wallet_no


class WalletEntry(RegionalRecord):
    """One movement of money. The entries of a wallet form a chain: each begins where the one before ended."""

    class Direction(models.TextChoices):
        """Into the wallet, or out of it."""

        IN = "in", _("Money in")
        OUT = "out", _("Money out")

    class Business(models.TextChoices):
        """Why money moved."""

        TOPUP = "topup", _("Top-up")
        ORDER_PAY = "order_pay", _("Order payment")
        REFUND = "refund", _("Order refund")
        WITHDRAW = "withdraw", _("Withdrawal")
        REWARD = "reward", _("Reward")
        ADJUST = "adjust", _("Adjustment")

    # Collation "C": numbers are ASCII, and comparing bytes is the cheapest way to keep their index.
    entry_no = models.CharField(_("entry no."), max_length=20, db_collation="C")
    wallet = models.ForeignKey(
        Wallet,
        on_delete=models.PROTECT,
        db_constraint=False,
        db_index=False,
        related_name="entries",
        verbose_name=_("wallet"),
    )
    direction = models.CharField(_("direction"), max_length=3, choices=Direction.choices)
    business = models.CharField(_("business"), max_length=10, choices=Business.choices)
    amount = models.DecimalField(_("amount"), max_digits=18, decimal_places=2)
    balance_before = models.DecimalField(_("balance before"), max_digits=18, decimal_places=2, default=0)
    balance_after = models.DecimalField(_("balance after"), max_digits=18, decimal_places=2)
    # An order, a withdrawal or a campaign, by its own number: the ledger outlives what it speaks of.
    reference_no = models.CharField(_("reference no."), max_length=20, blank=True, db_collation="C")
    operator = models.CharField(_("operator"), max_length=50, blank=True)
    memo = models.TextField(_("memo"), blank=True)
    created_at = models.DateTimeField(_("booked"))

    class Meta:
        verbose_name = _("wallet entry")
        verbose_name_plural = _("wallet entries")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["tenant", "entry_no"], name="records_walletentry_no"),
            models.CheckConstraint(
                condition=models.Q(amount__gt=0) & models.Q(balance_after__gte=0), name="records_walletentry_positive"
            ),
            models.CheckConstraint(
                condition=models.Q(direction="in", balance_after=models.F("balance_before") + models.F("amount"))
                | models.Q(direction="out", balance_after=models.F("balance_before") - models.F("amount")),
                name="records_walletentry_adds_up",
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "created_at", "id"], name="records_walletentry_created"),
            models.Index(fields=["tenant", "region", "id"], name="records_walletentry_region"),
            models.Index(fields=["tenant", "wallet", "id"], name="records_walletentry_wallet"),
            models.Index(fields=["tenant", "reference_no"], name="records_walletentry_ref"),
        ]

    def __str__(self) -> str:
        return self.entry_no
