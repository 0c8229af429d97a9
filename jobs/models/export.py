"""Export jobs, their download links, and the files that must go."""

import uuid
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Case, F, Q, When
from django.db.models.fields.json import KeyTextTransform
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts import policy
from accounts.models import User
from accounts.tenancy import TenantManager, TenantModel, TenantQuerySet
from jobs.datasets.base import CUSTOM
from jobs.engine.states import Status
from jobs.models.definition import ExportDefinition
from jobs.models.job import Job


class FileType(models.TextChoices):
    """Formats that people may ask for (SPEC E3)."""

    CSV = "csv", "CSV"
    XLSX = "xlsx", "Excel"
    PARQUET = "parquet", "Parquet"
    JSON = "json", "JSON"


class ExportQuerySet(TenantQuerySet):
    """Lists of exports start here."""

    def visible_to(self, user: User) -> "ExportQuerySet":
        """Jobs that ``user`` may see: the same rule as policy.may(EXPORT_VIEW)."""
        seen = policy.visibility(user)
        if seen.everything:
            return self
        return self.filter(Q(owner=user) | Q(sensitivity__in=sorted(seen.classes)))


class ExportJob(Job):
    """A file that somebody asked for (SPEC E1)."""

    type = models.CharField(_("type"), max_length=50)
    """Key of a dataset, or CUSTOM."""
    dataset = models.GeneratedField(
        expression=Case(
            When(type=CUSTOM, then=KeyTextTransform("dataset", "params")),
            default=F("type"),
            output_field=models.CharField(max_length=63),
        ),
        output_field=models.CharField(max_length=63),
        db_persist=True,
        verbose_name=_("dataset"),
    )
    """Key of the dataset whose rows are read, whatever the type. By the database, so that it cannot disagree with the
    frozen request: rights and limits go by it."""
    definition = models.ForeignKey(
        ExportDefinition,
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        db_constraint=False,
        verbose_name=_("export definition"),
    )
    definition_version = models.PositiveIntegerField(_("version"), null=True)
    sensitivity = models.CharField(_("class"), max_length=10)
    file_type = models.CharField(_("file type"), max_length=10, choices=FileType.choices)
    params = models.JSONField(_("filters"), default=dict)
    columns = models.JSONField(_("columns"), null=True)
    """Keys of the chosen columns; null = the dataset's default ones at the time of the run."""
    options = models.JSONField(_("options"), default=dict)
    source = models.CharField(_("source"), max_length=200, blank=True)
    language = models.CharField(max_length=10, default="zh-hans")
    time_zone = models.CharField(max_length=50, default=settings.TIME_ZONE)
    owner_epoch = models.BigIntegerField(null=True, editable=False)
    """The owner's authz_epoch when the job was made: while it is the same, the same request would give the same file.
    Null for jobs from before there was this field."""

    file_name = models.CharField(_("file"), max_length=200, blank=True)
    file_key = models.CharField(max_length=300, null=True, unique=True)  # noqa: DJ001 - NULLs do not collide
    file_size = models.BigIntegerField(_("size"), null=True)
    file_sha256 = models.CharField(_("SHA-256"), max_length=64, blank=True)
    row_count = models.BigIntegerField(_("rows"), null=True)
    snapshot_at = models.DateTimeField(_("data as of"), null=True)
    parts = models.JSONField(default=list, editable=False)
    """Of a result in several files: number (from 1), name, rows, size, sha256 and key of each. Number 0, which is then
    the file itself, is their manifest; ``file_size`` is that of all parts together."""
    facts = models.JSONField(null=True, editable=False)
    """What the file is (jobs.exports.facts.Facts)."""
    file_rights = models.JSONField(default=list, editable=False)
    """Permissions that made the file show more than it otherwise would: whoever downloads must hold them, too."""
    file_regions = models.JSONField(null=True, editable=False)
    """Regions whose rows the file holds; null = not limited by region."""
    links_revoked_at = models.DateTimeField(_("links revoked"), null=True)

    filter_shape = models.CharField(max_length=200, blank=True, editable=False, db_default="")
    """Which filters narrow the rows: under this the estimate's correction is learned and found again."""
    planned_rows = models.BigIntegerField(null=True, editable=False)
    """What the planner alone expected when the job was created; the estimate is this, corrected."""
    estimated_rows = models.BigIntegerField(_("rows estimated"), null=True)
    estimated_bytes = models.BigIntegerField(_("bytes estimated"), null=True)
    estimated_seconds = models.FloatField(_("seconds estimated"), null=True)

    objects: ClassVar[Any] = TenantManager.from_queryset(ExportQuerySet)()

    class Meta(Job.Meta):
        verbose_name = _("export")
        verbose_name_plural = _("exports")
        ordering = ["-created_at", "-id"]
        constraints = [
            *Job.Meta.constraints,
            models.CheckConstraint(
                condition=~Q(status__in=[Status.READY, Status.EXPIRED])
                | (
                    Q(
                        file_key__isnull=False,
                        file_size__isnull=False,
                        row_count__isnull=False,
                        expires_at__isnull=False,
                        finished_at__isnull=False,
                    )
                    & ~Q(file_sha256="")
                    & ~Q(file_name="")
                ),
                name="jobs_exportjob_file",
            ),
            models.CheckConstraint(condition=Q(dataset__isnull=False), name="jobs_exportjob_dataset"),
            models.CheckConstraint(
                condition=Q(definition=None, definition_version=None)
                | Q(type=CUSTOM, definition__isnull=False, definition_version__isnull=False),
                name="jobs_exportjob_definition",
            ),
        ]
        indexes = [
            *Job.Meta.indexes,
            models.Index(  # covers what lists filter and count by, and the usage overview: they need no rows
                fields=["tenant", "-created_at", "-id"],
                include=[
                    "owner",
                    "sensitivity",
                    "status",
                    "type",
                    "file_type",
                    "finished_at",
                    "started_at",
                    "file_size",
                ],
                name="jobs_export_created",
            ),
            models.Index(fields=["tenant", "status", "-created_at", "-id"], name="jobs_export_status"),
            models.Index(fields=["tenant", "type", "-created_at", "-id"], name="jobs_export_type"),
            models.Index(fields=["tenant", "status", "type", "-created_at", "-id"], name="jobs_export_status_type"),
            models.Index(fields=["tenant", "owner", "-created_at", "-id"], name="jobs_export_owner"),
            models.Index(  # one's own failed ones: counted, and found, without reading past all the others
                fields=["tenant", "owner", "status", "-created_at", "-id"], name="jobs_export_owner_status"
            ),
            models.Index(fields=["tenant", "sensitivity", "-created_at", "-id"], name="jobs_export_class"),
            models.Index(fields=["tenant", "file_type", "-created_at", "-id"], name="jobs_export_filetype"),
            models.Index(fields=["tenant", "source", "-created_at", "-id"], name="jobs_export_source"),
            models.Index(
                models.F("tenant"),
                models.F("finished_at").desc(nulls_last=True),
                models.F("id").desc(),
                name="jobs_export_finished",
            ),
            models.Index(
                models.F("tenant"),
                models.F("file_size").desc(nulls_last=True),
                models.F("id").desc(),
                name="jobs_export_size",
            ),
            models.Index(  # these two: the last finished jobs that are like a new one (jobs.exports.estimating)
                fields=["tenant", "dataset", "filter_shape", "-finished_at"],
                condition=Q(row_count__isnull=False, planned_rows__isnull=False),
                name="jobs_export_learned_rows",
            ),
            models.Index(
                fields=["tenant", "dataset", "file_type", "-finished_at"],
                condition=Q(row_count__isnull=False),
                name="jobs_export_learned_pace",
            ),
        ]

    @property
    def stored_keys(self) -> list[str]:
        """Keys of everything in the store that belongs to the export: the file, or manifest and parts."""
        return list(dict.fromkeys(key for key in (self.file_key, *(part["key"] for part in self.parts)) if key))

    @property
    def dataset_title(self) -> str:
        """Title of the dataset in the current language; its key when the dataset is gone."""
        from jobs.datasets import title_of

        return title_of(self.dataset)

    @property
    def type_title(self) -> str:
        """The same, saying when somebody chose the columns."""
        return f"{gettext('Custom')} · {self.dataset_title}" if self.type == CUSTOM else self.dataset_title


