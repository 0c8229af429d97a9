"""App config of the wiring package."""

from django.apps import AppConfig


class ExportCenterConfig(AppConfig):
    """Holds the management commands and the Celery app."""

    name = "exportcenter"

    def ready(self) -> None:
        from exportcenter import celery  # noqa: F401 - makes ours the app that bells are rung through
