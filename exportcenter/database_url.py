"""DATABASE_URL → Django settings, parsed by libpq's own rules (socket folders, sslmode and all)."""

from typing import Any

from psycopg.conninfo import conninfo_to_dict

_NAMES = {"dbname": "NAME", "user": "USER", "password": "PASSWORD", "host": "HOST", "port": "PORT"}


def django_config(url: str) -> dict[str, Any]:
    """A DATABASES entry for a ``postgresql://`` URL. Raises psycopg.ProgrammingError when it is malformed."""
    found = conninfo_to_dict(url)
    config: dict[str, Any] = {name: str(found.pop(key, None) or "") for key, name in _NAMES.items()}
    return {"ENGINE": "django.db.backends.postgresql", **config, "OPTIONS": found}
