"""Small questions about PostgreSQL's answers."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import DEFAULT_DB_ALIAS, Error, connections, transaction


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
