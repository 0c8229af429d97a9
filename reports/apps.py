"""App config: what managers and client companies read, built on jobs."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ReportsConfig(AppConfig):
    """Top of the import order; reports have no model of their own yet."""

    name = "reports"
    verbose_name = _("Reports")
