"""Which database a model lives in, for Django: those of external datasets are read there and never written."""

from typing import Any

from django.db import DEFAULT_DB_ALIAS, models

from jobs.datasets import registry


class ReadOnlySource(RuntimeError):
    """Code tried to write to a table that an external dataset reads."""


class SourceRouter:
    """Sends reads of external datasets' models to their database, refuses writes, and keeps migrations away."""

    def db_for_read(self, model: type[models.Model], **hints: Any) -> str | None:
        """Alias of the external database, or None: no opinion."""
        return registry.source_of(model)

    def db_for_write(self, model: type[models.Model], **hints: Any) -> str | None:
        """No opinion on models of our own. Raises ReadOnlySource for the others."""
        alias = registry.source_of(model)
        if alias is not None:
            raise ReadOnlySource(f"{model.__name__} is read from {alias!r}; nothing is written there.")
        return None

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool | None:
        """Migrations run in our own database only."""
        return None if db == DEFAULT_DB_ALIAS else False
