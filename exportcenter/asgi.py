"""ASGI entry point: uvicorn exportcenter.asgi:application."""

from exportcenter import environment

environment.prepare()

from django.core.asgi import get_asgi_application  # noqa: E402

django_application = get_asgi_application()

from exportcenter.common.body_limit import BodyLimit  # noqa: E402
from jobs.exports.waiting_doors import WaitingHandler  # noqa: E402

application = WaitingHandler(BodyLimit(django_application))

from django.db import connection  # noqa: E402

from exportcenter.database_roles import refuse_strong_role  # noqa: E402

refuse_strong_role(connection)
connection.close()
