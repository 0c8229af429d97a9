"""Import jobs, the files they read, and what they keep so that an import can go on, be explained and be taken back."""

import uuid
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts import policy
from accounts.models import User
from accounts.tenancy import TenantManager, TenantModel, TenantQuerySet
from exportcenter.common import clock
from jobs.datasets.importing import Mode
from jobs.engine.states import Status
from jobs.models.job import Job


class OnError(models.TextChoices):
    """What becomes of a file with faulty rows."""

    SKIP = "skip", _("Skip faulty rows")
    STOP = "stop", _("All rows or none")


class ImportFile(TenantModel):
    """A file that somebody has sent, kept as it came until ``expires_at``."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        db_constraint=False,
        verbose_name=_("sent by"),
    )
    name = models.CharField(_("file"), max_length=200)
    """As the person calls it; it decides nothing."""
    key = models.CharField(max_length=300, unique=True)
    size = models.BigIntegerField(_("size"))
    sha256 = models.CharField(_("SHA-256"), max_length=64)
    created_at = models.DateTimeField(_("sent"))
    expires_at = models.DateTimeField(_("kept until"))
    removed_at = models.DateTimeField(_("removed"), null=True)
    """When the file, and every row that imports of it kept, was deleted."""

    class Meta:
        verbose_name = _("file to import")
        verbose_name_plural = _("files to import")
        ordering = ["-created_at", "-id"]
        indexes = [
            models.Index(fields=["expires_at"], condition=Q(removed_at=None), name="jobs_importfile_due"),
            models.Index(fields=["tenant", "owner", "-created_at"], name="jobs_importfile_owner"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_over(self) -> bool:
        """Whether its time is over: then nothing of it may be used, even before the sweep has removed it."""
        return self.removed_at is not None or self.expires_at <= clock.now()


class ImportQuerySet(TenantQuerySet):
    """Lists of imports start here."""

    def visible_to(self, user: User) -> "ImportQuerySet":
        """Imports that ``user`` may see: the same rule as policy.may(IMPORT_VIEW)."""
        return self if policy.sees_all_imports(user) else self.filter(owner=user)


class ImportJob(Job):
    """A file's way into a dataset (SPEC B1–B3): checked, looked at by a person, written. Or the way back (B4): then
    ``undoes`` names the import that is taken back."""

    dataset = models.CharField(_("dataset"), max_length=63)
    sensitivity = models.CharField(_("class"), max_length=10)
    file = models.ForeignKey(
        ImportFile, on_delete=models.PROTECT, related_name="+", db_constraint=False, verbose_name=_("file")
    )
    mode = models.CharField(_("mode"), max_length=10, choices=Mode.choices)
    on_error = models.CharField(_("faulty rows"), max_length=10, choices=OnError.choices, default=OnError.SKIP)
    choices = models.JSONField(_("how the file is read"), default=dict)
    """What a person has set by hand: kind, encoding, delimiter, sheet, header_row."""
    mapping = models.JSONField(_("columns"), default=dict)
    """Position of the file's column (from 0, as text) → key of the dataset's; what is not named is left out."""
    language = models.CharField(max_length=10, default="zh-hans")
    time_zone = models.CharField(max_length=50, default=settings.TIME_ZONE)
    source = models.CharField(_("source"), max_length=200, blank=True)
    undoes = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        db_constraint=False,
        verbose_name=_("takes back"),
    )
    owner_epoch = models.BigIntegerField(null=True, editable=False)
    """The owner's authz_epoch when the rows were checked: with other rights they must be checked anew."""
    confirmed_at = models.DateTimeField(_("confirmed"), null=True)
    confirmed_by = models.CharField(_("confirmed by"), max_length=150, blank=True)
    counts = models.JSONField(_("rows"), default=dict)
    """jobs.imports.counting.Counts as far as the job has come."""
    problems = models.JSONField(_("problems"), default=list)
    """Groups: column, code, count, first row and what stood there. The rows themselves are ImportRows."""
    facts = models.JSONField(_("about the file"), default=dict)
    """What the file was found to be: kind, encoding, delimiter, sheet, header."""

    objects: ClassVar[Any] = TenantManager.from_queryset(ImportQuerySet)()

    class Meta(Job.Meta):
        verbose_name = _("import")
        verbose_name_plural = _("imports")
        ordering = ["-created_at", "-id"]
        constraints = [
            *[one for one in Job.Meta.constraints if not one.name.endswith("_status")],
            models.CheckConstraint(condition=Q(status__in=Status.values), name="jobs_importjob_status"),
            models.UniqueConstraint(
                fields=["undoes"],
                condition=Q(status__in=[Status.QUEUED, Status.PROCESSING, Status.READY, Status.EXPIRED]),
                name="jobs_importjob_undone_once",
            ),
        ]
        indexes = [
            *Job.Meta.indexes,
            models.Index(fields=["tenant", "-created_at", "-id"], name="jobs_import_created"),
            models.Index(fields=["tenant", "status", "-created_at", "-id"], name="jobs_import_status"),
            models.Index(fields=["tenant", "owner", "-created_at", "-id"], name="jobs_import_owner"),
            models.Index(fields=["tenant", "file"], name="jobs_import_file"),
        ]


