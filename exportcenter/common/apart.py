"""Statements that commit by themselves, whatever becomes of the request: one connection per process, beside Django's.

A request's own connection is in the request's transaction: what is written there holds its locks until the request
ends, and is undone when the request fails. Asking Django's pool for a second connection is no way out: requests that
hold one each and all want another wait for ever. This connection is never held for longer than one statement.
"""

import atexit
import logging
import os
import threading
from typing import Any

import psycopg
from django.db import OperationalError

from exportcenter.common.database import connection_parameters

log = logging.getLogger(__name__)

APPLICATION_NAME = "exportcenter-apart"
"""How the connection is called in pg_stat_activity."""
PATIENCE_SECONDS = 5
"""Longest wait for the connection, and for the statement."""


class Apart:
    """One lazy autocommit connection for all threads of a process. Safe from any thread and after a fork."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._connection: psycopg.Connection[Any] | None = None
        self._process = 0

    def row(self, statement: str, values: dict[str, Any]) -> Any:
        """Run one statement, commit it, and return its first row.

        Raises django.db.OperationalError (answered as 503) when the database does not answer. A connection that was
        found broken is opened anew once, so the statement may have run twice: it must be harmless then.
        """
        if not self._lock.acquire(timeout=PATIENCE_SECONDS):
            raise OperationalError("The connection beside the request's stayed busy.")
        try:
            return self._row(statement, values)
        except psycopg.OperationalError as error:
            raise OperationalError(str(error)) from error
        finally:
            self._lock.release()

    def close(self) -> None:
        """Give the connection back to the server."""
        with self._lock:
            self._drop()

    def _row(self, statement: str, values: dict[str, Any]) -> Any:
        connection, fresh = self._open()
        try:
            return connection.execute(statement, values).fetchone()
        except psycopg.OperationalError as error:
            if fresh or not connection.broken:
                raise
            log.warning("the connection beside the requests' broke: %s", error)
            self._drop()
            return self._open()[0].execute(statement, values).fetchone()

    def _open(self) -> "tuple[psycopg.Connection[Any], bool]":
        if self._process != os.getpid():
            self._connection = None  # the parent's: it is not ours to close
        if self._connection is not None and not self._connection.closed:
            return self._connection, False
        # Without prepared statements: a pooler in front may give each transaction another server connection.
        parameters = connection_parameters() | {"application_name": APPLICATION_NAME, "prepare_threshold": None}
        opened = psycopg.connect(**parameters, autocommit=True)
        opened.execute(f"SET statement_timeout = '{PATIENCE_SECONDS}s'")
        self._connection, self._process = opened, os.getpid()
        return opened, True

    def _drop(self) -> None:
        if self._connection is not None and self._process == os.getpid():
            self._connection.close()
        self._connection = None


APART = Apart()
atexit.register(APART.close)
