"""Files that the server makes while it sends them: nobody knows their SHA-256, so they come whole or not at all."""

import os
import re
import tempfile
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote

from exportcenter_client.effects import Answer, Close, Do, Flow, Read, Request, Sleep
from exportcenter_client.errors import NetworkError, ProtocolError, TargetExists
from exportcenter_client.names import safe_name
from exportcenter_client.sending import opened
from exportcenter_client.session import Session

_CODED = re.compile(r"filename\*=utf-8''([^;\s]+)", re.IGNORECASE)
_PLAIN = re.compile(r'filename="([^"]*)"', re.IGNORECASE)


def save(session: Session, request: Request, target: Path, instead: str) -> Flow[Path]:
    """The file of the answer in the folder ``target``, under the name that the server gives it (``instead``: without
    one), or at the path ``target``. It appears under its name when it is whole.

    Raises TargetExists when something has the name, OSError of the disk, and what any call raises.
    """
    folder = yield Do(target.is_dir)
    if not folder:
        yield Do(lambda: _must_be_free(target))
    failures = 0
    while True:
        answer = yield from opened(session, request)
        if answer.headers.get("content-encoding", "identity") != "identity":
            raise ProtocolError("The file came packed by a proxy.")
        path = target / safe_name(name_of(answer), instead) if folder else target
        yield Do(lambda path=path: _must_be_free(path))  # type: ignore[misc]
        try:
            yield from _fill(path)
            return path
        except NetworkError:
            failures += 1
            if failures >= session.patience.tries:
                raise
            yield Sleep(session.patience.wait(failures))


def name_of(answer: Answer) -> str | None:
    """The file's name, as the server has it (RFC 6266)."""
    said = answer.headers.get("content-disposition", "")
    if coded := _CODED.search(said):
        return unquote(coded[1])
    plain = _PLAIN.search(said)
    return plain[1] if plain else None


def _fill(path: Path) -> Flow[None]:
    unfinished: _Unfinished = yield Do(lambda: _Unfinished(path))
    try:
        while block := (yield Read()):
            yield Do(lambda block=block: unfinished.file.write(block))  # type: ignore[misc]
        yield Close()
        yield Do(unfinished.finish)
    finally:
        unfinished.close()


class _Unfinished:
    """Beside its target, for its owner alone, and gone unless it was finished."""

    def __init__(self, target: Path) -> None:
        self._target = target
        number, name = tempfile.mkstemp(prefix=".", suffix=".part", dir=target.parent)
        self._path = Path(name)
        self.file: BinaryIO = os.fdopen(number, "wb")

    def finish(self) -> None:
        """Give it its name. Raises TargetExists."""
        self.file.flush()
        os.fsync(self.file.fileno())
        _must_be_free(self._target)
        self._path.replace(self._target)

    def close(self) -> None:
        """Let go, and take away what was not finished."""
        self.file.close()
        self._path.unlink(missing_ok=True)


def _must_be_free(path: Path) -> None:
    if path.exists() or path.is_symlink():
        raise TargetExists(f"{path} is there already.")
