"""Answers that are kept, so that a repeated request gets the first one again (SPEC E19)."""

import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.tenancy import TenantModel


class KeptAnswer(TenantModel):
    """What was answered to a request that came with an ``Idempotency-Key``: written in the transaction that made the
    job, so that there are both or none."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="+",
        db_constraint=False,
        verbose_name=_("user"),
    )
    scope = models.CharField(max_length=64, editable=False)
    """SHA-256 of method, path and key: what a repetition is recognised by, of any length."""
    key = models.CharField(_("key"), max_length=255)
    route = models.CharField(_("method and path"), max_length=200)
    """Method and path, for people; long ones are cut."""
    body_hash = models.CharField(max_length=64, editable=False)
    """SHA-256 of the request's body as canonical JSON."""
    authz_epoch = models.BigIntegerField(editable=False)
    """Of the user when the answer was made. With other rights the answer is made anew."""
    job_id = models.UUIDField(editable=False)
    """No foreign key: the promise of one job for one key outlives a deleted job."""
    job_no = models.CharField(_("job no."), max_length=30)
    http_status = models.PositiveSmallIntegerField(_("status"))
    headers = models.JSONField(default=dict, editable=False)
    body = models.BinaryField()
    extra = models.JSONField(null=True, editable=False)
    """What the answer says beside the job's own fields; null when it says nothing but the job's number."""
    settles_at = models.DateTimeField(_("waits until"), null=True)
    """The first request may still be waiting for its job until then, and its answer change; null = it is the answer."""
    created_at = models.DateTimeField(_("created"))

    class Meta:
        verbose_name = _("kept answer")
        verbose_name_plural = _("kept answers")
        ordering = ["-created_at"]
        constraints = [models.UniqueConstraint(fields=["tenant", "user", "scope"], name="jobs_keptanswer_one")]
        indexes = [models.Index(fields=["tenant", "created_at"], name="jobs_keptanswer_created")]

    def __str__(self) -> str:
        return f"{self.route} {self.key}"
