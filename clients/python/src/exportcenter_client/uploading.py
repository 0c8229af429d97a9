"""A file as the body of a form (RFC 7578), a block at a time: however large it is, memory stays as it was."""

import asyncio
import os
import stat
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from exportcenter_client.models import Arrived

BLOCK = 256 << 10
FIELD = "file"
Told = Callable[[Arrived], None]


@dataclass(frozen=True)
class Upload:
    """One file on its way to the server. Each call of ``blocks`` reads it anew, from its beginning."""

    path: Path
    size: int
    told: Told
    boundary: str = field(default_factory=lambda: uuid.uuid4().hex)

    @property
    def content_type(self) -> str:
        """Of the body."""
        return f"multipart/form-data; boundary={self.boundary}"

    @property
    def length(self) -> int:
        """Bytes of the body."""
        return len(self._head) + self.size + len(self._tail)

    def blocks(self) -> Iterator[bytes]:
        """The body. Raises OSError, also when the file is not as long as it was when this began: half of a file
        must not look like a whole one."""
        yield self._head
        done = 0
        with self.path.open("rb") as file:
            while block := file.read(BLOCK):
                done += len(block)
                if done > self.size:
                    break
                yield block
                self.told(Arrived(self.path.name, done, self.size))
        if done != self.size:
            raise OSError(f"{self.path} was changed while it was sent.")
        yield self._tail

    async def blocks_apart(self) -> AsyncIterator[bytes]:
        """The same for asyncio: read in a thread, so that a slow disk holds up nobody."""
        blocks = self.blocks()  # not closed by hand: after a cancellation its thread may still be in it
        while (block := await asyncio.to_thread(next, blocks, None)) is not None:
            yield block

    @property
    def _head(self) -> bytes:
        # As browsers do it (HTML, "multipart/form-data encoding algorithm"): the name as it is, in UTF-8.
        name = self.path.name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
        lines = (
            f"--{self.boundary}",
            f'Content-Disposition: form-data; name="{FIELD}"; filename="{name}"',
            "Content-Type: application/octet-stream",
            "",
            "",
        )
        return "\r\n".join(lines).encode("utf-8", "replace")

    @property
    def _tail(self) -> bytes:
        return f"\r\n--{self.boundary}--\r\n".encode()


def upload_of(path: str | os.PathLike[str], told: Told | None) -> Upload:
    """The file at ``path`` as it is now. Raises OSError when it cannot be read, ValueError when it is no file."""
    path = Path(path)
    seen = path.stat()
    if not stat.S_ISREG(seen.st_mode):
        raise ValueError(f"{path} is no file.")
    path.open("rb").close()
    return Upload(path, seen.st_size, told or _nobody)


def _nobody(arrived: Arrived) -> None:
    """Nobody wants to know."""
