"""A file that is on its way: ``name.part`` with what has come, ``name.part.json`` with what it is part of."""

import contextlib
import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from exportcenter_client.errors import ChecksumMismatch, TargetExists

try:
    import fcntl
except ImportError:  # Windows: nobody guards against a second process there
    fcntl = None  # type: ignore[assignment]

BLOCK = 1 << 20
SECRET = 0o600
"""Exports are nobody else's business."""


class Partial:
    """The unfinished file of ``target``. Survives a kill at any moment: the side file is written before the first
    byte and names the content (its SHA-256); what is on the disk is hashed anew before it is continued."""

    def __init__(self, target: Path, *, sha256: str, size: int | None, most: int) -> None:
        """``size``: bytes, if known; ``most``: of a file whose size is not known."""
        self.target, self.sha256, self.size = target, sha256, size
        self._most = most if size is None else size
        self.path = target.with_name(target.name + ".part")
        self.side = target.with_name(target.name + ".part.json")
        self.etag = ""
        self.done = 0
        """Bytes that are here."""
        self._hash = hashlib.sha256()
        self._file: BinaryIO | None = None
        self._over = False
        """It has its name, or was thrown away: what has the name ``.part`` now belongs to somebody else."""

    @contextlib.contextmanager
    def open(self) -> Iterator[None]:
        """Inside it can be written. Raises TargetExists while another process does."""
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
        with os.fdopen(os.open(self.path, flags, SECRET), "r+b") as self._file:
            if fcntl is not None:
                try:
                    fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    # The other one may have finished and renamed it meanwhile: then it is not ours to write to.
                    free = os.path.samestat(os.fstat(self._file.fileno()), os.stat(self.path))
                except OSError:
                    free = False
                if not free:
                    raise TargetExists(f"Another process is downloading to {self.path}.")
            try:
                self._recall()
                yield
            finally:
                self._file.flush()
                if not self.done and not self._over:
                    self.discard()  # refused before a byte came: nothing to go on from
        self._file = None

    def write(self, block: bytes) -> None:
        """Append. Raises ChecksumMismatch beyond the announced size: no server fills our disk."""
        assert self._file is not None
        if self.done + len(block) > self._most:
            self.discard()
            raise ChecksumMismatch(f"{self.target.name}: more bytes came than announced.")
        self._file.write(block)
        self._hash.update(block)
        self.done += len(block)

    def restart(self) -> None:
        """Forget what is here."""
        assert self._file is not None
        self._file.seek(0)
        self._file.truncate()
        self._hash, self.done = hashlib.sha256(), 0

    def remember(self, etag: str) -> None:
        """Write down what this is part of."""
        self.etag = etag
        new = self.side.with_name(self.side.name + f".{os.getpid()}")
        said = {"sha256": self.sha256, "size": self.size, "etag": etag}
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, SECRET), "w") as file:
            json.dump(said, file)
        new.replace(self.side)

    def finish(self) -> None:
        """Verify, then give it its name, atomically. Raises ChecksumMismatch, after which nothing is left."""
        assert self._file is not None
        if self.done != (self.done if self.size is None else self.size) or self._hash.hexdigest() != self.sha256:
            self.discard()
            raise ChecksumMismatch(f"{self.target.name} is damaged: its SHA-256 is not the one that the server names.")
        self._file.flush()
        os.fsync(self._file.fileno())
        self.path.replace(self.target)
        self._over = True
        self.side.unlink(missing_ok=True)

    def discard(self) -> None:
        """Remove what is here."""
        self._over = True
        self.path.unlink(missing_ok=True)
        self.side.unlink(missing_ok=True)

    def _recall(self) -> None:
        assert self._file is not None
        try:
            said = json.loads(self.side.read_bytes())
            known = said["sha256"] == self.sha256 and isinstance(said["etag"], str)
        except (OSError, ValueError, TypeError, KeyError):
            known = False
        if not known:
            self.restart()
            return
        self.etag = said["etag"]
        self._file.seek(0)
        while block := self._file.read(BLOCK):
            self._hash.update(block)
            self.done += len(block)
        if self.done > self._most:
            self.restart()


def is_there(target: Path, sha256: str) -> bool:
    """Whether the finished file is there. Raises TargetExists when another one has its name."""
    if not target.exists():
        return False
    digest = hashlib.sha256()
    if target.is_file():
        with target.open("rb") as file:
            while block := file.read(BLOCK):
                digest.update(block)
        if digest.hexdigest() == sha256:
            return True
    raise TargetExists(f"{target} is there already, and it is another file.")
