"""App config: the job engine and what runs on it."""

from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class JobsConfig(AppConfig):
    """Exports, their engine, datasets, formats and events."""

    name = "jobs"
    verbose_name = _("Jobs")

    def ready(self) -> None:
        from jobs.datasets import registry
        from jobs.exports import kind  # noqa: F401 - registers the export kind with the engine

        registry.load_catalog()
        post_migrate.connect(fill_catalogue, sender=self)


def fill_catalogue(**kwargs: Any) -> None:
    """After each migration: every dataset's permissions exist as rows (a new dataset needs no migration)."""
    from accounts import policy, roles
    from jobs.datasets import all_datasets

    if kwargs.get("plan") and any(backwards for _migration, backwards in kwargs["plan"]):
        return
    catalogue: dict[str, str] = {}
    for dataset in all_datasets():
        catalogue |= policy.dataset_permissions(dataset.key)
    roles.sync_permissions(catalogue)
