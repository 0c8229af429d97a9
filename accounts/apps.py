"""App config: who may, and who did."""

from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    """Tenants, users, roles, permissions, sign-in and the audit trail."""

    name = "accounts"
    verbose_name = _("Accounts and audit")

    def ready(self) -> None:
        from accounts.signin import session  # noqa: F401 - connects the sign-in signal

        post_migrate.connect(fill_catalogue, sender=self)


def fill_catalogue(**kwargs: Any) -> None:
    """After each migration: the permissions that code knows exist as rows, and so does the platform tenant."""
    from accounts import policy, roles

    if kwargs.get("plan") and any(backwards for _migration, backwards in kwargs["plan"]):
        return
    roles.ensure_platform_tenant()
    roles.sync_permissions(policy.STATIC_PERMISSIONS)
