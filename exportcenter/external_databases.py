"""EXTERNAL_DATABASES → Django settings: databases of the company that datasets read and nobody here writes.

The role's rights are the wall that counts (docs/external-data.md). What stands here makes a session read-only and
impatient even under a role that was given too much.
"""

import re
from typing import Any

import psycopg

from exportcenter.database_url import django_config

CONNECT_SECONDS = 5
LOCK_SECONDS = 5
IDLE_SECONDS = 60
_ALIAS = re.compile(r"[a-z][a-z0-9_]{0,29}")
_SCHEMES = ("postgres://", "postgresql://")


def parse(text: str, *, statement_seconds: int) -> dict[str, dict[str, Any]]:
    """DATABASES entries by alias, from ``alias=url`` words with blanks or new lines between.

    Raises ValueError with a sentence that says which word is wrong. It never repeats an address: there may be a
    password in it.
    """
    found: dict[str, dict[str, Any]] = {}
    for number, word in enumerate(text.split(), start=1):
        alias, equals, url = word.partition("=")
        if not equals or "://" in alias:
            raise ValueError(f"word {number} is not alias=url. Blanks inside an address are written %20.")
        if not _ALIAS.fullmatch(alias) or alias == "default":
            raise ValueError(
                f"alias {alias[:40]!r}: 1 to 30 small letters, digits and _, a letter first, and not 'default'."
            )
        if alias in found:
            raise ValueError(f"alias {alias!r} is named twice.")
        try:
            found[alias] = _entry(url, statement_seconds)
        except ValueError as error:
            raise ValueError(f"alias {alias!r}: {error}") from None
    return found


def _entry(url: str, statement_seconds: int) -> dict[str, Any]:
    if not url.startswith(_SCHEMES):
        raise ValueError("its address must begin with postgresql://")
    try:
        config = django_config(url)
    except (psycopg.Error, UnicodeError):  # its words would repeat the address
        raise ValueError("PostgreSQL cannot read its address. Percent-encode special characters.") from None
    for name, part in {"NAME": "database", "USER": "user"}.items():
        if not config[name]:
            raise ValueError(f"its address names no {part}: postgresql://user@host:5432/database")
    if config["PORT"] and not all(port.isdigit() for port in config["PORT"].split(",")):
        raise ValueError("the port in its address is not a number.")
    options: dict[str, Any] = config["OPTIONS"]
    limits = {
        "default_transaction_read_only": "on",
        "statement_timeout": f"{statement_seconds}s",
        "lock_timeout": f"{LOCK_SECONDS}s",
        "idle_in_transaction_session_timeout": f"{IDLE_SECONDS}s",
        "timezone": "UTC",
    }
    # The last word counts: an address may add settings of its own, such as search_path, but cannot undo ours.
    options["options"] = " ".join(
        [str(options.get("options", "")), *(f"-c {name}={value}" for name, value in limits.items())]
    ).strip()
    options |= {
        "connect_timeout": CONNECT_SECONDS,
        "application_name": "exportcenter",
        # A source that vanishes without a word is noticed after 25 seconds instead of two hours.
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": 15000,
    }
    return config | {"CONN_MAX_AGE": 0}
