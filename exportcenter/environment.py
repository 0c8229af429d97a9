"""What every entry point (manage.py, asgi, celery, tests) does before Django loads its settings.

Without ``DATABASE_URL`` the embedded PostgreSQL is started, or joined when it already runs, and both
database addresses (app role and owner role) are put into the environment, where settings and child
processes find them.
"""

import os
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent

# Commands that never touch the database; they must work where no server can be started.
WITHOUT_DATABASE = frozenset(
    {"", "help", "version", "--help", "--version", "compilemessages", "makemessages", "collectstatic", "compile_locale"}
)


def var_dir() -> Path:
    """Folder of everything the running product writes (``VAR_DIR``, default ``var/`` beside manage.py)."""
    return Path(os.environ.get("VAR_DIR") or BASE_DIR / "var").resolve()


def prepare(command: str | None = None) -> None:
    """Point Django at its settings and make sure that a database address is known.

    ``command`` is the management command about to run; None means a server process.
    """
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "exportcenter.settings")
    if command in WITHOUT_DATABASE or os.environ.get("DATABASE_URL"):
        return
    from exportcenter import embedded

    try:
        server = embedded.join(var_dir())
    except embedded.EmbeddedError as error:
        if command == "doctor":  # it tries again, and reports this among the rest
            return
        raise SystemExit(f"error: {error}") from error
    os.environ["DATABASE_URL"] = server.url("app")
    os.environ["DATABASE_OWNER_URL"] = server.url("owner")
