"""App config of the wiring package."""

from django.apps import AppConfig


class ExportCenterConfig(AppConfig):
    """Holds the management commands."""

    name = "exportcenter"
