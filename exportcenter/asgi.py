"""ASGI entry point: uvicorn exportcenter.asgi:application."""

from exportcenter import environment

environment.prepare()

from django.core.asgi import get_asgi_application  # noqa: E402

application = get_asgi_application()

from django.db import connection  # noqa: E402

from exportcenter.database_roles import refuse_strong_role  # noqa: E402

refuse_strong_role(connection)
connection.close()
