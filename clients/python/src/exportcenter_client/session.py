"""What all calls of one client share: address, credentials, patience."""

import random
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from exportcenter_client.credentials import Credentials
from exportcenter_client.errors import ConfigError

API = "/api/v1"


def base_of(url: str) -> str:
    """The API's base address for what people write: with or without /api/v1, with a path before it or not.

    Raises ConfigError. An address with a password in it is refused, lest it end up in a log.
    """
    parts = urlsplit(url.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConfigError("The address must begin with http:// or https:// and name a host.")
    if "@" in parts.netloc:
        raise ConfigError("The address must not hold a name or password.")
    if parts.query or parts.fragment:
        raise ConfigError("The address must not have a query or fragment.")
    path = parts.path.rstrip("/")
    return f"{parts.scheme}://{parts.netloc}{path if path.endswith(API) else path + API}"


@dataclass(frozen=True)
class Patience:
    """How often and how long a call tries again."""

    tries: int = 5
    """Sendings of one request at most."""
    first_wait: float = 0.5
    """Seconds before the second one; doubled each time, with jitter."""
    longest_wait: float = 60.0
    """A server that asks for more than so many seconds is not waited for."""

    def wait(self, failures: int) -> float:
        """Seconds after so many failures in a row: half fixed, half by chance, so that clients do not come in step."""
        full = min(self.first_wait * 2.0 ** min(failures - 1, 30), self.longest_wait)
        return full / 2 + random.random() * full / 2  # noqa: S311 - no secret


@dataclass(frozen=True)
class Session:
    """Passed to every flow."""

    base: str
    credentials: Credentials = field(repr=False)
    language: str = ""
    patience: Patience = Patience()

    @property
    def origin(self) -> str:
        """Scheme and host: where links lead, whatever host they name. Credentials never go anywhere else."""
        parts = urlsplit(self.base)
        return f"{parts.scheme}://{parts.netloc}"
