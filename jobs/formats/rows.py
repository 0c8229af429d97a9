"""Where a file's rows come from: written by the database, or put together in Python where a column needs it."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.db import connections

from jobs.datasets.query import BoundColumn, Plan
from jobs.formats.base import Format
from jobs.formats.copying import messages
from jobs.formats.rendering import values

FETCH = 2000


@contextmanager
def rows_of(plan: Plan, writer: Format, *, every: bool = False) -> Iterator[Iterator[Any]]:
    """The plan's rows, in order, as ``writer`` joins them; read from the connection that the plan's rows name.

    PostgreSQL writes whole rows, unless a column computes its value in Python. Then the other cells are still made by
    PostgreSQL, and only that column's are made here; ``every`` makes all of them here. Equal rows either way.
    """
    through = frozenset(column.key for column in plan.columns if every or column.python is not None)
    connection = connections[plan.rows.db]
    with connection.cursor() as cursor, _session(cursor, writer.session):
        if through:
            with connection.chunked_cursor() as portal:
                yield _by_python(plan, writer, portal, through)
        else:
            statement = writer.copy(plan)
            with cursor.copy(statement.sql, statement.params) as copy:
                yield writer.unframe(messages(copy))


class _Mixed:
    """Asks the compiler for values of the columns that Python writes, and for finished text of the others."""

    def __init__(self, writer: Format, through: frozenset[str]) -> None:
        self._writer = writer
        self._through = through

    def cell(self, column: BoundColumn, reference: str) -> str:
        if column.key in self._through:
            return reference
        return self._writer.text(self._writer.cell(column, reference))


def _by_python(plan: Plan, writer: Format, portal: Any, through: frozenset[str]) -> Iterator[bytes]:
    statement = plan.statement(_Mixed(writer, through), unmasked=through)
    makers = [_maker(column, writer) if column.key in through else _as_it_is for column in plan.columns]
    line = writer.liner(plan.columns)
    values.adapt(portal)
    portal.execute(statement.sql, statement.params)
    while batch := portal.fetchmany(FETCH):
        for row in batch:
            yield line([make(value) for make, value in zip(makers, row, strict=True)])


def _as_it_is(value: Any) -> Any:
    return value


def _maker(column: BoundColumn, writer: Format) -> Callable[[Any], Any]:
    render = writer.render(column)
    compute, hide = column.python, column.hide
    if compute is None and hide is None:
        return render

    def make(value: Any) -> Any:
        if compute is not None:
            value = compute(value)
        if hide is not None and value is not None:
            value = hide(values.text(value))
        return render(value)

    return make


@contextmanager
def _session(cursor: Any, wanted: Mapping[str, str]) -> Iterator[None]:
    """Change settings until the rows are read. After an error nothing can or need be put back: they end with the
    transaction."""
    before = {}
    for name, value in wanted.items():
        cursor.execute("SELECT current_setting(%s), set_config(%s, %s, true)", [name, name, value])
        before[name] = cursor.fetchone()[0]
    yield
    for name, value in before.items():
        cursor.execute("SELECT set_config(%s, %s, true)", [name, value])
