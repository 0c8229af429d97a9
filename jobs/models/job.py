"""The abstract job: what the engine needs of every kind of job."""

import uuid
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.tenancy import TenantModel
from jobs.engine.config import MAX_ATTEMPTS, SLOTS_PER_OWNER
from jobs.engine.states import PLAIN, Stage, Status


class Lane(models.IntegerChoices):
    """Priority lanes (SPEC J5): the fast one is served first."""

    NORMAL = 0, _("Normal")
    FAST = 10, _("Accelerated")


def percentage(rows_done: int, rows_expected: int | None) -> int:
    """How far a job without a result is, from 0 to 99."""
    return min(99, 100 * rows_done // rows_expected) if rows_expected else 0


class Job(TenantModel):
    """A unit of work that must end exactly once. The row is the queue.

    ``status`` is written by jobs.engine alone (claim in ``queue``, everything else in ``lifecycle``); a trigger
    refuses illegal edges, a falling fence and any change of a finished row (jobs.engine.ddl).
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    job_no = models.CharField(_("job no."), max_length=30, db_collation="C")
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        db_constraint=False,
        verbose_name=_("creator"),
    )
    status = models.CharField(_("status"), max_length=10, choices=Status.choices, default=Status.QUEUED)
    stage = models.CharField(_("stage"), max_length=10, choices=Stage.choices, default=Stage.QUEUED)
    priority = models.SmallIntegerField(_("lane"), choices=Lane.choices, default=Lane.NORMAL)
    version = models.IntegerField(default=1)
    """Grows with every change of status (by trigger)."""

    attempt = models.SmallIntegerField(_("attempts"), default=0)
    max_attempts = models.SmallIntegerField(default=MAX_ATTEMPTS)
    crash_count = models.SmallIntegerField(default=0)
    fence = models.BigIntegerField(default=0)
    """Number of the claim. Every write of a worker carries it; an older one changes nothing."""
    slot = models.SmallIntegerField(null=True)
    lease_owner = models.CharField(_("worker"), max_length=100, blank=True)
    lease_until = models.DateTimeField(null=True)
    deadline_at = models.DateTimeField(null=True)
    available_at = models.DateTimeField(_("due"))
    cancel_requested_at = models.DateTimeField(null=True)
    cancel_requested_by = models.CharField(_("canceled by"), max_length=150, blank=True)

    rows_done = models.BigIntegerField(_("rows written"), default=0)
    rows_expected = models.BigIntegerField(_("rows expected"), null=True)

    created_at = models.DateTimeField(_("created"))
    started_at = models.DateTimeField(_("started"), null=True)
    finished_at = models.DateTimeField(_("finished"), null=True)
    expires_at = models.DateTimeField(_("expires"), null=True)

    error_code = models.CharField(_("error code"), max_length=40, blank=True)
    error_message = models.TextField(_("error"), blank=True)
    error_advice = models.TextField(_("advice"), blank=True)
    error_stack = models.TextField(_("stack"), blank=True)

    retry_of = models.CharField(_("retry of"), max_length=30, blank=True)
    """Number of the job this one repeats."""
    root_id = models.UUIDField(editable=False)
    """First job of the chain of retries; its own id for the first."""
    retry_no = models.PositiveIntegerField(default=0)
    policy_tag = models.CharField(_("policy tag"), max_length=60, blank=True)
    request_id = models.CharField(_("request"), max_length=64, blank=True)

    class Meta:
        abstract = True
        constraints = [
            models.UniqueConstraint(fields=["tenant", "job_no"], name="%(app_label)s_%(class)s_no"),
            models.UniqueConstraint(fields=["root_id", "retry_no"], name="%(app_label)s_%(class)s_retry"),
            models.UniqueConstraint(
                fields=["tenant", "owner", "slot"],
                condition=Q(status=Status.PROCESSING),
                name="%(app_label)s_%(class)s_slot",
            ),
            models.CheckConstraint(
                condition=Q(slot__isnull=True) | Q(slot__gte=1, slot__lte=SLOTS_PER_OWNER),
                name="%(app_label)s_%(class)s_slots",
            ),
            models.CheckConstraint(
                condition=Q(
                    status=Status.PROCESSING, slot__isnull=False, lease_until__isnull=False, deadline_at__isnull=False
                )
                | (~Q(status=Status.PROCESSING) & Q(slot=None, lease_until=None, deadline_at=None)),
                name="%(app_label)s_%(class)s_lease",
            ),
            models.CheckConstraint(
                condition=Q(status__in=[status.value for status in PLAIN]), name="%(app_label)s_%(class)s_status"
            ),
        ]
        indexes = [
            models.Index(
                "tenant",
                "owner",
                models.F("priority").desc(),
                "available_at",
                "id",
                condition=Q(status=Status.QUEUED, cancel_requested_at__isnull=True),
                name="%(app_label)s_%(class)s_head",
            ),
            models.Index(
                fields=["lease_until"], condition=Q(status=Status.PROCESSING), name="%(app_label)s_%(class)s_lost"
            ),
            models.Index(fields=["expires_at"], condition=Q(status=Status.READY), name="%(app_label)s_%(class)s_due"),
        ]

    def __str__(self) -> str:
        return self.job_no

    @property
    def progress(self) -> int:
        """Percentage for people: 100 only when the result is there (SPEC J4)."""
        return 100 if self.status in (Status.READY, Status.EXPIRED) else percentage(self.rows_done, self.rows_expected)

    @property
    def error(self) -> dict[str, Any] | None:
        """Code, message and advice of a failed job."""
        if not self.error_code:
            return None
        return {"code": self.error_code, "message": self.error_message, "advice": self.error_advice}
