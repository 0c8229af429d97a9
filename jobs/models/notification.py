"""What a person should hear of: the bell, and mail to those who want it (SPEC J7)."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.tenancy import TenantModel


class Mail(models.TextChoices):
    """Where the mail of a notification stands."""

    NONE = "none", _("Not wanted")
    QUEUED = "queued", _("Waiting")
    SENT = "sent", _("Sent")
    FAILED = "failed", _("Failed")
    UNKNOWN = "unknown", _("Unknown")
    """A worker died while it was sending. Not sent again: nobody wants it twice."""


class Notification(TenantModel):
    """One message to one person, written in the transaction of what it tells about."""

    id = models.BigAutoField(primary_key=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="+",
        db_constraint=False,
        verbose_name=_("user"),
    )
    kind = models.CharField(_("kind"), max_length=40)
    """What has happened, e.g. "export.ready"; the words are chosen when it is shown."""
    subject = models.CharField(_("subject"), max_length=60)
    """Number of the job."""
    data = models.JSONField(_("data"), default=dict)
    created_at = models.DateTimeField(_("created"))
    read_at = models.DateTimeField(_("read"), null=True)
    mail = models.CharField(_("mail"), max_length=10, choices=Mail.choices, default=Mail.NONE)
    mail_attempts = models.PositiveSmallIntegerField(_("mail attempts"), default=0)
    mail_due_at = models.DateTimeField(_("mail due"), null=True)
    mail_error = models.CharField(_("mail error"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("notification")
        verbose_name_plural = _("notifications")
        ordering = ["-id"]
        constraints = [models.CheckConstraint(condition=Q(mail__in=Mail.values), name="jobs_notification_mail")]
        indexes = [
            models.Index(fields=["tenant", "user", "-id"], name="jobs_notification_user"),
            models.Index(fields=["tenant", "user"], condition=Q(read_at=None), name="jobs_notification_unread"),
            models.Index(fields=["mail_due_at"], condition=Q(mail=Mail.QUEUED), name="jobs_notification_due"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject}"
