"""``manage.py migrate`` under the owner role; every other command runs under the app role."""

from typing import Any

import psycopg
from django.conf import settings
from django.core.management.base import CommandError
from django.core.management.commands import migrate
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.postgresql.base import DatabaseWrapper

from exportcenter import database_roles
from exportcenter.database_url import django_config


class Command(migrate.Command):
    help = migrate.Command.help + " Runs as the owner role (DATABASE_OWNER_URL)."

    def handle(self, *args: Any, **options: Any) -> str | None:
        if options["database"] != DEFAULT_DB_ALIAS:
            raise CommandError(f"{options['database']} is only read. Migrations run in Export Center's own database.")
        connection = connections[options["database"]]
        as_app = dict(connection.settings_dict)
        connection.close()
        if isinstance(connection, DatabaseWrapper):
            connection.close_pool()
        owner = django_config(settings.DATABASE_OWNER_URL)
        connection.settings_dict.update({key: owner[key] for key in ("USER", "PASSWORD", "HOST", "PORT")})
        connection.settings_dict["OPTIONS"] = {k: v for k, v in as_app["OPTIONS"].items() if k != "pool"}
        try:
            parameters = connection.get_connection_params()
            with psycopg.connect(
                **{k: parameters[k] for k in ("dbname", "user", "password", "host", "port") if parameters.get(k)},
                autocommit=True,
            ) as direct:
                database_roles.grant_to_app(direct)
            result: str | None = super().handle(*args, **options)
        finally:
            connection.close()
            connection.settings_dict.update(as_app)
        return result
