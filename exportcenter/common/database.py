"""Small questions about PostgreSQL's answers."""

from django.db import Error


def is_lock_timeout(error: Error) -> bool:
    """Whether a statement gave up waiting for somebody else's lock (lock_not_available, 55P03)."""
    return getattr(error.__cause__, "sqlstate", "") == "55P03"
