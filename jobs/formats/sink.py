"""Where a file's bytes go: hashed and counted on the way, onto a private spool file."""

import hashlib
import os
from pathlib import Path
from typing import IO, Any, Protocol


class Sink(Protocol):
    """Takes a file's bytes in order."""

    def write(self, block: Any) -> object:
        """Append a block."""


class SpoolFile:
    """A file that does not exist for anybody until ``close`` has returned.

    After ``close``: ``size`` in bytes, ``sha256`` as hex of exactly what is on the disk. Leaving the context by an
    exception removes the file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.size = 0
        self.sha256 = ""
        self._hash = hashlib.sha256()
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._file: IO[bytes] = open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb", buffering=0)  # noqa: SIM115

    def __enter__(self) -> "SpoolFile":
        return self

    def __exit__(self, kind: object, *exception: object) -> None:
        if kind is not None:
            self.discard()
        elif not self._file.closed:
            self.close()

    def write(self, block: Any) -> None:
        """Append a block."""
        self._hash.update(block)
        view = memoryview(block)
        self.size += len(view)
        while view:
            view = view[self._file.write(view) :]

    def close(self) -> None:
        """Sync and seal; then size and sha256 are final. Raises OSError when the disk has not kept it all; the file is
        gone then."""
        try:
            os.fsync(self._file.fileno())
            self._file.close()
            on_disk = self.path.stat().st_size
            if on_disk != self.size:
                raise OSError(f"{self.size} bytes were written, {on_disk} are on the disk")
        except OSError:
            self.discard()
            raise
        self.sha256 = self._hash.hexdigest()

    def discard(self) -> None:
        """Remove the file."""
        self._file.close()
        self.path.unlink(missing_ok=True)
