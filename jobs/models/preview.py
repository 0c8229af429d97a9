"""The first rows of a file, to look at before it is downloaded (SPEC E22)."""

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.tenancy import TenantModel
from jobs.models.export import ExportJob


class ExportPreview(TenantModel):
    """Written in the transaction that publishes the file, deleted in the one that expires it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    job = models.OneToOneField(
        ExportJob, on_delete=models.CASCADE, related_name="preview", db_constraint=False, verbose_name=_("export")
    )
    rows = models.JSONField(_("rows"))
    """Lists of texts or None: the cells as people read them, in the order of the facts' columns."""

    class Meta:
        verbose_name = _("preview of a file")
        verbose_name_plural = _("previews of files")

    def __str__(self) -> str:
        return str(self.job_id)
