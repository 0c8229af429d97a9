"""Parquet without the ORM's own work: the same query through psycopg's server-side cursor."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.db import connection

from bench import rows
from bench.peers.arrow import REMARK, write_parquet

__all__ = ["REMARK", "write"]


def write(source: rows.Source, target: Path) -> int:
    """Rows as psycopg gives them."""
    return write_parquet(source, _rows(source), target)


def _rows(source: rows.Source) -> Iterator[tuple[Any, ...]]:
    with rows.as_admin() as viewer:
        sql, params = source.queryset(viewer).values_list(*source.names).query.sql_with_params()
        with connection.connection.cursor(name="peer") as cursor:
            cursor.itersize = rows.CHUNK
            cursor.execute(sql, params)
            yield from cursor
