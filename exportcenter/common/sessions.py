"""Sessions in the database, with keys that can only be ours."""

import re
from typing import Any

from django.contrib.sessions.backends.db import SessionStore as DatabaseStore

_KEY = re.compile(r"[a-z0-9]{32}")


class SessionStore(DatabaseStore):
    """Any other key is no key: it never reaches the database, which would choke on a NUL in a cookie."""

    def _validate_session_key(self, key: Any) -> bool:
        return bool(key) and _KEY.fullmatch(key) is not None
