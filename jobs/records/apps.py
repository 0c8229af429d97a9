"""App config: sample business tables, so that the product runs out of the box."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class RecordsConfig(AppConfig):
    """Orders, members, risk hits: what a platform's own database would hold."""

    name = "jobs.records"
    label = "records"
    verbose_name = _("Sample data")
