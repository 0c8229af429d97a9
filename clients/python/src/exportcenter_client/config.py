"""Where address and credentials come from: arguments, then the environment, then a file that only its owner can
read."""

import contextlib
import json
import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from exportcenter_client.credentials import Credentials, Pair
from exportcenter_client.errors import ConfigError
from exportcenter_client.session import base_of

try:
    import fcntl
except ImportError:
    fcntl = None  # type: ignore[assignment]

SECRET = 0o600


def default_path(environment: Mapping[str, str]) -> Path:
    """$EXPORTCENTER_CONFIG, or exportcenter/config.json in the folder of configurations."""
    if named := environment.get("EXPORTCENTER_CONFIG"):
        return Path(named)
    home = environment.get("XDG_CONFIG_HOME") or Path(environment.get("HOME") or Path.home()) / ".config"
    return Path(home) / "exportcenter" / "config.json"


class ConfigFile:
    """``{"url": …, "token": …}`` or ``{"url": …, "access": …, "refresh": …}``, mode 0600. Also the place where
    renewed tokens are kept, so that one sign-in lasts for many commands."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __repr__(self) -> str:
        return f"ConfigFile({str(self.path)!r})"

    def read(self) -> dict[str, Any]:
        """What it says; {} without a file. Raises ConfigError when others can read it, or when it is none."""
        try:
            with self.path.open("rb") as file:
                facts = os.fstat(file.fileno())
                if os.name == "posix" and stat.S_IMODE(facts.st_mode) & 0o077:
                    raise ConfigError(f"{self.path} can be read by others. Say: chmod 600 {self.path}")
                if os.name == "posix" and facts.st_uid != os.geteuid():
                    raise ConfigError(f"{self.path} belongs to somebody else.")
                said = json.load(file)
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as fault:
            raise ConfigError(f"{self.path} cannot be read: {type(fault).__name__}") from None  # not its content
        if not isinstance(said, dict):
            raise ConfigError(f"{self.path} cannot be read: it is no JSON object")
        return said

    def write(self, said: Mapping[str, Any]) -> None:
        """Replace it, atomically."""
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        new = self.path.with_name(f"{self.path.name}.{os.getpid()}")
        with contextlib.suppress(FileNotFoundError):
            new.unlink()
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, SECRET), "w") as file:
            json.dump(dict(said), file, indent=2)
        new.replace(self.path)

    def forget(self) -> bool:
        """Delete it. Whether there was one."""
        with contextlib.suppress(FileNotFoundError):
            self.path.unlink()
            return True
        return False

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        """Held by one process at a time."""
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(self.path.with_suffix(".lock"), os.O_WRONLY | os.O_CREAT, SECRET), "w") as file:
            if fcntl is not None:
                fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def load(self) -> Pair | None:
        """The stored pair."""
        return _pair(self.read())

    def save(self, pair: Pair) -> None:
        """Put a renewed pair into the place of the old one; nothing when somebody has signed out meanwhile."""
        said = self.read()
        if "refresh" in said:
            self.write(said | {"access": pair.access, "refresh": pair.refresh})


def find(
    url: str | None,
    environment: Mapping[str, str],
    path: Path | None = None,
    *,
    token: str | None = None,
    username: str | None = None,
    password: str | None = None,
) -> tuple[str, Credentials]:
    """(the API's base address, credentials). The first place that names any credentials wins as a whole. Those of the
    file belong to the file's address and are sent to no other. Raises ConfigError.

    Environment: EXPORTCENTER_URL, EXPORTCENTER_TOKEN, EXPORTCENTER_USERNAME, EXPORTCENTER_PASSWORD,
    EXPORTCENTER_CONFIG.
    """
    file = ConfigFile(path or default_path(environment))
    given = url or environment.get("EXPORTCENTER_URL")
    credentials = _named(token, username, password) or _named(
        environment.get("EXPORTCENTER_TOKEN"),
        environment.get("EXPORTCENTER_USERNAME"),
        environment.get("EXPORTCENTER_PASSWORD"),
    )
    if given and credentials:
        return base_of(given), credentials
    said = file.read()
    stored = said.get("url")
    if not given and not isinstance(stored, str):
        raise ConfigError("Which server? Set EXPORTCENTER_URL, or sign in: exportcenter login --url …")
    base = base_of(given or str(stored))
    if credentials:
        return base, credentials
    if not isinstance(stored, str) or base_of(stored) != base:
        raise ConfigError(f"No credentials for {base}. Set EXPORTCENTER_TOKEN, or sign in: exportcenter login")
    if isinstance(said.get("token"), str):
        return base, Credentials(token=_sendable(said["token"]))
    if (pair := _pair(said)) is not None:
        return base, Credentials(pair=pair, store=file)
    raise ConfigError(f"{file.path} holds no credentials. Sign in: exportcenter login")


def _named(token: str | None, username: str | None, password: str | None) -> Credentials | None:
    if token:
        return Credentials(token=_sendable(token))
    if username and password:
        return Credentials(username=username, password=password)
    if username or password:
        raise ConfigError("Name and password belong together.")
    return None


def _sendable(token: str) -> str:
    text = token.strip()
    if not text.isascii() or not text.isprintable() or " " in text:
        raise ConfigError("The token holds characters that no token has.")
    return text


def _pair(said: Mapping[str, Any]) -> Pair | None:
    access, refresh = said.get("access"), said.get("refresh")
    return Pair(access, refresh) if isinstance(access, str) and isinstance(refresh, str) else None
