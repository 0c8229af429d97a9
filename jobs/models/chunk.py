"""A chunk: a range of an export's rows that one worker writes while others write the rest (SPEC J8)."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.tenancy import TenantManager
from jobs.models.export import ExportJob
from jobs.models.job import Job


class ExportChunk(Job):
    """Part of a running export. It lives as long as the attempt that planned it; its rows are kept as a record."""

    export = models.ForeignKey(
        ExportJob, on_delete=models.CASCADE, related_name="chunks", db_constraint=False, verbose_name=_("export")
    )
    generation = models.BigIntegerField()
    """Fence of the export's attempt that planned the chunk; those of older attempts are worthless."""
    number = models.PositiveIntegerField(_("chunk no."))
    snapshot = models.CharField(max_length=60)
    """Id of the exported database snapshot; it is good as long as that attempt holds it."""
    first = models.JSONField()
    """Key of the first row."""
    after = models.JSONField(null=True)
    """Key of the first row behind the chunk; null for the last chunk."""
    rows_planned = models.BigIntegerField()

    file_key = models.CharField(max_length=300, blank=True)
    segments = models.JSONField(default=list)
    """rows, size, stored, crc, cut_cells of each segment in the file, in order."""

    objects: ClassVar = TenantManager()

    class Meta(Job.Meta):
        verbose_name = _("chunk")
        verbose_name_plural = _("chunks")
        ordering = ["export", "generation", "number"]
        constraints = [
            *Job.Meta.constraints,
            models.UniqueConstraint(fields=["export", "generation", "number"], name="jobs_chunk_number"),
        ]
        indexes = [*Job.Meta.indexes]
