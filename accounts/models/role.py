"""Roles and permissions as rows that an admin edits."""

import uuid
from typing import Any

from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.tenancy import TenantModel


class Permission(models.Model):
    """Something a role may do. The catalogue is the same for all tenants; `manage.py migrate` fills it."""

    code = models.CharField(_("code"), max_length=100, primary_key=True)
    title = models.CharField(_("title"), max_length=200, blank=True, help_text=_("English; translated when shown."))

    class Meta:
        verbose_name = _("permission")
        verbose_name_plural = _("permissions")
        ordering = ["code"]

    def __str__(self) -> str:
        return f"{gettext(self.title)} · {self.code}" if self.title else self.code


class Role(TenantModel):
    """A named set of permissions inside one tenant."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    key = models.SlugField(_("key"), max_length=50)
    title = models.CharField(_("title"), max_length=100)
    permissions: Any = models.ManyToManyField(
        Permission, through="accounts.RolePermission", verbose_name=_("permissions")
    )

    class Meta:
        verbose_name = _("role")
        verbose_name_plural = _("roles")
        ordering = ["key"]
        constraints = [models.UniqueConstraint(fields=["tenant", "key"], name="accounts_role_key")]

    def __str__(self) -> str:
        return gettext(self.title)


class RolePermission(TenantModel):
    """One permission of one role."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    role = models.ForeignKey(Role, on_delete=models.CASCADE, related_name="grants", db_constraint=False)
    permission = models.ForeignKey(Permission, on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("permission of a role")
        verbose_name_plural = _("permissions of roles")
        ordering = ["role", "permission"]
        constraints = [
            models.UniqueConstraint(fields=["tenant", "role", "permission"], name="accounts_rolepermission_once")
        ]

    def __str__(self) -> str:
        return f"{self.role_id} {self.permission_id}"


class UserRole(TenantModel):
    """One role of one user."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey("accounts.User", on_delete=models.CASCADE, related_name="user_roles", db_constraint=False)
    role = models.ForeignKey(
        Role, on_delete=models.CASCADE, related_name="user_roles", db_constraint=False, verbose_name=_("role")
    )

    class Meta:
        verbose_name = _("role of a user")
        verbose_name_plural = _("roles of users")
        ordering = ["user", "role"]
        constraints = [models.UniqueConstraint(fields=["tenant", "user", "role"], name="accounts_userrole_once")]

    def __str__(self) -> str:
        return f"{self.user_id} {self.role_id}"