class ImportRow(TenantModel):
    """A row of the file, checked. Rows without ``problems`` are written when the import is confirmed."""

    id = models.BigAutoField(primary_key=True)
    job_id = models.UUIDField()
    row = models.IntegerField(_("row"))
    """As a person counts it in the file."""
    key = models.TextField(_("key"), blank=True)
    """The natural key; empty where the row has none that can be read."""
    values = models.JSONField(default=dict)
    """Column of the table → value. What is left out keeps its value, or gets its default."""
    cells = models.JSONField(default=list)
    """As they stood in the file (jobs.imports.reading.wire), for the file of faulty rows."""
    problems = models.JSONField(default=list)
    """[{column, code, params, text}]; empty: the row can be written."""

    class Meta:
        verbose_name = _("row to import")
        verbose_name_plural = _("rows to import")
        ordering = ["job_id", "row"]
        constraints = [models.UniqueConstraint(fields=["tenant", "job_id", "row"], name="jobs_importrow_row")]
        indexes = [
            models.Index(fields=["tenant", "key", "job_id"], name="jobs_importrow_key"),
            models.Index(fields=["tenant", "job_id", "row"], condition=~Q(problems=[]), name="jobs_importrow_faulty"),
        ]

    def __str__(self) -> str:
        return f"{self.job_id} #{self.row}"


class ImportChunk(TenantModel):
    """Rows that were written together: in the same transaction, so that none is written twice (SPEC B3)."""

    id = models.BigAutoField(primary_key=True)
    job_id = models.UUIDField()
    last_row = models.IntegerField()
    """The chunk ends with this row of the file."""
    counts = models.JSONField(default=dict)
    written_at = models.DateTimeField(_("written"))

    class Meta:
        verbose_name = _("chunk of an import")
        verbose_name_plural = _("chunks of imports")
        ordering = ["job_id", "last_row"]
        constraints = [models.UniqueConstraint(fields=["tenant", "job_id", "last_row"], name="jobs_importchunk_once")]

    def __str__(self) -> str:
        return f"{self.job_id} ≤ {self.last_row}"


class ImportChange(TenantModel):
    """What an import did to one row of the table, so that it can be taken back (SPEC B4)."""

    class Outcome(models.TextChoices):
        """What became of it when somebody took the import back."""

        REMOVED = "removed", _("Removed")
        RESTORED = "restored", _("Restored")
        EDITED = "edited", _("Kept: changed since")
        USED = "used", _("Kept: other rows refer to it")
        GONE = "gone", _("Gone already")

    id = models.BigAutoField(primary_key=True)
    job_id = models.UUIDField()
    row = models.IntegerField(_("row"))
    key = models.TextField(_("key"))
    target = models.TextField()
    """Primary key of the table's row."""
    before = models.JSONField(null=True)
    """The whole row as it was; null: there was none."""
    after = models.CharField(max_length=32)
    """MD5 of the whole row as the import left it: whoever changed it since wins."""
    outcome = models.CharField(_("outcome"), max_length=10, choices=Outcome.choices, blank=True)

    class Meta:
        verbose_name = _("change by an import")
        verbose_name_plural = _("changes by imports")
        ordering = ["id"]
        indexes = [models.Index(fields=["tenant", "job_id", "id"], name="jobs_importchange_job")]

    def __str__(self) -> str:
        return f"{self.job_id} #{self.row}"


class ImportMapping(TenantModel):
    """How somebody mapped a column of this label the last time (SPEC B1)."""

    id = models.BigAutoField(primary_key=True)
    owner_id = models.UUIDField()
    dataset = models.CharField(max_length=63)
    label = models.CharField(max_length=100)
    """Normalised (jobs.imports.mapping)."""
    column = models.CharField(max_length=63, blank=True)
    """Key of the dataset's column; empty: leave it out."""
    used_at = models.DateTimeField()

    class Meta:
        verbose_name = _("remembered column")
        verbose_name_plural = _("remembered columns")
        constraints = [
            models.UniqueConstraint(fields=["tenant", "owner_id", "dataset", "label"], name="jobs_importmapping_once")
        ]

    def __str__(self) -> str:
        return self.label
