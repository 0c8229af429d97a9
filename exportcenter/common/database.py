"""Small questions about PostgreSQL's answers."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from asgiref.sync import sync_to_async
from django.db import DEFAULT_DB_ALIAS, Error, OperationalError, connection, connections, transaction
from django.db.models import QuerySet

from exportcenter.common.errors import Locked

CONNECT_SECONDS = 5
LOCK_WAIT = "1s"
"""How long somebody who waits for an answer waits for a row that another holds."""


def connection_parameters() -> dict[str, Any]:
    """What psycopg is told to open a connection beside Django's: same database, same role."""
    parameters = dict(connection.get_connection_params())
    for name in ("cursor_factory", "context", "prepare_threshold", "pool"):
        parameters.pop(name, None)
    return parameters | {"connect_timeout": CONNECT_SECONDS}


async def free_request_connection() -> None:
    """Give back the database connection of the request that is being answered.

    The thread of a request idles while its answer streams, and would keep the connection until the last byte: a few
    slow readers would then hold the whole pool. Await it before the first byte, when the transaction is over.
    """
    await sync_to_async(_close_own)()


def _close_own() -> None:
    connection.close()  # looked up here: each thread has its own


def allow_pauses(seconds: int) -> None:
    """Let this transaction, and it alone, pause for so long between two statements: while a file of somebody is looked
    into or goes to the store, PostgreSQL would think that we have gone away."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('idle_in_transaction_session_timeout', %s, true)", [f"{seconds}s"])


def lock_by_name(name: str) -> None:
    """Wait until nobody else holds the lock called ``name``, and hold it to the end of this transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])


def try_lock_by_name(name: str, using: str = DEFAULT_DB_ALIAS) -> bool:
    """Hold the lock called ``name`` to the end of this transaction; False, at once, when somebody else holds it."""
    with connections[using].cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))", [name])
        return bool(cursor.fetchone()[0])


def lock_row(rows: "QuerySet[Any]", key: Any, *, held: str = "") -> Any:
    """The row of ``rows`` with this primary key, locked to the end of this transaction; rows joined to it are not.

    Raises Locked (423), which says ``held``, when somebody holds it for over LOCK_WAIT, and the model's DoesNotExist.
    """
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT set_config('lock_timeout', %s, true)", [LOCK_WAIT])
            locked = rows.select_for_update(of=("self",)).get(pk=key)
            cursor.execute("SELECT set_config('lock_timeout', '5s', true)")
    except OperationalError as error:
        if not is_lock_timeout(error):
            raise
        raise Locked(held, retry_after=1) from error
    return locked


def is_lock_timeout(error: Error) -> bool:
    """Whether a statement gave up waiting for somebody else's lock (lock_not_available, 55P03)."""
    return getattr(error.__cause__, "sqlstate", "") == "55P03"


def is_statement_timeout(error: Error) -> bool:
    """Whether a statement took longer than it was allowed to (query_canceled, 57014)."""
    return getattr(error.__cause__, "sqlstate", "") == "57014"


@contextmanager
def statement_timeout(seconds: float, using: str = DEFAULT_DB_ALIAS) -> Iterator[Any]:
    """A cursor in a transaction (a savepoint when nested) none of whose statements may take longer than ``seconds``.

    What the caller's own transaction was allowed holds again afterwards: put back by hand when all went well, by the
    savepoint's rollback when it did not. Raises what the statements raise; ask ``is_statement_timeout``.
    """
    change = "SELECT set_config('statement_timeout', %s, true)"
    with transaction.atomic(using=using), connections[using].cursor() as cursor:
        cursor.execute("SELECT current_setting('statement_timeout')")
        (before,) = cursor.fetchone()
        cursor.execute(change, [str(max(1, int(seconds * 1000)))])  # 0 would mean: as long as it likes
        yield cursor
        cursor.execute(change, [before])
