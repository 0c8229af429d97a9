"""The database's clock: one clock for all processes."""

from datetime import datetime

from django.db import connection


def now() -> datetime:
    """Time of the running transaction, as the database sees it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT now()")
        moment: datetime = cursor.fetchone()[0]
        return moment


def this_moment() -> datetime:
    """The time at which it is asked for, however long the transaction has run."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        moment: datetime = cursor.fetchone()[0]
        return moment
