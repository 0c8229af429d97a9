"""The statements that ``psql`` copies, as text with literals, on one line."""

from collections.abc import Mapping
from typing import Any

from bench import rows


class _Bare:
    """A format that leaves every value as the database holds it."""

    def cell(self, column: Any, reference: str) -> str:
        return reference


def compiled(file_type: str, options: Mapping[str, Any]) -> str:
    """The very statement that our export of this format runs: labels, masks, time zone, formula guard and all."""
    from jobs import formats

    return _text(formats.get(file_type)(formats.FormatOptions.parse(options), rows.ZONE))


def raw() -> str:
    """The same rows and columns as they are stored."""
    return _text(_Bare())


def _text(writer: Any) -> str:
    from django.db import connection
    from psycopg import ClientCursor

    from jobs import datasets
    from jobs.datasets.query import plan

    with rows.as_admin() as viewer:
        chosen = plan(datasets.get("orders"), viewer=viewer, params={}, columns=None, zone=rows.ZONE)
        statement = chosen.statement(writer)
        text = ClientCursor(connection.connection).mogrify(statement.sql, statement.params)
    connection.close()
    return " ".join(text.split("\n"))
