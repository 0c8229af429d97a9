"""What people have set up for themselves on the pages, and what they did there."""

import uuid
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.tenancy import TenantManager, TenantModel, TenantQuerySet
from jobs.sharing import Sharing


class PagePreference(TenantModel):
    """What one person has chosen for one page: columns, density, default view (SPEC U4, U7)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="+",
        db_constraint=False,
        verbose_name=_("user"),
    )
    page = models.CharField(_("page"), max_length=40)
    value = models.JSONField(_("content"), default=dict)
    updated_at = models.DateTimeField(_("changed"))

    class Meta:
        verbose_name = _("page preference")
        verbose_name_plural = _("page preferences")
        ordering = ["page"]
        constraints = [models.UniqueConstraint(fields=["tenant", "user", "page"], name="jobs_pagepreference_one")]

    def __str__(self) -> str:
        return self.page


class SavedViewQuerySet(TenantQuerySet):
    """Lists of saved views start here."""

    def visible_to(self, user: User) -> "SavedViewQuerySet":
        """Own views and those that others share with ``user``: the same rule as policy.may(SAVED_VIEW_SEE).

        A view gives no right to what it shows.
        """
        shared = Q(shared=Sharing.TENANT) | Q(shared=Sharing.ROLES, roles__overlap=sorted(user.role_keys))
        return self.filter(Q(owner=user) | shared)


class SavedView(TenantModel):
    """Filters and order of a list under a name (SPEC U7). Names of gone columns or people in it are passed over."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="+",
        db_constraint=False,
        verbose_name=_("owner"),
    )
    page = models.CharField(_("page"), max_length=40)
    name = models.CharField(_("name"), max_length=60)
    query = models.JSONField(_("filters"), default=dict)
    """Name → list of texts, as they stand in the address."""
    shared = models.CharField(_("shared with"), max_length=10, choices=Sharing.choices, default=Sharing.PRIVATE)
    roles = ArrayField(models.CharField(max_length=50), verbose_name=_("roles"), default=list, blank=True)
    created_at = models.DateTimeField(_("created"))
    updated_at = models.DateTimeField(_("changed"))

    objects: ClassVar[Any] = TenantManager.from_queryset(SavedViewQuerySet)()

    class Meta:
        verbose_name = _("saved view")
        verbose_name_plural = _("saved views")
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["tenant", "owner", "page", "name"], name="jobs_savedview_name"),
            models.CheckConstraint(condition=Q(shared__in=Sharing.values), name="jobs_savedview_shared"),
        ]

    def __str__(self) -> str:
        return self.name


class UiEvent(TenantModel):
    """Something somebody did on a page (SPEC U12). For charts of use, not for the audit trail."""

    id = models.BigAutoField(primary_key=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="+",
        db_constraint=False,
        verbose_name=_("user"),
    )
    name = models.CharField(_("event"), max_length=40)
    data = models.JSONField(_("data"), default=dict)
    at = models.DateTimeField(_("time"))

    class Meta:
        verbose_name = _("page event")
        verbose_name_plural = _("page events")
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["tenant", "-at"], name="jobs_uievent_at"),
            models.Index(fields=["tenant", "user", "-at"], name="jobs_uievent_user"),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.at:%Y-%m-%d %H:%M}"
