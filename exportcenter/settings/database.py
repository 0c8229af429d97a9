"""Our own database, and those that datasets read from."""

from exportcenter import external_databases
from exportcenter.database_url import django_config
from exportcenter.settings.keys import env

UNSET = "postgresql://unset@127.0.0.1:1/unset"  # commands that need no database run without one
DATABASE_URL = env.str("DATABASE_URL", default=UNSET)
DATABASE_OWNER_URL = env.str("DATABASE_OWNER_URL", default=DATABASE_URL)
DATABASE_POOL = env.int("DATABASE_POOL", default=0)
"""Size of the connection pool of this process; 0 = none. Web processes need one: ASGI uses a thread a request."""

DATABASES = {"default": django_config(DATABASE_URL)}
DATABASES["default"]["OPTIONS"] |= {
    # libpq's own options: they must hold whatever server we are pointed at. A process that freezes in the middle of
    # a transaction holds its locks; 15 s later the server ends it and the rest goes on.
    "options": "-c lock_timeout=5s -c idle_in_transaction_session_timeout=15s -c timezone=UTC",
    "keepalives_idle": 10,
    "tcp_user_timeout": 15000,
}
if DATABASE_POOL:
    DATABASES["default"]["OPTIONS"]["pool"] = {"min_size": 1, "max_size": DATABASE_POOL, "timeout": 10}
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True  # else each pooled connection fails once after a restart

EXTERNAL_STATEMENT_TIMEOUT_SECONDS = env.int("EXTERNAL_STATEMENT_TIMEOUT_SECONDS", default=600)
EXTERNAL_CONNECTIONS = env.int("EXTERNAL_CONNECTIONS", default=2)
"""Exports that read from one external database at the same time, over all workers."""
if min(EXTERNAL_STATEMENT_TIMEOUT_SECONDS, EXTERNAL_CONNECTIONS) < 1:
    raise SystemExit("error: EXTERNAL_STATEMENT_TIMEOUT_SECONDS and EXTERNAL_CONNECTIONS must be 1 or more.")
try:
    DATABASES |= external_databases.parse(
        env.str("EXTERNAL_DATABASES", default=""), statement_seconds=EXTERNAL_STATEMENT_TIMEOUT_SECONDS
    )
except ValueError as error:
    raise SystemExit(f"error: EXTERNAL_DATABASES: {error}") from None
DATABASE_ROUTERS = ["jobs.datasets.router.SourceRouter"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
