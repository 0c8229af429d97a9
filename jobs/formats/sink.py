"""Where a format's bytes go: compressed if wished, hashed and counted on the way, onto a private spool file."""

import hashlib
import os
from pathlib import Path
from typing import IO, Any, Protocol

from isal import isal_zlib

GZIP_WBITS = 31
LEVEL = 1
"""isal level 1 costs no wall time: it overlaps with the database's work."""


class Sink(Protocol):
    """Takes a file's bytes in order."""

    def write(self, block: bytes) -> object:
        """Append a block."""


class SpoolFile:
    """A file that does not exist for anybody until ``close`` has returned.

    After ``close``: ``size`` in bytes, ``sha256`` as hex of exactly what is on the disk. Leaving the context by an
    exception removes the file.
    """

    def __init__(self, path: Path, *, compression: str = "none") -> None:
        self.path = path
        self.size = 0
        self.sha256 = ""
        self._hash = hashlib.sha256()
        self._deflate: Any = (
            isal_zlib.compressobj(LEVEL, isal_zlib.DEFLATED, GZIP_WBITS) if compression == "gzip" else None
        )
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._file: IO[bytes] = open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb", buffering=0)  # noqa: SIM115

    def __enter__(self) -> "SpoolFile":
        return self

    def __exit__(self, kind: object, *exception: object) -> None:
        if kind is not None:
            self._file.close()
            self.path.unlink(missing_ok=True)
        elif not self._file.closed:
            self.close()

    def write(self, block: bytes) -> None:
        """Append a block of the uncompressed file."""
        self._put(self._deflate.compress(block) if self._deflate is not None else block)

    def close(self) -> None:
        """Flush, sync and seal; then size and sha256 are final."""
        if self._deflate is not None:
            self._put(self._deflate.flush())
        os.fsync(self._file.fileno())
        self._file.close()
        on_disk = self.path.stat().st_size
        if on_disk != self.size:
            raise OSError(f"{self.size} bytes were written, {on_disk} are on the disk")
        self.sha256 = self._hash.hexdigest()

    def _put(self, block: bytes) -> None:
        if not block:
            return
        self._hash.update(block)
        view = memoryview(block)
        while view:
            view = view[self._file.write(view) :]
        self.size += len(block)
