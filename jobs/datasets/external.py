"""Datasets over another database (SPEC E21): the company's own tables, read where they are."""

from typing import Any, ClassVar, final

from django.db import models

from accounts.models import Tenant, User
from accounts.models.tenant import Kind as TenantKind
from jobs.datasets.base import Dataset


class ExternalDataset(Dataset):
    """
    A dataset whose rows are in a database of EXTERNAL_DATABASES. Row-level security does not reach there, so each one
    says how companies are kept apart; the registry refuses it otherwise.

    Attributes, besides those of Dataset:
        database: alias of the database
        model: a model with managed = False that describes the table or view
        tenant_field: ORM path to the column that names the company; or
        platform_only: True when the whole table belongs to the platform and client companies get nothing
    """

    scope_rights = ()
    tenant_field: ClassVar[str] = ""

    def select(self, viewer: User) -> "models.QuerySet[Any]":
        """The rows before companies are kept apart. Replace it to join, annotate or narrow by role."""
        return self.model._default_manager.using(self.database)

    def tenant_value(self, tenant: Tenant) -> Any:
        """What ``tenant_field`` holds in the rows of ``tenant``: its code, unless the source has names of its own."""
        return tenant.slug

    @final
    def rows(self, viewer: User) -> "models.QuerySet[Any]":
        """What ``select`` gives, of the viewer's company only."""
        chosen = self.select(viewer).using(self.database)
        if self.platform_only:
            return chosen if viewer.tenant.kind == TenantKind.PLATFORM else chosen.none()
        value = self.tenant_value(viewer.tenant)
        # A company without a name in the source owns no rows: NULL would match those that belong to nobody.
        return chosen.none() if value in (None, "") else chosen.filter(models.Q((self.tenant_field, value)))
