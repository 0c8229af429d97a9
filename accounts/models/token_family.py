"""Sign-ins of programs: everything that descends from one name and password (SPEC X4)."""

import uuid

from django.db import models
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _

from accounts.tenancy import TenantModel


class EndReason(models.TextChoices):
    """Why a sign-in ended before its time."""

    SIGN_OUT = "sign_out", _("Signed out")
    REUSE = "reuse", _("A spent token was used again")
    ADMIN = "admin", _("Ended by an administrator")


class TokenFamily(TenantModel):
    """One sign-in by API. Its refresh tokens are numbered; exactly one number, ``generation``, is good.

    No token is stored, nor anything that one could be made of: a token is its claims and our signature.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(
        "accounts.User", on_delete=models.CASCADE, related_name="+", db_constraint=False, verbose_name=_("user")
    )
    created_at = models.DateTimeField(_("signed in"))
    expires_at = models.DateTimeField(_("ends at"))
    """No refresh moves it."""
    generation = models.PositiveIntegerField(_("refreshed"), default=0)
    """How often it was refreshed, and the number of the refresh token that is good."""
    rotated_at = models.DateTimeField(_("last refreshed"))
    """When the good token took the place of the one before it; at first, when the family began."""
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    end_reason = models.CharField(_("reason"), max_length=20, choices=EndReason.choices, blank=True)
    ip_address = models.CharField(_("address"), max_length=45, blank=True)
    user_agent = models.CharField(_("user agent"), max_length=400, blank=True)

    class Meta:
        verbose_name = _("API sign-in")
        verbose_name_plural = _("API sign-ins")
        ordering = ["-created_at"]
        indexes = [
            models.Index(fields=["tenant", "-created_at"], name="accounts_family_newest"),
            models.Index(fields=["tenant", "expires_at"], name="accounts_family_end"),
        ]

    def __str__(self) -> str:
        return f"{self.user} {localtime(self.created_at):%Y-%m-%d %H:%M:%S}"
