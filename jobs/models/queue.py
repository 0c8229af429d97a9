"""Small tables round the queue: whose turn it is, and the day's running number."""

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.tenancy import TenantModel


class Turn(TenantModel):
    """When an owner was last served. Least recently served first makes the queue fair with any number of workers."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=20)
    owner_id = models.UUIDField()
    served_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("turn")
        verbose_name_plural = _("turns")
        constraints = [models.UniqueConstraint(fields=["kind", "tenant", "owner_id"], name="jobs_turn_owner")]

    def __str__(self) -> str:
        return f"{self.kind}:{self.owner_id}"


class DayNumber(TenantModel):
    """Last running number of a day, per tenant and letter (SPEC E1)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    letter = models.CharField(max_length=5)
    day = models.DateField()
    last = models.BigIntegerField(default=0)

    class Meta:
        verbose_name = _("day number")
        verbose_name_plural = _("day numbers")
        constraints = [models.UniqueConstraint(fields=["tenant", "letter", "day"], name="jobs_daynumber_day")]

    def __str__(self) -> str:
        return f"{self.letter}{self.day:%Y%m%d}"
