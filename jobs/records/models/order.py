"""Orders of a shop."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from jobs.records.models.base import RegionalRecord
from jobs.records.models.member import Member


class Order(RegionalRecord):
    """One order line. Buyer and product are copied at order time: they are facts of the order, not of today."""

    class Status(models.TextChoices):
        """How far the order has come."""

        PENDING = "pending", _("Awaiting payment")
        PAID = "paid", _("Paid")
        SHIPPED = "shipped", _("Shipped")
        COMPLETED = "completed", _("Completed")
        CANCELLED = "cancelled", _("Cancelled")
        REFUNDED = "refunded", _("Refunded")

    class Channel(models.TextChoices):
        """Where the order was placed."""

        APP = "app", _("App")
        MINI_PROGRAM = "mini_program", _("Mini program")
        WEB = "web", _("Website")
        STORE = "store", _("Store")
        LIVE = "live", _("Live stream")

    class Payment(models.TextChoices):
        """How it was paid."""

        WECHAT = "wechat", _("WeChat Pay")
        ALIPAY = "alipay", _("Alipay")
        UNIONPAY = "unionpay", _("UnionPay")
        BALANCE = "balance", _("Balance")

    # Collation "C": numbers are ASCII, and comparing bytes is the cheapest way to keep their index.
    order_no = models.CharField(_("order no."), max_length=18, db_collation="C")
    member = models.ForeignKey(
        Member,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        db_constraint=False,
        related_name="orders",
        verbose_name=_("member"),
    )
    buyer_name = models.CharField(_("buyer"), max_length=50)
    buyer_phone = models.CharField(_("phone"), max_length=20, blank=True, db_collation="C")
    status = models.CharField(_("status"), max_length=10, choices=Status.choices, default=Status.PENDING)
    channel = models.CharField(_("channel"), max_length=20, choices=Channel.choices, default=Channel.APP)
    payment = models.CharField(_("payment"), max_length=20, choices=Payment.choices, blank=True)
    city = models.CharField(_("city"), max_length=50, blank=True)
    sku = models.CharField(_("SKU"), max_length=20, db_collation="C")
    product_name = models.CharField(_("product"), max_length=100)
    quantity = models.PositiveIntegerField(_("quantity"), default=1)
    amount = models.DecimalField(_("amount"), max_digits=18, decimal_places=2)
    discount = models.DecimalField(_("discount"), max_digits=18, decimal_places=2, default=0)
    paid_amount = models.DecimalField(_("amount paid"), max_digits=18, decimal_places=2, default=0)
    note = models.TextField(_("note"), blank=True)
    created_at = models.DateTimeField(_("ordered"))
    paid_at = models.DateTimeField(_("paid on"), null=True, blank=True)
    shipped_at = models.DateTimeField(_("shipped on"), null=True, blank=True)

    class Meta:
        verbose_name = _("order")
        verbose_name_plural = _("orders")
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["tenant", "order_no"], name="records_order_no")]
        # None for status: most orders are completed, and the other filters narrow a period or a region.
        indexes = [
            models.Index(fields=["tenant", "created_at", "id"], name="records_order_created"),
            models.Index(fields=["tenant", "region", "id"], name="records_order_region"),
        ]

    def __str__(self) -> str:
        return self.order_no