class DownloadHandle(TenantModel):
    """A link that somebody made on purpose: limited in uses, revocable one by one (SPEC E11)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    job = models.ForeignKey(
        ExportJob, on_delete=models.CASCADE, related_name="handles", db_constraint=False, verbose_name=_("export")
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        db_constraint=False,
        verbose_name=_("user"),
    )
    created_at = models.DateTimeField(_("created"))
    expires_at = models.DateTimeField(_("expires"))
    max_uses = models.PositiveIntegerField(_("uses at most"), null=True, blank=True)
    uses = models.PositiveIntegerField(_("uses"), default=0)
    revoked_at = models.DateTimeField(_("revoked"), null=True)

    class Meta:
        verbose_name = _("download link")
        verbose_name_plural = _("download links")
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["tenant", "job", "-created_at"], name="jobs_handle_job")]

    def __str__(self) -> str:
        return f"{self.job_id} {self.created_at:%Y-%m-%d %H:%M}"


class FileRemoval(TenantModel):
    """A stored object that must be deleted. The row outlives the deletion as its record."""

    id = models.BigAutoField(primary_key=True)
    key = models.CharField(_("object"), max_length=300, unique=True)
    reason = models.CharField(_("reason"), max_length=30)
    not_before = models.DateTimeField(_("not before"))
    deleted_at = models.DateTimeField(_("deleted"), null=True)

    class Meta:
        verbose_name = _("file removal")
        verbose_name_plural = _("file removals")
        ordering = ["-id"]
        indexes = [models.Index(fields=["not_before"], condition=Q(deleted_at=None), name="jobs_fileremoval_due")]

    def __str__(self) -> str:
        return self.key
