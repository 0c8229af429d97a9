"""What happened, for everyone who watches: the outbox of live updates."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.tenancy import TenantModel


class Event(TenantModel):
    """One fact, written in the transaction of the change, numbered gaplessly per tenant in commit order."""

    id = models.BigAutoField(primary_key=True)
    seq = models.BigIntegerField(_("no."))
    type = models.CharField(_("type"), max_length=40)
    subject = models.CharField(_("subject"), max_length=60)
    owner_id = models.UUIDField(null=True)
    sensitivity = models.CharField(max_length=10, blank=True)
    data = models.JSONField(_("data"), default=dict)
    at = models.DateTimeField(_("time"))

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        ordering = ["-seq"]
        constraints = [models.UniqueConstraint(fields=["tenant", "seq"], name="jobs_event_seq")]
        indexes = [models.Index(fields=["tenant", "at"], name="jobs_event_at")]

    def __str__(self) -> str:
        return f"{self.seq} {self.type} {self.subject}"
