"""Definitions of custom exports: what to export, saved under a name, in versions that never change."""

import uuid
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts import policy
from accounts.models import User
from accounts.tenancy import TenantManager, TenantModel, TenantQuerySet
from jobs.sharing import Sharing


class DefinitionQuerySet(TenantQuerySet):
    """Lists of definitions start here."""

    def visible_to(self, user: User) -> "DefinitionQuerySet":
        """Definitions that ``user`` may see: the same rule as policy.may(DEFINITION_VIEW)."""
        if policy.manages_definitions(user):
            return self
        shared = Q(shared=Sharing.TENANT) | Q(shared=Sharing.ROLES, roles__overlap=sorted(user.role_keys))
        return self.filter(Q(owner=user) | shared)


class ExportDefinition(TenantModel):
    """A custom export that can be run again and again. Its content is in versions; the newest counts.

    A definition gives no right to data: who runs it needs the rights on its dataset.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        db_constraint=False,
        verbose_name=_("owner"),
    )
    name = models.CharField(_("name"), max_length=100)
    description = models.CharField(_("description"), max_length=500, blank=True)
    dataset = models.CharField(_("dataset"), max_length=63)
    shared = models.CharField(_("shared with"), max_length=10, choices=Sharing.choices, default=Sharing.PRIVATE)
    roles = ArrayField(models.CharField(max_length=50), verbose_name=_("roles"), default=list, blank=True)
    """Keys of the roles whose people see it, when it is shared with roles."""
    version = models.PositiveIntegerField(_("version"), default=1)
    """Number of the newest version."""
    created_at = models.DateTimeField(_("created"))
    updated_at = models.DateTimeField(_("changed"))
    archived_at = models.DateTimeField(_("archived"), null=True)

    objects: ClassVar[Any] = TenantManager.from_queryset(DefinitionQuerySet)()

    class Meta:
        verbose_name = _("export definition")
        verbose_name_plural = _("export definitions")
        ordering = ["-updated_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "owner", "name"], condition=Q(archived_at=None), name="jobs_definition_name"
            ),
            models.CheckConstraint(condition=Q(shared__in=Sharing.values), name="jobs_definition_shared"),
        ]
        indexes = [models.Index(fields=["tenant", "-updated_at", "-id"], name="jobs_definition_updated")]

    def __str__(self) -> str:
        return self.name

    @property
    def dataset_title(self) -> str:
        """Title of the dataset in the current language; its key when the dataset is gone."""
        from jobs.datasets import title_of

        return title_of(self.dataset)


class DefinitionVersion(TenantModel):
    """What a definition said from one moment on. A trigger refuses any change."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    definition = models.ForeignKey(
        ExportDefinition,
        on_delete=models.PROTECT,
        related_name="versions",
        db_constraint=False,
        verbose_name=_("export definition"),
    )
    number = models.PositiveIntegerField(_("version"))
    body = models.JSONField(_("content"))
    """columns, order, filters (jobs.datasets.custom), file_type, options."""
    comment = models.CharField(_("comment"), max_length=500, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        db_constraint=False,
        verbose_name=_("author"),
    )
    created_at = models.DateTimeField(_("created"))

    class Meta:
        verbose_name = _("version of a definition")
        verbose_name_plural = _("versions of definitions")
        ordering = ["-created_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["tenant", "definition", "number"], name="jobs_definitionversion_number")
        ]

    def __str__(self) -> str:
        return f"{self.definition_id} v{self.number}"
