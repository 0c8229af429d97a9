"""Who we are: an access token, or a pair of JWTs that renews itself. None of these shows a secret in its repr."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True)
class Pair:
    """Short-lived access token and the refresh token that gets the next one."""

    access: str = field(repr=False)
    refresh: str = field(repr=False)


class PairStore(Protocol):
    """Where a pair outlives the process."""

    def lock(self) -> AbstractContextManager[None]:
        """Held while a refresh token is exchanged: a server that rotates them takes each one once."""

    def load(self) -> Pair | None:
        """What is stored now."""

    def save(self, pair: Pair) -> None:
        """Store it."""

    def forget(self) -> bool:
        """Keep it no longer. Whether there was one."""


class MemoryStore:
    """Keeps the pair in this process only."""

    def __init__(self) -> None:
        self._pair: Pair | None = None

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Nothing to lock: one client, which renews one at a time."""
        yield

    def load(self) -> Pair | None:
        """The last one saved."""
        return self._pair

    def save(self, pair: Pair) -> None:
        """Remember it."""
        self._pair = pair

    def forget(self) -> bool:
        """Remember it no longer. Whether there was one."""
        had, self._pair = self._pair is not None, None
        return had


@dataclass
class Credentials:
    """Either ``token`` (of the form ec_…), or a pair with name and password as far as they are known."""

    token: str = field(default="", repr=False)
    pair: Pair | None = None
    username: str = ""
    password: str = field(default="", repr=False)
    store: PairStore = field(default_factory=MemoryStore, repr=False)

    @property
    def bearer(self) -> str:
        """What goes into the Authorization header now; empty when a sign-in has to come first."""
        return self.token or (self.pair.access if self.pair else "")

    @property
    def renewable(self) -> bool:
        """Whether a refused bearer can be replaced."""
        return not self.token and bool(self.pair or self.password)
