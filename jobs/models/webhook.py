"""Outgoing webhooks: who wants to hear of which jobs, the secrets that sign, and what became of each message (P3)."""

import secrets
import uuid
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts import policy
from accounts.models import User
from accounts.tenancy import TenantManager, TenantModel, TenantQuerySet


class Scope(models.TextChoices):
    """Of which jobs a webhook hears."""

    PERSON = "person", _("What its owner may see")
    COMPANY = "company", _("All of the company")


class Stopped(models.TextChoices):
    """Why a webhook is off."""

    BY_HAND = "by_hand", _("Switched off by hand")
    GONE = "gone", _("The receiver said that it is gone (410)")
    FAILING = "failing", _("Nothing arrived for five days")
    RIGHTS = "rights", _("Its owner has lost the right")


class Delivery(models.TextChoices):
    """Where a message stands."""

    QUEUED = "queued", _("Waiting")
    SENT = "sent", _("Sent")
    FAILED = "failed", _("Failed")


class WebhookQuerySet(TenantQuerySet):
    """Lists of webhooks start here."""

    def visible_to(self, user: User) -> "WebhookQuerySet":
        """Own ones, and the company's for those who manage them: the same rule as policy.may(WEBHOOK_CHANGE)."""
        company = Q(scope=Scope.COMPANY) if policy.may(user, policy.Action.WEBHOOK_COMPANY) else Q(pk__in=[])
        return self.filter(Q(owner=user, scope=Scope.PERSON) | company)


class Webhook(TenantModel):
    """An address that is told about jobs."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        db_constraint=False,
        verbose_name=_("owner"),
    )
    scope = models.CharField(_("hears of"), max_length=10, choices=Scope.choices, default=Scope.PERSON)
    url = models.CharField(_("address"), max_length=2000)
    description = models.CharField(_("description"), max_length=200, blank=True)
    events = ArrayField(models.CharField(max_length=40), verbose_name=_("events"), default=list)
    # Of the three that follow, an empty list means: all.
    statuses = ArrayField(models.CharField(max_length=10), verbose_name=_("statuses"), default=list, blank=True)
    kinds = ArrayField(models.CharField(max_length=20), verbose_name=_("kinds of jobs"), default=list, blank=True)
    datasets = ArrayField(models.CharField(max_length=63), verbose_name=_("datasets"), default=list, blank=True)
    enabled = models.BooleanField(_("on"), default=True)
    stopped = models.CharField(_("why it is off"), max_length=10, choices=Stopped.choices, blank=True)
    stopped_at = models.DateTimeField(_("off since"), null=True)
    position = models.BigIntegerField(default=0)
    """Events up to this number have been looked at."""
    failures = models.PositiveIntegerField(_("failures in a row"), default=0)
    failing_since = models.DateTimeField(_("failing since"), null=True)
    not_before = models.DateTimeField(_("paused until"), null=True)
    served_at = models.DateTimeField(_("last served"), null=True)
    lease_until = models.DateTimeField(null=True)
    """While it lasts one sender is on its way there, and no other."""
    fence = models.BigIntegerField(default=0)
    created_at = models.DateTimeField(_("created"))
    updated_at = models.DateTimeField(_("changed"))

    objects: ClassVar[Any] = TenantManager.from_queryset(WebhookQuerySet)()

    class Meta:
        verbose_name = _("webhook")
        verbose_name_plural = _("webhooks")
        ordering = ["-created_at", "-id"]
        constraints = [
            models.CheckConstraint(condition=Q(scope__in=Scope.values), name="jobs_webhook_scope"),
            models.CheckConstraint(
                condition=Q(enabled=True, stopped="") | Q(enabled=False, stopped__in=Stopped.values),
                name="jobs_webhook_stopped",
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "owner", "-created_at"], name="jobs_webhook_owner"),
            models.Index(fields=["served_at"], condition=Q(enabled=True), name="jobs_webhook_turn"),
        ]

    def __str__(self) -> str:
        return self.description or self.url.partition("://")[2]


class WebhookSecret(TenantModel):
    """One secret of a webhook. What stands here is its number; the secret itself is derived and stored nowhere."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    webhook = models.ForeignKey(Webhook, on_delete=models.CASCADE, related_name="secrets", db_constraint=False)
    number = models.PositiveIntegerField(_("no."))
    key_id = models.CharField(_("key"), max_length=100)
    """Which key of WEBHOOK_KEYS it is derived from."""
    created_at = models.DateTimeField(_("created"))
    expires_at = models.DateTimeField(_("signs until"), null=True)
    """None: until it is replaced."""

    class Meta:
        verbose_name = _("webhook secret")
        verbose_name_plural = _("webhook secrets")
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["tenant", "webhook", "number"], name="jobs_webhooksecret_one")]

    def __str__(self) -> str:
        return f"{self.webhook_id} {self.number}"


def new_message_id() -> str:
    """An id that says nothing and that nobody guesses."""
    return f"msg_{secrets.token_hex(16)}"


class WebhookDelivery(TenantModel):
    """One message: an event for a webhook, and how sending it went. Kept for 30 days."""

    id = models.BigAutoField(primary_key=True)
    webhook = models.ForeignKey(
        Webhook, on_delete=models.CASCADE, related_name="deliveries", db_constraint=False, verbose_name=_("webhook")
    )
    message_id = models.CharField(_("message"), max_length=40, default=new_message_id)
    event_seq = models.BigIntegerField(_("event"), null=True)
    """None: no event but a test."""
    type = models.CharField(_("type"), max_length=40)
    subject = models.CharField(_("subject"), max_length=60, blank=True)
    data = models.JSONField(_("data"), default=dict)
    """What the event says."""
    event_owner_id = models.UUIDField(null=True)
    sensitivity = models.CharField(max_length=10, blank=True)
    event_at = models.DateTimeField(_("event's time"))
    state = models.CharField(_("status"), max_length=10, choices=Delivery.choices, default=Delivery.QUEUED)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    next_attempt_at = models.DateTimeField(_("next attempt"), null=True)
    attempted_at = models.DateTimeField(_("last attempt"), null=True)
    response_code = models.PositiveSmallIntegerField(_("response code"), null=True)
    milliseconds = models.PositiveIntegerField(_("time taken"), null=True)
    answer = models.TextField(_("answer"), blank=True)
    """Its first 1 KiB."""
    error = models.CharField(_("error"), max_length=20, blank=True)
    """A code of jobs.webhooks.words.ERRORS."""
    error_detail = models.CharField(_("details"), max_length=300, blank=True)
    created_at = models.DateTimeField(_("created"))

    class Meta:
        verbose_name = _("webhook delivery")
        verbose_name_plural = _("webhook deliveries")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["tenant", "webhook", "event_seq"], name="jobs_webhookdelivery_one"),
            models.UniqueConstraint(fields=["tenant", "message_id"], name="jobs_webhookdelivery_message"),
            models.CheckConstraint(condition=Q(state__in=Delivery.values), name="jobs_webhookdelivery_state"),
        ]
        indexes = [
            models.Index(fields=["tenant", "webhook", "-id"], name="jobs_webhookdelivery_log"),
            models.Index(
                fields=["webhook", "next_attempt_at"],
                condition=Q(state=Delivery.QUEUED),
                name="jobs_webhookdelivery_due",
            ),
            models.Index(fields=["tenant", "created_at"], name="jobs_webhookdelivery_age"),
        ]

    def __str__(self) -> str:
        return self.subject or self.type
