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
        from jobs.batch import checks  # noqa: F401 - registers the check that no kind is forgotten
        from jobs.datasets import registry
        from jobs.exports import batch, chunks, kind, notices, work  # noqa: F401 - register the export kind, its tasks and words  # noqa: F401 - errors that notifications speak of
        from jobs.imports import applying, running  # noqa: F401 - and those of imports
        from jobs.imports import batch as import_batch  # noqa: F401 - and those of imports
        from jobs.imports import kind as import_kind  # noqa: F401
        from jobs.imports import notices as import_notices  # noqa: F401
        from jobs.imports.reading import errors  # noqa: F401 - one error more for the registry
        from jobs.webhooks import notices as webhook_notices  # noqa: F401 - register their words

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
        if dataset.importing is not None:
            catalogue |= policy.import_permissions(dataset.key)
    roles.sync_permissions(catalogue)
