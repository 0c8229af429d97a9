"""Personal access tokens: keys that people give to their programs (SPEC A8)."""

import uuid
from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounts.tenancy import TenantManager, TenantModel, TenantQuerySet

LONGEST_NAME = 60
MOST_DAYS, USUAL_DAYS = 366, 90
"""How long a token lives at most, and unless its owner says otherwise."""


class State(models.TextChoices):
    """Whether a token works."""

    ACTIVE = "active", _("Active")
    EXPIRED = "expired", _("Expired")
    REVOKED = "revoked", _("Revoked")


class Reason(models.TextChoices):
    """Why a token was ended before its time."""

    BY_HAND = "by_hand", _("Revoked")
    PASSWORD = "password", _("Password changed")


ALIVE = Q(revoked_at__isnull=True, expires_at__gt=Now())
"""The rows of tokens that still work, by the database's clock."""


class AccessTokenQuerySet(TenantQuerySet):
    """Tokens with their state, so that lists, pages and filters agree."""

    def alive(self) -> Any:
        """Those that still work."""
        return self.filter(ALIVE)

    def with_state(self) -> Any:
        """Each with ``state``, a member of State, as of now."""
        return self.annotate(
            state=models.Case(
                models.When(revoked_at__isnull=False, then=models.Value(State.REVOKED)),
                models.When(expires_at__lte=Now(), then=models.Value(State.EXPIRED)),
                default=models.Value(State.ACTIVE),
                output_field=models.CharField(),
            )
        )


class AccessToken(TenantModel):
    """A key of one person. The text itself is shown once and kept nowhere; what it is good for never changes.

    Only the use and the end of a row can be written (column privileges), and an end is final (trigger).
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(
        "accounts.User", on_delete=models.PROTECT, related_name="+", db_constraint=False, verbose_name=_("owner")
    )
    name = models.CharField(_("name"), max_length=LONGEST_NAME)
    public_id = models.CharField(max_length=12, unique=True, editable=False)
    """The first part of the text: names the token in lists and logs, and finds it before the tenant is known."""
    secret_hash = models.BinaryField(max_length=32)
    """SHA-256 of the secret. No slow hash: it buys time against guesses at what people choose, and nobody guesses 256
    random bits. Every request would pay for it."""
    scopes = ArrayField(models.CharField(max_length=40), verbose_name=_("scopes"))
    created_at = models.DateTimeField(_("created"), db_default=Now(), editable=False)
    expires_at = models.DateTimeField(_("valid until"))
    last_used_at = models.DateTimeField(_("last used"), null=True)
    last_used_ip = models.CharField(_("last used from"), max_length=45, blank=True)
    revoked_at = models.DateTimeField(_("revoked"), null=True)
    revoked_by = models.ForeignKey(
        "accounts.User",
        on_delete=models.PROTECT,
        related_name="+",
        db_constraint=False,
        null=True,
        verbose_name=_("revoked by"),
    )
    revoked_for = models.CharField(_("reason"), max_length=10, choices=Reason.choices, blank=True)

    objects: ClassVar[Any] = TenantManager.from_queryset(AccessTokenQuerySet)()

    class Meta:
        verbose_name = _("API token")
        verbose_name_plural = _("API tokens")
        ordering = ["-created_at", "-id"]
        indexes = [models.Index(fields=["tenant", "owner", "-created_at"], name="accounts_token_owner")]
        constraints = [
            models.CheckConstraint(
                condition=Q(revoked_at__isnull=True, revoked_for="")
                | (Q(revoked_at__isnull=False) & ~Q(revoked_for="")),
                name="accounts_token_end_has_a_reason",
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix})"

    @property
    def prefix(self) -> str:
        """The part of the text that may be seen, e.g. ``ec_k3Jd81Qz9xYp``."""
        return f"ec_{self.public_id}"
